/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bridge.h: what the driver of a bridge and its users agree on: a name, and what the object
 * behind it can do; neither links to the other
 */
#ifndef _REFCDEV_SAMPLES_BRIDGE_H
#define _REFCDEV_SAMPLES_BRIDGE_H

#include <linux/lifetime_consumer.h>

struct bridge;

/* Number of the bridge. An object that is provided under this name is a struct bridge. */
#define BRIDGE_NAME	"bridge:%d"

/**
 * struct bridge_ops - what a bridge does for its users
 * @transfer: exchanges a word with the hardware
 * @wait: sleeps until there was a transfer: 0; -EAGAIN if somebody asked to look up, with
 *	@look_up; -ENXIO when the bridge goes; -ERESTARTSYS
 * @look_up: makes every caller of @wait return, now and not later: for a user that goes
 *
 * To be called between bridge_enter() and bridge_exit().
 */
struct bridge_ops {
	int (*transfer)(struct bridge *bridge, u32 in, u32 *out);
	int (*wait)(struct bridge *bridge);
	void (*look_up)(struct bridge *bridge);
};

/**
 * struct bridge - the part of a bridge that users see
 * @life: its lifetime
 * @ops: what it does
 * @generation: number of this bridge among all, from 1
 */
struct bridge {
	struct lifetime life;
	const struct bridge_ops *ops;
	u32 generation;
};

static inline struct bridge *to_bridge(struct lifetime *life)
{
	return container_of(life, struct bridge, life);
}

/* NULL if there is no bridge. */
static inline struct bridge *bridge_enter(struct lifetime_consumer *consumer)
{
	struct lifetime *life = lifetime_consumer_enter(consumer);

	return life ? to_bridge(life) : NULL;
}

static inline void bridge_exit(struct bridge *bridge)
{
	lifetime_exit(&bridge->life);
}

#endif /* _REFCDEV_SAMPLES_BRIDGE_H */
