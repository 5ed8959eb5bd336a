/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * twin_ioctl.h: what twin_test tells the twins through /dev/twinctl, and what it learns
 */
#ifndef TWIN_IOCTL_H
#define TWIN_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The operations that a twin may have or not; a subset is a mask, in this order. */
#define TWIN_OPS(X)								\
	X(read) X(read_iter) X(write) X(write_iter) X(llseek) X(poll)		\
	X(unlocked_ioctl) X(compat_ioctl) X(mmap) X(splice_read) X(splice_write)

#define TWIN_OP_ENUM(name)	TWIN_OP_##name,
enum twin_op {
	TWIN_OPS(TWIN_OP_ENUM)
	TWIN_NR_OPS
};

#define TWIN_SUBSETS		(1 << TWIN_NR_OPS)

/* What the driver's open does. */
enum twin_open {
	TWIN_OPEN_PLAIN,
	TWIN_OPEN_STREAM,
	TWIN_OPEN_NONSEEKABLE,
	TWIN_NR_OPENS
};

/* open sets FMODE_NOWAIT; the table says that it can do MAP_SYNC. */
#define TWIN_NOWAIT		1
#define TWIN_MAP_SYNC		2
#define TWIN_NR_FLAGS		4

struct twin_setup {
	__u32 plain_ops;
	__u32 wrapped_ops;
	__u32 open;			/* enum twin_open */
	__u32 flags;
};

/* Make both anew; nobody may have the old ones open. */
#define TWIN_SETUP		_IOW('t', 0x00, struct twin_setup)
/* Disconnect the wrapped one. */
#define TWIN_UNPLUG		_IO('t', 0x01)
/* End it; the plain one stays, with its table. */
#define TWIN_TEARDOWN		_IO('t', 0x02)
/* 1 if the data of both are the same. */
#define TWIN_SAME		_IO('t', 0x03)

/* Of the twins themselves: takes a number and gives it back plus one; not its business. */
#define TWIN_ADD_ONE		_IOWR('t', 0x10, __u32)
#define TWIN_NO_COMMAND		_IO('t', 0x11)

enum twin_side { TWIN_PLAIN, TWIN_WRAPPED };

/* The first page of /dev/twinctl: what the driver was called with; no addresses. */
struct twin_log {
	__u32 calls;			/* of anything but open and release */
	__u32 hash;			/* of all arguments since the setup */
};

#define TWIN_DATA_SIZE		16384

#endif /* TWIN_IOCTL_H */
