/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * bench_ioctl.h: what /dev/bench-control of the module bench can be asked
 *
 * Reading it gives a line for each node: NAME TECHNIQUE FORM GUARDED ERRNO OPEN_ERRNO EVENTS USER.
 * FORM is bare, proxy or own; GUARDED is "nothing", "calls" (all but mappings) or "all". The
 * next three say how the node refuses once it was disconnected; USER, to the end of the line,
 * who does it that way.
 */
#ifndef BENCH_IOCTL_H
#define BENCH_IOCTL_H

#include <linux/ioctl.h>

/* Disconnect the node of that line, counted from 0; EOPNOTSUPP where nothing is guarded. */
#define BENCH_DISCONNECT	_IO('B', 0x00)
/* Of the nodes themselves: does nothing. */
#define BENCH_NOTHING		_IO('B', 0x01)

#endif /* BENCH_IOCTL_H */
