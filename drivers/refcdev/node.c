// SPDX-License-Identifier: GPL-2.0-only
/*
 * node.c: registration and removal of device nodes
 *
 * A node goes through: prepared (inode, index), listed with its object, published
 * (opens find it), announced (device, uevent). It is published before it is
 * announced, as udev opens at once; so a failure after that may leave open files
 * behind, which die with the object.
 *
 * On the way down: unpublished before the grace period, its device removed after the
 * drain, its inode put with the last reference, as open files use it.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "lifetime.h"
#include "node.h"
#include "open.h"
#include "range.h"
#include "trace.h"

static DEFINE_MUTEX(types_lock);
static struct class *refcdev_class;
static struct vfsmount *inode_mount;
static int inode_mount_users;

/*
 * One inode per node, in no directory: its address_space is the node's, whichever
 * inodes in file systems lead to it. The mount is pinned by inodes, not for ever,
 * as that would pin this module.
 */
static int refcdev_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x72656663) ? 0 : -ENOMEM;
}

static struct file_system_type refcdev_fs = {
	.name = "refcdev",
	.owner = THIS_MODULE,
	.init_fs_context = refcdev_init_fs_context,
	.kill_sb = kill_anon_super,
};

static int node_get_inode(struct refcdev *cdev)
{
	struct inode *inode;
	int ret = simple_pin_fs(&refcdev_fs, &inode_mount, &inode_mount_users);

	if (ret)
		return ret;
	inode = alloc_anon_inode(inode_mount->mnt_sb);
	if (IS_ERR(inode)) {
		simple_release_fs(&inode_mount, &inode_mount_users);
		return PTR_ERR(inode);
	}
	mapping_private(inode->i_mapping) = cdev;
	cdev->inode = inode;
	return 0;
}

static void node_put_inode(struct refcdev *cdev)
{
	iput(cdev->inode);
	cdev->inode = NULL;
	simple_release_fs(&inode_mount, &inode_mount_users);
}

/* One "%d" at most, and no other conversion. */
static bool name_is_valid(const char *name)
{
	const char *percent = name ? strchr(name, '%') : NULL;

	if (!name || !*name)
		return false;
	return !percent || (percent[1] == 'd' && !strchr(percent + 1, '%'));
}

static int type_prepare(struct refcdev_type *type)
{
	int ret = 0;

	if (!name_is_valid(type->name) || (type->nodename && !name_is_valid(type->nodename)))
		return -EINVAL;
	mutex_lock(&types_lock);
	if (!type->range)
		ret = refcdev_make_proxy(type) ?: refcdev_range_get(type);
	mutex_unlock(&types_lock);
	return ret;
}

static struct device *node_create_device(struct refcdev *cdev, struct device *parent)
{
	struct refcdev_type *type = cdev->type;

	return device_create_with_groups(type->class ?: refcdev_class, parent,
					 refcdev_devt(cdev), cdev, type->groups,
					 type->name, cdev->index);
}

/*
 * Under the list's lock, so that a disconnect either sees the node or is seen here:
 * a node that is published after the flag was set would be reachable for ever.
 */
static int node_publish(struct refcdev *cdev, struct lifetime *life)
{
	int ret = -ENXIO;

	mutex_lock(&life->list_lock);
	if (!lifetime_disconnected(life)) {
		ret = refcdev_publish(cdev);
		if (!ret) {
			lifetime_get_bare(life);
			list_add_tail(&cdev->list, &life->nodes);
		}
	}
	mutex_unlock(&life->list_lock);
	return ret;
}

/* The device is either there for refcdev_remove_nodes() to see, or goes here. */
static int node_set_device(struct refcdev *cdev, struct device *dev)
{
	bool gone;

	mutex_lock(&cdev->life->list_lock);
	gone = lifetime_disconnected(cdev->life);
	if (!gone)
		cdev->dev = dev;
	mutex_unlock(&cdev->life->list_lock);
	if (!gone)
		return 0;
	device_unregister(dev);
	return -ENXIO;
}

/* If it fails: the inode stays until the object goes, for files that were opened. */
static int node_announce(struct refcdev *cdev, struct device *parent)
{
	struct device *dev;

	refcdev_delay(register_live);
	dev = node_create_device(cdev, parent);
	if (!IS_ERR(dev))
		return node_set_device(cdev, dev);
	refcdev_unpublish(cdev);
	return PTR_ERR(dev);
}

/**
 * refcdev_register() - make an object reachable through a device node
 * @parent: parent of the node's device in sysfs; the device that is being bound
 * @cdev: the node, part of the object; zeroed, with &refcdev.index set where @type
 *	has %REFCDEV_FIXED_INDEX
 * @life: the object
 * @type: what all nodes of this kind have in common
 *
 * The node may be opened before this returns. It goes when the object is
 * disconnected. If this fails after the node could be opened, files may stay open,
 * and they die when the object is disconnected, which a failing probe does.
 *
 * Context: process context, sleeps. One call at a time for one @cdev.
 * Return: 0; -EINVAL if @type has a bad name, no operations, or an mmap without
 *	policy, or if the index is out of range; -EOPNOTSUPP if it has an operation
 *	that the core cannot guard; -EBUSY if the fixed index is taken or the node
 *	is registered; -ENXIO if the object was disconnected; -EEXIST if a device of
 *	that name exists; -ENOSPC if there are no minors left; -ENOMEM.
 */
int refcdev_register(struct device *parent, struct refcdev *cdev, struct lifetime *life,
		     struct refcdev_type *type)
{
	int ret;

