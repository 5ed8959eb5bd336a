// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate.c: counts who is inside an object, and adds it up once nobody may enter
 *
 * A call that goes in adds one to a counter of its own CPU, a call that comes out
 * takes one off the counter of the CPU it is on then. No counter means anything by
 * itself, only their sum does; and the sum can only be taken when nothing moves.
 * So the gate has two modes.
 *
 * Open, life->active points to the per-CPU counters: enter and exit move them. Neither
 * writes anything that another CPU reads.
 *
 * Closed, life->active is NULL: enter refuses; exit takes life->lock and takes one off
 * life->inside, a plain number that wraps below zero as long as nobody has added the
 * counters to it. Pointer and flag are one word, so that a call loads and tests one.
 *
 * Between the modes quiesce.c waits. Both read the flag and act on it in one section
 * with preemption disabled, and it waits for all such sections that began before it. So
 * after that:
 *
 * G1. nobody moves a per-CPU counter any more: whoever saw the flag unset is done,
 *     and everybody else sees it set;
 * G2. the sum over all possible CPUs is what entered minus what left in open mode,
 *     modulo 2^32, which is enough as life->inside has the same width;
 * G3. what a caller wrote before an exit in open mode is visible to whoever waited
 *     for that; before an exit in closed mode, to whoever takes life->lock after it.
 *
 * gate_fold() adds that sum to life->inside, which from then on is the number of
 * calls inside, and once it is zero stays so. The exit that brings it to zero completes
 * life->idle under the lock, and the drainer takes the lock once more before it
 * believes it: so the last access of an exit to the object is the unlock, and the
 * drainer may free the object at once.
 *
 * The idea of two modes is lib/percpu-refcount.c's; flag, counter and wait queue
 * are those of L. Pinchart's mail of 7 July 2021, "cdev/devm_* issues".
 */

#include <linux/bug.h>
#include <linux/debug_locks.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>

#include "gate.h"

/* Per-CPU counters do not last beyond the module that made them, unlike the object. */
int gate_init(struct lifetime *life, struct lock_class_key *key)
{
	life->counts = alloc_percpu(struct lifetime_counts);
	if (!life->counts)
		return -ENOMEM;
	life->active = life->counts;
	raw_spin_lock_init(&life->lock);
	init_completion(&life->idle);
#ifdef CONFIG_LOCKDEP
	lockdep_init_map(&life->dep_map, "lifetime", key, 0);
#endif
	return 0;
}

void gate_destroy(struct lifetime *life)
{
	free_percpu(life->counts);
}

/* Refuse whoever comes from now on. Pairs with the flag's reads in enter and exit. */
void gate_close(struct lifetime *life)
{
	WRITE_ONCE(life->active, NULL);
}

#ifdef CONFIG_LOCKDEP
/* Is this task inside an object of the same driver, other than by its own calls? */
static bool gate_dep_nested(struct lifetime *life)
{
	int i;

	/* After a splat nobody takes locks off that list any more. */
	if (!debug_locks)
		return false;
	for (i = 0; i < current->lockdep_depth; i++)
		if (current->held_locks[i].instance->key == life->dep_map.key)
			return true;
	return false;
}

/*
 * The class is the driver's, not the object's, of which there may be more than lockdep
 * has keys. So a call of one device that unbinds another of the same driver, which is
 * legal, must be told from one that waits for itself, which was ruled out before.
 */
void gate_dep_drain(struct lifetime *life)
{
	unsigned int subclass = gate_dep_nested(life) ? SINGLE_DEPTH_NESTING : 0;

	lock_acquire_exclusive(&life->dep_map, subclass, 0, NULL, _THIS_IP_);
	lock_release(&life->dep_map, _THIS_IP_);
}
#endif

/*
 * Add up who is inside. Once per object, when nobody acts on the open gate any more: the
 * counters do not move, so they need no lock.
 */
void gate_fold(struct lifetime *life)
{
	unsigned int sums[LIFETIME_NR_OPS] = { 0 };
	bool any = false, wrong = false;
	unsigned long flags;
	int cpu, op;

	/* Possible, not online: a CPU that went away leaves its count behind. */
	for_each_possible_cpu(cpu) {
		const struct lifetime_counts *counts = per_cpu_ptr(life->counts, cpu);

		/* Most have none: whoever entered there left there, or never came. */
		if (!memchr_inv(counts->nr, 0, sizeof(counts->nr)))
			continue;
		any = true;
		for (op = 0; op < LIFETIME_NR_OPS; op++)
			sums[op] += counts->nr[op];
	}
	raw_spin_lock_irqsave(&life->lock, flags);
	/* Exits since the gate was closed are in there already, and late enters. */
	any = any || memchr_inv(life->inside_by_op, 0, sizeof(life->inside_by_op));
	for (op = 0; any && op < LIFETIME_NR_OPS; op++) {
		life->inside_by_op[op] += sums[op];
		life->inside += sums[op];
		wrong |= (int)life->inside_by_op[op] < 0;
	}
	life->folded = true;
	raw_spin_unlock_irqrestore(&life->lock, flags);
	WARN_ONCE(wrong, "refcdev: %s: lifetime_exit() without lifetime_enter()\n", life->name);
}

