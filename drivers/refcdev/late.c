// SPDX-License-Identifier: GPL-2.0-only
/*
 * late.c: does a device have managed resources that were added after its node? Only in
 * debug builds
 *
 * devres frees the last one first. So a resource behind the registration of the first
 * node, in the list that devres keeps, goes before devres disconnects, and came when
 * calls could be inside already. What may be there is the core's own: further nodes, and
 * further objects. The core knows only the data of its resources and devres only tells
 * where a list ends; the two are brought together by their addresses, and what is in a
 * list is looked at under its lock. In between it may change: a node that is registered
 * meanwhile must not look late, so what the core owns is counted last.
 */

#include <linux/list.h>
#include <linux/lockdep.h>

#include "late.h"
#include "misplaced.h"

/* What a walk over the resources of a device looks for, and what it has found. */
struct walk {
	void *first;		/* data of the first registration */
	unsigned int places;	/* from there to the end of the list */
	unsigned int count;
	bool unchanged;
};

/*
 * The place of @res in the list, from the end. Its entry comes first in the memory that
 * it is in: no other one lies between the two.
 */
static unsigned int place_of(struct device *dev, void *res)
{
	unsigned int at = 0, place = 0;
	struct list_head *entry;
	void *nearest = NULL;

	lockdep_assert_held(&dev->devres_lock);
	list_for_each_prev(entry, &dev->devres_head) {
		at++;
		if ((void *)entry < res && (void *)entry > nearest) {
			nearest = entry;
			place = at;
		}
	}
	return place;
}

/*
 * The walks: match functions that match nothing, so that devres_find() shows them every
 * resource of its kind, the last one first. So the first registration is the last seen.
 */
static int count_nodes(struct device *dev, void *res, void *data)
{
	struct walk *walk = data;

	walk->first = res;
	walk->count++;
	return 0;
}

static int count_behind(struct device *dev, void *res, void *data)
{
	struct walk *walk = data;

	walk->count += place_of(dev, res) < walk->places;
	return 0;
}

static int measure(struct device *dev, void *res, void *data)
{
	struct walk *walk = data;

	if (res == walk->first)
		walk->places = place_of(dev, res);
	return 0;
}

static int count_group_ends(struct device *dev, void *res, void *data)
{
	struct list_head *entry = dev->devres_head.prev;
	struct walk *walk = data;
	unsigned int places;

	if (res != walk->first)
		return 0;
	places = place_of(dev, res);
	/* If not, whoever looks next may judge. */
	walk->unchanged = places == walk->places;
	for (; places; places--, entry = entry->prev)
		walk->count += refcdev_ends_group(dev, entry);
	return 0;
}

/**
 * refcdev_has_late() - was a managed resource added after the first node?
 * @dev: the device
 *
 * Context: any but hard interrupt.
 * Return: true if so; may be false for once if resources come or go at the same time.
 */
bool refcdev_has_late(struct device *dev)
{
	struct walk walk = {};

	devres_find(dev, devm_refcdev_unregister, count_nodes, &walk);
	if (!walk.first)
		return false;
	devres_find(dev, devm_refcdev_unregister, measure, &walk);
	walk.count = 0;
	devres_find(dev, devm_refcdev_unregister, count_nodes, &walk);
	if (walk.count >= walk.places)
		return false;
	devres_find(dev, lifetime_binding_end, count_behind, &walk);
	devres_find(dev, lifetime_undo_start, count_behind, &walk);
	devres_find(dev, devm_refcdev_unregister, count_group_ends, &walk);
	return walk.unchanged && walk.count < walk.places;
}
