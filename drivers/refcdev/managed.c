// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed.c: what an object manages: the list, its actions, and when they run
 *
 * One list, in the order in which things were added. Whoever takes an entry off it, under
 * managed_lock, ends it, and nobody else: a phase on the way down, the last put, or the
 * driver that wants it earlier. So an entry ends exactly once, whoever races, and it ends
 * outside of the lock, where it may sleep.
 *
 * A phase takes its entries one by one, the last first, and is over when it finds none:
 * that, too, is said under the lock, so nothing is added that nobody would end.
 *
 * The same habits as drivers/base/devres.c and drivers/gpu/drm/drm_managed.c. What differs:
 * an action may run on the way down, and misuse is refused and not only warned about.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>

#include "lifetime.h"
#include "managed.h"

void lifetime_init_managed(struct lifetime *life)
{
	spin_lock_init(&life->managed_lock);
	INIT_LIST_HEAD(&life->managed);
}

/**
 * managed_add() - put an entry on the list
 * @life: the object
 * @managed: the entry; stays the caller's if this fails
 *
 * Context: any but NMI. The caller has a reference.
 * Return: 0; -ENXIO if its phase is over; -EINVAL, with a warning, if the last reference
 *	is gone.
 */
int managed_add(struct lifetime *life, struct managed *managed)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&life->managed_lock, flags);
	if (life->phases_over & BIT(LIFETIME_AT_RELEASE))
		ret = -EINVAL;
	else if (life->phases_over & BIT(managed->phase))
		ret = LIFETIME_GONE;
	else
		list_add_tail(&managed->list, &life->managed);
	managed_note_state(managed, life);
	spin_unlock_irqrestore(&life->managed_lock, flags);
	WARN_ONCE(ret == -EINVAL, "refcdev: %s: a resource is added after the last put\n",
		  life->name);
	return ret;
}

/**
 * managed_take() - take an entry off the list
 * @life: the object
 * @end: of the entry
 * @match: is it the right one? NULL: if it is that of @data
 * @data: what to look for
 *
 * Context: any but NMI. The caller has a reference.
 * Return: the entry that was added last, to be ended or freed by the caller; or NULL.
 */
struct managed *managed_take(struct lifetime *life, managed_end_t end,
			     bool (*match)(struct managed *managed, const void *data),
			     const void *data)
{
	struct managed *managed, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&life->managed_lock, flags);
	list_for_each_entry_reverse(managed, &life->managed, list) {
		if (managed->end != end || managed == life->running)
			continue;
		if (match ? match(managed, data) : managed->data == data) {
			found = managed;
			list_del(&managed->list);
			break;
		}
	}
	spin_unlock_irqrestore(&life->managed_lock, flags);
	return found;
}

/* For who has taken it off the list. */
void managed_end(struct managed *managed)
{
	if (managed->end)
		managed->end(managed);
	kfree(managed);
}

static void managed_changed(struct lifetime *life)
{
	smp_mb();	/* pairs with set_current_state() of wait_var_event(): seen, or is woken */
	wake_up_var(&life->managed);
}

/* Of a phase: who releases it must be through before the phase is over. */
static bool of_a_phase(const struct managed *managed)
{
	return managed->phase != LIFETIME_AT_RELEASE;
}

void managed_released(struct lifetime *life, unsigned int count)
{
	unsigned long flags;

	if (!count)
		return;
	spin_lock_irqsave(&life->managed_lock, flags);
	life->releasing -= count;
	spin_unlock_irqrestore(&life->managed_lock, flags);
	managed_changed(life);
}

unsigned int managed_claimed(struct lifetime *life, const struct managed *managed)
{
	lockdep_assert_held(&life->managed_lock);
	life->releasing += of_a_phase(managed);
	return of_a_phase(managed);
}

/*
 * The last one of that phase; at the end of an object, of any. It stays on the list while it
 * runs, for those who release it or the group that it is in, and have to wait. False as long as
 * there is none, and others release one of the phase: it is not over.
 */
static bool phase_next(struct lifetime *life, enum lifetime_phase phase, struct managed **found)
{
	struct managed *managed;
	unsigned long flags;
	bool over;

	*found = NULL;
	spin_lock_irqsave(&life->managed_lock, flags);
	list_for_each_entry_reverse(managed, &life->managed, list) {
		if (phase == LIFETIME_AT_RELEASE || managed->phase == phase) {
			*found = managed;
			break;
		}
	}
	life->running = *found;
	life->runner = *found ? current : NULL;
	over = !*found && !life->releasing;
	if (over)
		life->phases_over |= BIT(phase);
	spin_unlock_irqrestore(&life->managed_lock, flags);
	return *found || over;
}

void lifetime_run_phase(struct lifetime *life, enum lifetime_phase phase)
{
	struct managed *managed;
	unsigned long flags;

	for (;;) {
		wait_var_event(&life->managed, phase_next(life, phase, &managed));
		if (!managed)
			break;
		if (managed->end)
			managed->end(managed);
		spin_lock_irqsave(&life->managed_lock, flags);
		list_del(&managed->list);
		life->running = NULL;
		spin_unlock_irqrestore(&life->managed_lock, flags);
		managed_changed(life);
		kfree(managed);
	}
}

/* The last reference is gone: what the driver's release adds would come too late. */
void lifetime_close_managed(struct lifetime *life)
{
	unsigned long flags;

	spin_lock_irqsave(&life->managed_lock, flags);
	life->phases_over |= BIT(LIFETIME_AT_RELEASE);
	spin_unlock_irqrestore(&life->managed_lock, flags);
}

void lifetime_free_managed(struct lifetime *life)
{
	lifetime_run_phase(life, LIFETIME_AT_RELEASE);
}

