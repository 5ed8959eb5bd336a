// SPDX-License-Identifier: GPL-2.0-only
/*
 * inside.c: which tasks are inside an object, for a drain that takes long; only in
 * debug builds
 *
 * Every call's frame is on a list of its object until just before the call exits, so
 * whoever is on the list is covered by the count that the drain waits for. Calls
 * by lifetime_enter() have no frame, and are known by number only.
 */

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>

#include "debug.h"
#include "fops.h"
#include "gate.h"

void gate_frame_add(struct lifetime *life, unsigned int op, struct gate_frame *frame)
{
	unsigned long flags;

	frame->task = current;
	frame->op = op;
	frame->since = jiffies;
	raw_spin_lock_irqsave(&life->lock, flags);
	list_add_tail(&frame->list, &lifetime_debug(life)->frames);
	raw_spin_unlock_irqrestore(&life->lock, flags);
}

void gate_frame_del(struct lifetime *life, struct gate_frame *frame)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&life->lock, flags);
	list_del(&frame->list);
	raw_spin_unlock_irqrestore(&life->lock, flags);
}

/* With interrupts off, and to a console that may be slow: not all of a thousand. */
#define SHOW_FRAMES	8

/* Tasks on the list cannot exit: they are in the middle of a call. */
void gate_show_frames(struct lifetime *life)
{
	struct gate_frame *frame;
	unsigned long flags;
	int shown = 0;

	raw_spin_lock_irqsave(&life->lock, flags);
	list_for_each_entry(frame, &lifetime_debug(life)->frames, list) {
		if (shown++ == SHOW_FRAMES)
			break;
		pr_warn("refcdev: %s: %s by %s[%d] since %u ms\n", life->name,
			refcdev_op_name(frame->op), frame->task->comm, task_pid_nr(frame->task),
			jiffies_to_msecs(jiffies - frame->since));
		sched_show_task(frame->task);
	}
	raw_spin_unlock_irqrestore(&life->lock, flags);
}
