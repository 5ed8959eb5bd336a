// SPDX-License-Identifier: GPL-2.0-only
/*
 * ways.c: the driver with many ways down as its tests see it, and a crowd that is in its calls
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ways.h"

const struct subject ways_subject = { "refcdev-ways", "refcdev-ways.0", "/dev/ways0" };

void expect_nothing_missed(void)
{
	static const char * const counters[] = {
		"unready", "cold", "late", "unsupplied", "cut_inside",
	};
	unsigned int i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		long found = subject_count(&ways_subject, counters[i]);

		if (found)
			complain("%s: %ld", counters[i], found);
	}
}

static bool can_open(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * Some kernels probe, remove, and probe again. A bind of one's own, which is refused, waits for
 * the lock that all of this is done under.
 */
void ways_wait_open(void)
{
	require(wait_until(can_open("/dev/ways0") && can_open("/dev/ways1"), 10 * SECOND));
	driver_bind(ways_subject.driver, "refcdev-ways.0");
	driver_bind(ways_subject.driver, "refcdev-ways.1");
	require(can_open("/dev/ways0") && can_open("/dev/ways1"));
}

int ways_set(const char *parameter, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/waysdev/parameters/%s", parameter);
	return write_text(path, value);
}

static long call_read(struct caller *self)
{
	char byte;

	return read(self->fd, &byte, 1);
}

static long call_linger(struct caller *self)
{
	return ioctl(self->fd, WAYS_LINGER, CROWD_LINGERS_MS);
}

void crowd_enter(struct crowd *crowd)
{
	unsigned int i;

	crowd->fd = subject_open(&ways_subject, 0);
	for (i = 0; i < 4; i++) {
		crowd->callers[i] = (struct caller) {
			.call = i % 2 ? call_linger : call_read, .fd = crowd->fd,
		};
		require(caller_start(&crowd->callers[i], i % 2 ? SYS_ioctl : SYS_read));
	}
}

void crowd_begin(struct crowd *crowd)
{
	crowd->begun = now_ns();
}

/* That it did not wait for longer than they took is another matter: guests are slow. */
void crowd_expect_gone(struct crowd *crowd)
{
	uint64_t ended = now_ns();
	unsigned int i;

	expect(ended - crowd->begun >= CROWD_LINGERS_MS * MS);
	expect_equal(subject_count(&ways_subject, "lingering"), 0);
	for (i = 0; i < 4; i++) {
		struct caller *caller = &crowd->callers[i];

		require(caller_join(caller, 5 * SECOND));
		expect_equal(caller->ret, -1);
		expect_equal(caller->error, ENXIO);
		expect(caller->returned >= crowd->begun);
	}
	expect_errno(ioctl(crowd->fd, WAYS_TOUCH), ENXIO);
	expect_nothing_missed();
}