static void action_end(struct managed *managed)
{
	struct managed_action *action = (void *)managed->data;

	action->action(action->data);
}

/* NULL if it is something else. */
struct managed_action *managed_action(struct managed *managed)
{
	return managed->end == action_end ? (void *)managed->data : NULL;
}

static bool action_matches(struct managed *managed, const void *data)
{
	const struct managed_action *action = (void *)managed->data, *wanted = data;

	return action->action == wanted->action && action->data == wanted->data;
}

static int action_add(struct lifetime *life, enum lifetime_phase phase, void (*action)(void *),
		      void *data, unsigned long caller)
{
	struct managed *managed = managed_alloc(sizeof(struct managed_action), GFP_KERNEL);
	int ret;

	if (!managed)
		return -ENOMEM;
	*(struct managed_action *)managed->data = (struct managed_action) { action, data };
	managed->end = action_end;
	managed->phase = phase;
	managed_describe(managed, "action", 0, action, caller);
	ret = managed_add(life, managed);
	if (ret)
		kfree(managed);
	return ret;
}

/**
 * lifetime_add_action_at() - call a function at the end of an object, or on its way down
 * @life: the object
 * @phase: when
 * @action: the function, in the module that owns &lifetime_ops
 * @data: its argument; at %LIFETIME_AT_RELEASE not what devm frees
 *
 * @action runs in process context, may sleep, and runs once. At the phases on the way
 * down it must neither disconnect the object nor, at %LIFETIME_AT_CANCEL, wait for its
 * calls.
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: 0; -ENOMEM; -ENXIO if the object was disconnected, and @phase is over; -EINVAL,
 *	with a warning, if the last reference is gone.
 */
int lifetime_add_action_at(struct lifetime *life, enum lifetime_phase phase,
			   void (*action)(void *), void *data)
{
	return action_add(life, phase, action, data, _RET_IP_);
}
EXPORT_SYMBOL_GPL(lifetime_add_action_at);

/**
 * lifetime_add_action_at_or_reset() - the same, and if it fails call the function at once
 * @life: the object
 * @phase: when
 * @action: the function, in the module that owns &lifetime_ops
 * @data: its argument; at %LIFETIME_AT_RELEASE not what devm frees
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: as lifetime_add_action_at(); @action was called unless it is 0.
 */
int lifetime_add_action_at_or_reset(struct lifetime *life, enum lifetime_phase phase,
				    void (*action)(void *), void *data)
{
	int ret = action_add(life, phase, action, data, _RET_IP_);

	if (ret)
		action(data);
	return ret;
}
EXPORT_SYMBOL_GPL(lifetime_add_action_at_or_reset);

/*
 * An action on the way down may have been faster; any other is only missing by mistake.
 * Not inlined: newer kernels count a WARN_ONCE() per copy.
 */
static noinline void action_missing(struct lifetime *life, void (*action)(void *))
{
	WARN_ONCE(!lifetime_disconnected(life),
		  "refcdev: %s: %ps is no action of this object, or was removed twice\n",
		  life->name, action);
}

/**
 * lifetime_remove_action() - forget an action
 * @life: the object
 * @action: as it was added
 * @data: as it was added; of two that are alike the last one goes
 *
 * Does not wait for an action that runs: what that uses must stay. See
 * lifetime_release_action().
 *
 * Context: any but NMI. The caller has a reference.
 * Return: 0: it was not called, and will not be; -ENOENT if there is none: its phase has
 *	come, and it runs or has run. With a warning if the object was not disconnected.
 */
int lifetime_remove_action(struct lifetime *life, void (*action)(void *), void *data)
{
	struct managed_action wanted = { action, data };
	struct managed *managed = managed_take(life, action_end, action_matches, &wanted);

	if (!managed)
		action_missing(life, action);
	kfree(managed);
	return managed ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(lifetime_remove_action);

/* True if it was taken, is not there, or is the caller's own; false while another runs it. */
static bool action_claim(struct lifetime *life, const struct managed_action *wanted,
			 struct managed **found)
{
	struct managed *managed;
	unsigned long flags;
	bool runs = false;

	*found = NULL;
	spin_lock_irqsave(&life->managed_lock, flags);
	list_for_each_entry_reverse(managed, &life->managed, list) {
		if (managed->end != action_end || !action_matches(managed, wanted))
			continue;
		runs = managed == life->running;
		if (runs && life->runner == current)
			continue;
		*found = runs ? NULL : managed;
		break;
	}
	if (*found) {
		managed_claimed(life, *found);
		list_del(&(*found)->list);
	}
	runs = runs && life->runner != current;
	spin_unlock_irqrestore(&life->managed_lock, flags);
	return !runs;
}

/**
 * lifetime_release_action() - call an action now, and not later
 * @life: the object
 * @action: as it was added
 * @data: as it was added; of two that are alike the last one goes
 *
 * If it runs at this moment, as its phase has come, this returns when it is through; so it
 * may not be called by whom that action waits for.
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: 0: it was called; -ENOENT if there is none: its phase has come, and it has run. With
 *	a warning if the object was not disconnected.
 */
int lifetime_release_action(struct lifetime *life, void (*action)(void *), void *data)
{
	struct managed_action wanted = { action, data };
	struct managed *managed;
	unsigned int claimed;

	wait_var_event(&life->managed, action_claim(life, &wanted, &managed));
	if (!managed) {
		action_missing(life, action);
		return -ENOENT;
	}
	claimed = of_a_phase(managed);
	managed_end(managed);
	managed_released(life, claimed);
	return 0;
}
EXPORT_SYMBOL_GPL(lifetime_release_action);
