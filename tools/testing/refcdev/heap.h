/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heap.h: the heap sample as its tests use it, and what edu does with its buffers
 */
#ifndef REFCDEV_TEST_HEAP_H
#define REFCDEV_TEST_HEAP_H

#include <linux/refcdev_heap.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness.h"
#include "util.h"

#define HEAP_DRIVER	"refcdev-heap"
#define HEAP_DEVICE	"refcdev-heap.0"
#define HEAP_NODE	"/dev/heap0"
#define HEAP_FOLDER	"/sys/class/refcdev_heap/heap0-"	/* and a name */

/* Unless something else is said, these return 0 or more, or a negative errno. */
int heap_bind(void);
int heap_unbind(void);
bool heap_is_bound(void);

int heap_open(void);
int heap_info(int fd, unsigned int index, struct refcdev_heap_info *info);

/* The handle of a heap of this open file that is contiguous, or is not; 0: there is none. */
uint64_t heap_pick(int fd, bool contiguous);

/* The file of the buffer. */
int heap_allocate(int fd, uint64_t handle, uint64_t bytes, uint32_t flags, uint32_t bits);

/* In debugfs; and in sysfs, of the heap "system" or "reserved". */
long heap_counter(const char *counter);
long heap_attr(const char *name, const char *attr);
long heap_used(const char *name);

/* What edu calls it. */
int edu_import(int fd, int dmabuf);
int edu_release_import(int fd, uint32_t id);
/* How many bytes were transferred. */
int edu_move(int fd, uint32_t id, uint64_t buffer_offset, uint32_t offset, uint32_t bytes,
	     bool from_device);

#endif /* REFCDEV_TEST_HEAP_H */
