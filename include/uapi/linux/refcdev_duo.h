/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * refcdev_duo.h: what user space needs to talk to the duo sample
 */
#ifndef _UAPI_LINUX_REFCDEV_DUO_H
#define _UAPI_LINUX_REFCDEV_DUO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The duo
 *
 * A converter that makes samples, with three ways to it: a node for data, a node to control
 * it, and a hwmon device.
 *
 * ``/dev/duoN``: read(2) returns the next &struct refcdev_duo_sample that was made since the
 * file was opened, and waits for it; who is more than %REFCDEV_DUO_BACKLOG samples behind
 * misses the oldest. write(2) of a __u32 sets what the next sample is of, and waits until
 * the last one that was set has been sampled.
 *
 * ``/dev/duoctlN``: the ioctls below. read(2) returns the next &struct refcdev_duo_event,
 * and waits for it. Each open file has events of its own, up to %REFCDEV_DUO_EVENTS of
 * them.
 *
 * ``in0_input`` of the hwmon device: the value of the next sample that is made.
 *
 * With ``O_NONBLOCK`` nothing waits, and gets ``EAGAIN``. When the device has gone every
 * call gets ``ENXIO``, and poll(2) says ``POLLERR | POLLHUP``, for as long as the file is
 * open.
 */

/** define REFCDEV_DUO_BACKLOG - how many samples are kept */
#define REFCDEV_DUO_BACKLOG	64

/** define REFCDEV_DUO_EVENTS - how many events are kept for each open file */
#define REFCDEV_DUO_EVENTS	16

/**
 * struct refcdev_duo_sample - one sample
 * @number: from 1
 * @value: what was last written, or 0
 * @reserved: 0
 */
struct refcdev_duo_sample {
	__u64 number;
	__u32 value;
	__u32 reserved;
};

/** define REFCDEV_DUO_EVENT_PERIOD - somebody has set the period, to the event's value */
#define REFCDEV_DUO_EVENT_PERIOD	1

/** define REFCDEV_DUO_EVENT_LIMIT - a sample of that value is above the file's limit */
#define REFCDEV_DUO_EVENT_LIMIT		2

/**
 * struct refcdev_duo_event - what has happened
 * @kind: %REFCDEV_DUO_EVENT_PERIOD or %REFCDEV_DUO_EVENT_LIMIT
 * @value: the new period, or the sample's value
 * @sample: number of the newest sample
 * @lost: how many events before this one found no room
 * @reserved: 0
 */
struct refcdev_duo_event {
	__u32 kind;
	__u32 value;
	__u64 sample;
	__u32 lost;
	__u32 reserved;
};

/**
 * struct refcdev_duo_state - what %REFCDEV_DUO_GET_STATE tells
 * @samples: number of the newest sample; 0 if there was none
 * @period_ms: from sample to sample; 0: only when asked for
 * @users: calls that wait for a sample, or until one was made
 */
struct refcdev_duo_state {
	__u64 samples;
	__u32 period_ms;
	__u32 users;
};

/** define REFCDEV_DUO_GET_STATE - read a &struct refcdev_duo_state */
#define REFCDEV_DUO_GET_STATE	_IOR('R', 0x20, struct refcdev_duo_state)

/** define REFCDEV_DUO_SET_PERIOD - the __u32 pointed to, in ms; begins with a sample unless 0 */
#define REFCDEV_DUO_SET_PERIOD	_IOW('R', 0x21, __u32)

/** define REFCDEV_DUO_SET_LIMIT - tell this file of samples above the __u32 pointed to */
#define REFCDEV_DUO_SET_LIMIT	_IOW('R', 0x22, __u32)

/** define REFCDEV_DUO_SAMPLE - ask for one sample; returns before it is made */
#define REFCDEV_DUO_SAMPLE	_IO('R', 0x23)

#endif /* _UAPI_LINUX_REFCDEV_DUO_H */
