// SPDX-License-Identifier: GPL-2.0-only
/*
 * range.c: device numbers: a range per type, an index per node, a table of who is
 * reachable
 *
 * One cdev stands for all minors, and each open looks its node up by number. The
 * cdev that an inode caches (inode->i_cdev) is therefore always this one: an inode
 * that outlives a node, because a file is still open or because somebody made it
 * with mknod(1), reaches whoever has the number now, or nobody.
 *
 * A range is remembered by the type's name until the core goes, so that a driver
 * that is loaded anew finds its old numbers.
 */

#include <linux/cdev.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "range.h"

#define DEFAULT_NODES	256U

struct refcdev_range {
	struct list_head list;
	unsigned int first, count;
	struct ida indexes;
	char name[];
};

static DEFINE_MUTEX(ranges_lock);
static LIST_HEAD(ranges);
static unsigned int next_minor;
static DEFINE_XARRAY(reachable);	/* minor -> struct refcdev; see open_enter() */
static struct cdev *dispatcher_cdev;
static dev_t first_devt;

static unsigned int node_limit(const struct refcdev_type *type)
{
	return type->max_nodes ?: DEFAULT_NODES;
}

static struct refcdev_range *range_find(const char *name)
{
	struct refcdev_range *range;

	lockdep_assert_held(&ranges_lock);
	list_for_each_entry(range, &ranges, list)
		if (!strcmp(range->name, name))
			return range;
	return NULL;
}

static struct refcdev_range *range_new(const char *name, unsigned int count)
{
	struct refcdev_range *range;
	size_t size = strlen(name) + 1;

	lockdep_assert_held(&ranges_lock);
	if (count > MINORMASK + 1 - next_minor)
		return ERR_PTR(-ENOSPC);
	range = kzalloc(struct_size(range, name, size), GFP_KERNEL);
	if (!range)
		return ERR_PTR(-ENOMEM);
	memcpy(range->name, name, size);
	ida_init(&range->indexes);
	range->first = next_minor;
	range->count = count;
	next_minor += count;
	list_add_tail(&range->list, &ranges);
	return range;
}

/**
 * refcdev_range_get() - find a type's range, or give it one
 * @type: the type; its range is set on success
 * @owner: its module: two drivers may have types of the same name
 *
 * Return: 0, -ENOMEM, -ENOSPC if there are not so many minors left, -EBUSY with a
 *	message if the name has a range already that is too small.
 */
int refcdev_range_get(struct refcdev_type *type, struct module *owner)
{
	const char *module = owner ? module_name(owner) : "";
	unsigned int count = node_limit(type);
	struct refcdev_range *range;
	char *name;
	int ret = 0;

	name = kasprintf(GFP_KERNEL, "%s:%s", module, type->name);
	if (!name)
		return -ENOMEM;
	mutex_lock(&ranges_lock);
	range = range_find(name) ?: range_new(name, count);
	if (IS_ERR(range)) {
		ret = PTR_ERR(range);
	} else if (range->count < count) {
		pr_err("refcdev: %s: has a range of %u nodes from before, and now wants %u: unload refcdev\n",
		       name, range->count, count);
		ret = -EBUSY;
	} else {
		type->range = range;
	}
	mutex_unlock(&ranges_lock);
	kfree(name);
	return ret;
}

/**
 * refcdev_index_get() - reserve a node's index, and with it its minor
 * @cdev: the node; its index is used or set, as its type says
 *
 * Return: 0; -EBUSY if the fixed index is taken, -ENOSPC if all are, -EINVAL if it is
 *	beyond the range, -ENOMEM.
 */
int refcdev_index_get(struct refcdev *cdev)
{
	struct refcdev_range *range = cdev->type->range;
	unsigned int low = 0, high = node_limit(cdev->type) - 1;
	bool fixed = cdev->type->flags & REFCDEV_FIXED_INDEX;
	int ret;

	if (fixed) {
		if (cdev->index > high)
			return -EINVAL;
		low = cdev->index;
		high = low;
	}
	ret = ida_alloc_range(&range->indexes, low, high, GFP_KERNEL);
	if (ret < 0)
		return fixed && ret == -ENOSPC ? -EBUSY : ret;
	cdev->index = ret;
	return 0;
}

void refcdev_index_put(struct refcdev *cdev)
{
	ida_free(&cdev->type->range->indexes, cdev->index);
}

static unsigned int refcdev_minor(const struct refcdev *cdev)
{
	return cdev->type->range->first + cdev->index;
}

dev_t refcdev_devt(const struct refcdev *cdev)
{
	return first_devt + refcdev_minor(cdev);
}

/* From here on opens find the node. Returns 0, -ENOMEM, or -EBUSY on a core bug. */
int refcdev_publish(struct refcdev *cdev)
{
	return xa_insert(&reachable, refcdev_minor(cdev), cdev, GFP_KERNEL);
}

/* From here on no open finds the node; one that has found it has preemption off. */
void refcdev_unpublish(struct refcdev *cdev)
{
	xa_cmpxchg(&reachable, refcdev_minor(cdev), cdev, NULL, GFP_KERNEL);
}

/*
 * Called with preemption off, and the result is used as long as that stays so. To RCU it is
 * a read section; only lockdep has to be told.
 */
struct refcdev *refcdev_lookup(unsigned int minor)
{
	XA_STATE(xas, &reachable, minor);
	struct refcdev *cdev;

	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_lock();
	/* xa_load() without a read section of its own. There are no reserved entries. */
	do {
		cdev = xas_load(&xas);
	} while (xas_retry(&xas, cdev));
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_unlock();
	return cdev;
}

int __init refcdev_init_ranges(const struct file_operations *dispatcher)
{
	int ret = alloc_chrdev_region(&first_devt, 0, MINORMASK + 1, "refcdev");

	if (ret)
		return ret;
	/* Not embedded in module memory: its kobject may be released late. */
	dispatcher_cdev = cdev_alloc();
	if (!dispatcher_cdev) {
		ret = -ENOMEM;
		goto err_region;
	}
	dispatcher_cdev->owner = THIS_MODULE;
	dispatcher_cdev->ops = dispatcher;
	ret = cdev_add(dispatcher_cdev, first_devt, MINORMASK + 1);
	if (ret)
		goto err_cdev;
	return 0;

err_cdev:
	kobject_put(&dispatcher_cdev->kobj);
err_region:
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	return ret;
}

void refcdev_exit_ranges(void)
{
	struct refcdev_range *range, *next;

	cdev_del(dispatcher_cdev);
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	WARN_ON(!xa_empty(&reachable));
	list_for_each_entry_safe(range, next, &ranges, list) {
		ida_destroy(&range->indexes);
		kfree(range);
	}
}
