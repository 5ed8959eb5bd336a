// SPDX-License-Identifier: GPL-2.0-only
/*
 * disconnect.c: the way down of an object, in order
 *
 *  1. refuse: set the flag, erase minors and names           lifetime_disconnect_begin()
 *  2. wait for those who have seen neither, once for all who began before  quiesce_wait()
 *  3. count who is inside
 *  4. wake who sleeps inside, tell who waits outside, once, and consumers; actions of
 *     LIFETIME_AT_CANCEL, and cancel hook; again until nobody is inside. Detach consumers
 *  5. zap: take away what is mapped
 *  6. actions of LIFETIME_AT_DRAINED
 *  7. remove the nodes: their devices, and the references of their registrations
 *
 * Any number of tasks may ask for it, at any time. Each does 1. One does 2 to 7: who
 * claims it first. The others wait until that one is through, so that nobody
 * returns before.
 *
 * After 4, these are the only ones who can still reach the object, and why each is
 * harmless:
 *
 * (1) new calls through open files, old inodes or in-kernel pointers: refused by the
 *     flag, before they touch anything but the object's memory;
 * (2) new opens: no minor leads to the node any more, and those that had looked it
 *     up before were either inside, and waited for, or are refused;
 * (3) ->release of open files, fasync(off): run in the driver, which knows that the
 *     device is gone; covered by the file's reference;
 * (4) wait queues' entries of pollers: in the object's memory, which their files keep;
 * (5) page faults that are refused, until the zap is done: of what is mapped already, they
 *     map nothing more;
 * (6) a call that unbound its own device: it was warned about, and its count was
 *     given back.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>

#include "consumer.h"
#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "lifetime.h"
#include "locks.h"
#include "managed.h"
#include "node.h"
#include "quiesce.h"
#include "trace.h"
#include "vma.h"

/* How long to wait before the cancel hook is called once more. */
#define DRAIN_INTERVAL		(HZ / 10 ?: 1)

static ushort drain_warn_secs = 10;
module_param(drain_warn_secs, ushort, 0644);
MODULE_PARM_DESC(drain_warn_secs,
		 "Say who holds up a disconnect after so many seconds, and again after twice as many; 0: never");

/* In the middle of one of the object's calls, or of its cancel hook or actions. */
static bool would_wait_for_itself(struct lifetime *life)
{
	return READ_ONCE(life->drainer) == current || gate_own_calls(life, false);
}

/**
 * lifetime_disconnect_begin() - refuse new calls, and return at once
 * @life: the object
 *
 * The first half of lifetime_disconnect(), for whoever loses many devices at once:
 * begin with each, then finish each. What _finish() waits for of other CPUs, even where
 * nobody is inside, it waits for once for all of them.
 *
 * Context: process context, sleeps little. The caller has a reference.
 * Return: 0; -EDEADLK if called from inside one of the object's own calls: nothing
 *	was done then.
 */
int lifetime_disconnect_begin(struct lifetime *life)
{
	might_sleep();
	if (would_wait_for_itself(life))
		return -EDEADLK;
	lifetime_refuse(life);
	return 0;
}
EXPORT_SYMBOL_GPL(lifetime_disconnect_begin);

/* Step 1. */
void lifetime_refuse(struct lifetime *life)
{
	mutex_lock(&life->list_lock);
	if (!lifetime_disconnected(life)) {
		trace_lifetime_disconnect(life->name);
		gate_close(life);
		refcdev_delay(disconnect_flag);
		refcdev_erase_nodes(life);
		lifetime_withdraw(life);
		refcdev_delay(disconnect_erased);
		life->quiescence = quiesce_state();
	}
	mutex_unlock(&life->list_lock);
}

/*
 * Armed from the first wait until the nodes are removed, so it also speaks when the
 * cancel hook blocks, or an attribute in sysfs.
 */
static void drain_report(struct work_struct *work)
{
	struct lifetime *life = container_of(to_delayed_work(work), struct lifetime, report_work);
	unsigned int secs = (jiffies - life->drain_since) / HZ;
	bool said = false;
	int op;

	for (op = 0; op < LIFETIME_NR_OPS; op++) {
		int calls = READ_ONCE(life->inside_by_op[op]);

		/* Below zero before all are added up. */
		if (calls <= 0)
			continue;
		said = true;
		pr_warn("refcdev: %s: disconnect waits since %u s for %d in %s\n", life->name,
			secs, calls, refcdev_op_name(op));
	}
	if (!said)
		pr_warn("refcdev: %s: disconnect takes %u s, though nobody is inside: in its cancel hook, actions, attributes or consumers\n",
			life->name, secs);
	gate_show_frames(life);
	lifetime_show_holders(life);
	schedule_delayed_work(&life->report_work, jiffies - life->drain_since);
}

static void drain_watch(struct lifetime *life)
{
	unsigned long delay = READ_ONCE(drain_warn_secs) * HZ;

	life->drain_since = jiffies;
	INIT_DELAYED_WORK(&life->report_work, drain_report);
	if (delay)
		schedule_delayed_work(&life->report_work, delay);
}

/*
 * A poll or a fasync that is inside may be about to join those who are to be told, and
 * would miss it. There is no other way to join them.
 */
static bool somebody_joins(struct lifetime *life)
{
	return gate_is_inside(life, REFCDEV_OP_poll) || gate_is_inside(life, REFCDEV_OP_fasync);
}

static unsigned int wake_inside(struct lifetime *life)
{
	lifetime_wake_lockers(life);
	return lifetime_wake_sleepers(life);
}

