// SPDX-License-Identifier: GPL-2.0-only
/*
 * duo.c: the device of the duo sample, as its tests use it: two nodes and a hwmon device
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "duo.h"

#define HWMON	"/sys/bus/platform/devices/refcdev-duo.0/hwmon/hwmon*/"

const struct subject duo_subject = { "refcdev-duo", "refcdev-duo.0", "/dev/duo0" };

int duo_open_control(int flags)
{
	int fd = open(DUO_CONTROL, O_RDWR | flags);

	return fd < 0 ? -errno : fd;
}

/* The hwmon device has another number each time. */
int duo_open_attribute(const char *name)
{
	char pattern[128];
	glob_t found;
	int fd;

	snprintf(pattern, sizeof(pattern), HWMON "%s", name);
	if (glob(pattern, 0, NULL, &found))
		return -ENOENT;
	fd = open(found.gl_pathv[0], O_RDONLY);
	globfree(&found);
	return fd < 0 ? -errno : fd;
}

void duo_sample(int control)
{
	require(ioctl(control, REFCDEV_DUO_SAMPLE) == 0);
}

/* Too short a read waits for nothing: EINVAL comes from the driver. */
int duo_ask_data(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != -1)
		return -EPROTO;
	return errno == EINVAL ? 0 : -errno;
}

int duo_ask_control(int fd)
{
	struct refcdev_duo_state state;

	return ioctl(fd, REFCDEV_DUO_GET_STATE, &state) ? -errno : 0;
}

long call_read_text(struct caller *self)
{
	return read(self->fd, self->data, DUO_TEXT);
}
