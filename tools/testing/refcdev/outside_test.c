// SPDX-License-Identifier: GPL-2.0-only
/*
 * outside_test.c: what a driver that was built elsewhere gets from the core
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fifo.h"
#include "subject.h"

#define ATTRIBUTE	"/sys/class/refcdev/outside0/filled"

static const struct subject outside = { "outside", "outside.0", "/dev/outside0" };

static void setup(void)
{
	subject_renew(&outside);
}

static void put_letter(int fd)
{
	expect_equal(write(fd, "x", 1), 1);
	expect_equal(read_number(ATTRIBUTE), 1);
}

static void take_letter(int fd)
{
	char letter = 0;

	expect_equal(read(fd, &letter, 1), 1);
	expect_equal(letter, 'x');
	expect_equal(read_number(ATTRIBUTE), 0);
}

static void letter_passes(void)
{
	int fd = subject_open(&outside, 0);

	expect_equal(read_number(ATTRIBUTE), 0);
	put_letter(fd);
	take_letter(fd);
}

static void read_sleeps(void)
{
	int fd = subject_open(&outside, 0);
	struct caller reader = { .call = call_read, .fd = fd };

	require(caller_start(&reader, SYS_read));
	expect_equal(write(fd, "x", 1), 1);
	require(caller_join(&reader, 5 * SECOND));
	expect_equal(reader.ret, 1);
}

/* C2, C3, C8 */
static void device_goes(void)
{
	int fd = subject_open(&outside, 0), fresh;
	struct caller reader = { .call = call_read, .fd = fd };
	char letter;

	require(caller_start(&reader, SYS_read));
	subject_unbind(&outside);
	require(caller_join(&reader, 5 * SECOND));
	expect_equal(reader.ret, -1);
	expect_equal(reader.error, ENXIO);
	expect_errno(read(fd, &letter, 1), ENXIO);
	expect_errno(write(fd, "x", 1), ENXIO);

	subject_bind(&outside);
	expect_errno(write(fd, "x", 1), ENXIO);
	fresh = subject_open(&outside, 0);
	put_letter(fresh);
	take_letter(fresh);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "what one file writes, it reads", letter_passes },
		{ "a read sleeps until there is something", read_sleeps },
		{ "the device goes: sleeper and later calls are told, the next device works",
		  device_goes },
	};

	return RUN_CASES(cases, setup);
}
