/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twin.h: what the two halves of the twins share: their devices (twin_main.c) and their
 * file operations (twin_ops.c)
 */
#ifndef TWIN_H
#define TWIN_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/refcdev.h>
#include <linux/wait.h>

#include "twin_ioctl.h"

/* What a twin is, apart from its node. */
struct twin_side_data {
	void *data;			/* TWIN_DATA_SIZE bytes that can be mapped */
	struct twin_log *log;
	wait_queue_head_t wait;
};

/*
 * A pair's tables, made at run time. Files refer to them until after their release, so
 * they stay until the module goes.
 */
struct twin_tables {
	struct list_head list;
	struct file_operations plain, wrapped;
	struct refcdev_type type;
};

extern struct twin_side_data twin_sides[2];
extern struct twin_setup twin_setup;

/* twin_ops.c */
void twin_fill_fops(struct file_operations *fops, u32 ops, u32 flags);

/* twin_main.c: which of the two a file is of, at its open. */
struct twin_side_data *twin_side_of(const struct file *file);

#endif /* TWIN_H */
