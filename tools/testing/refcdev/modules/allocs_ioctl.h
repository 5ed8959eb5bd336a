/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * allocs_ioctl.h: how /dev/allocs is asked to count allocations
 */
#ifndef ALLOCS_IOCTL_H
#define ALLOCS_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct allocs_counts {
	__u64 task;			/* by the calling task, from wherever */
	__u64 core;			/* from the core's text, by any task */
};

/* Which module is the core: the argument is an open file of one of its nodes. */
#define ALLOCS_CORE		_IO('A', 0x00)
/* Count from zero: what this task allocates. */
#define ALLOCS_BEGIN		_IO('A', 0x01)
/* Stop, and say how many. */
#define ALLOCS_END		_IOR('A', 0x02, struct allocs_counts)
/* Print to the kernel's log from where. */
#define ALLOCS_SHOW		_IO('A', 0x03)

#endif /* ALLOCS_IOCTL_H */
