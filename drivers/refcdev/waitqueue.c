// SPDX-License-Identifier: GPL-2.0-only
/*
 * waitqueue.c: the wait queues that are woken when an object is disconnected
 */

#include <linux/export.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "lifetime.h"

struct lifetime_waitqueue {
	struct list_head list;
	wait_queue_head_t *wq;
};

/**
 * lifetime_add_waitqueue() - have a wait queue woken at disconnect
 * @life: the object that @wq is part of
 * @wq: the wait queue; must exist as long as the object
 *
 * Who sleeps on @wq with one of the lifetime_wait_event() calls wakes up with
 * -ENXIO; who polls it is told EPOLLERR | EPOLLHUP. The driver need not do a thing.
 *
 * Context: process context, may sleep. Before anybody can sleep on @wq.
 * Return: 0, -ENOMEM, or -ENXIO if the object is disconnected already.
 */
int lifetime_add_waitqueue(struct lifetime *life, wait_queue_head_t *wq)
{
	struct lifetime_waitqueue *entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	int ret = 0;

	if (!entry)
		return -ENOMEM;
	entry->wq = wq;
	mutex_lock(&life->list_lock);
	if (lifetime_disconnected(life))
		ret = -ENXIO;
	else
		list_add_tail(&entry->list, &life->waitqueues);
	mutex_unlock(&life->list_lock);
	if (ret)
		kfree(entry);
	return ret;
}
EXPORT_SYMBOL_GPL(lifetime_add_waitqueue);

/**
 * lifetime_remove_waitqueue() - undo lifetime_add_waitqueue()
 * @life: the object
 * @wq: the wait queue
 *
 * For a queue that ends before the object does, such as one per open file: call it
 * before the queue's memory goes, and when nobody sleeps or polls there any more.
 *
 * Context: process context, may sleep.
 */
void lifetime_remove_waitqueue(struct lifetime *life, wait_queue_head_t *wq)
{
	struct lifetime_waitqueue *entry, *next;

	mutex_lock(&life->list_lock);
	list_for_each_entry_safe(entry, next, &life->waitqueues, list) {
		if (entry->wq != wq)
			continue;
		list_del(&entry->list);
		kfree(entry);
	}
	mutex_unlock(&life->list_lock);
}
EXPORT_SYMBOL_GPL(lifetime_remove_waitqueue);

/* Tasks that sleep in wait_event(); pollers have wake functions of their own. */
static unsigned int count_sleepers(wait_queue_head_t *wq)
{
	wait_queue_entry_t *waiter;
	unsigned int sleepers = 0;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry(waiter, &wq->head, entry)
		sleepers += waiter->func == autoremove_wake_function;
	spin_unlock_irqrestore(&wq->lock, flags);
	return sleepers;
}

/* Wake everybody on the registered queues; returns how many tasks were asleep there. */
unsigned int lifetime_wake_all(struct lifetime *life)
{
	struct lifetime_waitqueue *entry;
	unsigned int sleepers = 0;

	mutex_lock(&life->list_lock);
	list_for_each_entry(entry, &life->waitqueues, list) {
		sleepers += count_sleepers(entry->wq);
		__wake_up(entry->wq, TASK_NORMAL, 0, poll_to_key(EPOLLERR | EPOLLHUP));
	}
	mutex_unlock(&life->list_lock);
	return sleepers;
}

void lifetime_free_waitqueues(struct lifetime *life)
{
	struct lifetime_waitqueue *entry, *next;

	list_for_each_entry_safe(entry, next, &life->waitqueues, list)
		kfree(entry);
}
