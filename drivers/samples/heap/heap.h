/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heap.h: what the parts of the heap sample share
 *
 * heap_main.c	binds to the device, and lets go of it
 * heap_fops.c	the node: which heaps there are, and buffers from them
 * heap_pool.c	where memory comes from: the kinds of heaps
 * heap_buffer.c	buffers: what a dma-buf can do, and how it ends
 * heap_sysfs.c	what is shown of a heap
 */
#ifndef _REFCDEV_SAMPLES_HEAP_H
#define _REFCDEV_SAMPLES_HEAP_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/lifetime_managed.h>
#include <linux/mm_types.h>
#include <linux/refcdev.h>
#include <linux/refcdev_heap.h>
#include <linux/spinlock.h>

#include "../heap_exporter.h"

#define HEAP_ANY_ADDRESS	64	/* bits */

struct heap;
struct heap_file;

/**
 * struct heap_kind - a way to come by memory
 * @name: in sysfs
 * @flags: what user space is told
 * @alloc: fill @pages, zeroed: 0, or -ENOMEM; -ERESTARTSYS if the caller is being killed; -ENXIO
 *	if the device went. What was charged for is there, though not of one piece perhaps.
 * @free: give them back; after the device perhaps
 * @largest: how many bytes @alloc would have of one piece, or 0 for as many as are left
 */
struct heap_kind {
	const char *name;
	u32 flags;
	int (*alloc)(struct heap *heap, struct page **pages, unsigned long nr, u32 address_bits);
	void (*free)(struct heap *heap, struct page **pages, unsigned long nr);
	u64 (*largest)(struct heap *heap);
};

struct heap {
	struct heap_device *owner;
	const struct heap_kind *kind;
	u32 address_bits;		/* the fewest that @kind can do */
	struct device *dev;		/* in sysfs, as long as the exporter is bound */

	spinlock_t lock;		/* the rest */
	u64 size, used, peak;		/* bytes */
	unsigned long buffers;
	/* of a pool of fixed size */
	struct page *pool;
	unsigned long pool_pages;
	unsigned long *taken;		/* a bit for each of them */
};

#define HEAPS_MAX		2

/* Buffers name it, so it stays until the last of them has gone. */
struct heap_device {
	struct heap_exporter exporter;	/* with the lifetime */
	struct lifetime_provider provider;
	struct refcdev cdev;
	struct heap heaps[HEAPS_MAX];
	unsigned int nr_heaps;
};

static inline struct lifetime *heap_life(struct heap *heap)
{
	return &heap->owner->exporter.life;
}

/* Counts of the module, not of a device: they outlive every device. */
struct heap_stats {
	atomic_t created;
	atomic_t released;
	atomic_t opens;
	atomic_t closes;
	atomic_t files;			/* that are open, or have a buffer */
	atomic_t buffers;		/* that exist */
	atomic_t mapped;		/* by an importer's device */
	atomic_t late;			/* freed after their device had gone */
};

extern struct heap_stats heap_stats;

/* heap_pool.c */
extern const struct heap_kind heap_system;
extern const struct heap_kind heap_reserved;

int heap_init(struct heap *heap, struct heap_device *owner, const struct heap_kind *kind,
	      u64 size);
int heap_charge(struct heap *heap, u64 bytes);
void heap_handed_out(struct heap *heap);
void heap_uncharge(struct heap *heap, u64 bytes);

/* heap_buffer.c */
struct dma_buf *heap_export(struct heap *heap, struct heap_file *file, u64 bytes,
			    u32 address_bits);

/* heap_fops.c */
extern struct refcdev_type heap_type;
extern u64 heap_file_limit;

void heap_put_file(struct heap_file *file, u64 bytes);

/* heap_sysfs.c */
int heap_class_init(void);
void heap_class_exit(void);
int heap_show(struct device *dev, unsigned int number, struct heap *heap);

#endif /* _REFCDEV_SAMPLES_HEAP_H */
