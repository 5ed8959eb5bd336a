/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * open.h: the operations of the one cdev that stands for all nodes
 */
#ifndef REFCDEV_OPEN_H
#define REFCDEV_OPEN_H

#include <linux/fs.h>

extern const struct file_operations refcdev_dispatcher;

#endif /* REFCDEV_OPEN_H */
