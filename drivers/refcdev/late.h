/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * late.h: a warning about managed resources that were added to a device after its
 * node; only in debug builds
 */
#ifndef REFCDEV_LATE_H
#define REFCDEV_LATE_H

#include <linux/device.h>

#ifdef CONFIG_REFCDEV_DEBUG
bool refcdev_has_late(struct device *dev);
#define refcdev_warn_late(dev)							\
	WARN_ONCE(refcdev_has_late(dev),					\
		  "refcdev: %s: devm resource after devm_refcdev_register(): register last\n", \
		  dev_name(dev))
#else
#define refcdev_warn_late(dev)	do { } while (0)
#endif

/* What devres calls for the core's own resources, by which they are known: in node.c ... */
void devm_refcdev_unregister(struct device *dev, void *res);
/* ... and in lifetime.c. */
void lifetime_binding_end(struct device *dev, void *res);
void lifetime_undo_start(struct device *dev, void *res);

#endif /* REFCDEV_LATE_H */
