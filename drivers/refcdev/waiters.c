// SPDX-License-Identifier: GPL-2.0-only
/*
 * waiters.c: who waits for the driver and is told when the object is disconnected
 *
 * There are those inside, who sleep and have to leave, and those outside, who are to
 * be told that there is nothing to wait for any more. The former are woken again and
 * again until they have left, as a wake-up may come too early. The latter are told
 * exactly once, on each queue that they wait on: for edge-triggered epoll, io_uring's
 * multishot poll and queued signals each telling is an event of its own. They wait on
 * the same queues; what tells them apart is the key of the wake-up, which a task asleep
 * ignores.
 */

#include <linux/export.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "lifetime.h"

/* Of no interest to anybody who polls: no event, and none of epoll's own bits. */
#define QUIETLY		poll_to_key((__force __poll_t)BIT(24))

static int waiter_add(struct lifetime *life, wait_queue_head_t *wq, struct fasync_struct **fasync)
{
	struct lifetime_waiter *waiter = kmalloc(sizeof(*waiter), GFP_KERNEL);
	int ret = 0;

	if (!waiter)
		return -ENOMEM;
	waiter->wq = wq;
	waiter->fasync = fasync;
	mutex_lock(&life->list_lock);
	if (lifetime_disconnected(life))
		ret = LIFETIME_GONE;
	else
		list_add_tail(&waiter->list, &life->waiters);
	mutex_unlock(&life->list_lock);
	if (ret)
		kfree(waiter);
	return ret;
}

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
	return waiter_add(life, wq, NULL);
}
EXPORT_SYMBOL_GPL(lifetime_add_waitqueue);

/**
 * lifetime_add_fasync() - have the owners of SIGIO told at disconnect
 * @life: the object that @fasync is part of
 * @fasync: what the driver's fasync gives to fasync_helper(); must exist as long as
 *	the object
 *
 * Each file with O_ASYNC gets one SIGIO, or the signal of its choice, with POLL_HUP.
 * The driver need not do a thing.
 *
 * Context: process context, may sleep. Before anybody can ask for signals.
 * Return: 0, -ENOMEM, or -ENXIO if the object is disconnected already.
 */
int lifetime_add_fasync(struct lifetime *life, struct fasync_struct **fasync)
{
	return waiter_add(life, NULL, fasync);
}
EXPORT_SYMBOL_GPL(lifetime_add_fasync);

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
	struct lifetime_waiter *waiter, *next;

	mutex_lock(&life->list_lock);
	list_for_each_entry_safe(waiter, next, &life->waiters, list) {
		if (waiter->wq != wq)
			continue;
		list_del(&waiter->list);
		kfree(waiter);
	}
	mutex_unlock(&life->list_lock);
}
EXPORT_SYMBOL_GPL(lifetime_remove_waitqueue);

/* Tasks that sleep in wait_event(); pollers have wake functions of their own. */
static unsigned int count_sleepers(wait_queue_head_t *wq)
{
	wait_queue_entry_t *entry;
	unsigned int sleepers = 0;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry(entry, &wq->head, entry)
		sleepers += entry->func == autoremove_wake_function;
	spin_unlock_irqrestore(&wq->lock, flags);
	return sleepers;
}

/* Wake who is asleep inside; returns how many tasks that were. */
unsigned int lifetime_wake_sleepers(struct lifetime *life)
{
	struct lifetime_waiter *waiter;
	unsigned int sleepers = 0;

	mutex_lock(&life->list_lock);
	list_for_each_entry(waiter, &life->waiters, list) {
		if (!waiter->wq)
			continue;
		sleepers += count_sleepers(waiter->wq);
		__wake_up(waiter->wq, TASK_NORMAL, 0, QUIETLY);
	}
	mutex_unlock(&life->list_lock);
	return sleepers;
}

/* Tell who polls and who asked for signals. To be called once. */
void lifetime_tell_hangup(struct lifetime *life)
{
	struct lifetime_waiter *waiter;

	mutex_lock(&life->list_lock);
	list_for_each_entry(waiter, &life->waiters, list) {
		if (waiter->wq)
			__wake_up(waiter->wq, TASK_NORMAL, 0, poll_to_key(EPOLLERR | EPOLLHUP));
		else
			kill_fasync(waiter->fasync, SIGIO, POLL_HUP);
	}
	mutex_unlock(&life->list_lock);
}

void lifetime_free_waiters(struct lifetime *life)
{
	struct lifetime_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &life->waiters, list)
		kfree(waiter);
}
