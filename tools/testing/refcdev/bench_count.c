// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_count.c: the guest's instructions that each operation takes, on each node
 *
 * In a guest whose clock advances by one tick per instruction, and nowhere else: that is
 * checked first. A system call is counted from its instruction to the next one of the program,
 * hence with what it leaves for its way back, as the last reference to a file. What RCU
 * or a timer does later is not in it, but may happen to run in between; so a figure is the
 * median of many calls, and the least and the most frequent are told with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "bench_ticks.h"
#include "ktap.h"
#include "modules/bench_ioctl.h"

#define WARM_UP	300
#define PAGE	4096

/* What one node's operations are called with; -1 where an operation failed. */
struct target {
	int fd;
	char *map;
	char buffer[BENCH_SIZE];
	struct pollfd poller;
	bool failed;
};

static uint32_t timed_call(struct target *target, struct bench_regs regs, long wanted)
{
	uint32_t ticks;
	long ret;

	ticks = bench_ticks("syscall", &regs, &ret) - BENCH_AROUND;
	target->failed |= wanted >= 0 ? ret != wanted : ret < 0;
	return ticks;
}

static uint32_t do_read(struct target *target)
{
	return timed_call(target, (struct bench_regs){ SYS_read, { target->fd,
			  (long)target->buffer, BENCH_SIZE } }, BENCH_SIZE);
}

static uint32_t do_write(struct target *target)
{
	return timed_call(target, (struct bench_regs){ SYS_write, { target->fd,
			  (long)target->buffer, BENCH_SIZE } }, BENCH_SIZE);
}

static uint32_t do_ioctl(struct target *target)
{
	return timed_call(target, (struct bench_regs){ SYS_ioctl, { target->fd, BENCH_NOTHING } },
			  0);
}

static uint32_t do_poll(struct target *target)
{
	return timed_call(target, (struct bench_regs){ SYS_poll, { (long)&target->poller, 1, 0 } },
			  1);
}

/* The first touch of a page that the driver maps; what takes it away is not counted. */
static uint32_t do_fault(struct target *target)
{
	struct bench_regs regs = { 0, { (long)target->map } };
	uint32_t ticks;
	long byte;

	ticks = bench_ticks("movzbl (%%rdi), %%eax", &regs, &byte) - BENCH_AROUND;
	target->failed |= byte != 0 || madvise(target->map, PAGE, MADV_DONTNEED);
	return ticks;
}

/* The file gets the lowest number that is free: the same each time. */
static uint32_t do_open_close(struct target *target)
{
	struct bench_regs regs = { SYS_open, { (long)BENCH_PATH, O_RDWR } };
	uint32_t ticks;
	long fd;

	ticks = bench_ticks("syscall", &regs, &fd) - BENCH_AROUND;
	target->failed |= fd < 0;
	return ticks + timed_call(target, (struct bench_regs){ SYS_close, { fd } }, 0);
}

static const struct operation {
	const char *name;
	uint32_t (*call)(struct target *target);
} operations[] = {
	{ "read", do_read },
	{ "write", do_write },
	{ "ioctl", do_ioctl },
	{ "poll", do_poll },
	{ "fault", do_fault },
	{ "open+close", do_open_close },
};

#define NR_OPERATIONS	(sizeof(operations) / sizeof(operations[0]))

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Of sorted samples: the most frequent, and how often it comes. */
static uint32_t mode_of(const uint32_t *samples, unsigned int count, unsigned int *times)
{
	unsigned int i, run = 0;
	uint32_t mode = samples[0];

	*times = 0;
	for (i = 0; i < count; i++) {
		run = i && samples[i] == samples[i - 1] ? run + 1 : 1;
		if (run > *times) {
			*times = run;
			mode = samples[i];
		}
	}
	return mode;
}

/* The instructions of a loop are known: two per turn, and one that loads the count. */
static uint32_t loop_ticks(long turns)
{
	struct bench_regs regs = { turns, { 0 } };
	long left;

	return bench_ticks("1: dec %%rax\n\tjnz 1b", &regs, &left) - BENCH_AROUND - 2 * turns;
}

/* False unless one instruction is one tick: nine readings in ten, as a timer may tick. */
static bool clock_counts_instructions(void)
{
	static const long turns[] = { 1, 10, 1000, 50000 };
	unsigned int i, j, wrong;

	for (i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		wrong = 0;
		for (j = 0; j < 100; j++)
			wrong += loop_ticks(turns[i]) != 0;
		if (wrong > 10) {
			ktap_note("%u of 100 loops of %ld turns took other than %ld ticks",
				  wrong, turns[i], 2 * turns[i]);
			return false;
		}
	}
	return true;
}

static void count_operation(const struct bench_node *node, const struct operation *operation,
			    struct target *target, uint32_t *samples, unsigned int calls)
{
	unsigned int i, times;
	uint32_t mode;

	for (i = 0; i < WARM_UP; i++)
		operation->call(target);
	for (i = 0; i < calls; i++)
		samples[i] = operation->call(target);
	qsort(samples, calls, sizeof(samples[0]), compare);
	mode = mode_of(samples, calls, &times);
	ktap_note("bench: %s %s %u %u %u %u", node->name, operation->name, samples[calls / 2],
		  samples[0], mode, times * 100 / calls);
}

static bool count_node(const struct bench_node *node, uint32_t *samples, unsigned int calls)
{
	struct target target = { .fd = -1 };
	size_t i;

	if (bench_place(node))
		return false;
	target.fd = open(BENCH_PATH, O_RDWR | O_CLOEXEC);
	if (target.fd < 0)
		return false;
	target.poller = (struct pollfd){ target.fd, POLLIN, 0 };
	target.map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, target.fd, 0);
	if (target.map == MAP_FAILED)
		return false;
	for (i = 0; i < NR_OPERATIONS; i++)
		count_operation(node, &operations[i], &target, samples, calls);
	munmap(target.map, PAGE);
	close(target.fd);
	unlink(BENCH_PATH);
	return !target.failed;
}

int bench_instructions(const struct bench_node *nodes, int count, unsigned int calls)
{
	uint32_t *samples = calloc(calls, sizeof(*samples));
	cpu_set_t first;
	int i;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (!samples || sched_setaffinity(0, sizeof(first), &first) || mlockall(MCL_CURRENT))
		return KTAP_FAIL;
	ktap_result(clock_counts_instructions(), "one tick of the clock is one instruction");
	if (ktap.failed) {
		ktap_note("this needs QEMU with -icount shift=0: use scripts/bench");
		return ktap_end();
	}
	for (i = 0; i < count; i++)
		ktap_result(count_node(&nodes[i], samples, calls), nodes[i].name);
	free(samples);
	return ktap_end();
}
