// SPDX-License-Identifier: GPL-2.0-only
/*
 * fifo.c: the devices of the fifo sample, as its tests use them
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fifo.h"

/* Every case begins with all devices bound, new, and with their nodes there. */
void fifo_setup(void)
{
	struct stat status;
	char device[32];
	int i;

	for (i = 0; i < FIFO_DEVICES; i++) {
		snprintf(device, sizeof(device), "refcdev-fifo.%d", i);
		driver_unbind(FIFO_DRIVER, device);
		require(driver_bind(FIFO_DRIVER, device) == 0);
	}
	require(stat(FIFO_NODE, &status) == 0 && S_ISCHR(status.st_mode));
	unlink(FIFO_STATIC);
	require(mknod(FIFO_STATIC, S_IFCHR | 0600, status.st_rdev) == 0);
}

int fifo_open(int flags)
{
	int fd = open(FIFO_NODE, O_RDWR | flags);

	require(fd >= 0);
	return fd;
}

void fifo_unbind(void)
{
	require(driver_unbind(FIFO_DRIVER, FIFO) == 0);
}

void fifo_bind(void)
{
	require(driver_bind(FIFO_DRIVER, FIFO) == 0);
}

long fifo_counter(const char *counter)
{
	long count = driver_count(FIFO_DRIVER, counter);

	require(count >= 0);
	return count;
}

/* Write until there is no room; returns how many messages that took. */
int fifo_fill(int fd)
{
	int flags = fcntl(fd, F_GETFL), messages = 0;

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, "message", 7) == 7)
		messages++;
	require(errno == EAGAIN);
	fcntl(fd, F_SETFL, flags);
	return messages;
}

long call_read(struct caller *self)
{
	char message[REFCDEV_FIFO_MESSAGE_MAX];

	return read(self->fd, message, sizeof(message));
}

long call_write(struct caller *self)
{
	return write(self->fd, "message", 7);
}

long call_wait_empty(struct caller *self)
{
	return ioctl(self->fd, REFCDEV_FIFO_WAIT_EMPTY);
}
