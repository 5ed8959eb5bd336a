/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bridge_hw.h: stands for the hardware of the bridge sample, and counts what the driver
 * does; a real driver has neither, see fifo_hw.h
 */
#ifndef _REFCDEV_SAMPLES_BRIDGE_HW_H
#define _REFCDEV_SAMPLES_BRIDGE_HW_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/string.h>

#include "sample_bus.h"

#define BRIDGE_REGS_ID	0x62726467

/* A register block: there while the driver is bound, gone with devres. */
struct bridge_regs {
	u32 id;
	u32 data;
};

static struct bridge_stats {
	atomic_t created;	/* private data: allocated */
	atomic_t released;	/* private data: freed */
	atomic_t transfers;
	atomic_t waits;
	atomic_t late;		/* calls that found the registers gone: must stay 0 */
} bridge_stats;

static const struct sample_counter bridge_counters[] = {
	{ "created", &bridge_stats.created },
	{ "released", &bridge_stats.released },
	{ "transfers", &bridge_stats.transfers },
	{ "waits", &bridge_stats.waits },
	{ "late", &bridge_stats.late },
	{ }
};

/* What is mapped there once the device was pulled out reads as all ones. */
static void bridge_regs_gone(void *regs)
{
	memset(regs, 0xff, sizeof(struct bridge_regs));
}

static inline struct bridge_regs *devm_bridge_ioremap(struct device *dev)
{
	struct bridge_regs *regs = devm_kzalloc(dev, sizeof(*regs), GFP_KERNEL);

	if (!regs || devm_add_action_or_reset(dev, bridge_regs_gone, regs))
		return NULL;
	regs->id = BRIDGE_REGS_ID;
	return regs;
}

static inline void bridge_check_regs(struct bridge_regs *regs)
{
	if (READ_ONCE(regs->id) != BRIDGE_REGS_ID)
		atomic_inc(&bridge_stats.late);
}

static inline u32 bridge_exchange(struct bridge_regs *regs, u32 in)
{
	bridge_check_regs(regs);
	WRITE_ONCE(regs->data, ~in);
	return READ_ONCE(regs->data);
}

#endif /* _REFCDEV_SAMPLES_BRIDGE_HW_H */
