// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_conduct.c: takes the device away while it is in use, and gives it back, over and over
 *
 * What was in flight is known afterwards, exactly: a call that got ENXIO was either refused
 * at the gate, of which the core has a tracepoint, or was inside when the device went. Transfers
 * that nobody waited for are in the driver's count of those that ended with the device.
 */
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "edu_hammer.h"
#include "trace.h"

#define STEP_US		1000
#define PATIENCE	(3 * SECOND)	/* for the device to be in use; then it goes all the same */

/* Sleeps in between: those who are waited for need the processor. */
#define await(condition, limit_ns)						\
({										\
	uint64_t __end = now_ns() + (limit_ns);					\
	bool __held;								\
										\
	while (!(__held = (condition)) && now_ns() < __end)			\
		usleep(STEP_US);						\
	__held;									\
})

/* All that is added up since the beginning. */
struct sums {
	unsigned long enxio[NR_GROUPS], refused[NR_GROUPS];
	long gone;
};

static struct trace_counts counts;
static struct sums before;
static uint64_t draws;

static bool fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(shared->failed, sizeof(shared->failed), format, args);
	va_end(args);
	return false;
}

static void begin_phase(enum phase phase)
{
	uint32_t next = shared->phase + 1;

	while (next % NR_PHASES != phase)
		next++;
	__atomic_store_n(&shared->phase, next, __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->phase, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static bool all_have_followed(void)
{
	unsigned int i;

	for (i = 0; i < workers(); i++)
		if (__atomic_load_n(&shared->slots[i].phase, __ATOMIC_ACQUIRE) != shared->phase)
			return false;
	return true;
}

static bool follow(enum phase phase, const char *what)
{
	begin_phase(phase);
	return await(all_have_followed(), LIMIT) || fail("%s: not all did", what);
}

static void take_sums(struct sums *sums)
{
	unsigned int i, k;

	memset(sums, 0, sizeof(*sums));
	if (trace_read(&counts))
		shared->flight.woken += counts.woken;
	shared->drains = counts.drains;
	for (i = 0; i < NR_GROUPS; i++)
		sums->refused[i] = trace_refused(&counts, group_ops[i]);
	for (i = 0; i < workers(); i++)
		for (k = 0; k < NR_KINDS; k++)
			if (kinds[k].group < NR_GROUPS)
				sums->enxio[kinds[k].group] +=
					shared->slots[i].tallies[k].enxio;
	sums->gone = edu_counter("gone");
}

/* Everybody has come back, and nobody has tried what is dead since. */
static void count_flight(void)
{
	struct flight *flight = &shared->flight;
	long inside[NR_GROUPS], gone;
	bool transfer, factorial;
	struct sums now;
	unsigned int i;

	take_sums(&now);
	for (i = 0; i < NR_GROUPS; i++) {
		inside[i] = (now.enxio[i] - before.enxio[i]) -
			    (now.refused[i] - before.refused[i]);
		flight->unaccounted += inside[i] < 0;
		flight->inside[i] += inside[i] > 0 ? inside[i] : 0;
	}
	gone = now.gone - before.gone;
	flight->gone += gone;
	transfer = inside[GROUP_READ] > 0 || inside[GROUP_WRITE] > 0 || gone > 0;
	factorial = inside[GROUP_IOCTL] > 0;
	flight->transfer_cycles += transfer;
	flight->factorial_cycles += factorial;
	flight->overlapped += transfer || factorial;
}

/* Of an operation that is in no group: then a group's name would be wrong. */
static unsigned long refused_elsewhere(void)
{
	unsigned long left = counts.refused - trace_refused(&counts, "poll") -
			     trace_refused(&counts, "open");
	unsigned int i;

	for (i = 0; i < NR_GROUPS; i++)
		left -= trace_refused(&counts, group_ops[i]);
	return left;
}

static long outstanding(void)
{
	return edu_counter("accepted") - edu_counter("done") - edu_counter("gone") -
	       edu_counter("failed") - edu_counter("withdrawn");
}

static unsigned long compared(void)
{
	unsigned long bytes = 0;
	unsigned int i;

	for (i = 0; i < workers(); i++)
		bytes += __atomic_load_n(&shared->slots[i].checked, __ATOMIC_RELAXED);
	return bytes;
}

/*
 * Mostly it goes soon; one time in four so late that what was written has been read back. Then as
 * soon as something is under way.
 */
static void let_them_work(void)
{
	long done = edu_counter("done") + random_below(&draws, 4);
	unsigned long bytes = compared();

	if (shared->cycles % 4 == 1)
		await(compared() > bytes, PATIENCE);
	else
		await(edu_counter("done") >= done, PATIENCE);
	await(outstanding() > 0, PATIENCE);
}

static unsigned int choose_way(void)
{
	unsigned int way;

	do {
		way = random_below(&draws, MAX_WAYS);
	} while (!(options.ways & 1u << way));
	return way;
}

static bool timed(int (*move)(void), uint64_t *worst, const char *way, const char *what)
{
	uint64_t begun = now_ns();
	int ret = move();

	if (now_ns() - begun > *worst)
		*worst = now_ns() - begun;
	return !ret || fail("%s: %s: %s", way, what, strerror(-ret));
}

static bool one_cycle(void)
{
	unsigned int way = choose_way();

	if (!await(all_have_followed(), LIMIT))
		return fail("the device has come back, and not all have it open");
	take_sums(&before);
	__atomic_store_n(&shared->going, false, __ATOMIC_SEQ_CST);
	begin_phase(PHASE_RUN);
	let_them_work();
	__atomic_store_n(&shared->going, true, __ATOMIC_SEQ_CST);
	if (!timed(ways[way].out, &shared->out_worst_ns, ways[way].name, "taking it away") ||
	    !follow(PHASE_END, "the device has gone: to come back from it"))
		return false;
	count_flight();
	if (!follow(PHASE_CHECK, "to look at what is left of the device"))
		return false;
	shared->stop = shared->cycles + 1 == options.cycles;
	begin_phase(PHASE_COME);
	if (!timed(ways[way].in, &shared->in_worst_ns, ways[way].name, "giving it back"))
		return false;
	shared->ways[way]++;
	shared->cycles++;
	return true;
}

void run_conductor(unsigned int nr)
{
	int ret = open_ways();

	(void)nr;
	draws = options.seed * 0x2545f4914f6cdd1d + MAX_WORKERS;
	if (ret) {
		fail("the channel to the host: %s", strerror(-ret));
		_exit(1);
	}
	ret = trace_start();
	if (ret) {
		fail("tracing: %s", strerror(-ret));
		_exit(1);
	}
	shared->going = true;
	begin_phase(PHASE_COME);
	while (shared->cycles < options.cycles)
		if (!one_cycle())
			_exit(1);
	shared->flight.unaccounted += refused_elsewhere();
	shared->lost = trace_lost();
	trace_stop();
	__atomic_store_n(&shared->finished, true, __ATOMIC_RELEASE);
	_exit(0);
}
