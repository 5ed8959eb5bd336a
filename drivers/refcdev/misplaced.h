/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * misplaced.h: is something in memory that devres frees too early?
 */
#ifndef REFCDEV_MISPLACED_H
#define REFCDEV_MISPLACED_H

#include <linux/refcdev.h>

bool lifetime_is_misplaced(struct device *dev, struct lifetime *life);
bool refcdev_is_misplaced(struct device *dev, struct lifetime *life, struct refcdev *cdev);
bool refcdev_ends_group(struct device *dev, struct list_head *end);

#endif /* REFCDEV_MISPLACED_H */
