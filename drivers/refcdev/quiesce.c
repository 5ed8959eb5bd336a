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
 * A round has Q1 or Q2 from each CPU: then every section that began before the round is over,
 * and what it wrote is visible here; and whoever begins one later sees what was written
 * before the round. Both are as after a grace period of RCU, which is waited for instead
 *
 * - if there was a Q3;
 * - if so many CPUs are busy that one is likely;
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
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "compat.h"
#include "delay.h"
#include "quiesce.h"
#include "trace.h"

/*
 * Each more makes a Q3 more likely, after which the grace period interrupts all of them again:
 * with one CPU in twenty in the middle of something, a round of eight is in vain one time in three.
 */
static unsigned int most_asked = 8;
module_param(most_asked, uint, 0644);
MODULE_PARM_DESC(most_asked,
		 "Where more CPUs than these are busy, a disconnect waits for a grace period of RCU instead of interrupting them; 0: it interrupts none");

struct round {
	unsigned int asked;		/* CPUs that were interrupted */
	bool unsure;
};

/* Counts up where one begins and where it ends: odd while it is under way. */
static unsigned long rounds;
static DEFINE_MUTEX(rounds_lock);

/*
 * On a CPU that is asked. Only this interrupt may be counted: what it interrupted had preemption
 * on. An idle CPU that polls calls this without an interrupt, which is no answer, either.
 */
static void round_answer(void *data)
{
	struct round *round = data;

	/* Pairs with round_run(): who begins a section later sees what it saw written. */
	smp_mb();
	if (preempt_count() != HARDIRQ_OFFSET)
		WRITE_ONCE(round->unsure, true);
	/* Pairs with the caller's wait: then it sees what was written in sections before. */
	smp_mb();
}

/* The CPU that this runs on, once or later, is in no section. */
static bool cpu_is_busy(int cpu)
{
	return cpu != raw_smp_processor_id() && rcu_is_watching_cpu(cpu);
}

/* Once more, with preemption off: those that have become idle are not woken. */
static bool round_must_ask(int cpu, void *data)
{
	struct round *round = data;

	if (!cpu_is_busy(cpu))
		return false;
	round->asked++;
	return true;
}

static unsigned int busy_cpus(void)
{
	unsigned int busy = 0;
	int cpu;

	for_each_online_cpu(cpu)
		busy += cpu_is_busy(cpu);
	return busy;
}

/* True if all CPUs have answered, and are in no section. */
static bool round_ask(struct round *round)
{
	unsigned int most = rcu_gp_is_normal() ? 0 : READ_ONCE(most_asked);
	unsigned int busy;

	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || !cpus_read_trylock())
		return false;
	busy = busy_cpus();
	if (busy && busy <= most)
		on_each_cpu_cond(round_must_ask, round_answer, round, true);
	cpus_read_unlock();
	return busy <= most && !READ_ONCE(round->unsure);
}

static void round_run(const char *name)
{
	struct round round = { 0 };
	bool sure;

	lockdep_assert_held(&rounds_lock);
	WRITE_ONCE(rounds, rounds + 1);
	/* Pairs with quiesce_state(), with round_answer(), and with a CPU's leaving idle. */
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
