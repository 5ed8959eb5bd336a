/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * testdev_ioctl.h: what the test driver can be asked to do
 */
#ifndef TESTDEV_IOCTL_H
#define TESTDEV_IOCTL_H

#include <linux/ioctl.h>

/* Unbind the device's own driver, from inside this very call. */
#define TESTDEV_UNBIND_SELF		_IO('T', 0x00)
/* Disconnect the device's own lifetime; returns what that returned. */
#define TESTDEV_DISCONNECT_SELF		_IO('T', 0x01)
/* Unbind the driver of the device with the number that is the argument. */
#define TESTDEV_UNBIND_OTHER		_IO('T', 0x02)
/* Sleep until the device goes, then stay for as many milliseconds as the argument says. */
#define TESTDEV_LINGER			_IO('T', 0x03)
/* Register a node with an operation that cannot be guarded; returns what that returned. */
#define TESTDEV_REGISTER_UNGUARDED	_IO('T', 0x04)
/* Do nothing. */
#define TESTDEV_NOTHING			_IO('T', 0x05)

/* Pages of the node that cannot be mapped: by frame number; with vm_operations. */
#define TESTDEV_MAP_PFN			1

#endif /* TESTDEV_IOCTL_H */
