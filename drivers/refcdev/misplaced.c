// SPDX-License-Identifier: GPL-2.0-only
/*
 * misplaced.c: does an object, or what it refers to, lie in memory that devres frees?
 *
 * The bug that this project is about: devm_kzalloc() for data that an open file uses.
 * Looked for where the object is about to be reached, at registration: the object, the
 * node, the wait queues that it knows and the data of its actions, in the resources of the
 * device and of all devices above it, whose drivers are unbound before or after, but
 * never when the last file is closed.
 *
 * devres tells nobody what it has. But its list is in struct device, and each entry is
 * the beginning of the memory that it stands for, which the allocator knows the size of.
 */

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "lifetime.h"
#include "managed.h"
#include "misplaced.h"

/**
 * refcdev_ends_group() - is this the end of a group of resources?
 * @dev: the device; its devres_lock is held
 * @end: an entry of its list
 *
 * A group of resources, which a bus or component may have opened long before, has an entry
 * at either end, one right after the other in memory. Entries of different resources are
 * further apart: no piece of memory that one fits in is smaller than eight pointers.
 */
bool refcdev_ends_group(struct device *dev, struct list_head *end)
{
	struct list_head *entry;

	lockdep_assert_held(&dev->devres_lock);
	list_for_each(entry, &dev->devres_head) {
		unsigned long distance = (unsigned long)end - (unsigned long)entry;

		if (distance && distance <= 6 * sizeof(void *))
			return true;
	}
	return false;
}

/*
 * The nearest entry below is the only one that can have it: the pieces of memory do not
 * overlap. If that is in the same slab, or the same large piece, ksize() may be asked.
 */
static size_t devres_with(struct device *dev, const void *address)
{
	struct list_head *entry, *nearest = NULL;
	unsigned long flags;
	size_t size = 0;

	spin_lock_irqsave(&dev->devres_lock, flags);
	list_for_each(entry, &dev->devres_head)
		if ((void *)entry < address && entry > nearest)
			nearest = entry;
	if (nearest && virt_addr_valid(nearest) &&
	    virt_to_head_page(nearest) == virt_to_head_page(address) &&
	    !refcdev_ends_group(dev, nearest))
		size = ksize(nearest);
	if (size && address - (void *)nearest >= size)
		size = 0;
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return size;
}

static bool lies_in_devres(struct device *dev, const void *address, const char *what,
			   const char *name)
{
	struct device *owner;
	size_t size;

	if (!virt_addr_valid(address))
		return false;
	for (owner = dev; owner; owner = owner->parent) {
		size = devres_with(owner, address);
		if (!size)
			continue;
		WARN(1, "refcdev: %s: driver %s has its %s in %zu bytes that devres frees when %s is unbound, and files may still use it: see lifetime_alloc()\n",
		     name, dev_driver_string(dev), what, size, dev_name(owner));
		return true;
	}
	return false;
}

static bool waiters_misplaced(struct device *dev, struct lifetime *life)
{
	struct lifetime_waiter *waiter;
	bool found = false;

	mutex_lock(&life->list_lock);
	list_for_each_entry(waiter, &life->waiters, list) {
		found |= lies_in_devres(dev, waiter->wq, "wait queue", life->name);
		found |= lies_in_devres(dev, waiter->fasync, "fasync list", life->name);
	}
	mutex_unlock(&life->list_lock);
	return found;
}

/* Those on the way down run while devm memory is there. */
static bool actions_misplaced(struct device *dev, struct lifetime *life)
{
	struct managed_action *action;
	struct managed *managed;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&life->managed_lock, flags);
	list_for_each_entry(managed, &life->managed, list) {
		if (managed->phase != LIFETIME_AT_RELEASE)
			continue;
		action = managed_action(managed);
		if (action)
			found |= lies_in_devres(dev, action->data, "action's data", life->name);
	}
	spin_unlock_irqrestore(&life->managed_lock, flags);
	return found;
}

/**
 * lifetime_is_misplaced() - would devres free an object before its last user lets go?
 * @dev: the device that is being bound, or NULL
 * @life: the object
 *
 * Says so, with the names of driver and device. Nothing in @life may be used then.
 *
 * Context: process context, may sleep.
 * Return: true if so, or if @life was not made by lifetime_alloc().
 */
bool lifetime_is_misplaced(struct device *dev, struct lifetime *life)
{
	const char *name = dev ? dev_name(dev) : "(no device)";

	return (dev && lies_in_devres(dev, life, "struct lifetime", name)) ||
	       WARN(!life->memory || !life->ops,
		    "refcdev: %s: a struct lifetime that lifetime_alloc() has not made\n", name);
}

/**
 * refcdev_is_misplaced() - would devres free what an object refers to too early?
 * @dev: the device that is being bound, or NULL
 * @life: the object, which is not misplaced itself
 * @cdev: the node that is to be registered, or NULL
 *
 * Says so, with the names of driver and device.
 *
 * Context: process context, may sleep.
 * Return: true if so.
 */
bool refcdev_is_misplaced(struct device *dev, struct lifetime *life, struct refcdev *cdev)
{
	if (!dev)
		return false;
	return (cdev && lies_in_devres(dev, cdev, "struct refcdev", life->name)) ||
	       waiters_misplaced(dev, life) || actions_misplaced(dev, life);
}
