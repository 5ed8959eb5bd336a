// SPDX-License-Identifier: GPL-2.0-only
/*
 * uevents.c: what the kernel tells of devices that come and go
 */
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uevents.h"
#include "util.h"

enum { KERNELS_GROUP = 1, ROOM = 16 << 20 };

/* A message: the texts point into it. */
struct message {
	char data[8192];
	const char *action, *subsystem, *name;
};

int uevents_open(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNELS_GROUP };
	const int room = ROOM;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address))) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

static const char *value_of(const struct message *message, size_t length, const char *key)
{
	const char *text = message->data, *end = message->data + length;
	size_t size = strlen(key);

	for (; text < end; text += strlen(text) + 1)
		if (!strncmp(text, key, size))
			return text + size;
	return "";
}

static int next_message(int fd, struct message *message)
{
	struct sockaddr_nl from = {};
	socklen_t size = sizeof(from);
	ssize_t length;

	do
		length = recvfrom(fd, message->data, sizeof(message->data) - 1, MSG_DONTWAIT,
				  (struct sockaddr *)&from, &size);
	while (length >= 0 && from.nl_pid);	/* not the kernel's */
	if (length < 0)
		return -errno;
	message->data[length] = 0;
	message->action = value_of(message, length, "ACTION=");
	message->subsystem = value_of(message, length, "SUBSYSTEM=");
	message->name = strrchr(value_of(message, length, "DEVPATH="), '/');
	message->name = message->name ? message->name + 1 : "";
	return 0;
}

static bool is_it(const struct uevent *event, const struct message *message)
{
	return !event->came && !strcmp(event->action, message->action) &&
	       (!event->subsystem || !strcmp(event->subsystem, message->subsystem)) &&
	       (!event->name || !strcmp(event->name, message->name));
}

int uevents_take(int fd, struct uevent *events, unsigned int count)
{
	struct message message;
	unsigned int i;
	int ret;

	while (!(ret = next_message(fd, &message))) {
		for (i = 0; i < count; i++) {
			if (is_it(&events[i], &message)) {
				events[i].came = now_ns();
				return i;
			}
		}
	}
	return ret;
}

int uevents_wait(int fd, const char *action, const char *subsystem, const char *name,
		 uint64_t limit_ns)
{
	struct uevent event = { .action = action, .subsystem = subsystem, .name = name };
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	uint64_t now, end = now_ns() + limit_ns;
	int ret;

	while ((ret = uevents_take(fd, &event, 1)) == -EAGAIN) {
		now = now_ns();
		if (now >= end ||
		    (poll(&poller, 1, (end - now) / MS + 1) < 0 && errno != EINTR))
			return -ETIMEDOUT;
	}
	return ret;
}

int uevents_drop(int fd)
{
	int ret = uevents_take(fd, NULL, 0);

	return ret == -EAGAIN ? 0 : ret;
}
