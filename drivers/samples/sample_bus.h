/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample_bus.h: the bus that finds the devices of the samples, which nobody plugs in
 *
 * Each sample creates its own devices, and shows its counters in debugfs. A real driver
 * does neither: module_platform_driver() is all it has.
 */
#ifndef _REFCDEV_SAMPLES_SAMPLE_BUS_H
#define _REFCDEV_SAMPLES_SAMPLE_BUS_H

#include <linux/err.h>
#include <linux/platform_device.h>

#include "sample_counters.h"

#define SAMPLE_DEVICES_MAX	64

static struct sample_bus {
	struct platform_device *pdev[SAMPLE_DEVICES_MAX];
	unsigned int count;
	struct dentry *dir;
} sample_bus;

static inline void sample_bus_exit(struct platform_driver *driver)
{
	while (sample_bus.count)
		platform_device_unregister(sample_bus.pdev[--sample_bus.count]);
	platform_driver_unregister(driver);
	debugfs_remove_recursive(sample_bus.dir);
}

/* @counters end with one without a name. */
static inline int sample_bus_init(struct platform_driver *driver, unsigned int devices,
				  const struct sample_counter *counters)
{
	const char *name = driver->driver.name;
	struct platform_device *pdev;
	int ret;

	if (devices > SAMPLE_DEVICES_MAX)
		return -EINVAL;
	ret = platform_driver_register(driver);
	if (ret)
		return ret;
	sample_bus.dir = sample_counters_show(name, counters);
	while (sample_bus.count < devices) {
		pdev = platform_device_register_simple(name, sample_bus.count, NULL, 0);
		if (IS_ERR(pdev)) {
			sample_bus_exit(driver);
			return PTR_ERR(pdev);
		}
		sample_bus.pdev[sample_bus.count++] = pdev;
	}
	return 0;
}

#endif /* _REFCDEV_SAMPLES_SAMPLE_BUS_H */
