// SPDX-License-Identifier: GPL-2.0-only
/*
 * subject.c: a driver that a test runs on, and which of its devices a path leads to
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/refcdev_fifo.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "subject.h"

const struct subject fifo_subject = { "refcdev-fifo", "refcdev-fifo.0", "/dev/fifo0" };
const struct subject plain_subject = { "plaincdev", "plaincdev.0", "/dev/plaincdev0" };
const struct subject wait_subject = { "refcdev-wait", "refcdev-wait.0", "/dev/waitdev0" };

void subject_renew(const struct subject *subject)
{
	driver_unbind(subject->driver, subject->device);
	subject_bind(subject);
}

void subject_unbind(const struct subject *subject)
{
	require(driver_unbind(subject->driver, subject->device) == 0);
}

void subject_bind(const struct subject *subject)
{
	require(driver_bind(subject->driver, subject->device) == 0);
}

int subject_open(const struct subject *subject, int flags)
{
	int fd = open(subject->node, O_RDWR | flags);

	require(fd >= 0);
	return fd;
}

long subject_count(const struct subject *subject, const char *counter)
{
	long count = driver_count(subject->driver, counter);

	require(count >= 0);
	return count;
}

/* The last reference may be put a moment after the system call has returned. */
bool subject_released_all(const struct subject *subject, long bound)
{
	long wanted = subject_count(subject, "created") - bound;

	wait_until(subject_count(subject, "released") >= wanted, 5 * SECOND);
	return subject_count(subject, "released") == wanted;
}

void subject_mknod(const struct subject *subject, const char *path)
{
	struct stat status;

	require(stat(subject->node, &status) == 0 && S_ISCHR(status.st_mode));
	unlink(path);
	require(mknod(path, S_IFCHR | 0600, status.st_rdev) == 0);
}

void put_mark(int fd, int mark)
{
	char message[8];

	while (mark--)
		require(write(fd, "mark", 4) == 4 && read(fd, message, sizeof(message)) == 4);
}

int get_mark(int fd)
{
	struct refcdev_fifo_state state;

	return ioctl(fd, REFCDEV_FIFO_GET_STATE, &state) ? -errno : (int)state.messages;
}

int get_mark_of(const char *path)
{
	int fd = open(path, O_RDWR), mark;

	if (fd < 0)
		return -errno;
	mark = get_mark(fd);
	close(fd);
	return mark;
}

int module_load(const char *name, const char *parameters)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), "modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}
