/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * refcdev_ticker.h: what user space needs to talk to the ticker sample
 */
#ifndef _UAPI_LINUX_REFCDEV_TICKER_H
#define _UAPI_LINUX_REFCDEV_TICKER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The ticker
 *
 * The device ticks, and its ticks have numbers, from 1. read(2) of a __u64 waits until
 * there is a tick that was not yet read from this file, and returns the number of the
 * newest. write(2) of a __u64 returns when the tick of that number has come. Either
 * takes 8 bytes at least, uses 8, and moves the file's position on by 8.
 *
 * With ``O_NONBLOCK``, or ``RWF_NOWAIT`` in a call that is not asynchronous, they return
 * ``EAGAIN`` instead. poll(2) says ``POLLIN`` when a read would return, and ``POLLOUT``
 * when the next of the ticks has come that such writes asked for.
 *
 * io_submit(2) and io_uring need no thread: the request waits in the driver. A read whose
 * submitter has ended, with its memory, completes with ``EFAULT``. io_cancel(2) and
 * ``IORING_OP_ASYNC_CANCEL`` find nothing that they can cancel.
 *
 * When the device has gone every call and every request that waits gets ``ENXIO``, and
 * poll(2) says ``POLLERR | POLLHUP``, for as long as the file is open.
 */

/**
 * struct refcdev_ticker_state - what %REFCDEV_TICKER_GET_STATE tells
 * @ticks: number of the newest tick; 0 if there was none
 * @queued: asynchronous requests that wait for a tick
 * @reserved: 0
 */
struct refcdev_ticker_state {
	__u64 ticks;
	__u32 queued;
	__u32 reserved;
};

/** define REFCDEV_TICKER_TICK - make the device tick, once */
#define REFCDEV_TICKER_TICK		_IO('R', 0x10)

/** define REFCDEV_TICKER_GET_STATE - read a &struct refcdev_ticker_state */
#define REFCDEV_TICKER_GET_STATE	_IOR('R', 0x11, struct refcdev_ticker_state)

/**
 * define REFCDEV_TICKER_URING_WAIT - io_uring command: wait for a tick
 *
 * The command's payload is the number of the tick, a __u64. The result is 0. The second
 * result, where the ring has big CQEs, is the number of the newest tick.
 */
#define REFCDEV_TICKER_URING_WAIT	_IOW('R', 0x12, __u64)

#endif /* _UAPI_LINUX_REFCDEV_TICKER_H */
