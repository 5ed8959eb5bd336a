/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * waysdev_ioctl.h: what the driver with many ways down can be asked to do
 */
#ifndef WAYSDEV_IOCTL_H
#define WAYSDEV_IOCTL_H

#include <linux/ioctl.h>

/* Touch the device, as every call does. */
#define WAYS_TOUCH		_IO('Y', 0x00)
/* Sleep until the device goes, then stay for as many milliseconds; 0: see parameter let_go. */
#define WAYS_LINGER		_IO('Y', 0x01)
/* Stay for as many milliseconds, whatever happens. */
#define WAYS_STUCK		_IO('Y', 0x02)
/* Have a work item linger; the call itself returns, and the file may be closed. */
#define WAYS_LINGER_KERNEL	_IO('Y', 0x03)

/* After which step of its probe the driver gives up; parameter fail_at. */
enum ways_step {
	WAYS_NO_STEP,
	WAYS_ALLOCATED,
	WAYS_QUEUED,
	WAYS_MAPPED,		/* registers, by devm */
	WAYS_SUPPLIED,
	WAYS_READY,		/* the driver has said that it may be called */
	WAYS_REGISTERED,	/* the first node */
	WAYS_CLASHED,		/* a second node has a name that exists */
	WAYS_COMPLETE,		/* all nodes, as the very last step */
	WAYS_NR_STEPS
};

#endif /* WAYSDEV_IOCTL_H */
