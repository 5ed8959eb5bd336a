// SPDX-License-Identifier: GPL-2.0-only
/*
 * plug.c: devices that the host pulls out of the guest and puts back: the channel on which the
 * guest asks for it, and one wait for the host's answer and the kernel's uevents together
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "plug.h"
#include "util.h"

#define CHANNEL	"/dev/ttyS2"
#define DEVICES	"/sys/bus/pci/devices"
#define SLOTS	"/sys/bus/pci/slots"

void plug_say(struct plug *plug, const char *format, ...)
{
	char text[PLUG_LINE + 64];
	va_list args;

	if (!plug->note)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	plug->note("%8.3f s  %s", (double)(now_ns() - plug->began) / SECOND, text);
}

static int channel_open(void)
{
	int fd = open(CHANNEL, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct termios raw;

	/* The node is there without a line behind it: that has no attributes. */
	if (fd < 0 || tcgetattr(fd, &raw)) {
		if (fd >= 0)
			close(fd);
		return -ENOTTY;
	}
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	if (tcsetattr(fd, TCSAFLUSH, &raw) == 0)
		return fd;
	close(fd);
	return -ENOTTY;
}

/* What somebody before has asked and did not wait for is answered before this. */
static int plug_hello(struct plug *plug)
{
	char request[64];
	int ret;

	snprintf(request, sizeof(request), "hello %d-%llx", getpid(),
		 (unsigned long long)plug->began);
	ret = plug_ask(plug, request, PLUG_LIMIT);
	plug->dropped = 0;
	return ret;
}

int plug_open(struct plug *plug, void (*note)(const char *format, ...))
{
	int ret;

	memset(plug, 0, sizeof(*plug));
	plug->began = now_ns();
	plug->note = note;
	plug->uevents = uevents_open();
	if (plug->uevents < 0)
		return plug->uevents;
	plug->channel = channel_open();
	if (plug->channel < 0) {
		plug_say(plug, "no channel to the host: the test must say machine=");
		close(plug->uevents);
		return plug->channel;
	}
	ret = plug_hello(plug);
	if (ret)
		plug_close(plug);
	return ret;
}

void plug_close(struct plug *plug)
{
	close(plug->uevents);
	close(plug->channel);
}

int plug_send(struct plug *plug, const char *request)
{
	char line[PLUG_LINE];
	int len = snprintf(line, sizeof(line), "%s\n", request);

	if (len >= (int)sizeof(line))
		return -EMSGSIZE;
	plug_say(plug, "ask:    %s", request);
	return write(plug->channel, line, len) == len ? 0 : -EIO;
}

/* The next line into plug->answer; -EAGAIN while there is none that is whole. */
static int plug_line(struct plug *plug)
{
	size_t room, length;
	char *end;
	ssize_t got;

	while (!(end = memchr(plug->rest, '\n', plug->length))) {
		room = sizeof(plug->rest) - plug->length;
		if (!room)
			return -EMSGSIZE;
		got = read(plug->channel, plug->rest + plug->length, room);
		if (got <= 0)
			return got < 0 ? -errno : -EAGAIN;
		plug->length += got;
	}
	length = end - plug->rest;
	snprintf(plug->answer, sizeof(plug->answer), "%.*s", (int)length, plug->rest);
	plug->length -= length + 1;
	memmove(plug->rest, end + 1, plug->length);
	plug_say(plug, "answer: %s", plug->answer);
	return 0;
}

/* Until the line is there, or the host's "error" instead of its "ok". */
static int plug_take_line(struct plug *plug, const char *line)
{
	size_t length = strlen(line);
	int ret;

	while (!(ret = plug_line(plug))) {
		if (!strcmp(plug->answer, line))
			return 0;
		if (!strncmp(line, "ok ", 3) && !strncmp(plug->answer, "error ", 6) &&
		    !strncmp(plug->answer + 6, line + 3, length - 3) &&
		    plug->answer[length + 3] == ':')
			return -EREMOTEIO;
		plug->dropped++;
	}
	return ret;
}

/* Until all have come, in any order. */
static int plug_take_events(struct plug *plug, struct uevent *events, unsigned int count)
{
	unsigned int i, missing = 0;
	int ret;

	for (i = 0; i < count; i++)
		missing += !events[i].came;
	while (missing) {
		ret = uevents_take(plug->uevents, events, count);
		if (ret < 0)
			return ret;
		missing--;
		plug_say(plug, "uevent: %s %s %s", events[ret].action, events[ret].subsystem ?: "-",
			 events[ret].name ?: "-");
	}
	return 0;
}

static void plug_miss(struct plug *plug, const char *line, const struct uevent *events,
		      unsigned int count, int ret)
{
	unsigned int i;

	/* An error that the host has told stands in the log already. */
	if (line && ret != -EREMOTEIO)
		plug_say(plug, "no '%s': %s", line, strerror(-ret));
	for (i = 0; i < count; i++) {
		if (!events[i].came)
			plug_say(plug, "no uevent %s %s %s: %s", events[i].action,
				 events[i].subsystem ?: "-", events[i].name ?: "-", strerror(-ret));
	}
}

