/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inode.h: from an open file to its node
 */
#ifndef REFCDEV_INODE_H
#define REFCDEV_INODE_H

#include <linux/fs.h>
#include <linux/refcdev.h>

struct refcdev_inode {
	struct refcdev *cdev;
	struct inode inode;
};

/* Of an open file of ours, for the proxies: two loads. */
static __always_inline struct refcdev *refcdev_of(const struct file *file)
{
	return container_of(file->f_mapping, struct refcdev_inode, inode.i_data)->cdev;
}

int refcdev_get_inode(struct refcdev *cdev);
void refcdev_put_inode(struct refcdev *cdev);

int refcdev_init_inodes(void);
void refcdev_exit_inodes(void);

#endif /* REFCDEV_INODE_H */
