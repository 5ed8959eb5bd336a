// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc_test.c: the core allocates nothing per call: the same calls on a plain cdev and on
 * its twin with refcdev make the task allocate equally often, and none is made by the core
 *
 * With its own proof that the counter counts: an asynchronous read does allocate there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "aio.h"
#include "harness.h"
#include "ktap.h"
#include "modules/allocs_ioctl.h"
#include "modules/twin_ioctl.h"
#include "util.h"

#define AIO_READS	1000

static const char *const paths[] = { "/dev/twinplain", "/dev/twin" };
static int allocs, ctl, fd;
static const char *path;
static struct aio aio;
/* What the task counts per allocation of the core: kmemleak allocates once more for each. */
static unsigned int per_allocation;

static bool do_open(void)
{
	int file = open(path, O_RDWR);

	return file >= 0 && close(file) == 0;
}

static bool do_read(void)
{
	char data[64];

	return pread(fd, data, sizeof(data), 0) == sizeof(data);
}

static bool do_write(void)
{
	return pwrite(fd, "data", 4, 0) == 4;
}

static bool do_ioctl(void)
{
	int number = 1;

	return ioctl(fd, TWIN_ADD_ONE, &number) == 17;
}

static bool do_poll(void)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

static bool do_readv(void)
{
	char data[64];
	struct iovec iov = { data, sizeof(data) };

	return preadv(fd, &iov, 1, 0) == sizeof(data);
}

static bool do_aio_read(void)
{
	struct aio_result result;
	char data[64];

	return aio_read(&aio, 1, fd, data, sizeof(data), 0) == 0 &&
	       aio_wait(&aio, &result, 5 * SECOND) == 0 && result.res == sizeof(data);
}

/* Opens both with these operations; the file that calls go to is @side's. */
static void use(enum twin_side side, unsigned int ops)
{
	struct twin_setup setup = { ops, ops, TWIN_OPEN_PLAIN, 0 };

	if (fd >= 0)
		close(fd);
	require(ioctl(ctl, TWIN_SETUP, &setup) == 0);
	path = paths[side];
	fd = open(path, O_RDWR);
	require(fd >= 0);
	if (side == TWIN_WRAPPED)
		require(ioctl(allocs, ALLOCS_CORE, fd) == 0);
}

static struct allocs_counts count_calls(bool (*call)(void), unsigned int times)
{
	struct allocs_counts counts;
	unsigned int i, failed = 0;

	/* What is made once, the first time. */
	for (i = 0; i < 100; i++)
		failed += !call();
	require(ioctl(allocs, ALLOCS_BEGIN) == 0);
	for (i = 0; i < times; i++)
		failed += !call();
	require(ioctl(allocs, ALLOCS_END, &counts) == 0);
	expect_equal(failed, 0);
	return counts;
}

#define OP(name)	(1u << TWIN_OP_##name)

static const struct {
	const char *name;
	bool (*call)(void);
	unsigned int ops;
} calls[] = {
	{ "open and close", do_open, 0 },
	{ "read", do_read, OP(read) },
	{ "write", do_write, OP(write) },
	{ "ioctl", do_ioctl, OP(unlocked_ioctl) },
	{ "poll", do_poll, OP(poll) },
	{ "readv of read_iter", do_readv, OP(read_iter) },
	{ "write of write_iter", do_write, OP(write_iter) },
};

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

/* Debug builds remember each file that is open, for the dump: one allocation, no more. */
static unsigned int remembered(bool (*call)(void), unsigned int times)
{
	return call == do_open && access("/sys/kernel/debug/refcdev/lifetimes", F_OK) == 0 ?
	       times : 0;
}

static void compare(unsigned int times, unsigned int noise)
{
	struct allocs_counts plain, wrapped;
	unsigned long distance, own;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		use(TWIN_PLAIN, calls[i].ops);
		plain = count_calls(calls[i].call, times);
		use(TWIN_WRAPPED, calls[i].ops);
		wrapped = count_calls(calls[i].call, times);
		ktap_note("%u times %s: %lu allocations on a plain cdev, %lu here, %lu in the core",
			  times, calls[i].name, (long)plain.task, (long)wrapped.task,
			  (long)wrapped.core);
		own = remembered(calls[i].call, times);
		expect_equal(wrapped.core, own);
		distance = labs((long)(wrapped.task - own * per_allocation - plain.task));
		if (distance > noise) {
			complain("%s: the task allocates otherwise with refcdev", calls[i].name);
			ioctl(allocs, ALLOCS_SHOW);
		}
	}
}

static void count_async(void)
{
	struct allocs_counts plain, wrapped;

	require(aio_open(&aio, 8) == 0);
	use(TWIN_PLAIN, OP(read_iter));
	plain = count_calls(do_aio_read, AIO_READS);
	use(TWIN_WRAPPED, OP(read_iter));
	wrapped = count_calls(do_aio_read, AIO_READS);
	ktap_note("%u aio reads: %lu allocations on a plain cdev, %lu here, %lu in the core",
		  AIO_READS, (long)plain.task, (long)wrapped.task, (long)wrapped.core);
	expect_equal(wrapped.core, AIO_READS);
	expect(wrapped.task >= plain.task + AIO_READS && plain.task >= AIO_READS);
	/* To the nearest: what debugging allocates for itself, now and then, is in both. */
	per_allocation = (wrapped.task - plain.task + AIO_READS / 2) / AIO_READS;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		printf("usage: alloc_test TIMES NOISE\n"
		       "Each call so many times; a difference of more than NOISE allocations\n"
		       "between the twins is a failure.\n");
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = -1;
	allocs = open("/dev/allocs", O_RDWR);
	ctl = open("/dev/twinctl", O_RDWR);
	require(allocs >= 0 && ctl >= 0);
	count_async();
	ktap_result(case_status() == KTAP_PASS,
		    "the counter sees what an asynchronous read allocates");
	compare(atoi(argv[1]), atoi(argv[2]));
	ktap_result(case_status() == KTAP_PASS, "a call allocates nothing in the core");
	close(fd);
	return ktap_end();
}
