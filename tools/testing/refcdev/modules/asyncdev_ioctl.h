/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * asyncdev_ioctl.h: what the test driver for asynchronous calls can be asked to do
 *
 * Besides these commands of io_uring: an asynchronous write of a __u64 completes after so
 * many milliseconds, in hard interrupt; an asynchronous read unbinds the device.
 */
#ifndef ASYNCDEV_IOCTL_H
#define ASYNCDEV_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Complete after so many milliseconds, whatever becomes of the device. */
#define ASYNCDEV_LATE			_IOW('A', 0x00, __u64)
/* Complete at once, but behind the core's back: what it counts stays counted. */
#define ASYNCDEV_BYPASS			_IOW('A', 0x01, __u64)
/* Unbind the device's own driver, from inside this very call. */
#define ASYNCDEV_UNBIND_SELF		_IOW('A', 0x02, __u64)

#endif /* ASYNCDEV_IOCTL_H */
