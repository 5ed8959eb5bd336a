// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_srcu.c: one SRCU for all devices and a flag for each, as drivers/gpu/drm/drm_drv.c has it
 *
 * drm_dev_enter(), drm_dev_exit(), drm_dev_unplug(). In its own form an open looks the minor
 * up under a lock and takes a reference, drm_minor_acquire(), and does so twice, as the open
 * of the DRM core's cdev, drm_stub_open(), calls the driver's, drm_open(); and drivers enter in
 * their fault handlers, as amdgpu_gem_fault() does.
 */
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "bench.h"

struct drm {
	struct bench bench;
	struct kref ref;		/* of drm_device: the instance's is the cdev's */
	bool unplugged;
};

DEFINE_STATIC_SRCU(unplug_srcu);
static DEFINE_SPINLOCK(minor_lock);
static struct idr minors = IDR_INIT(minors);

static __always_inline struct drm *to_drm(struct bench *bench)
{
	return container_of(bench, struct drm, bench);
}

static __always_inline int drm_enter(struct bench *bench)
{
	int token = srcu_read_lock(&unplug_srcu);

	if (!to_drm(bench)->unplugged) {
		__release(&unplug_srcu);	/* as far as sparse knows: it is conditional */
		return token;
	}
	srcu_read_unlock(&unplug_srcu, token);
	return -ENODEV;
}

static __always_inline void drm_exit(struct bench *bench, int token)
{
	__acquire(&unplug_srcu);
	srcu_read_unlock(&unplug_srcu, token);
}

BENCH_PROXY(drm, -ENODEV, EPOLLERR | EPOLLHUP);

/* Never the last: that is dropped when the module goes. */
static void drm_release_ref(struct kref *ref)
{
}

static void drm_minor_release(struct bench *bench)
{
	kref_put(&to_drm(bench)->ref, drm_release_ref);
}

/* Two functions of the DRM core. */
static noinline struct bench *drm_minor_acquire(struct inode *inode)
{
	struct drm *drm;
	unsigned long flags;

	spin_lock_irqsave(&minor_lock, flags);
	drm = idr_find(&minors, iminor(inode));
	if (drm)
		kref_get(&drm->ref);
	spin_unlock_irqrestore(&minor_lock, flags);
	if (!drm)
		return ERR_PTR(-ENODEV);
	if (drm->unplugged) {
		drm_minor_release(&drm->bench);
		return ERR_PTR(-ENODEV);
	}
	return &drm->bench;
}

/* Both are exported to the drivers. */
static noinline int drm_own_enter(struct bench *bench)
{
	return drm_enter(bench);
}

static noinline void drm_own_exit(struct bench *bench, int token)
{
	drm_exit(bench, token);
}

static __always_inline struct bench *drm_own_find(const struct file *file)
{
	return file->private_data;
}

BENCH_CALLS(drm_own, BENCH_INLINE, -ENODEV, EPOLLERR | EPOLLHUP)
BENCH_MAPPINGS(drm_own, BENCH_FAULT_INLINE, -ENODEV)

static int drm_own_open(struct inode *inode, struct file *file)
{
	struct bench *bench = drm_minor_acquire(inode);

	if (IS_ERR(bench))
		return PTR_ERR(bench);
	/* All files of a device share an address_space, so that one call unmaps it. */
	file->f_mapping = bench->inode->i_mapping;
	file->private_data = bench;
	return 0;
}

static int drm_own_release(struct inode *inode, struct file *file)
{
	drm_minor_release(file->private_data);
	return 0;
}

BENCH_FOPS(drm_own);

static int drm_own_stub_open(struct inode *inode, struct file *file)
{
	struct bench *bench = drm_minor_acquire(inode);
	int ret;

	if (IS_ERR(bench))
		return PTR_ERR(bench);
	ret = bench_open_with(&drm_own_fops, inode, file);
	drm_minor_release(bench);
	return ret;
}

static const struct file_operations drm_own_stub_fops = {
	.owner	= THIS_MODULE,
	.open	= drm_own_stub_open,
	.llseek	= noop_llseek,
};

static int drm_init(struct bench *bench)
{
	int minor = MINOR(bench->dev.devt);
	int ret;

	kref_init(&to_drm(bench)->ref);
	ret = idr_alloc(&minors, to_drm(bench), minor, minor + 1, GFP_KERNEL);
	return ret < 0 ? ret : 0;
}

static int drm_disconnect(struct bench *bench)
{
	to_drm(bench)->unplugged = true;
	synchronize_srcu(&unplug_srcu);
	unmap_mapping_range(bench->inode->i_mapping, 0, 0, 1);
	return 0;
}

static void drm_destroy(struct bench *bench)
{
	idr_remove(&minors, MINOR(bench->dev.devt));
}

const struct bench_technique bench_srcu = {
	.name		= "srcu",
	.user		= "DRM",
	.size		= sizeof(struct drm),
	.proxy		= &drm_dispatcher,
	.own		= &drm_own_stub_fops,
	.own_guards_all	= true,
	.error		= ENODEV,
	.error_open	= ENODEV,
	.events		= EPOLLERR | EPOLLHUP,
	.init		= drm_init,
	.disconnect	= drm_disconnect,
	.destroy	= drm_destroy,
};
