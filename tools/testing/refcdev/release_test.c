// SPDX-License-Identifier: GPL-2.0-only
/*
 * release_test.c: the private data lives as long as somebody needs it, and no longer
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fifo.h"

#define SIZE	(REFCDEV_FIFO_CAPACITY_MAX * REFCDEV_FIFO_MESSAGE_MAX)

/* What a bind makes: two where each probe is undone and done again, of which one stays. */
static long probes = 1;

static long created_ever(void)
{
	return fifo_counter("created") / probes;
}

/* Without those that only such a probe had. */
static long released_ever(void)
{
	return fifo_counter("released") - (fifo_counter("created") - created_ever());
}

static void setup(void)
{
	long created = fifo_counter("created");

	fifo_setup();
	probes = (fifo_counter("created") - created) / FIFO_DEVICES;
	require(probes > 0);
}

/* The last reference may be put a moment after the system call has returned. */
static bool released_are(long wanted)
{
	wait_until(released_ever() >= wanted, 5 * SECOND);
	return released_ever() == wanted;
}

/* C5, C1: not with the device but with the last file; ->release once per open. */
static void last_of_two_files(void)
{
	long released = released_ever(), closes = fifo_counter("closes");
	long opens = fifo_counter("opens");
	int first = fifo_open(0), second = fifo_open(0);

	expect_equal(fifo_counter("opens"), opens + 2);
	fifo_unbind();
	expect_equal(released_ever(), released);
	close(first);
	expect_equal(fifo_counter("closes"), closes + 1);
	expect_equal(released_ever(), released);
	expect_errno(read(second, &first, 1), ENXIO);
	close(second);
	expect_equal(fifo_counter("closes"), closes + 2);
	expect(released_are(released + 1));
}

/* C5: with the device, if nobody has it open. */
static void nobody_has_it(void)
{
	long created = created_ever(), released = released_ever();

	close(fifo_open(0));
	fifo_unbind();
	expect(released_are(released + 1));
	fifo_bind();
	expect_equal(created_ever(), created + 1);
	expect_equal(released_ever(), released + 1);
}

/* C5: duplicates are one file. */
static void duplicates(void)
{
	long released = released_ever(), closes = fifo_counter("closes");
	int fd = fifo_open(0), copy = dup(fd), status;
	pid_t pid = fork();

	if (pid == 0) {
		struct pollfd poller = { .fd = fd };

		/* ends when the device goes */
		_exit(poll(&poller, 1, 10000) == 1 ? 0 : 1);
	}
	require(wait_until(task_sleeps_in(pid, pid, SYS_poll), 5 * SECOND));
	close(fd);
	close(copy);
	expect_equal(fifo_counter("closes"), closes);
	fifo_unbind();
	require(waitpid(pid, &status, 0) == pid);
	expect_equal(status, 0);
	expect(released_are(released + 1));
	expect_equal(fifo_counter("closes"), closes + 1);
}

/* C5: a mapping needs it as well, though the file is closed. */
static void kept_mapping(void)
{
	long released = released_ever();
	int fd = fifo_open(0);
	char *map;

	require(write(fd, "still here", 10) == 10);
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED);
	expect(memcmp(map, "still here", 10) == 0);
	fifo_unbind();
	close(fd);
	fifo_bind();
	expect(memcmp(map, "still here", 10) == 0);
	map[SIZE - 1] = 'x';
	expect_equal(released_ever(), released);
	munmap(map, SIZE);
	expect(released_are(released + 1));
}

/* C5: half a mapping, and one that a child has inherited, are mappings. */
static void split_mapping(void)
{
	long released = released_ever();
	int fd = fifo_open(0), status;
	char *map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	pid_t pid;

	require(map != MAP_FAILED && SIZE == 4096);
	close(fd);
	pid = fork();
	if (pid == 0) {
		munmap(map, SIZE);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid);
	fifo_unbind();
	expect_equal(released_ever(), released);
	munmap(map, SIZE);
	expect(released_are(released + 1));
}

static void unbind_in_child(void *go)
{
	char byte;

	if (read(*(int *)go, &byte, 1) != 1)
		_exit(1);
	/* who comes second finds nothing to unbind */
	_exit(driver_unbind(FIFO_DRIVER, FIFO) == 0 ? 0 : 2);
}

/* C10: two at once: no hang, no double release. */
static void double_unbind(void)
{
	long released = released_ever();
	struct caller reader = { .call = call_read, .fd = fifo_open(0) };
	int go[2], status, succeeded = 0, i;
	pid_t pids[2];

	require(caller_start(&reader, SYS_read));
	require(pipe(go) == 0);
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			unbind_in_child(&go[0]);
	}
	require(write(go[1], "xx", 2) == 2);
	for (i = 0; i < 2; i++) {
		require(waitpid(pids[i], &status, 0) == pids[i]);
		expect(WIFEXITED(status) && WEXITSTATUS(status) != 1);
		succeeded += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	expect(succeeded >= 1);
	expect(caller_join(&reader, SECOND));
	expect_equal(reader.error, ENXIO);
	expect_equal(released_ever(), released);
	close(reader.fd);
	expect(released_are(released + 1));
}

/* C8: each device is its own; what happens to one is nothing to the others. */
static void three_devices(void)
{
	long released = released_ever();
	char device[32], node[32];
	struct refcdev_fifo_state state;
	int fds[FIFO_DEVICES], i, j;

	for (i = 0; i < FIFO_DEVICES; i++) {
		snprintf(node, sizeof(node), "/dev/fifo%d", i);
		fds[i] = open(node, O_RDWR);
		require(fds[i] >= 0);
	}
	for (i = 0; i < FIFO_DEVICES; i++) {
		snprintf(device, sizeof(device), "refcdev-fifo.%d", i);
		require(driver_unbind(FIFO_DRIVER, device) == 0);
		for (j = 0; j < FIFO_DEVICES; j++) {
			if (j <= i)
				expect_errno(ioctl(fds[j], REFCDEV_FIFO_GET_STATE, &state), ENXIO);
			else
				expect_equal(ioctl(fds[j], REFCDEV_FIFO_GET_STATE, &state), 0);
		}
	}
	expect_equal(released_ever(), released);
	for (i = 0; i < FIFO_DEVICES; i++)
		close(fds[i]);
	expect(released_are(released + FIFO_DEVICES));
}

static const struct test_case cases[] = {
	{ "data goes with the last of two files, released once", last_of_two_files },
	{ "data goes with the device if nobody has it open", nobody_has_it },
	{ "duplicates of a file are one file", duplicates },
	{ "a mapping stays readable and keeps the data", kept_mapping },
	{ "an inherited mapping keeps the data until both are gone", split_mapping },
	{ "two unbinds at once release once", double_unbind },
	{ "three devices go one by one", three_devices },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
