/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * duo_hwmon.h: the hwmon device of the duo sample, an interface that is no file
 *
 * The hwmon core calls, and waits for its callers when the hwmon device goes. That is after
 * the disconnect: so whoever touches hardware here enters the gate, and may be refused. Newer
 * kernels let in one at a time: the disconnect wakes that one, and all the others are refused.
 */
#ifndef _REFCDEV_SAMPLES_DUO_HWMON_H
#define _REFCDEV_SAMPLES_DUO_HWMON_H

#include <linux/hwmon.h>

#include "duo_device.h"

static int duo_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			  int channel, long *value)
{
	struct duo *duo = dev_get_drvdata(dev);
	struct refcdev_duo_sample sample;
	u64 next;
	int ret;

	if (!lifetime_enter(&duo->life))
		return -ENXIO;
	next = READ_ONCE(duo->samples.newest) + 1;
	ret = duo_take_sample(duo, &next, &sample, true);
	lifetime_exit(&duo->life);
	if (!ret)
		*value = sample.value;
	return ret;
}

/* No hardware, hence no gate. */
static int duo_hwmon_read_label(struct device *dev, enum hwmon_sensor_types type, u32 attr,
				int channel, const char **label)
{
	struct duo *duo = dev_get_drvdata(dev);

	*label = duo->label;
	return 0;
}

static umode_t duo_hwmon_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				    int channel)
{
	return 0444;
}

static const struct hwmon_ops duo_hwmon_ops = {
	.is_visible	= duo_hwmon_is_visible,
	.read		= duo_hwmon_read,
	.read_string	= duo_hwmon_read_label,
};

static const struct hwmon_channel_info *duo_hwmon_channels[] = {
	HWMON_CHANNEL_INFO(in, HWMON_I_INPUT | HWMON_I_LABEL),
	NULL
};

static const struct hwmon_chip_info duo_hwmon_chip = {
	.ops		= &duo_hwmon_ops,
	.info		= duo_hwmon_channels,
};

#endif /* _REFCDEV_SAMPLES_DUO_HWMON_H */