int plug_await(struct plug *plug, const char *line, struct uevent *events, unsigned int count,
	       uint64_t limit_ns)
{
	uint64_t now, end = now_ns() + limit_ns;
	struct pollfd fds[2];
	int heard, came;

	for (;;) {
		heard = line ? plug_take_line(plug, line) : 0;
		came = plug_take_events(plug, events, count);
		if (!heard)
			line = NULL;
		if (!heard && !came)
			return 0;
		if (heard && heard != -EAGAIN)
			break;
		if (came && came != -EAGAIN) {
			heard = came;
			break;
		}
		heard = -ETIMEDOUT;
		now = now_ns();
		fds[0] = (struct pollfd){ line ? plug->channel : -1, POLLIN, 0 };
		fds[1] = (struct pollfd){ came ? plug->uevents : -1, POLLIN, 0 };
		if (now >= end || (poll(fds, 2, (end - now) / MS + 1) < 0 && errno != EINTR))
			break;
	}
	plug_miss(plug, line, events, count, heard);
	return heard;
}

int plug_answer(struct plug *plug, const char *request, uint64_t limit_ns)
{
	char line[PLUG_LINE];

	snprintf(line, sizeof(line), "ok %s", request);
	return plug_await(plug, line, NULL, 0, limit_ns);
}

int plug_ask(struct plug *plug, const char *request, uint64_t limit_ns)
{
	int ret = plug_send(plug, request);

	return ret ?: plug_answer(plug, request, limit_ns);
}

int plug_gone(struct plug *plug, const char *id, uint64_t limit_ns)
{
	char line[PLUG_LINE];

	snprintf(line, sizeof(line), "gone %s", id);
	return plug_await(plug, line, NULL, 0, limit_ns);
}

static int plug_move(struct plug *plug, const char *verb, const char *id, const char *action,
		     const char *address, uint64_t limit_ns)
{
	struct uevent event = { .action = action, .subsystem = "pci", .name = address };
	char line[PLUG_LINE];
	int ret;

	snprintf(line, sizeof(line), "ok %s %s", verb, id);
	ret = uevents_drop(plug->uevents);
	if (!ret)
		ret = plug_send(plug, line + 3);
	return ret ?: plug_await(plug, line, &event, 1, limit_ns);
}

int plug_out(struct plug *plug, const char *id, const char *address, uint64_t limit_ns)
{
	return plug_move(plug, "unplug", id, "remove", address, limit_ns);
}

int plug_in(struct plug *plug, const char *id, const char *address, uint64_t limit_ns)
{
	return plug_move(plug, "plug", id, "add", address, limit_ns);
}

/* The first entry of a folder of sysfs that fits, into name. */
static int sysfs_find(const char *folder, bool (*fits)(const char *path, const void *what),
		      const void *what, char name[PLUG_PATH])
{
	char path[2 * PLUG_PATH];
	struct dirent *entry;
	int ret = -ENODEV;
	DIR *dir;

	dir = opendir(folder);
	while (dir && ret && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%.100s", folder, entry->d_name);
		if (entry->d_name[0] == '.' || !fits(path, what))
			continue;
		snprintf(name, PLUG_PATH, "%.100s", entry->d_name);
		ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

static bool has_numbers(const char *path, const void *what)
{
	const unsigned int *numbers = what;
	char file[2 * PLUG_PATH + 16];

	snprintf(file, sizeof(file), "%s/vendor", path);
	if (read_number(file) != numbers[0])
		return false;
	snprintf(file, sizeof(file), "%s/device", path);
	return read_number(file) == numbers[1];
}

/* A slot's address has no function. */
static bool has_address(const char *path, const void *what)
{
	char file[2 * PLUG_PATH + 16], text[64];
	size_t length;

	snprintf(file, sizeof(file), "%s/address", path);
	if (read_text(file, text, sizeof(text)))
		return false;
	length = strcspn(text, "\n");
	return length && !strncmp(text, what, length) && ((const char *)what)[length] == '.';
}

int plug_find(unsigned int vendor, unsigned int device, char address[PLUG_PATH])
{
	const unsigned int numbers[] = { vendor, device };

	return sysfs_find(DEVICES, has_numbers, numbers, address);
}

bool plug_present(const char *address)
{
	char path[2 * PLUG_PATH];

	snprintf(path, sizeof(path), DEVICES "/%s", address);
	return access(path, F_OK) == 0;
}

int plug_write(const char *address, const char *file, const char *text)
{
	char path[2 * PLUG_PATH];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", address, file);
	return write_text(path, text);
}

int plug_rescan(void)
{
	return write_text("/sys/bus/pci/rescan", "1");
}

int plug_slot(const char *address, char path[PLUG_PATH])
{
	char name[PLUG_PATH];
	int ret = sysfs_find(SLOTS, has_address, address, name);

	if (!ret)
		snprintf(path, PLUG_PATH, SLOTS "/%.80s", name);
	return ret;
}

int plug_power(const char *address, bool on)
{
	char slot[PLUG_PATH], path[PLUG_PATH + 16];
	int ret = plug_slot(address, slot);

	snprintf(path, sizeof(path), "%s/power", slot);
	return ret ?: write_text(path, on ? "1" : "0");
}
