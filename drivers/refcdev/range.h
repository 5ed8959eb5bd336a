/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * range.h: device numbers: a range per type, an index per node, a table of who is
 * reachable
 */
#ifndef REFCDEV_RANGE_H
#define REFCDEV_RANGE_H

#include <linux/refcdev.h>

int refcdev_range_get(struct refcdev_type *type, struct module *owner);
int refcdev_index_get(struct refcdev *cdev);
void refcdev_index_put(struct refcdev *cdev);

dev_t refcdev_devt(const struct refcdev *cdev);
int refcdev_publish(struct refcdev *cdev);
void refcdev_unpublish(struct refcdev *cdev);
struct refcdev *refcdev_lookup(unsigned int minor);

int refcdev_init_ranges(const struct file_operations *dispatcher);
void refcdev_exit_ranges(void);

#endif /* REFCDEV_RANGE_H */
