// SPDX-License-Identifier: GPL-2.0-only
/*
 * inode.c: one inode per node, in a file system of its own
 *
 * It is in no directory and nobody opens it. What counts is its address_space: every
 * file of the node has it as f_mapping, whichever inode it was opened through. So the
 * node is found from the file by one step back from its mapping, and all mappings of
 * the node are in one tree.
 *
 * The mount is pinned by inodes, not for ever, as that would pin this module.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "inode.h"

static struct kmem_cache *inode_cache;
static struct vfsmount *inode_mount;
static int inode_mount_users;

static struct inode *inode_alloc(struct super_block *sb)
{
	struct refcdev_inode *self = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	return self ? &self->inode : NULL;
}

/* After a grace period: text of ours that refcdev_exit_inodes() waits for. */
static void inode_free(struct inode *inode)
{
	kmem_cache_free(inode_cache, container_of(inode, struct refcdev_inode, inode));
}

static void inode_construct(void *memory)
{
	struct refcdev_inode *self = memory;

	inode_init_once(&self->inode);
}

static const struct super_operations inode_ops = {
	.alloc_inode = inode_alloc,
	.free_inode = inode_free,
	.statfs = simple_statfs,
};

static int inode_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *pseudo = init_pseudo(fc, 0x72656663);

	if (!pseudo)
		return -ENOMEM;
	pseudo->ops = &inode_ops;
	return 0;
}

static struct file_system_type inode_fs = {
	.name = "refcdev",
	.owner = THIS_MODULE,
	.init_fs_context = inode_init_fs_context,
	.kill_sb = kill_anon_super,
};

/**
 * refcdev_get_inode() - give a node its inode
 * @cdev: the node, which knows its object and operations
 *
 * Return: 0, -ENOMEM.
 */
int refcdev_get_inode(struct refcdev *cdev)
{
	struct refcdev_inode *self;
	struct inode *inode;
	int ret = simple_pin_fs(&inode_fs, &inode_mount, &inode_mount_users);

	if (ret)
		return ret;
	inode = alloc_anon_inode(inode_mount->mnt_sb);
	if (IS_ERR(inode)) {
		simple_release_fs(&inode_mount, &inode_mount_users);
		return PTR_ERR(inode);
	}
	self = container_of(inode, struct refcdev_inode, inode);
	self->cdev = cdev;
	self->life = cdev->life;
	self->fops = cdev->fops;
	cdev->inode = inode;
	return 0;
}

/* In process context, when no file of the node is open any more. */
void refcdev_put_inode(struct refcdev *cdev)
{
	iput(cdev->inode);
	cdev->inode = NULL;
	simple_release_fs(&inode_mount, &inode_mount_users);
}

int __init refcdev_init_inodes(void)
{
	inode_cache = kmem_cache_create("refcdev_inode", sizeof(struct refcdev_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, inode_construct);
	return inode_cache ? 0 : -ENOMEM;
}

void refcdev_exit_inodes(void)
{
	rcu_barrier();
	kmem_cache_destroy(inode_cache);
}
