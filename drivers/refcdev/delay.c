// SPDX-License-Identifier: GPL-2.0-only
/*
 * delay.c: waits at the named points of delay.h; only in debug builds
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/kernel.h>

#include "compat.h"
#include "delay.h"

/* A longer one would trip the stall detectors, and hide the race it is to show. */
#define DELAY_MAX_SLEEP_US	10000000U
#define DELAY_MAX_SPIN_US	20000U

#define DELAY_ROW(name, sleeps)	{ #name, sleeps, 0 },
static struct {
	const char *name;
	bool sleeps;
	u32 us;
} delays[REFCDEV_NR_DELAYS] = {
	REFCDEV_DELAYS(DELAY_ROW)
};

void __refcdev_delay(enum refcdev_delay where)
{
	u32 us = READ_ONCE(delays[where].us);

	if (likely(!us))
		return;
	if (delays[where].sleeps) {
		us = min(us, DELAY_MAX_SLEEP_US);
		usleep_range(us, us + us / 8 + 1);
	} else {
		us = min(us, DELAY_MAX_SPIN_US);
		mdelay(us / 1000);
		udelay(us % 1000);
	}
}

/* What writing to the file does, for the suites. */
void refcdev_delay_set(enum refcdev_delay where, unsigned int us)
{
	WRITE_ONCE(delays[where].us, us);
}

export_for_kunit(refcdev_delay_set);

void refcdev_delay_init(struct dentry *parent)
{
	struct dentry *dir = debugfs_create_dir("delay", parent);
	int i;

	for (i = 0; i < REFCDEV_NR_DELAYS; i++)
		debugfs_create_u32(delays[i].name, 0600, dir, &delays[i].us);
}
