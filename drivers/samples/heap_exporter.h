/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heap_exporter.h: what the heaps' driver and those who show their device beside the heaps agree
 * on; neither links to the other
 *
 * Buffers need none of this: they travel as dma-bufs.
 */
#ifndef _REFCDEV_SAMPLES_HEAP_EXPORTER_H
#define _REFCDEV_SAMPLES_HEAP_EXPORTER_H

#include <linux/lifetime_consumer.h>

struct device;
struct heap_exporter;

/* Number of the exporter. An object that is provided under this name is a struct heap_exporter. */
#define HEAP_EXPORTER_NAME	"heap:%d"

/**
 * struct heap_exporter_ops - what an exporter tells other drivers
 * @get_heap: the device in sysfs that stands for a heap whose buffers can be had in @address_bits
 *	bits of address; @index counts those, from 0. NULL: there are not so many. put_device() it.
 *	It is in sysfs for as long as the caller is inside, or has not returned from
 *	&lifetime_consumer.leaving.
 */
struct heap_exporter_ops {
	struct device *(*get_heap)(struct heap_exporter *exporter, unsigned int index,
				   unsigned int address_bits);
};

/**
 * struct heap_exporter - the part of an exporter that other drivers see
 * @life: its lifetime
 * @ops: what it tells
 */
struct heap_exporter {
	struct lifetime life;
	const struct heap_exporter_ops *ops;
};

static inline struct heap_exporter *to_heap_exporter(struct lifetime *life)
{
	return container_of(life, struct heap_exporter, life);
}

#endif /* _REFCDEV_SAMPLES_HEAP_EXPORTER_H */
