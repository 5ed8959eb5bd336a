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
 * Q3. Of any other, one that was interrupted in the middle, nothing is known.
 *
 * A round asks all CPUs. Where Q1 and Q2 have answered for each of them, every section
 * that began before the round is over, and what it wrote is visible here; and whoever
 * begins one later sees what was written before the round. Both are as after a grace
 * period, which is waited for in the place of an answer:
 *
 * - if there was a Q3;
 * - if a CPU is busy, and RCU itself was told not to interrupt any: always so on
 *   PREEMPT_RT, and with rcupdate.rcu_normal=1;
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
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "compat.h"
#include "delay.h"
#include "quiesce.h"
#include "trace.h"

struct round {
	unsigned int asked;		/* CPUs that were interrupted */
	bool unsure;
};

/* How many have begun and ended, in sum: odd while one is under way. */
static unsigned long rounds;
static DEFINE_MUTEX(rounds_lock);

/* On the CPU that is asked. Nothing but this interrupt may be on top of what it does. */
static void round_answer(void *data)
{
	struct round *round = data;

	/* Whoever begins a section after this sees what was written before the round. */
	smp_mb();
	if (preempt_count() != HARDIRQ_OFFSET)
		WRITE_ONCE(round->unsure, true);
	/* What was written in a section before this is visible once the round is over. */
	smp_mb();
}

/* With preemption off. */
static bool round_must_ask(int cpu, void *data)
{
	struct round *round = data;

	/* We are in no section, and an interrupt's on this CPU is over. */
	if (cpu == smp_processor_id() || !rcu_is_watching_cpu(cpu))
		return false;
	if (rcu_gp_is_normal())
		WRITE_ONCE(round->unsure, true);
	if (READ_ONCE(round->unsure))
		return false;
	round->asked++;
	return true;
}

/* True if all CPUs have answered, and are in no section. */
static bool round_ask(struct round *round)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || !cpus_read_trylock())
		return false;
	on_each_cpu_cond(round_must_ask, round_answer, round, true);
	cpus_read_unlock();
	return !READ_ONCE(round->unsure);
}

static void round_run(const char *name)
{
	struct round round = { 0 };
	bool sure;

	lockdep_assert_held(&rounds_lock);
	WRITE_ONCE(rounds, rounds + 1);
	/* Pairs with quiesce_state(); and of the CPUs, with their leaving idle. */
	smp_mb();
	sure = round_ask(&round);
	if (!sure)
		synchronize_rcu_expedited();
	trace_lifetime_quiesce(name, round.asked, !sure);
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
