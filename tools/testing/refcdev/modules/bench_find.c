// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_find.c: how the proxy finds an instance: an open by the minor, and a call on an open
 * file by the address_space of an inode that each instance has
 */
#include <linux/err.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include "bench.h"

static DEFINE_XARRAY(reachable);
static struct vfsmount *bench_mount;

static int bench_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x62656e63) ? 0 : -ENOMEM;
}

/* No owner: the mount is the module's own, and would keep it loaded. */
static struct file_system_type bench_fs = {
	.name			= "bench",
	.init_fs_context	= bench_init_fs_context,
	.kill_sb		= kill_anon_super,
};

/* The first reference, which unpublishing drops, after a grace period: so a reader finds one. */
int bench_publish(struct bench *bench)
{
	struct inode *inode = alloc_anon_inode(bench_mount->mnt_sb);
	int ret;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->i_private = bench;
	bench->inode = inode;
	refcount_set(&bench->ref, 1);
	ret = xa_insert(&reachable, MINOR(bench->dev.devt), bench, GFP_KERNEL);
	if (ret)
		iput(inode);
	return ret;
}

void bench_unpublish(struct bench *bench)
{
	xa_erase(&reachable, MINOR(bench->dev.devt));
	synchronize_rcu();
	iput(bench->inode);
	bench_put(bench);
}

struct bench *bench_get(unsigned int minor)
{
	XA_STATE(xas, &reachable, minor);
	struct bench *bench;

	rcu_read_lock();
	do {
		bench = xas_load(&xas);
	} while (xas_retry(&xas, bench));
	if (bench)
		refcount_inc(&bench->ref);
	rcu_read_unlock();
	return bench;
}

void bench_put(struct bench *bench)
{
	if (refcount_dec_and_test(&bench->ref))
		put_device(&bench->dev);
}

int __init bench_find_init(void)
{
	bench_mount = kern_mount(&bench_fs);
	return PTR_ERR_OR_ZERO(bench_mount);
}

void bench_find_exit(void)
{
	kern_unmount(bench_mount);
}
