// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_group.c: resources of an object that are released as one, as devres groups
 *
 * A group is two marks in managed.c's list: what lies between is in the group. As long as
 * it is open there is only the first, and it reaches to the end of the list.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>

#include "managed.h"

struct group {
	void *id;
	struct managed *open, *close;	/* allocated together, so that closing cannot fail */
	bool closed;			/* @close is on the list */
	bool begins, ends;		/* within the group that is being released */
};

static void close_end(struct managed *managed)
{
}

/* Comes after what is in the group, its other mark included. */
static void open_end(struct managed *managed)
{
	struct group *group = (void *)managed->data;

	if (!group->closed)
		kfree(group->close);
}

static struct group *group_of(struct managed *managed)
{
	if (managed->end == open_end)
		return (void *)managed->data;
	if (managed->end == close_end)
		return *(struct group **)managed->data;
	return NULL;
}

/* The last one of that name; without a name the last one that is open. */
static struct group *group_find(struct lifetime *life, const void *id)
{
	struct managed *managed;

	lockdep_assert_held(&life->managed_lock);
	list_for_each_entry_reverse(managed, &life->managed, list) {
		struct group *group = group_of(managed);

		if (group && managed == group->open && (id ? group->id == id : !group->closed))
			return group;
	}
	return NULL;
}

/* Not inlined: newer kernels count a WARN_ONCE() per copy. */
static noinline void group_missing(struct lifetime *life)
{
	WARN_ONCE(1, "refcdev: %s: no such group of resources\n", life->name);
}

/**
 * lifetime_open_group() - begin a group of resources
 * @life: the object
 * @id: its name, any address; or NULL for one of its own
 * @gfp: as for kmalloc()
 *
 * What is added from here on belongs to it, until it is closed. Groups nest.
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: @id or the name of its own; NULL if there is no memory.
 */
void *lifetime_open_group(struct lifetime *life, void *id, gfp_t gfp)
{
	struct managed *open = managed_alloc(sizeof(struct group), gfp);
	struct managed *close = managed_alloc(sizeof(struct group *), gfp);
	struct group *group;

	if (!open || !close)
		goto err_free;
	group = (void *)open->data;
	*group = (struct group) { .id = id ?: group, .open = open, .close = close };
	*(struct group **)close->data = group;
	open->end = open_end;
	close->end = close_end;
	managed_describe(open, "group", 0, NULL, _RET_IP_);
	managed_describe(close, "group_end", 0, NULL, _RET_IP_);
	if (!managed_add(life, open))
		return group->id;

err_free:
	kfree(open);
	kfree(close);
	return NULL;
}
EXPORT_SYMBOL_GPL(lifetime_open_group);

/**
 * lifetime_close_group() - end a group of resources; they stay
 * @life: the object
 * @id: its name; NULL: the last one that is open
 *
 * Context: any but NMI. The caller has a reference.
 */
void lifetime_close_group(struct lifetime *life, void *id)
{
	struct group *group;
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&life->managed_lock, flags);
	group = group_find(life, id);
	found = group && !group->closed;
	if (found) {
		list_add_tail(&group->close->list, &life->managed);
		managed_note_state(group->close, life);
		group->closed = true;
	}
	spin_unlock_irqrestore(&life->managed_lock, flags);
	if (!found)
		group_missing(life);
}
EXPORT_SYMBOL_GPL(lifetime_close_group);

/**
 * lifetime_remove_group() - forget a group; its resources stay, with the object
 * @life: the object
 * @id: its name; NULL: the last one that is open
 *
 * Context: any but NMI. The caller has a reference.
 */
void lifetime_remove_group(struct lifetime *life, void *id)
{
	struct group *group;
	unsigned long flags;

	spin_lock_irqsave(&life->managed_lock, flags);
	group = group_find(life, id);
	if (group) {
		list_del(&group->open->list);
		if (group->closed)
			list_del(&group->close->list);
	}
	spin_unlock_irqrestore(&life->managed_lock, flags);
	if (!group) {
		group_missing(life);
		return;
	}
	kfree(group->close);
	kfree(group->open);
}
EXPORT_SYMBOL_GPL(lifetime_remove_group);

