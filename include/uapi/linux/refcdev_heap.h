/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * refcdev_heap.h: what user space needs to get buffers from the heap sample
 */
#ifndef _UAPI_LINUX_REFCDEV_HEAP_H
#define _UAPI_LINUX_REFCDEV_HEAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Heaps
 *
 * A node offers a few heaps. A program looks at each of them with %REFCDEV_HEAP_GET_INFO, picks one
 * by what it can do, and allocates from it by its handle. That is a random number, and stands for
 * this heap and this open file alone; the order in which the heaps come is drawn anew for each open
 * file, too. So there is nothing to write into a program: neither a name, nor a kind, nor a number.
 * To people, sysfs shows the same heaps by name, under /sys/class/refcdev_heap.
 *
 * What is allocated is a dma-buf: a file, for mmap(2) with ``MAP_SHARED``, for drivers that import
 * it, and for ``DMA_BUF_IOCTL_SYNC`` around what the processor does to it. Its memory was zeroed.
 * mmap(2) maps frames, not pages: ``O_DIRECT``, vmsplice(2) and registered buffers of io_uring
 * refuse it, as nothing would keep the memory from its next owner while they use it.
 *
 * When the device goes, calls to the node get ``ENXIO``. Buffers stay, with their mappings and
 * where they are attached, until the last of these has gone; and with them a reserve that they are
 * from, though sysfs no longer shows it.
 */

/* Capabilities of a heap. */
/** define REFCDEV_HEAP_CONTIGUOUS - its buffers are of one piece */
#define REFCDEV_HEAP_CONTIGUOUS		(1u << 0)
/** define REFCDEV_HEAP_FIXED - its size was fixed when the driver was bound */
#define REFCDEV_HEAP_FIXED		(1u << 1)

/**
 * struct refcdev_heap_info - argument of %REFCDEV_HEAP_GET_INFO
 * @index: in: of which heap, from 0
 * @flags: out: %REFCDEV_HEAP_CONTIGUOUS, %REFCDEV_HEAP_FIXED
 * @handle: out: what allocates from it, through this open file
 * @size: out: how many bytes it may hand out
 * @left: out: how many of them are left
 * @largest: out: how many of these one buffer may have, with what else was allocated through
 *	this file; others may be faster
 * @address_bits: out: its buffers can be had in as few bits of address, if asked for
 * @reserved: out: 0
 */
struct refcdev_heap_info {
	__u32 index;
	__u32 flags;
	__u64 handle;
	__u64 size;
	__u64 left;
	__u64 largest;
	__u32 address_bits;
	__u32 reserved;
};

/**
 * struct refcdev_heap_allocation - argument of %REFCDEV_HEAP_ALLOCATE
 * @handle: in: of the heap
 * @bytes: in: rounded up to whole pages
 * @flags: in: 0, or %REFCDEV_HEAP_CONTIGUOUS
 * @address_bits: in: in how many bits its addresses have to fit; 0 stands for any
 * @fd: out: the buffer, close-on-exec
 * @reserved: in: 0
 */
struct refcdev_heap_allocation {
	__u64 handle;
	__u64 bytes;
	__u32 flags;
	__u32 address_bits;
	__s32 fd;
	__u32 reserved;
};

/**
 * define REFCDEV_HEAP_GET_INFO - look at a heap
 *
 * ``ENOENT``: there are not so many.
 */
#define REFCDEV_HEAP_GET_INFO		_IOWR('R', 0x30, struct refcdev_heap_info)

/**
 * define REFCDEV_HEAP_ALLOCATE - get a buffer
 *
 * ``EINVAL``: the handle is not one of this file; or no buffer of this heap could ever be like
 * that; or it is larger than an open file may have; or there is something in @flags or @reserved
 * that means nothing. ``EDQUOT``: it is too large with what else was allocated through this file.
 * ``ENOMEM``: there is not so much left, not so much of one piece, or not in so few bits.
 * ``EMFILE``, ``ENFILE``: as any call that opens a file.
 */
#define REFCDEV_HEAP_ALLOCATE		_IOWR('R', 0x31, struct refcdev_heap_allocation)

#endif /* _UAPI_LINUX_REFCDEV_HEAP_H */
