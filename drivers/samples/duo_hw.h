/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * duo_hw.h: stands for the hardware of the duo sample, and counts what the driver does; a
 * real driver has neither, see fifo_hw.h
 */
#ifndef _REFCDEV_SAMPLES_DUO_HW_H
#define _REFCDEV_SAMPLES_DUO_HW_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/string.h>

#include "sample_bus.h"

#define DUO_REGS_ID	0x64756f21

/* A register block: there while the driver is bound, gone with devres. */
struct duo_regs {
	u32 id;
	u32 powered;
	u32 output;		/* what the converter sees */
	atomic_t users;		/* who waits for it */
};

static struct duo_stats {
	atomic_t created;	/* private data: allocated */
	atomic_t released;	/* private data: freed */
	atomic_t opens;
	atomic_t closes;
	atomic_t threads;	/* that run now */
	atomic_t late;		/* calls that found the registers off or gone: must stay 0 */
} duo_stats;

static const struct sample_counter duo_counters[] = {
	{ "created", &duo_stats.created },
	{ "released", &duo_stats.released },
	{ "opens", &duo_stats.opens },
	{ "closes", &duo_stats.closes },
	{ "threads", &duo_stats.threads },
	{ "late", &duo_stats.late },
	{ }
};

/* What is mapped there once the device was pulled out reads as all ones. */
static void duo_regs_gone(void *regs)
{
	memset(regs, 0xff, sizeof(struct duo_regs));
}

static inline struct duo_regs *devm_duo_ioremap(struct device *dev)
{
	struct duo_regs *regs = devm_kzalloc(dev, sizeof(*regs), GFP_KERNEL);

	if (!regs || devm_add_action_or_reset(dev, duo_regs_gone, regs))
		return NULL;
	regs->id = DUO_REGS_ID;
	return regs;
}

static inline void duo_regs_touch(struct duo_regs *regs)
{
	if (READ_ONCE(regs->id) != DUO_REGS_ID || READ_ONCE(regs->powered) != 1)
		atomic_inc(&duo_stats.late);
}

static inline void duo_regs_power_on(struct duo_regs *regs)
{
	WRITE_ONCE(regs->powered, 1);
}

static inline void duo_regs_power_off(struct duo_regs *regs)
{
	duo_regs_touch(regs);
	WRITE_ONCE(regs->powered, 0);
}

/* The converter is to be ready as long as somebody waits for it. */
static inline void duo_regs_get(struct duo_regs *regs)
{
	duo_regs_touch(regs);
	atomic_inc(&regs->users);
}

static inline void duo_regs_put(struct duo_regs *regs)
{
	duo_regs_touch(regs);
	atomic_dec(&regs->users);
}

static inline void duo_regs_set(struct duo_regs *regs, u32 value)
{
	duo_regs_touch(regs);
	WRITE_ONCE(regs->output, value);
}

static inline u32 duo_regs_convert(struct duo_regs *regs)
{
	duo_regs_touch(regs);
	return READ_ONCE(regs->output);
}

#endif /* _REFCDEV_SAMPLES_DUO_HW_H */
