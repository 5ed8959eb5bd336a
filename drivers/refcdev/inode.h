/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inode.h: from an open file to its node
 */
#ifndef REFCDEV_INODE_H
#define REFCDEV_INODE_H

#include <linux/fs.h>
#include <linux/refcdev.h>

/* Copies of what the node says, for the proxies: one load less in each call. */
struct refcdev_inode {
	struct refcdev *cdev;
	struct lifetime *life;
	const struct file_operations *fops;
	struct inode inode;
};

/* Of an open file of ours. */
static __always_inline const struct refcdev_inode *refcdev_inode_of(const struct file *file)
{
	return container_of(file->f_mapping, struct refcdev_inode, inode.i_data);
}

static __always_inline struct refcdev *refcdev_of(const struct file *file)
{
	return refcdev_inode_of(file)->cdev;
}

int refcdev_get_inode(struct refcdev *cdev);
void refcdev_put_inode(struct refcdev *cdev);

int refcdev_init_inodes(void);
void refcdev_exit_inodes(void);

#endif /* REFCDEV_INODE_H */
