// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_heaps.c: links in sysfs, from the device to the heaps whose buffers it can reach, and back
 *
 * For people, and for programs that set up a machine: a buffer from elsewhere is as good, if the
 * device can reach it. The heaps' driver is found by name, and may come and go, so the links are
 * made when it arrives, and removed when the first of the two leaves. A link lies in the folder of
 * one device and points to the other; each side has to be there for it to be removed:
 *
 * - the heaps are as long as we are inside their gate, or have not returned from leaving;
 * - this device is, until the driver is unbound: edu_hide_heaps(), which is the last word.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "../heap_exporter.h"
#include "edu.h"

#define EDU_LINK_NAME	64

static void edu_link_name(char *name, const char *what, struct device *dev)
{
	snprintf(name, EDU_LINK_NAME, "%s:%s", what, dev_name(dev));
}

/* Not an error, but for whoever looks for it: the buffers do not depend on it. */
static void edu_link(struct device *from, struct device *to, const char *what)
{
	char name[EDU_LINK_NAME];

	edu_link_name(name, what, to);
	if (sysfs_create_link(&from->kobj, &to->kobj, name))
		dev_warn(from, "no link to %s\n", dev_name(to));
}

static void edu_unlink(struct device *from, struct device *to, const char *what)
{
	char name[EDU_LINK_NAME];

	edu_link_name(name, what, to);
	sysfs_remove_link(&from->kobj, name);
}

/* @there: the heaps are in sysfs, and stay there until this returns. */
static void edu_forget_heaps(struct edu *edu, bool there)
{
	struct device *dev = &edu->pdev->dev;
	int i;

	lockdep_assert_held(&edu->heaps_lock);
	for (i = 0; i < EDU_HEAPS_MAX && edu->heaps[i]; i++) {
		edu_unlink(dev, edu->heaps[i], "heap");
		if (there)
			edu_unlink(edu->heaps[i], dev, "importer");
		put_device(edu->heaps[i]);
		edu->heaps[i] = NULL;
	}
}

static void edu_heaps_arrived(struct lifetime_consumer *consumer)
{
	struct edu *edu = container_of(consumer, struct edu, consumer);
	struct lifetime *life = lifetime_consumer_enter(consumer);
	struct device *dev = &edu->pdev->dev, *heap;
	struct heap_exporter *exporter;
	int i;

	/* Gone again: then leaving follows, and has nothing to do. */
	if (!life)
		return;
	exporter = to_heap_exporter(life);
	mutex_lock(&edu->heaps_lock);
	for (i = 0; i < EDU_HEAPS_MAX && !edu->no_heaps; i++) {
		heap = exporter->ops->get_heap(exporter, i, edu_address_bits(edu));
		if (!heap)
			break;
		edu->heaps[i] = heap;
		edu_link(dev, heap, "heap");
		edu_link(heap, dev, "importer");
	}
	mutex_unlock(&edu->heaps_lock);
	lifetime_exit(life);
}

/*
 * The lock is one that others hold inside the provider's gate, and leaving must not wait for who
 * is inside; these hold it for as long as it takes to make links, and wait for nobody.
 */
static void edu_heaps_leaving(struct lifetime_consumer *consumer)
{
	struct edu *edu = container_of(consumer, struct edu, consumer);

	mutex_lock(&edu->heaps_lock);
	edu_forget_heaps(edu, true);
	mutex_unlock(&edu->heaps_lock);
}

/*
 * Where the heaps leave at the same time, and before we are told, what points to us goes with their
 * folders.
 */
static void edu_hide_heaps(void *data)
{
	struct edu *edu = data;
	struct lifetime *life = lifetime_consumer_enter(&edu->consumer);

	mutex_lock(&edu->heaps_lock);
	edu->no_heaps = true;
	if (life)
		edu_forget_heaps(edu, true);
	mutex_unlock(&edu->heaps_lock);
	if (life)
		lifetime_exit(life);
	lifetime_consumer_remove(&edu->consumer);
	mutex_lock(&edu->heaps_lock);
	edu_forget_heaps(edu, false);
	mutex_unlock(&edu->heaps_lock);
}

int edu_show_heaps(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	edu->consumer.name = lifetime_name(&edu->life);
	edu->consumer.wants = lifetime_kasprintf(&edu->life, GFP_KERNEL, HEAP_EXPORTER_NAME, 0);
	if (!edu->consumer.wants)
		return -ENOMEM;
	edu->consumer.arrived = edu_heaps_arrived;
	edu->consumer.leaving = edu_heaps_leaving;
	ret = lifetime_mutex_init(&edu->life, &edu->heaps_lock);
	if (!ret)
		ret = lifetime_consumer_add(&edu->consumer);
	return ret ?: devm_add_action_or_reset(dev, edu_hide_heaps, edu);
}
