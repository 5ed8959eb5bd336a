/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * refcdev_fifo.h: what user space needs to talk to the message FIFO sample
 */
#ifndef _UAPI_LINUX_REFCDEV_FIFO_H
#define _UAPI_LINUX_REFCDEV_FIFO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The message FIFO
 *
 * One write(2) puts one message into the FIFO, whole or not at all; one read(2)
 * takes out the oldest. A message has 1 to %REFCDEV_FIFO_MESSAGE_MAX bytes. A longer
 * write, and a read into a buffer shorter than the message, get ``EMSGSIZE`` and change
 * nothing; a write of nothing returns 0 and puts nothing.
 *
 * A read of an empty FIFO and a write to a full one sleep, or get ``EAGAIN`` with
 * ``O_NONBLOCK``. The FIFO has no position: lseek(2) and pread(2) get ``ESPIPE``.
 *
 * mmap(2) maps the buffer: slot *n* begins at byte *n* * %REFCDEV_FIFO_MESSAGE_MAX.
 * It stays mapped, and readable, when the device has gone.
 *
 * When the device has gone every call gets ``ENXIO``, and poll(2) says
 * ``POLLERR | POLLHUP``, for as long as the file is open. Open the node again to
 * reach a device that has come back.
 */

/** define REFCDEV_FIFO_MESSAGE_MAX - size of the longest message, in bytes */
#define REFCDEV_FIFO_MESSAGE_MAX	256

/** define REFCDEV_FIFO_CAPACITY_MAX - how many messages there is room for, at most */
#define REFCDEV_FIFO_CAPACITY_MAX	16

/**
 * struct refcdev_fifo_state - what %REFCDEV_FIFO_GET_STATE tells
 * @depth: messages in the FIFO
 * @capacity: messages that there is room for
 * @messages: messages written since the device was there
 * @waiting: calls that sleep until there is a message, or room, or none left
 * @heartbeats: what the device's own timer counted
 */
struct refcdev_fifo_state {
	__u32 depth;
	__u32 capacity;
	__u64 messages;
	__u32 waiting;
	__u32 heartbeats;
};

/** define REFCDEV_FIFO_GET_STATE - read a &struct refcdev_fifo_state */
#define REFCDEV_FIFO_GET_STATE		_IOR('R', 0x00, struct refcdev_fifo_state)

/** define REFCDEV_FIFO_FLUSH - throw all messages away; returns how many those were */
#define REFCDEV_FIFO_FLUSH		_IO('R', 0x01)

/**
 * define REFCDEV_FIFO_SET_CAPACITY - change the capacity to the __u32 pointed to
 *
 * ``EINVAL`` unless 1 to %REFCDEV_FIFO_CAPACITY_MAX; ``EBUSY`` if more messages are waiting.
 */
#define REFCDEV_FIFO_SET_CAPACITY	_IOW('R', 0x02, __u32)

/** define REFCDEV_FIFO_WAIT_EMPTY - sleep until all messages were read */
#define REFCDEV_FIFO_WAIT_EMPTY		_IO('R', 0x03)

#endif /* _UAPI_LINUX_REFCDEV_FIFO_H */
