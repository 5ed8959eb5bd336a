/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * benchdown_ioctl.h: what bench_down asks of /dev/benchdown
 */
#ifndef REFCDEV_BENCHDOWN_IOCTL_H
#define REFCDEV_BENCHDOWN_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum benchdown_kind {
	BENCHDOWN_REFCDEV,
	BENCHDOWN_SRCU,
	BENCHDOWN_PERCPU_REF,
	BENCHDOWN_RCU,			/* nothing but an expedited grace period */
	BENCHDOWN_NR_KINDS,
};

/* A set of devices; there is one at a time. */
struct benchdown_make {
	__u32 kind;
	__u32 devices;
	__u32 nodes;			/* of each; one, but for refcdev */
};

/* All of them are disconnected: one after the other, or begun together. */
struct benchdown_down {
	__u32 together;
	__u32 pad;
	/*
	 * out: nanoseconds: of each, from its first step until nobody is inside, nor will be,
	 * in sum; and for all of it, until the last is gone from sysfs and /dev as well
	 */
	__u64 drained;
	__u64 gone;
	/* out: grace periods of RCU that ended in the first; and in the second, by kind */
	__u64 waited;
	__u64 normal;
	__u64 expedited;
	/* out: rounds of quiesce.c, for several devices of refcdev's; or 0 */
	__u64 rounds;
};

struct benchdown_sizes {
	__u32 cpus;			/* possible ones */
	__u32 lifetime;
	__u32 counts;			/* per possible CPU */
	__u32 refcdev;
	__u32 inode;
};

#define BENCHDOWN_MAKE		_IOW('D', 1, struct benchdown_make)
#define BENCHDOWN_DOWN		_IOWR('D', 2, struct benchdown_down)
/* The set's last references, but for those of open files. */
#define BENCHDOWN_FREE		_IO('D', 3)
/* How many are asleep in a read of refcdev's. */
#define BENCHDOWN_ASLEEP	_IO('D', 4)
#define BENCHDOWN_SIZES		_IOR('D', 5, struct benchdown_sizes)
/* Returns when what was freed a grace period later has been freed. */
#define BENCHDOWN_SETTLE	_IO('D', 6)

#endif /* REFCDEV_BENCHDOWN_IOCTL_H */