/* A group that begins or ends elsewhere, or is still open, keeps its mark. */
static bool leaves(struct managed *managed, const struct group *released)
{
	const struct group *group = group_of(managed);

	if (!group || group == released)
		return true;
	return group->begins && group->ends;
}

static void forget_last_release(struct lifetime *life)
{
	struct managed *managed;

	list_for_each_entry(managed, &life->managed, list)
		if (managed->end == open_end)
			group_of(managed)->begins = group_of(managed)->ends = false;
}

static struct list_head *end_of(struct lifetime *life, const struct group *group)
{
	return group->closed ? group->close->list.next : &life->managed;
}

/* An action that is in it runs, as its phase has come, and not by the caller. */
static bool group_runs(struct lifetime *life, const struct group *group)
{
	struct list_head *end = end_of(life, group);
	struct managed *managed = group->open;

	if (!life->running || life->runner == current)
		return false;
	list_for_each_entry_from(managed, &life->managed, list) {
		if (&managed->list == end)
			break;
		if (managed == life->running)
			return true;
	}
	return false;
}

/*
 * Two walks over the group: the first finds the groups that lie in it as a whole, the
 * second takes what leaves off the list. Returns how many of them a phase waits for.
 */
static unsigned int group_take(struct lifetime *life, struct group *released,
			       struct list_head *taken)
{
	struct list_head *end = end_of(life, released);
	struct managed *managed, *next;
	unsigned int claimed = 0;

	lockdep_assert_held(&life->managed_lock);
	forget_last_release(life);
	managed = released->open;
	list_for_each_entry_from(managed, &life->managed, list) {
		if (&managed->list == end)
			break;
		if (managed->end == open_end)
			group_of(managed)->begins = true;
		else if (managed->end == close_end)
			group_of(managed)->ends = true;
	}
	managed = released->open;
	list_for_each_entry_safe_from(managed, next, &life->managed, list) {
		if (&managed->list == end)
			break;
		if (managed == life->running || !leaves(managed, released))
			continue;
		claimed += managed_claimed(life, managed);
		list_move_tail(&managed->list, taken);
	}
	return claimed;
}

/* What lifetime_release_group() is to release; false while it has to wait. */
struct claim {
	struct list_head taken;
	unsigned int claimed;
	bool found;
};

static bool group_claim(struct lifetime *life, void *id, struct claim *claim)
{
	struct group *group;
	unsigned long flags;
	bool runs;

	spin_lock_irqsave(&life->managed_lock, flags);
	group = group_find(life, id);
	runs = group && group_runs(life, group);
	claim->found = group;
	if (group && !runs)
		claim->claimed = group_take(life, group, &claim->taken);
	spin_unlock_irqrestore(&life->managed_lock, flags);
	return !runs;
}

/**
 * lifetime_release_group() - release the resources of a group, the last one first
 * @life: the object
 * @id: its name; NULL: the last one that is open
 *
 * Actions among them are called, whatever phase they were for. If one of them runs at this
 * moment, as its phase has come, this waits for it; so it may not be called by whom that action
 * waits for.
 *
 * Context: process context, may sleep. The caller has a reference, and nobody else
 *	releases the group, or removes what is in it.
 * Return: how many resources were released.
 */
int lifetime_release_group(struct lifetime *life, void *id)
{
	struct claim claim = { .taken = LIST_HEAD_INIT(claim.taken) };
	struct managed *managed, *next;
	int count = 0;

	wait_var_event(&life->managed, group_claim(life, id, &claim));
	if (!claim.found)
		group_missing(life);
	list_for_each_entry_safe_reverse(managed, next, &claim.taken, list) {
		count += !group_of(managed);
		managed_end(managed);
	}
	managed_released(life, claim.claimed);
	return count;
}
EXPORT_SYMBOL_GPL(lifetime_release_group);
