/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fifo_queue.h: the messages of the FIFO samples; nothing here sleeps for long, and
 * nothing here knows that devices can go
 */
#ifndef _REFCDEV_SAMPLES_FIFO_QUEUE_H
#define _REFCDEV_SAMPLES_FIFO_QUEUE_H

#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/refcdev_fifo.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define FIFO_BUFFER_SIZE	(REFCDEV_FIFO_CAPACITY_MAX * REFCDEV_FIFO_MESSAGE_MAX)
#define FIFO_DEFAULT_CAPACITY	4

/*
 * @buffer is mapped by user space, which may scribble in it: only the messages' text is
 * there. @depth and @capacity are read without @lock where the answer is a hint to go
 * and look; all else is under it.
 */
struct fifo_queue {
	struct mutex lock;	/* everything below */
	u8 *buffer;
	u16 length[REFCDEV_FIFO_CAPACITY_MAX];
	unsigned int head, depth, capacity;
	u64 messages;
};

static inline int fifo_queue_init(struct fifo_queue *queue)
{
	mutex_init(&queue->lock);
	queue->capacity = FIFO_DEFAULT_CAPACITY;
	queue->buffer = vmalloc_user(FIFO_BUFFER_SIZE);
	return queue->buffer ? 0 : -ENOMEM;
}

static inline void fifo_queue_destroy(struct fifo_queue *queue)
{
	vfree(queue->buffer);
}

static inline bool fifo_queue_readable(struct fifo_queue *queue)
{
	return READ_ONCE(queue->depth) > 0;
}

static inline bool fifo_queue_writable(struct fifo_queue *queue)
{
	return READ_ONCE(queue->depth) < READ_ONCE(queue->capacity);
}

/* Returns the length of the message; -EAGAIN if there is none; -EMSGSIZE if it is longer. */
static inline int fifo_queue_pop(struct fifo_queue *queue, u8 *message, size_t size)
{
	unsigned int slot;
	int len = -EAGAIN;

	mutex_lock(&queue->lock);
	slot = queue->head;
	if (queue->depth)
		len = queue->length[slot] <= size ? queue->length[slot] : -EMSGSIZE;
	if (len > 0) {
		memcpy(message, queue->buffer + slot * REFCDEV_FIFO_MESSAGE_MAX, len);
		queue->head = (slot + 1) % REFCDEV_FIFO_CAPACITY_MAX;
		WRITE_ONCE(queue->depth, queue->depth - 1);
	}
	mutex_unlock(&queue->lock);
	return len;
}

/* Returns @size, or -EAGAIN if there is no room. */
static inline int fifo_queue_push(struct fifo_queue *queue, const u8 *message, size_t size)
{
	unsigned int slot;
	int ret = -EAGAIN;

	mutex_lock(&queue->lock);
	slot = (queue->head + queue->depth) % REFCDEV_FIFO_CAPACITY_MAX;
	if (queue->depth < queue->capacity) {
		memcpy(queue->buffer + slot * REFCDEV_FIFO_MESSAGE_MAX, message, size);
		queue->length[slot] = size;
		queue->messages++;
		WRITE_ONCE(queue->depth, queue->depth + 1);
		ret = size;
	}
	mutex_unlock(&queue->lock);
	return ret;
}

static inline void fifo_queue_state(struct fifo_queue *queue, struct refcdev_fifo_state *state)
{
	mutex_lock(&queue->lock);
	state->depth = queue->depth;
	state->capacity = queue->capacity;
	state->messages = queue->messages;
	mutex_unlock(&queue->lock);
}

static inline int fifo_queue_flush(struct fifo_queue *queue)
{
	unsigned int depth;

	mutex_lock(&queue->lock);
	depth = queue->depth;
	WRITE_ONCE(queue->depth, 0);
	mutex_unlock(&queue->lock);
	return depth;
}

static inline int fifo_queue_set_capacity(struct fifo_queue *queue, u32 capacity)
{
	int ret = 0;

	if (capacity < 1 || capacity > REFCDEV_FIFO_CAPACITY_MAX)
		return -EINVAL;
	mutex_lock(&queue->lock);
	if (capacity < queue->depth)
		ret = -EBUSY;
	else
		WRITE_ONCE(queue->capacity, capacity);
	mutex_unlock(&queue->lock);
	return ret;
}

#endif /* _REFCDEV_SAMPLES_FIFO_QUEUE_H */
