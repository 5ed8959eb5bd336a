/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * refcdev_bridge.h: what user space needs to talk to a user of the bridge sample
 */
#ifndef _UAPI_LINUX_REFCDEV_BRIDGE_H
#define _UAPI_LINUX_REFCDEV_BRIDGE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The bridge and its user
 *
 * The bridge has no node of its own: other drivers use it. One of them is the bridge user,
 * which passes on what it is asked for. Without its bridge its calls get ``ENXIO``, and work
 * again when there is a bridge again, on the same file. When the user itself has gone they
 * get ``ENXIO`` for as long as the file is open.
 *
 * poll(2) says ``POLLOUT`` while there is a bridge.
 */

/**
 * struct refcdev_bridge_transfer - what %REFCDEV_BRIDGE_TRANSFER takes and returns
 * @in: goes to the bridge
 * @out: comes back: the complement of @in
 */
struct refcdev_bridge_transfer {
	__u32 in;
	__u32 out;
};

/**
 * struct refcdev_bridge_state - what %REFCDEV_BRIDGE_GET_STATE tells
 * @arrived: how many bridges the user was given since it was bound
 * @leaving: how many of them it was told to leave
 * @generation: number of the newest of them, from 1; 0 if there was none
 * @waiting: calls that sleep in the bridge
 */
struct refcdev_bridge_state {
	__u32 arrived;
	__u32 leaving;
	__u32 generation;
	__u32 waiting;
};

/** define REFCDEV_BRIDGE_TRANSFER - exchange a word with the bridge */
#define REFCDEV_BRIDGE_TRANSFER		_IOWR('R', 0x20, struct refcdev_bridge_transfer)

/** define REFCDEV_BRIDGE_WAIT - wait until there was a transfer, of whomever */
#define REFCDEV_BRIDGE_WAIT		_IO('R', 0x21)

/** define REFCDEV_BRIDGE_GET_STATE - read a &struct refcdev_bridge_state */
#define REFCDEV_BRIDGE_GET_STATE	_IOR('R', 0x22, struct refcdev_bridge_state)

/**
 * define REFCDEV_BRIDGE_DETACH - let go of a bridge that is gone, for a user that holds on
 *
 * ``ENOENT`` if there is none; ``EBUSY`` if it is not gone.
 */
#define REFCDEV_BRIDGE_DETACH		_IO('R', 0x23)

#endif /* _UAPI_LINUX_REFCDEV_BRIDGE_H */