/* Nobody is inside, and the last one to leave does not touch the object any more. */
bool gate_is_idle(struct lifetime *life)
{
	unsigned long flags;
	bool idle;

	raw_spin_lock_irqsave(&life->lock, flags);
	idle = life->folded && !life->inside;
	raw_spin_unlock_irqrestore(&life->lock, flags);
	return idle;
}

/*
 * Enter although the gate is closed, as long as that cannot be the first to be inside
 * again: the drainer has not counted yet, or has counted somebody.
 */
bool gate_enter_late(struct lifetime *life, unsigned int op)
{
	unsigned long flags;
	bool entered;

	raw_spin_lock_irqsave(&life->lock, flags);
	entered = !life->folded || life->inside;
	if (entered) {
		life->inside_by_op[op]++;
		life->inside++;
	}
	raw_spin_unlock_irqrestore(&life->lock, flags);
	return entered;
}

/* Is one of that kind inside? Once the counters were folded, no more can come. */
bool gate_is_inside(struct lifetime *life, unsigned int op)
{
	unsigned long flags;
	bool inside;

	raw_spin_lock_irqsave(&life->lock, flags);
	inside = life->inside_by_op[op];
	raw_spin_unlock_irqrestore(&life->lock, flags);
	return inside;
}

/* A completion is swait inside: legal on PREEMPT_RT wherever an exit is. */
static void gate_wake_if_idle(struct lifetime *life)
{
	lockdep_assert_held(&life->lock);
	if (!life->folded || life->inside)
		return;
	complete(&life->idle);
	/* The drainer is awake, and may not free the object before the lock is free. */
	refcdev_delay(exit_woken);
}

static void gate_leave_locked(struct lifetime *life, unsigned int op, unsigned int calls)
{
	lockdep_assert_held(&life->lock);
	if (WARN_ONCE(life->folded && (life->inside < calls || life->inside_by_op[op] < calls),
		      "refcdev: %s: lifetime_exit() without lifetime_enter()\n", life->name))
		return;
	life->inside_by_op[op] -= calls;
	life->inside -= calls;
	gate_wake_if_idle(life);
}

void __lifetime_exit_slow(struct lifetime *life, unsigned int op)
{
	unsigned long flags;

	refcdev_delay(exit_flag);
	raw_spin_lock_irqsave(&life->lock, flags);
	gate_leave_locked(life, op, 1);
	raw_spin_unlock_irqrestore(&life->lock, flags);
}
EXPORT_SYMBOL_GPL(__lifetime_exit_slow);

/*
 * The slow half of gate_exit(). A frame is given back by its own task only, and
 * only after the gate was closed: that task sees it here.
 */
void gate_exit_slow(struct lifetime *life, unsigned int op, const struct gate_frame *frame)
{
	if (gate_is_counted(life, frame))
		__lifetime_exit_slow(life, op);
}

/*
 * A frame does not say which kind of call it is of, so inside_by_op[] keeps what is
 * given back: a drain that takes long reports those calls as well. Only life->inside
 * decides.
 */
static void gate_give_back(struct lifetime *life, unsigned int calls)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&life->lock, flags);
	life->inside -= calls;
	gate_wake_if_idle(life);
	raw_spin_unlock_irqrestore(&life->lock, flags);
}

/**
 * gate_own_calls() - how many calls of an object is this task in the middle of?
 * @life: the object
 * @give_back: also end them for the gate: their own exits will do nothing. The gate
 *	must be closed, for exits to look
 *
 * Looks for their frames on its own stack, from here up to its end: what lies below
 * is not live, and a frame is cleared when its call ends. Task stacks only: the
 * callers may sleep.
 *
 * Context: process context.
 * Return: the number of calls found.
 */
noinline unsigned int gate_own_calls(struct lifetime *life, bool give_back)
{
	unsigned long *end = task_stack_page(current) + THREAD_SIZE;
	unsigned long *word = __builtin_frame_address(0);
	unsigned int calls = 0;

	BUILD_BUG_ON(IS_ENABLED(CONFIG_STACK_GROWSUP));
	for (; word < end; word++) {
		/* Other frames' redzones are none of KASAN's business here. */
		if (READ_ONCE_NOCHECK(*word) != gate_frame_word(life, word))
			continue;
		calls++;
		if (give_back)
			WRITE_ONCE(*word, *word ^ GATE_FRAME_GIVEN_BACK);
	}
	if (give_back && calls)
		gate_give_back(life, calls);
	return calls;
}
