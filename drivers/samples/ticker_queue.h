/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticker_queue.h: what waits for a tick of the ticker sample: whoever takes it out of the
 * queue completes it, and nobody else can
 */
#ifndef _REFCDEV_SAMPLES_TICKER_QUEUE_H
#define _REFCDEV_SAMPLES_TICKER_QUEUE_H

#include <linux/lifetime.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "ticker_hw.h"

struct ticker_queue {
	spinlock_t lock;		/* the list, its length, the alarms of files */
	struct list_head waits;
	unsigned int length;
	struct lifetime *life;
	struct ticker_regs *regs;	/* whose ticks are waited for; inside the gate only */
};

/* Waits for a tick, or for an error. @done is called once, where it may sleep. */
struct ticker_wait {
	struct list_head list;
	u64 tick;
	void (*done)(struct ticker_wait *wait, int error, u64 now);
};

static inline void ticker_queue_init(struct ticker_queue *queue, struct lifetime *life)
{
	queue->life = life;
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->waits);
}

/*
 * Looks at the lifetime under the lock that the cancel hook takes, after the gate was
 * closed: what comes too late for the hook is not queued any more.
 *
 * 0; or why not: -EALREADY if the tick has come.
 */
static inline int ticker_queue_add(struct ticker_queue *queue, struct ticker_wait *wait)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&queue->lock, flags);
	if (lifetime_disconnected(queue->life))
		ret = LIFETIME_GONE;
	else if (ticker_regs_count(queue->regs) >= wait->tick)
		ret = -EALREADY;
	if (!ret) {
		list_add_tail(&wait->list, &queue->waits);
		queue->length++;
		atomic_inc(&ticker_stats.queued);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return ret;
}

static inline void ticker_queue_remove(struct ticker_queue *queue, struct ticker_wait *wait)
{
	lockdep_assert_held(&queue->lock);
	list_del_init(&wait->list);
	queue->length--;
}

/* Takes out one whose tick has come; NULL if there is none. */
static inline struct ticker_wait *ticker_queue_take(struct ticker_queue *queue, u64 now)
{
	struct ticker_wait *wait, *due = NULL;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	list_for_each_entry(wait, &queue->waits, list) {
		if (wait->tick <= now) {
			due = wait;
			ticker_queue_remove(queue, due);
			break;
		}
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return due;
}

/* Takes out this one; false if it is not there, or not any more. */
static inline bool ticker_queue_take_this(struct ticker_queue *queue, struct ticker_wait *wait)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&queue->lock, flags);
	taken = !list_empty(&wait->list);
	if (taken)
		ticker_queue_remove(queue, wait);
	spin_unlock_irqrestore(&queue->lock, flags);
	return taken;
}

#endif /* _REFCDEV_SAMPLES_TICKER_QUEUE_H */
