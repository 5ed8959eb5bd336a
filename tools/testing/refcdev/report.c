// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c: what came of it, in KTAP; '# hammer:' lines are for programs to read
 */
#include <stdlib.h>
#include <string.h>

#include "hammer.h"
#include "ktap.h"

unsigned long total_calls(void)
{
	unsigned long calls = 0;
	unsigned int i;

	for (i = 0; i < options.threads * options.procs; i++)
		calls += __atomic_load_n(&shared->slots[i].calls, __ATOMIC_RELAXED);
	return calls;
}

/* With those that were refused. */
unsigned long total_attempts(void)
{
	unsigned long attempts = total_calls();
	unsigned int i;

	for (i = 0; i < options.threads * options.procs; i++)
		attempts += __atomic_load_n(&shared->slots[i].refused, __ATOMIC_RELAXED);
	return attempts;
}

static struct slot add_up(void)
{
	struct slot total = {};
	unsigned int i;

	for (i = 0; i < options.threads * options.procs; i++) {
		const struct slot *slot = &shared->slots[i];

		total.calls += slot->calls;
		total.refused += slot->refused;
		total.reopened += slot->reopened;
		total.revived += slot->revived;
		total.unexpected += slot->unexpected;
		if (slot->last_error)
			ktap_note("thread %u: %s failed: %s", i, op_names[slot->last_op],
				  strerror(slot->last_error));
	}
	return total;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static unsigned int percent(unsigned int part, unsigned int whole)
{
	return whole ? part * 100ull / whole : 0;
}

static void show_drains(void)
{
	unsigned int drained = shared->drained;

	if (!drained)
		return;
	qsort(shared->drain_us, drained, sizeof(shared->drain_us[0]), compare);
	ktap_note("hammer: inflight=%lu", shared->inflight);
	ktap_note("hammer: woken=%lu", shared->woken);
	ktap_note("hammer: refused=%lu", shared->refused);
	ktap_note("hammer: inflight_percent=%u", percent(shared->inflight_cycles, drained));
	ktap_note("hammer: sleeper_percent=%u", percent(shared->sleeper_cycles,
							shared->inflight_cycles));
	ktap_note("hammer: drain_median_us=%u", shared->drain_us[drained / 2]);
	ktap_note("hammer: drain_worst_us=%u", shared->drain_us[drained - 1]);
}

/* Floors: a stress run in which nothing was in flight has shown nothing. */
static void check_floors(void)
{
	ktap_result(shared->lost == 0, "no trace event was lost");
	if (options.floor_inflight)
		ktap_result(percent(shared->inflight_cycles, shared->cycles) >=
			    options.floor_inflight, "enough cycles had calls in flight");
	if (options.floor_sleeper)
		ktap_result(percent(shared->sleeper_cycles, shared->inflight_cycles) >=
			    options.floor_sleeper, "enough of those woke a sleeper");
}

int report(bool hung, unsigned long taint)
{
	struct slot total = add_up();

	ktap_note("hammer: seed=%llu", (unsigned long long)options.seed);
	ktap_note("hammer: cycles=%u", shared->cycles);
	ktap_note("hammer: calls=%lu", total.calls);
	ktap_note("hammer: enxio=%lu", total.refused);
	ktap_note("hammer: reopened=%lu", total.reopened);
	ktap_note("hammer: unbind_worst_us=%llu",
		  (unsigned long long)shared->unbind_worst_ns / 1000);
	show_drains();
	if (shared->conductor_step)
		ktap_note("%s failed: %s", shared->conductor_step,
			  strerror(shared->conductor_error));
	ktap_result(!taint, "the kernel has not complained");
	ktap_result(!hung && shared->finished, "came to its end in time");
	ktap_result(!options.cycles || shared->cycles >= options.cycles, "all cycles were done");
	ktap_result(total.calls > 0, "calls were let through");
	ktap_result(!total.unexpected, "no call failed in an unexpected way");
	ktap_result(!total.revived, "no old file came back to life");
	if (!taint && options.unbind)
		check_floors();
	return ktap_end();
}
