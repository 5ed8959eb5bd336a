// SPDX-License-Identifier: GPL-2.0-only
/*
 * hammer.c: starts workers and conductor, and watches them
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "hammer.h"
#include "util.h"

/* B: bad page, and KASAN. D: died. W: warned. L: a processor hung. */
#define COMPLAINED	(1ul << 5 | 1ul << 7 | 1ul << 9 | 1ul << 14)
#define TICK_MS		20

struct shared *shared;

static unsigned long complaints(void)
{
	long taint = read_number("/proc/sys/kernel/tainted");

	return taint < 0 ? 0 : taint & COMPLAINED;
}

static void start_conductor(unsigned int nr)
{
	(void)nr;
	run_conductor();
}

/* True when the process has ended in time, and the kernel has not complained meanwhile. */
static bool watch(pid_t pid, uint64_t end, unsigned long before, unsigned long *taint)
{
	struct pollfd poller = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	while (now_ns() < end) {
		*taint = complaints() & ~before;
		if (*taint)
			return false;
		if (poll(&poller, 1, TICK_MS) == 1) {
			close(poller.fd);
			waitpid(pid, NULL, 0);
			*taint = complaints() & ~before;
			return !*taint;
		}
	}
	return false;
}

/* Nobody unbinds: the workers' own end is the end. */
static void let_run(uint64_t end, unsigned long before, unsigned long *taint)
{
	while (now_ns() < end && !*taint) {
		poll(NULL, 0, TICK_MS);
		*taint = complaints() & ~before;
	}
	shared->finished = true;
	__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
}

/*
 * When the kernel has complained, nothing is tidied up: a process that still sleeps in freed
 * memory does more harm when it is woken.
 */
static bool wind_up(pid_t *pids, unsigned int count, uint64_t end, unsigned long before,
		    unsigned long *taint)
{
	uint64_t gentle = now_ns() + 5 * SECOND;
	bool hung = false;
	unsigned int i;

	for (i = 0; i < count && !*taint; i++) {
		if (watch(pids[i], gentle, before, taint) || *taint)
			continue;
		kill(pids[i], SIGKILL);
		hung |= !watch(pids[i], end > gentle ? end : gentle + SECOND, before, taint);
	}
	return hung;
}

int main(int argc, char **argv)
{
	unsigned long before = complaints(), taint = 0;
	pid_t pids[MAX_SLOTS], conductor;
	uint64_t end;
	bool hung = false;
	unsigned int i;
	int ret = parse_options(argc, argv);

	if (ret)
		return ret;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	end = now_ns() + options.limit * SECOND;
	for (i = 0; i < options.procs; i++)
		pids[i] = child_start(run_workers, i);
	if (options.unbind) {
		conductor = child_start(start_conductor, 0);
		hung = !watch(conductor, end, before, &taint) && !taint;
	} else {
		let_run(now_ns() + options.duration * SECOND, before, &taint);
	}
	__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
	hung |= wind_up(pids, options.procs, end, before, &taint);
	return report(hung, taint);
}
