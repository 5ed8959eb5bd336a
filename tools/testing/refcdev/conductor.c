// SPDX-License-Identifier: GPL-2.0-only
/*
 * conductor.c: takes the device away while it is in use, and gives it back, over and over
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/refcdev_fifo.h>

#include "hammer.h"
#include "trace.h"
#include "util.h"

/* How many calls there must have been since the device came back. */
#define CALLS_PER_CYCLE	(2ul * options.threads * options.procs)

static struct trace_counts counts;

/* A call that began before the hold; none begins after. */
static bool nobody_passes(void)
{
	unsigned int i;

	for (i = 0; i < options.threads * options.procs; i++)
		if (__atomic_load_n(&shared->slots[i].passing, __ATOMIC_SEQ_CST))
			return false;
	return true;
}

static bool no_messages(int fd)
{
	struct refcdev_fifo_state state;

	return ioctl(fd, REFCDEV_FIFO_GET_STATE, &state) == 0 && !state.depth;
}

/*
 * Calls asleep in the driver, by what the scheduler says: for the driver, who was woken in
 * vain and has not run yet is still waiting, but he would see the disconnect and leave
 * before the drain.
 */
static bool somebody_sleeps(void)
{
	unsigned int i;

	for (i = 0; i < options.threads * options.procs; i++)
		if (task_sleeps_in(shared->slots[i].pid,
				   __atomic_load_n(&shared->slots[i].tid, __ATOMIC_ACQUIRE),
				   SYS_read))
			return true;
	return false;
}

/* Until nobody wakes a reader any more: no messages, and nobody who writes one. */
static void hold_messages(int fd)
{
	__atomic_store_n(&shared->hold, true, __ATOMIC_SEQ_CST);
	wait_until(nobody_passes(), SECOND);
	wait_until(no_messages(fd), SECOND);
}

/*
 * Until the device is in use. If it is not in time, that is bad luck: go on. One cycle in
 * eight does without the hold, so that writes are in flight as well.
 */
static void wait_for_use(void)
{
	unsigned long calls = total_calls() + CALLS_PER_CYCLE;
	int fd = open(options.device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	wait_until(total_calls() >= calls, SECOND);
	if (shared->cycles % 8 != 7)
		hold_messages(fd);
	wait_until(somebody_sleeps(), SECOND);
	close(fd);
}

/* The core told what the disconnect found. */
static void count_drain(void)
{
	if (!trace_read(&counts))
		return;
	shared->drain_us[shared->drained++] = counts.wait_ns / 1000;
	shared->inflight += counts.inside;
	shared->woken += counts.woken;
	shared->inflight_cycles += counts.inside > 0;
	shared->sleeper_cycles += counts.woken > 0;
}

static bool fail(const char *step, int error)
{
	shared->conductor_step = step;
	shared->conductor_error = error;
	return false;
}

/* While the device is away: whoever has it open shall meet what is left of it. */
static void wait_for_attempts(void)
{
	unsigned long attempts = total_attempts() + options.threads * options.procs;

	wait_until(total_attempts() >= attempts, 50 * MS);
}

static bool one_cycle(void)
{
	uint64_t begun, took;
	int ret;

	wait_for_use();
	begun = now_ns();
	ret = driver_unbind(options.driver, options.unbind);
	took = now_ns() - begun;
	__atomic_store_n(&shared->hold, false, __ATOMIC_RELAXED);
	if (ret)
		return fail("unbind", -ret);
	if (took > shared->unbind_worst_ns)
		shared->unbind_worst_ns = took;
	count_drain();
	wait_for_attempts();
	ret = driver_bind(options.driver, options.unbind);
	if (ret)
		return fail("bind", -ret);
	__atomic_add_fetch(&shared->generation, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->generation, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	__atomic_add_fetch(&shared->cycles, 1, __ATOMIC_RELAXED);
	return true;
}

/* Ends with an unbind and a bind, so that whoever sleeps in the device wakes up and ends. */
void run_conductor(void)
{
	uint64_t end = now_ns() + options.duration * SECOND;
	int ret = trace_start();

	if (ret == -ENOENT)
		ret = 0;		/* the core is not loaded: there is nothing it could say */
	if (ret) {
		fail("tracing", -ret);
		_exit(1);
	}
	while ((!options.cycles || shared->cycles < options.cycles) &&
	       (!options.duration || now_ns() < end) && shared->cycles < MAX_CYCLES)
		if (!one_cycle())
			_exit(1);
	__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
	if (driver_unbind(options.driver, options.unbind) == 0)
		driver_bind(options.driver, options.unbind);
	__atomic_add_fetch(&shared->generation, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->generation, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	trace_read(&counts);
	shared->refused = counts.refused;
	shared->opens = counts.opens;
	shared->lost = trace_lost();
	trace_stop();
	__atomic_store_n(&shared->finished, true, __ATOMIC_RELEASE);
	_exit(0);
}
