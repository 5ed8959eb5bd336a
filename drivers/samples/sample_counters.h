/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample_counters.h: counters of a sample's module, shown in debugfs; a real driver has none
 */
#ifndef _REFCDEV_SAMPLES_SAMPLE_COUNTERS_H
#define _REFCDEV_SAMPLES_SAMPLE_COUNTERS_H

#include <linux/atomic.h>
#include <linux/debugfs.h>

/* A counter of the module, not of a device: it outlives every device. */
struct sample_counter {
	const char *name;
	atomic_t *count;
};

/* @counters end with one without a name. Returns the folder, to be removed. */
static inline struct dentry *sample_counters_show(const char *driver,
						  const struct sample_counter *counters)
{
	struct dentry *dir = debugfs_create_dir(driver, NULL);

	for (; counters->name; counters++)
		debugfs_create_atomic_t(counters->name, 0444, dir, counters->count);
	return dir;
}

#endif /* _REFCDEV_SAMPLES_SAMPLE_COUNTERS_H */
