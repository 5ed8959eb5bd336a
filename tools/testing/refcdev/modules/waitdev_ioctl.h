/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * waitdev_ioctl.h: what the driver with one wait queue can be asked to do
 */
#ifndef WAITDEV_IOCTL_H
#define WAITDEV_IOCTL_H

#include <linux/ioctl.h>

/* Sleep until the device goes, then stay until the drain has cancelled so many times more. */
#define WAITDEV_LINGER		_IO('W', 0x00)
/* The next poll stays inside until the device has gone and a while longer: when? */
#define WAITDEV_POLL_LINGERS	_IO('W', 0x01)
/* The next fasync that switches on does so. */
#define WAITDEV_FASYNC_LINGERS	_IO('W', 0x02)
/* Tell whoever waits that there is something to read; nothing is. */
#define WAITDEV_TELL		_IO('W', 0x03)
/* Sleep in a call's own completion until the device goes. */
#define WAITDEV_COMPLETION	_IO('W', 0x04)

enum waitdev_linger {
	WAITDEV_NEVER,
	WAITDEV_BEFORE_IT_JOINS,	/* those who are to be told */
	WAITDEV_AFTER_IT_JOINED,
};

#endif /* WAITDEV_IOCTL_H */
