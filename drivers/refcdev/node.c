// SPDX-License-Identifier: GPL-2.0-only
/*
 * node.c: registration and removal of device nodes
 *
 * A node goes through: prepared (inode, index), listed with its object, published
 * (opens find it), announced (device, uevent). It is published before it is
 * announced, as udev opens at once; so a failure after that may leave open files
 * behind, which die with the object.
 *
 * On the way down: unpublished before opens are waited for, its device removed after the
 * drain, its inode put with the last reference, as open files use it.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "inode.h"
#include "late.h"
#include "lifetime.h"
#include "misplaced.h"
#include "node.h"
#include "open.h"
#include "range.h"
#include "trace.h"

static DEFINE_MUTEX(types_lock);
static struct class *refcdev_class;

/* One "%d" at most, and no other conversion. */
static bool name_is_valid(const char *name)
{
	const char *percent = name ? strchr(name, '%') : NULL;

	if (!name || !*name)
		return false;
	return !percent || (percent[1] == 'd' && !strchr(percent + 1, '%'));
}

static int type_prepare(struct refcdev_type *type, struct module *owner)
{
	int ret = 0;

	if (!name_is_valid(type->name) || (type->nodename && !name_is_valid(type->nodename)))
		return -EINVAL;
	/* Without it an open file would not keep the module that its operations are in. */
	if (!type->fops || type->fops->owner != owner) {
		pr_err("refcdev: %s: needs file_operations with .owner = THIS_MODULE\n",
		       type->name);
		return -EINVAL;
	}
	mutex_lock(&types_lock);
	if (!type->range)
		ret = refcdev_make_proxy(type) ?: refcdev_range_get(type, owner);
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
 * a node that is published after the flag was set would be reachable for ever. And
 * from here on inside, so that the disconnect waits until the node has its device.
 */
static int node_publish(struct refcdev *cdev, struct lifetime *life)
{
	int ret = LIFETIME_GONE;

	mutex_lock(&life->list_lock);
	if (lifetime_enter(life)) {
		ret = refcdev_publish(cdev);
		if (!ret) {
			lifetime_get_bare(life, HOLDER_node);
			list_add_tail(&cdev->list, &life->nodes);
		} else {
			lifetime_exit(life);
		}
	}
	mutex_unlock(&life->list_lock);
	return ret;
}

/* If it fails: the inode stays until the object goes, for files that were opened. */
static int node_announce(struct refcdev *cdev, struct device *parent)
{
	struct device *dev;
	int ret = 0;

	refcdev_delay(register_live);
	dev = node_create_device(cdev, parent);
	if (IS_ERR(dev)) {
		refcdev_unpublish(cdev);
		ret = PTR_ERR(dev);
	} else {
		smp_store_release(&cdev->dev, dev);	/* pairs with warn_late() */
	}
	trace_refcdev_register(cdev->life->name, refcdev_devt(cdev), ret);
	lifetime_exit(cdev->life);
	return ret;
}

/**
 * __refcdev_register() - refcdev_register() for a given module
 * @parent: parent of the node's device in sysfs; the device that is being bound
 * @cdev: the node, part of the object; zeroed, with &refcdev.index set where @type
 *	has %REFCDEV_FIXED_INDEX
 * @life: the object
 * @type: what all nodes of this kind have in common
 * @owner: the calling module
 *
 * Context: process context, sleeps. One call at a time for one @cdev.
 * Return: as refcdev_register().
 */
int __refcdev_register(struct device *parent, struct refcdev *cdev, struct lifetime *life,
		       struct refcdev_type *type, struct module *owner)
{
	int ret;

	might_sleep();
	if (lifetime_is_misplaced(parent, life) || refcdev_is_misplaced(parent, life, cdev))
		return -EINVAL;
	if (WARN_ONCE(cdev->inode, "refcdev: %s: node registered twice\n", life->name))
		return -EBUSY;
	ret = type_prepare(type, owner);
	if (ret)
		return ret;
	cdev->type = type;
	cdev->fops = type->fops;
	cdev->life = life;
	ret = refcdev_get_inode(cdev);
	if (ret)
		return ret;
	ret = refcdev_index_get(cdev);
	if (ret)
		goto err_inode;
	ret = node_publish(cdev, life);
	if (ret)
		goto err_index;
	return node_announce(cdev, parent);

err_index:
	refcdev_index_put(cdev);
err_inode:
	refcdev_put_inode(cdev);
	return ret;
}
EXPORT_SYMBOL_GPL(__refcdev_register);

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
 * If the driver had no remove that disconnects, some buses have taken the power from
 * the device by now: calls that are still inside may hang it. Likewise where a probe that
 * fails after registration did not disconnect.
 */
void devm_refcdev_unregister(struct device *dev, void *res)
{
	struct refcdev *cdev = *(struct refcdev **)res;
	struct lifetime *life = cdev->life;

	WARN_ONCE(IS_ENABLED(CONFIG_REFCDEV_DEBUG) && dev->links.status == DL_DEV_UNBINDING &&
		  !lifetime_disconnected(life),
		  "refcdev: %s: still connected after remove: use refcdev_remove()\n",
		  life->name);
	lifetime_disconnect_forced(life);
	lifetime_put_bare(life, HOLDER_registration);
}

/**
 * __devm_refcdev_register() - devm_refcdev_register() for a given module
 * @dev: the device that is being bound
 * @cdev: the node
 * @life: the object
 * @type: what all nodes of this kind have in common
 * @owner: the calling module
 *
 * Context: process context, sleeps.
 * Return: as refcdev_register().
 */
int __devm_refcdev_register(struct device *dev, struct refcdev *cdev, struct lifetime *life,
			    struct refcdev_type *type, struct module *owner)
{
	struct refcdev **undo;
	int ret;

	/* Then there is nothing to disconnect, either. */
	if (lifetime_is_misplaced(dev, life))
		return -EINVAL;
	undo = devres_alloc(devm_refcdev_unregister, sizeof(*undo), GFP_KERNEL);
	ret = undo ? __refcdev_register(dev, cdev, life, type, owner) : -ENOMEM;
	if (!ret) {
		/* The object may be bound elsewhere, and end before @dev does. */
		lifetime_get_bare(life, HOLDER_registration);
		*undo = cdev;
		devres_add(dev, undo);
		return 0;
	}
	if (undo)
		devres_free(undo);
	lifetime_disconnect_forced(life);
	return ret;
}
EXPORT_SYMBOL_GPL(__devm_refcdev_register);

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

	if (cdev->dev)
		device_unregister(cdev->dev);
	cdev->dev = NULL;
	trace_refcdev_unregister(life->name, refcdev_devt(cdev), 0);
	refcdev_index_put(cdev);
	/* Not the last: the caller has one. */
	lifetime_put_bare(life, HOLDER_node);
}

/*
 * Nodes join the list only while the object is live, and have their device before they
 * leave the gate: after the drain nothing changes here any more.
 */
void refcdev_remove_nodes(struct lifetime *life)
{
	struct refcdev *cdev;

	list_for_each_entry_reverse(cdev, &life->nodes, list)
		node_remove(cdev);
}

void refcdev_release_nodes(struct lifetime *life)
{
	struct refcdev *cdev, *next;
	LIST_HEAD(nodes);

	/* A dump may read the list. */
	mutex_lock(&life->list_lock);
	list_splice_init(&life->nodes, &nodes);
	mutex_unlock(&life->list_lock);
	list_for_each_entry_safe(cdev, next, &nodes, list)
		refcdev_put_inode(cdev);
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