	might_sleep();
	if (WARN_ONCE(cdev->inode, "refcdev: %s: node registered twice\n", life->name))
		return -EBUSY;
	ret = type_prepare(type);
	if (ret)
		return ret;
	cdev->type = type;
	cdev->fops = type->fops;
	cdev->life = life;
	ret = node_get_inode(cdev);
	if (ret)
		return ret;
	ret = refcdev_index_get(cdev);
	if (ret)
		goto err_inode;
	ret = node_publish(cdev, life);
	if (ret)
		goto err_index;
	ret = node_announce(cdev, parent);
	trace_refcdev_register(life->name, refcdev_devt(cdev), ret);
	return ret;

err_index:
	refcdev_index_put(cdev);
err_inode:
	node_put_inode(cdev);
	return ret;
}
EXPORT_SYMBOL_GPL(refcdev_register);

/**
 * refcdev_unregister() - disconnect the object that a node belongs to
 * @cdev: the node
 *
 * A device is unplugged as a whole: all nodes of the object go, see
 * lifetime_disconnect(). For drivers that registered with refcdev_register().
 *
 * Context: process context, sleeps.
 * Return: as lifetime_disconnect().
 */
int refcdev_unregister(struct refcdev *cdev)
{
	return lifetime_disconnect(cdev->life);
}
EXPORT_SYMBOL_GPL(refcdev_unregister);

/*
 * The driver had no remove that disconnects. When this runs, some buses have taken
 * the power from the device: calls that are still inside may hang it. A probe that
 * fails after registration comes here as well, with the power on.
 */
static void devm_refcdev_unregister(void *data)
{
	struct refcdev *cdev = data;

	if (IS_ENABLED(CONFIG_REFCDEV_DEBUG) && cdev->dev && cdev->dev->parent)
		WARN_ONCE(cdev->dev->parent->links.status == DL_DEV_UNBINDING &&
			  !lifetime_disconnected(cdev->life),
			  "refcdev: %s: still connected after remove: use refcdev_remove()\n",
			  cdev->life->name);
	lifetime_disconnect_forced(cdev->life);
}

/**
 * devm_refcdev_register() - refcdev_register() that unbinding undoes
 * @dev: the device that is being bound
 * @cdev: the node
 * @life: the object
 * @type: what all nodes of this kind have in common
 *
 * To be the last managed call of probe, hence undone first, before the hardware's
 * resources go. On buses that power the device down between remove and devres have
 * refcdev_remove(), or refcdev_disconnect_device() in remove, as well.
 *
 * If it fails, @life is disconnected when it returns, and the probe has to fail: the
 * resources go now, and timers, interrupts and opens that came early may still be in
 * between enter and exit.
 *
 * Context: process context, sleeps.
 * Return: as refcdev_register().
 */
int devm_refcdev_register(struct device *dev, struct refcdev *cdev, struct lifetime *life,
			  struct refcdev_type *type)
{
	int ret = refcdev_register(dev, cdev, life, type);

	if (!ret)
		ret = devm_add_action(dev, devm_refcdev_unregister, cdev);
	if (ret)
		lifetime_disconnect_forced(life);
	return ret;
}
EXPORT_SYMBOL_GPL(devm_refcdev_register);

void refcdev_erase_nodes(struct lifetime *life)
{
	struct refcdev *cdev;

	lockdep_assert_held(&life->list_lock);
	list_for_each_entry(cdev, &life->nodes, list)
		refcdev_unpublish(cdev);
}

static void node_remove(struct refcdev *cdev)
{
	struct lifetime *life = cdev->life;
	struct device *dev;

	mutex_lock(&life->list_lock);
	dev = cdev->dev;
	cdev->dev = NULL;
	mutex_unlock(&life->list_lock);
	/* Waits for sysfs attributes, which may take the lock. */
	if (dev)
		device_unregister(dev);
	trace_refcdev_unregister(life->name, refcdev_devt(cdev), 0);
	refcdev_index_put(cdev);
	/* Not the last: the caller has one. */
	lifetime_put_bare(life);
}

/* The list does not change any more: nodes join it only while the object is live. */
void refcdev_remove_nodes(struct lifetime *life)
{
	struct refcdev *cdev;

	list_for_each_entry_reverse(cdev, &life->nodes, list)
		node_remove(cdev);
}

void refcdev_release_nodes(struct lifetime *life)
{
	struct refcdev *cdev, *next;

	list_for_each_entry_safe(cdev, next, &life->nodes, list)
		node_put_inode(cdev);
}

/* For nodes in the core's own class; the class of a driver has its own. */
static char *refcdev_devnode(devnode_const struct device *dev, umode_t *mode)
{
	const struct refcdev *cdev = dev_get_drvdata(dev);

	if (mode && cdev->type->mode)
		*mode = cdev->type->mode;
	if (!cdev->type->nodename)
		return NULL;
	return kasprintf(GFP_KERNEL, cdev->type->nodename, cdev->index);
}

static int refcdev_uevent(dev_uevent_const struct device *dev, struct kobj_uevent_env *env)
{
	const struct refcdev *cdev = dev_get_drvdata(dev);

	return cdev->type->uevent ? cdev->type->uevent(cdev, env) : 0;
}

int __init refcdev_init_nodes(void)
{
	int ret;

	/* Allocated, not static: its kobject may be released after this module's text. */
	refcdev_class = class_create_compat("refcdev");
	if (IS_ERR(refcdev_class))
		return PTR_ERR(refcdev_class);
	refcdev_class->devnode = refcdev_devnode;
	refcdev_class->dev_uevent = refcdev_uevent;
	ret = refcdev_init_ranges(&refcdev_dispatcher);
	if (ret)
		class_destroy(refcdev_class);
	return ret;
}

void refcdev_exit_nodes(void)
{
	refcdev_exit_ranges();
	class_destroy(refcdev_class);
}
