/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticker_hw.h: stands for the hardware of the ticker sample, and counts what the driver
 * does; a real driver has neither, see fifo_hw.h
 */
#ifndef _REFCDEV_SAMPLES_TICKER_HW_H
#define _REFCDEV_SAMPLES_TICKER_HW_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/string.h>

#include "sample_bus.h"

#define TICKER_REGS_ID	0x7469636b

/* A register block: there while the driver is bound, gone with devres. */
struct ticker_regs {
	u32 id;
	atomic64_t ticks;
};

static struct ticker_stats {
	atomic_t created;	/* private data: allocated */
	atomic_t released;	/* private data: freed */
	atomic_t opens;
	atomic_t closes;
	atomic_t queued;	/* requests that their call left behind; each of them is */
	atomic_t ticked;	/* completed by its tick, */
	atomic_t gone;		/* by the end of the device, */
	atomic_t cancelled;	/* or because its ring goes */
	atomic_t orphans;	/* of @ticked: the submitter's memory was gone */
	atomic_t late;		/* calls that found the registers gone: must stay 0 */
} ticker_stats;

static const struct sample_counter ticker_counters[] = {
	{ "created", &ticker_stats.created },
	{ "released", &ticker_stats.released },
	{ "opens", &ticker_stats.opens },
	{ "closes", &ticker_stats.closes },
	{ "queued", &ticker_stats.queued },
	{ "ticked", &ticker_stats.ticked },
	{ "gone", &ticker_stats.gone },
	{ "cancelled", &ticker_stats.cancelled },
	{ "orphans", &ticker_stats.orphans },
	{ "late", &ticker_stats.late },
	{ }
};

/* What is mapped there once the device was pulled out reads as all ones. */
static void ticker_regs_gone(void *regs)
{
	memset(regs, 0xff, sizeof(struct ticker_regs));
}

static inline struct ticker_regs *devm_ticker_ioremap(struct device *dev)
{
	struct ticker_regs *regs = devm_kzalloc(dev, sizeof(*regs), GFP_KERNEL);

	if (!regs || devm_add_action_or_reset(dev, ticker_regs_gone, regs))
		return NULL;
	regs->id = TICKER_REGS_ID;
	return regs;
}

static inline void ticker_regs_touch(struct ticker_regs *regs)
{
	if (READ_ONCE(regs->id) != TICKER_REGS_ID)
		atomic_inc(&ticker_stats.late);
}

/* How often the hardware has ticked. */
static inline u64 ticker_regs_count(struct ticker_regs *regs)
{
	ticker_regs_touch(regs);
	return atomic64_read(&regs->ticks);
}

static inline void ticker_regs_tick(struct ticker_regs *regs)
{
	ticker_regs_touch(regs);
	atomic64_inc(&regs->ticks);
}

#endif /* _REFCDEV_SAMPLES_TICKER_HW_H */
