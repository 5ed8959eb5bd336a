/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fifo_hw.h: stands for the hardware of the FIFO samples, and counts what they do
 *
 * A real driver has devm_platform_ioremap_resource(), readl() and writel() instead of
 * this file: its registers are hardware, a bus finds its devices, and nobody counts.
 */
#ifndef _REFCDEV_SAMPLES_FIFO_HW_H
#define _REFCDEV_SAMPLES_FIFO_HW_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/string.h>

#include "sample_bus.h"

#define FIFO_REGS_ID	0x6669666f
#define FIFO_DEVICES_MAX	SAMPLE_DEVICES_MAX

/* A register block: there while the driver is bound, gone with devres. */
struct fifo_regs {
	u32 id;
	atomic_t doorbell;
	atomic_t heartbeats;
};

/* Counts of the module, not of a device: they outlive every device. */
struct fifo_stats {
	atomic_t created;	/* private data: allocated */
	atomic_t released;	/* private data: freed */
	atomic_t opens;
	atomic_t closes;
	atomic_t flushes;
	atomic_t calls;		/* that used the registers */
	atomic_t sleeps;	/* calls that went to sleep */
	atomic_t late;		/* calls that found the registers gone: must stay 0 */
};

static struct fifo_stats fifo_stats;

/* What is mapped there once the device was pulled out reads as all ones. */
static void fifo_regs_gone(void *regs)
{
	memset(regs, 0xff, sizeof(struct fifo_regs));
}

static inline struct fifo_regs *devm_fifo_ioremap(struct device *dev)
{
	struct fifo_regs *regs = devm_kzalloc(dev, sizeof(*regs), GFP_KERNEL);

	if (!regs || devm_add_action_or_reset(dev, fifo_regs_gone, regs))
		return NULL;
	regs->id = FIFO_REGS_ID;
	return regs;
}

/* Every call of the driver starts with this, as if it had to tell the device. */
static inline void fifo_ring_doorbell(struct fifo_regs *regs)
{
	if (READ_ONCE(regs->id) != FIFO_REGS_ID)
		atomic_inc(&fifo_stats.late);
	atomic_inc(&regs->doorbell);
	atomic_inc(&fifo_stats.calls);
}

static inline void fifo_sleep_begin(atomic_t *waiting)
{
	atomic_inc(&fifo_stats.sleeps);
	atomic_inc(waiting);
}

static const struct sample_counter fifo_counters[] = {
	{ "created", &fifo_stats.created },
	{ "released", &fifo_stats.released },
	{ "opens", &fifo_stats.opens },
	{ "closes", &fifo_stats.closes },
	{ "flushes", &fifo_stats.flushes },
	{ "calls", &fifo_stats.calls },
	{ "sleeps", &fifo_stats.sleeps },
	{ "late", &fifo_stats.late },
	{ }
};

static inline void fifo_bus_exit(struct platform_driver *driver)
{
	sample_bus_exit(driver);
}

static inline int fifo_bus_init(struct platform_driver *driver, unsigned int devices)
{
	return sample_bus_init(driver, devices, fifo_counters);
}

#endif /* _REFCDEV_SAMPLES_FIFO_HW_H */
