// SPDX-License-Identifier: GPL-2.0-only
/*
 * quiesce.c: waits for all sections with preemption off that are under way
 *
 * Whoever closes a gate must know when nobody is any more between reading the flag and
 * moving a counter: some instructions with preemption off. A grace period of RCU tells. But
 * it tells more, as it also waits for readers that were preempted, and it tells by way
 * of another thread. Of sections with preemption off every CPU can answer for itself:
 *
 * Q1. A CPU that RCU does not watch, being idle, or in user space and without a tick
 *     (nohz_full), is in none. It says so in a word of its own, which it changes with full
 *     ordering; expedited grace periods go by the same word. Such a CPU is left alone.
 * Q2. A CPU whose tasks were preemptible when our interrupt came is in none.
 * Q3. Of any other, one that was interrupted in the middle, nothing is known. That is also
 *     what a CPU says that runs a guest.
 *
 * A round asks all CPUs. Where Q1 and Q2 have answered for each of them, every section
 * that began before the round is over, and what it wrote is visible here; and whoever
 * begins one later sees what was written before the round. Both are as after a grace
 * period, which is waited for in the place of an answer:
 *
 * - if there was a Q3;
 * - if so many CPUs are busy that there would be one;
 * - if one is busy, and RCU was told to interrupt none (rcupdate.rcu_normal=1, which is the
 *   default on PREEMPT_RT once user space is there);
 * - if CPUs are coming or going. We may be in the middle of that, so it cannot be
 *   waited for;
 * - if the kernel does not count what disables preemption.
 *
 * No reader of RCU is waited for: who relies on that calls synchronize_rcu().
 *
 * One round does for all who wanted one before it began.
 */

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "compat.h"
#include "delay.h"
#include "quiesce.h"
#include "trace.h"

/*
 * With one CPU in twenty in the middle of something, two of three rounds of so many are sure.
 * More would be interrupted in vain more often than not, and by the grace period once more.
 */
#define MOST_ASKED	8

/* How many have begun and ended, in sum: odd while one is under way. */
static unsigned long rounds;
static DEFINE_MUTEX(rounds_lock);
static struct cpumask asked;

/* On a CPU that is asked. Nothing but this interrupt may be on top of what it does. */
static void round_answer(void *data)
{
	bool *unsure = data;

	/* Whoever begins a section after this sees what was written before the round. */
	smp_mb();
	if (preempt_count() != HARDIRQ_OFFSET)
		WRITE_ONCE(*unsure, true);
	/* What was written in a section before this is visible once the round is over. */
	smp_mb();
}

/*
 * Who is to be asked: not the CPU that this runs on, as that is in no section now. False if
 * those are too many.
 */
static bool round_choose(void)
{
	unsigned int most = rcu_gp_is_normal() ? 0 : MOST_ASKED;
	int cpu, self = raw_smp_processor_id();

	for_each_online_cpu(cpu) {
		if (cpu == self || !rcu_is_watching_cpu(cpu))
			continue;
		if (!most--) {
			cpumask_clear(&asked);
			return false;
		}
		cpumask_set_cpu(cpu, &asked);
	}
	return true;
}

/* True if all CPUs have answered, and are in no section. */
static bool round_ask(void)
{
	bool chosen, unsure = false;

	lockdep_assert_held(&rounds_lock);
	cpumask_clear(&asked);
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || !cpus_read_trylock())
		return false;
	chosen = round_choose();
	if (!cpumask_empty(&asked)) {
		preempt_disable();
		smp_call_function_many(&asked, round_answer, &unsure, true);
		preempt_enable();
	}
	cpus_read_unlock();
	return chosen && !READ_ONCE(unsure);
}

static void round_run(const char *name)
{
	bool sure;

	WRITE_ONCE(rounds, rounds + 1);
	/* Pairs with quiesce_state(); and, of each CPU, with its leaving idle. */
	smp_mb();
	sure = round_ask();
	if (!sure)
		synchronize_rcu_expedited();
	trace_lifetime_quiesce(name, cpumask_weight(&asked), !sure);
	refcdev_delay(quiesce_asked);
	/* What the CPUs wrote before is visible to whoever sees this, in quiesce_done(). */
	smp_store_release(&rounds, rounds + 1);
}

/**
 * quiesce_state() - remember what is to be waited for
 *
 * That is, every section with preemption off that does not see what the caller wrote before.
 *
 * Context: any.
 * Return: for quiesce_wait().
 */
unsigned long quiesce_state(void)
{
	/* A round that began before this may have asked before the caller wrote. */
	smp_mb();
	return (READ_ONCE(rounds) + 3) & ~1UL;
}

static bool quiesce_done(unsigned long state)
{
	/* Pairs with the end of round_run(). */
	return (long)(smp_load_acquire(&rounds) - state) >= 0;
}

/**
 * quiesce_wait() - wait until the sections are over
 * @state: what quiesce_state() returned
 * @name: who waits, to be traced
 *
 * Context: process context, sleeps.
 */
void quiesce_wait(unsigned long state, const char *name)
{
	might_sleep();
	if (quiesce_done(state))
		return;
	mutex_lock(&rounds_lock);
	if (!quiesce_done(state))
		round_run(name);
	mutex_unlock(&rounds_lock);
}