/* As soon as nobody can join them any more, and once. */
static void tell_outside(struct lifetime *life, bool *told)
{
	if (*told || (!gate_is_idle(life) && somebody_joins(life)))
		return;
	lifetime_tell_hangup(life);
	*told = true;
}

/* Step 4. The one place that waits; never cut short, however long it takes. */
static void drain(struct lifetime *life)
{
	unsigned int inside = READ_ONCE(life->inside), round = 0, woken = 0;
	bool told = false, idle;
	/* A clock may be slow to read, and is for who looks only. */
	ktime_t start = trace_lifetime_drain_enabled() ? ktime_get() : 0;

	do {
		trace_lifetime_cancel(life->name, round++, READ_ONCE(life->inside));
		refcdev_delay(disconnect_cancel);
		/* First: the hook may take a lock that one of those holds who are asleep. */
		if (!gate_is_idle(life))
			woken = max(woken, wake_inside(life));
		tell_outside(life, &told);
		lifetime_tell_consumers(life);
		lifetime_run_phase(life, LIFETIME_AT_CANCEL);
		/* Whoever is inside has to leave, even where the hook comes too late. */
		if (life->ops->cancel && !(life->hardware_gone && gate_is_idle(life)))
			life->ops->cancel(life);
		/* Once it is, nobody can come. */
		idle = gate_is_idle(life);
		if (!idle)
			woken = max(woken, wake_inside(life));
		tell_outside(life, &told);
		if (!idle)
			wait_for_completion_timeout(&life->idle, DRAIN_INTERVAL);
	} while (!idle && !gate_is_idle(life));
	tell_outside(life, &told);
	if (trace_lifetime_drain_enabled())
		trace_lifetime_drain(life->name, inside, woken,
				     start ? ktime_to_ns(ktime_get() - start) : 0);
}

/*
 * Steps 2 to 7. Who loses the claim waits for the winner; that cannot be a call
 * inside, which the winner would wait for: its count was given back.
 */
static void lifetime_finish(struct lifetime *life)
{
	gate_dep_drain(life);
	if (test_and_set_bit(0, &life->drain_claimed)) {
		wait_for_completion(&life->dead);
		return;
	}
	WRITE_ONCE(life->drainer, current);
	drain_watch(life);
	/* The flag may be set and the rest of lifetime_refuse() not yet done. */
	mutex_lock(&life->list_lock);
	mutex_unlock(&life->list_lock);
	quiesce_wait(life->quiescence, life->name);
	refcdev_delay(disconnect_fold);
	gate_fold(life);
	drain(life);
	lifetime_detach_consumers(life);
	refcdev_delay(disconnect_drained);
	refcdev_zap_nodes(life);
	refcdev_delay(disconnect_zapped);
	lifetime_run_phase(life, LIFETIME_AT_DRAINED);
	refcdev_remove_nodes(life);
	cancel_delayed_work_sync(&life->report_work);
	WRITE_ONCE(life->drainer, NULL);
	complete_all(&life->dead);
}

/**
 * lifetime_disconnect_finish() - wait until nobody is inside
 * @life: the object; lifetime_disconnect_begin() was called for it
 *
 * The second half of lifetime_disconnect().
 *
 * Context: process context, sleeps. The caller has a reference.
 * Return: 0; -EDEADLK if called from inside one of the object's own calls, which
 *	would wait for itself; -EINVAL, with a warning, without a begin.
 */
int lifetime_disconnect_finish(struct lifetime *life)
{
	might_sleep();
	if (WARN_ONCE(!lifetime_disconnected(life),
		      "refcdev: %s: %s() without begin\n", life->name, __func__))
		return -EINVAL;
	if (would_wait_for_itself(life))
		return -EDEADLK;
	lifetime_finish(life);
	return 0;
}
EXPORT_SYMBOL_GPL(lifetime_disconnect_finish);

/**
 * lifetime_disconnect() - the device is gone: let nobody in, and wait for the rest
 * @life: the object
 *
 * When this has returned 0, none of the object's calls is running, and none will
 * ever start: no file operation of any of its nodes, on any file, and nobody in
 * between lifetime_enter() and lifetime_exit(). Whoever was asleep there was woken.
 * Nothing that was mapped is mapped still, but for what is to be kept. The nodes are
 * gone from /dev and sysfs. May be called any number of times, also at once: every
 * call returns after the drain is done.
 *
 * How long it waits is up to the calls: &lifetime_ops.cancel and the registered
 * wait queues make them leave. It never gives up, and says who holds it up.
 *
 * Context: process context, sleeps. The caller has a reference, and holds no lock
 *	that one of the calls takes.
 * Return: 0; -EDEADLK if called from inside one of the object's own calls, or from its
 *	cancel hook: nothing was done then.
 */
int lifetime_disconnect(struct lifetime *life)
{
	int ret = lifetime_disconnect_begin(life);

	if (!ret)
		lifetime_finish(life);
	return ret;
}
EXPORT_SYMBOL_GPL(lifetime_disconnect);

/*
 * The device goes, whoever asks: so a call that unbinds its own device is not
 * refused, but taken out of the count. What it does after this returned is its own
 * business, and a bug.
 */
void lifetime_disconnect_forced(struct lifetime *life)
{
	unsigned int own;

	might_sleep();
	if (WARN_ONCE(READ_ONCE(life->drainer) == current,
		      "refcdev: %s is unbound from inside its own cancel hook\n", life->name))
		return;
	lifetime_refuse(life);
	own = gate_own_calls(life, true);
	WARN_ONCE(own, "refcdev: %s is unbound from inside one of its own calls\n", life->name);
	lifetime_finish(life);
}
