// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_down.c: takes devices down in rounds, each kind once per round, and prints how long each
 * took; and what an object, a node and an open file cost in memory
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench_memory.h"
#include "harness.h"
#include "modules/benchdown_ioctl.h"
#include "util.h"

#define NODE		"/dev/benchdown0"
#define MAX_FILES	10000
#define MAX_SLEEPERS	64

/* One way to go down; the time limits are generous, as the machine may be busy. */
struct scenario {
	const char *name;
	struct benchdown_make make;
	unsigned int files, sleepers;
	bool together, crowd;
};

static const struct scenario scenarios[] = {
	{ .name = "refcdev", .make = { BENCHDOWN_REFCDEV, 1, 1 }, .files = 1 },
	{ .name = "srcu", .make = { BENCHDOWN_SRCU, 1, 1 } },
	{ .name = "percpu_ref", .make = { BENCHDOWN_PERCPU_REF, 1, 1 } },
	{ .name = "rcu", .make = { BENCHDOWN_RCU, 1, 1 } },
	{ .name = "empty", .make = { BENCHDOWN_REFCDEV, 1, 1 } },
	{ .name = "files_10", .make = { BENCHDOWN_REFCDEV, 1, 1 }, .files = 10 },
	{ .name = "files_100", .make = { BENCHDOWN_REFCDEV, 1, 1 }, .files = 100 },
	{ .name = "files_1000", .make = { BENCHDOWN_REFCDEV, 1, 1 }, .files = 1000 },
	{ .name = "files_10000", .make = { BENCHDOWN_REFCDEV, 1, 1 }, .files = MAX_FILES },
	{ .name = "sleepers", .make = { BENCHDOWN_REFCDEV, 1, 1 }, .files = 1,
	  .sleepers = MAX_SLEEPERS },
	{ .name = "nodes", .make = { BENCHDOWN_REFCDEV, 1, 64 }, .files = 1 },
	{ .name = "srcu_many", .make = { BENCHDOWN_SRCU, 64, 1 } },
	{ .name = "serial", .make = { BENCHDOWN_REFCDEV, 1000, 1 }, .crowd = true },
	{ .name = "together", .make = { BENCHDOWN_REFCDEV, 1000, 1 }, .crowd = true,
	  .together = true },
};

#define NR_SCENARIOS	(sizeof(scenarios) / sizeof(scenarios[0]))

static int ctl;
static int files[MAX_FILES];
static struct caller callers[MAX_SLEEPERS];

/* Closed when they may end: what a thread does for that is not to be waited for. */
static int leave[2];

static long sleep_in_read(struct caller *self)
{
	char byte;
	long ret = read(self->fd, &byte, 1);
	int error = errno;

	if (read(leave[0], &byte, 1))
		return -1;
	errno = error;
	return ret;
}

static void open_files(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		files[i] = open(NODE, O_RDONLY);
		require(files[i] >= 0);
	}
}

static void close_files(unsigned int count)
{
	while (count)
		close(files[--count]);
}

static void start_sleepers(unsigned int count)
{
	unsigned int i;

	require(pipe(leave) == 0);
	for (i = 0; i < count; i++) {
		callers[i] = (struct caller){ .call = sleep_in_read, .fd = files[0] };
		require(caller_start(&callers[i], SYS_read));
	}
	require(wait_until(ioctl(ctl, BENCHDOWN_ASLEEP) == (int)count, 20 * SECOND));
}

static void join_sleepers(unsigned int count)
{
	unsigned int i;

	close(leave[1]);
	for (i = 0; i < count; i++) {
		require(caller_join(&callers[i], 20 * SECOND));
		require(callers[i].ret == -1 && callers[i].error == ENXIO);
	}
	close(leave[0]);
}

/* What follows a disconnect in the background, and that of a making, is not to be measured. */
static void settle(void)
{
	require(ioctl(ctl, BENCHDOWN_SETTLE) == 0);
}

static void play(const struct scenario *scene)
{
	struct benchdown_down down = { .together = scene->together };

	require(ioctl(ctl, BENCHDOWN_MAKE, &scene->make) == 0);
	open_files(scene->files);
	start_sleepers(scene->sleepers);
	settle();
	require(ioctl(ctl, BENCHDOWN_DOWN, &down) == 0);
	join_sleepers(scene->sleepers);
	printf("# down: %s %llu %llu %llu %llu %llu %llu\n", scene->name, down.drained, down.gone,
	       down.waited, down.normal, down.expedited, down.rounds);
	close_files(scene->files);
	require(ioctl(ctl, BENCHDOWN_FREE) == 0);
}

static void play_rounds(unsigned int rounds, bool crowd)
{
	unsigned int round;
	size_t i;

	for (round = 0; round < rounds; round++)
		for (i = 0; i < NR_SCENARIOS; i++)
			if (scenarios[i].crowd == crowd)
				play(&scenarios[i]);
}

/* A first round, that does not count, ends with '# down: warm'. */
static int help(int status)
{
	printf("usage: bench_down ROUNDS CROWDS\n"
	       "Takes each kind of device down ROUNDS times, in turn, and 1,000 devices CROWDS\n"
	       "times. Prints, for each time: '# down: KIND DRAINED GONE WAITED NORMAL EXPEDITED\n"
	       "ROUNDS': nanoseconds until nobody was inside, in sum, and for all, with the nodes;\n"
	       "how many grace periods of RCU ended in the first, and of each kind in the second; of\n"
	       "several devices of refcdev, its rounds of questions. Then, of objects, nodes and\n"
	       "files: '# memory: WHAT SLAB-BYTES PERCPU-BYTES', each.\n");
	return status;
}

int main(int argc, char **argv)
{
	struct rlimit limit = { MAX_FILES + 100, MAX_FILES + 100 };

	if (argc != 3)
		return help(argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	ctl = open("/dev/benchdown", O_RDWR);
	require(ctl >= 0);
	/* First, as what is freed is kept for a while. */
	measure_memory(ctl);
	play_rounds(1, false);
	printf("# down: warm\n");
	play_rounds(atoi(argv[1]), false);
	play_rounds(atoi(argv[2]), true);
	return 0;
}
