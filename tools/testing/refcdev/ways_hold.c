// SPDX-License-Identifier: GPL-2.0-only
/*
 * ways_hold.c: leaves a program behind that is inside of both devices' calls: asleep until they
 * go, in no hurry then, and in the first also where nothing can wake it. Succeeds when it is there
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ways.h"

static long call_read(struct caller *self)
{
	char byte;

	return read(self->fd, &byte, 1);
}

static long call_linger(struct caller *self)
{
	return ioctl(self->fd, WAYS_LINGER, CROWD_LINGERS_MS);
}

static long call_stuck(struct caller *self)
{
	return ioctl(self->fd, WAYS_STUCK, 3600 * 1000);
}

static void hold(const char *path, bool stuck)
{
	static struct caller callers[6];
	static unsigned int count;
	int fd = open(path, O_RDWR);

	require(fd >= 0);
	callers[count] = (struct caller) { .call = call_read, .fd = fd };
	require(caller_start(&callers[count++], SYS_read));
	callers[count] = (struct caller) { .call = call_linger, .fd = fd };
	require(caller_start(&callers[count++], SYS_ioctl));
	callers[count] = (struct caller) { .call = call_stuck, .fd = fd };
	if (stuck)
		require(caller_start(&callers[count++], SYS_ioctl));
}

int main(void)
{
	char held = 0;
	int fds[2];

	if (pipe(fds))
		return 1;
	if (fork() == 0) {
		hold("/dev/ways0", true);
		hold("/dev/ways1", false);
		/* Nobody waits for what else this might say. */
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		held = 1;
		if (write(fds[1], &held, 1) == 1)
			pause();
		_exit(1);
	}
	close(fds[1]);
	return read(fds[0], &held, 1) == 1 && held ? 0 : 1;
}
