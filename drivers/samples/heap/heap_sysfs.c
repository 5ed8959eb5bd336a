// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_sysfs.c: /sys/class/refcdev_heap: what is shown of a heap, as long as its exporter is bound
 *
 * Described in Documentation/ABI/testing/sysfs-class-refcdev_heap. The devices are the driver
 * core's own, so there is no release of ours that one could be waiting for; what they refer to
 * is the exporter's object, which is there when devres takes them away.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "../../refcdev/compat.h"
#include "heap.h"

/* Allocated, and not our own: the kernel may look at it when this module has gone. */
static struct class *heap_class;

static u64 heap_read(struct device *dev, const u64 *value)
{
	struct heap *heap = dev_get_drvdata(dev);
	u64 now;

	spin_lock(&heap->lock);
	now = *value;
	spin_unlock(&heap->lock);
	return now;
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(page, "%llu\n", heap_read(dev, &heap->size));
}

/* Less than is used is allowed: nothing is taken away, and nothing handed out. */
static ssize_t size_store(struct device *dev, struct device_attribute *attr, const char *page,
			  size_t count)
{
	struct heap *heap = dev_get_drvdata(dev);
	u64 size;
	int ret;

	/* The mode of the file says so, and whoever may change that is told here. */
	if (heap->kind->flags & REFCDEV_HEAP_FIXED)
		return -EPERM;
	ret = kstrtou64(page, 0, &size);
	if (ret)
		return ret;
	if (!IS_ALIGNED(size, PAGE_SIZE))
		return -EINVAL;
	spin_lock(&heap->lock);
	WRITE_ONCE(heap->size, size);
	spin_unlock(&heap->lock);
	return count;
}
static DEVICE_ATTR_RW(size);

static ssize_t used_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(page, "%llu\n", heap_read(dev, &heap->used));
}
static DEVICE_ATTR_RO(used);

static ssize_t peak_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(page, "%llu\n", heap_read(dev, &heap->peak));
}
static DEVICE_ATTR_RO(peak);

static ssize_t buffers_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(page, "%lu\n", READ_ONCE(heap->buffers));
}
static DEVICE_ATTR_RO(buffers);

static ssize_t address_bits_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(page, "%u\n", heap->address_bits);
}
static DEVICE_ATTR_RO(address_bits);

static ssize_t contiguous_show(struct device *dev, struct device_attribute *attr, char *page)
{
	struct heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(page, "%d\n", !!(heap->kind->flags & REFCDEV_HEAP_CONTIGUOUS));
}
static DEVICE_ATTR_RO(contiguous);

static struct attribute *heap_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_used.attr,
	&dev_attr_peak.attr,
	&dev_attr_buffers.attr,
	&dev_attr_address_bits.attr,
	&dev_attr_contiguous.attr,
	NULL
};

static umode_t heap_attr_mode(struct kobject *kobj, struct attribute *attr, int index)
{
	struct heap *heap = dev_get_drvdata(kobj_to_dev(kobj));

	if (attr == &dev_attr_size.attr && heap->kind->flags & REFCDEV_HEAP_FIXED)
		return 0444;
	return attr->mode;
}

static const struct attribute_group heap_group = {
	.attrs		= heap_attrs,
	.is_visible	= heap_attr_mode,
};

static const struct attribute_group *heap_groups[] = {
	&heap_group,
	NULL
};

static void heap_hide(void *dev)
{
	device_unregister(dev);
}

/**
 * heap_show() - show a heap in sysfs until its exporter is unbound
 * @dev: the exporter's device
 * @number: of the exporter
 * @heap: the heap
 *
 * Return: 0, or what the driver core says.
 */
int heap_show(struct device *dev, unsigned int number, struct heap *heap)
{
	heap->dev = device_create_with_groups(heap_class, dev, MKDEV(0, 0), heap, heap_groups,
					      "heap%u-%s", number, heap->kind->name);
	if (IS_ERR(heap->dev))
		return PTR_ERR(heap->dev);
	return devm_add_action_or_reset(dev, heap_hide, heap->dev);
}

int heap_class_init(void)
{
	heap_class = class_create_compat("refcdev_heap");
	return PTR_ERR_OR_ZERO(heap_class);
}

void heap_class_exit(void)
{
	class_destroy(heap_class);
}
