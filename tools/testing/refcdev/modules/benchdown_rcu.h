/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * benchdown_rcu.h: RCU's own counters of its grace periods
 *
 * They are exported, for rcutorture, but declared in kernel/rcu/rcu.h, which is not among the
 * headers for modules. The two lowest bits say whether one is running.
 */
#ifndef REFCDEV_BENCHDOWN_RCU_H
#define REFCDEV_BENCHDOWN_RCU_H

#include <linux/ktime.h>
#include <linux/types.h>

unsigned long rcu_get_gp_seq(void);
unsigned long rcu_exp_batches_completed(void);

/* How many ended between two values of a counter. */
static inline unsigned long grace_periods(unsigned long before, unsigned long after)
{
	return ((after & ~3UL) - (before & ~3UL)) >> 2;
}

/* A moment, by the clock and by RCU's count. */
struct moment {
	u64 ns;
	unsigned long normal, expedited;
};

static inline void moment_take(struct moment *now)
{
	now->ns = ktime_get_ns();
	now->normal = rcu_get_gp_seq();
	now->expedited = rcu_exp_batches_completed();
}

#endif /* REFCDEV_BENCHDOWN_RCU_H */
