/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * benchdown.h: what the techniques have in common whose disconnect is timed
 */
#ifndef REFCDEV_BENCHDOWN_H
#define REFCDEV_BENCHDOWN_H

#include <linux/device.h>
#include <linux/types.h>

#include "benchdown_rcu.h"

/*
 * One technique. For each device of the set, down is called once, or begin and finish, in this
 * order; drained says, afterwards, when nobody was inside any more.
 */
struct technique {
	void *(*make)(struct device *parent, unsigned int nodes);
	void (*down)(void *device);
	void (*begin)(void *device);
	void (*finish)(void *device);
	const struct moment *(*drained)(const void *device);
	void (*free)(void *device);
};

extern const struct technique benchdown_refcdev, benchdown_srcu, benchdown_percpu_ref,
	benchdown_rcu;

unsigned int benchdown_asleep(void);
int benchdown_init_peers(void);
void benchdown_exit_peers(void);

#endif /* REFCDEV_BENCHDOWN_H */
