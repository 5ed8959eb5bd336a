// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmsg.c: what the kernel says in its log, from now on
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "kmsg.h"
#include "util.h"

int kmsg_open(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	require(kmsg >= 0);
	lseek(kmsg, 0, SEEK_END);
	return kmsg;
}

/* EPIPE: messages were overwritten before they were read; there are more. */
bool kmsg_next(int kmsg, char text[1024])
{
	char record[8192], *message;
	ssize_t len;

	do
		len = read(kmsg, record, sizeof(record) - 1);
	while (len < 0 && errno == EPIPE);
	if (len <= 0)
		return false;
	record[len] = 0;
	message = strchr(record, ';');
	snprintf(text, 1024, "%.1000s", message ? message + 1 : record);
	return true;
}

bool kmsg_wait(int kmsg, char text[1024], uint64_t end)
{
	struct pollfd poller = { .fd = kmsg, .events = POLLIN };
	uint64_t now;

	while (!kmsg_next(kmsg, text)) {
		now = now_ns();
		if (now >= end || poll(&poller, 1, (end - now) / MS + 1) < 0)
			return false;
	}
	return true;
}
