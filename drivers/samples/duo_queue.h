/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * duo_queue.h: what the duo sample keeps: samples for all files, events for each; nothing
 * here knows that devices can go
 *
 * Everything is under the device's lock. What is read without it is a hint to go and look.
 */
#ifndef _REFCDEV_SAMPLES_DUO_QUEUE_H
#define _REFCDEV_SAMPLES_DUO_QUEUE_H

#include <linux/list.h>
#include <linux/refcdev_duo.h>
#include <linux/types.h>

struct duo_samples {
	struct refcdev_duo_sample *ring;
	u64 newest;			/* its number; 0: there is none */
};

/* An open file of the control node. */
struct duo_listener {
	struct list_head list;
	u32 limit;
	unsigned int head, depth, lost;
	struct refcdev_duo_event events[REFCDEV_DUO_EVENTS];
};

static inline void duo_samples_add(struct duo_samples *samples, u32 value)
{
	u64 number = samples->newest + 1;

	samples->ring[number % REFCDEV_DUO_BACKLOG] = (struct refcdev_duo_sample) {
		.number = number,
		.value = value,
	};
	WRITE_ONCE(samples->newest, number);
}

static inline bool duo_samples_ready(struct duo_samples *samples, u64 *next)
{
	return READ_ONCE(samples->newest) >= READ_ONCE(*next);
}

/* Takes that of number @next, or the oldest there is, and moves @next behind it. */
static inline bool duo_samples_take(struct duo_samples *samples, u64 *next,
				    struct refcdev_duo_sample *sample)
{
	u64 number = *next;

	if (samples->newest < number)
		return false;
	if (samples->newest - number >= REFCDEV_DUO_BACKLOG)
		number = samples->newest - REFCDEV_DUO_BACKLOG + 1;
	*sample = samples->ring[number % REFCDEV_DUO_BACKLOG];
	WRITE_ONCE(*next, number + 1);
	return true;
}

static inline void duo_listener_tell(struct duo_listener *listener, u32 kind, u32 value,
				     u64 sample)
{
	unsigned int slot = (listener->head + listener->depth) % REFCDEV_DUO_EVENTS;

	if (listener->depth == REFCDEV_DUO_EVENTS) {
		listener->lost++;
		return;
	}
	listener->events[slot] = (struct refcdev_duo_event) {
		.kind = kind,
		.value = value,
		.sample = sample,
		.lost = listener->lost,
	};
	listener->lost = 0;
	WRITE_ONCE(listener->depth, listener->depth + 1);
}

static inline bool duo_listener_ready(struct duo_listener *listener)
{
	return READ_ONCE(listener->depth) > 0;
}

static inline bool duo_listener_take(struct duo_listener *listener,
				     struct refcdev_duo_event *event)
{
	if (!listener->depth)
		return false;
	*event = listener->events[listener->head];
	listener->head = (listener->head + 1) % REFCDEV_DUO_EVENTS;
	WRITE_ONCE(listener->depth, listener->depth - 1);
	return true;
}

#endif /* _REFCDEV_SAMPLES_DUO_QUEUE_H */
