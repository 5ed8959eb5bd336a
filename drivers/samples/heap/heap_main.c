// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_main.c: memory for user space and for other drivers, which outlives the device that it is
 * from: the driver to copy from for what is exported
 *
 * What it does for user space is described in <linux/refcdev_heap.h>. What it shows, beyond fifo.c:
 *
 * - an object that is kept not by open files alone, but by what was handed out through them:
 *   heap_buffer.c says who that may be;
 * - names that cannot be written into a program: heap_fops.c;
 * - devices in sysfs of the driver's own, with others' beside them: heap_exporter.h, and
 *   edu_heaps.c for the other side.
 *
 * The idea is older than dma-heap: what a name of a heap should be, that pools stay inside the
 * kernel, and that it is shown which device uses which, is from the review of "Ion cleanup in
 * preparation for moving out of staging", 2017.
 */
#include <linux/module.h>
#include <linux/platform_device.h>

#include "../../refcdev/compat.h"
#include "../sample_bus.h"
#include "heap.h"

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 1)");

static unsigned int system_kib = 64 << 10;
module_param(system_kib, uint, 0644);
MODULE_PARM_DESC(system_kib,
		 "KiB that a device's system heap may hand out, from its next binding on; sysfs changes it later (default 65536)");

static unsigned int reserved_kib = 1 << 10;
module_param(reserved_kib, uint, 0644);
MODULE_PARM_DESC(reserved_kib,
		 "KiB that a device sets aside, from its next binding on; whole pages, up to 4096; 0: no such heap (default 1024)");

static unsigned int file_limit_kib = 16 << 10;
module_param(file_limit_kib, uint, 0444);
MODULE_PARM_DESC(file_limit_kib,
		 "KiB that what was allocated through one open file may have (default 16384)");

u64 heap_file_limit;
struct heap_stats heap_stats;

static const struct sample_counter heap_counters[] = {
	{ "created", &heap_stats.created },
	{ "released", &heap_stats.released },
	{ "opens", &heap_stats.opens },
	{ "closes", &heap_stats.closes },
	{ "files", &heap_stats.files },
	{ "buffers", &heap_stats.buffers },
	{ "mapped", &heap_stats.mapped },
	{ "late", &heap_stats.late },
	{ }
};

static struct heap_device *to_heap_device(struct heap_exporter *exporter)
{
	return container_of(exporter, struct heap_device, exporter);
}

static struct device *heap_get_device(struct heap_exporter *exporter, unsigned int index,
				      unsigned int address_bits)
{
	struct heap_device *self = to_heap_device(exporter);
	unsigned int i;

	for (i = 0; i < self->nr_heaps; i++)
		if (self->heaps[i].address_bits <= address_bits && !index--)
			return get_device(self->heaps[i].dev);
	return NULL;
}

static const struct heap_exporter_ops heap_exporter_ops = {
	.get_heap	= heap_get_device,
};

/* The reserve goes without it. */
static void heap_release(struct lifetime *life)
{
	atomic_inc(&heap_stats.released);
}

static const struct lifetime_ops heap_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= heap_release,
};

static int heap_add(struct heap_device *self, struct device *dev, unsigned int number,
		    const struct heap_kind *kind, unsigned int kib)
{
	struct heap *heap = &self->heaps[self->nr_heaps];
	int ret = heap_init(heap, self, kind, (u64)kib << 10);

	if (ret)
		return dev_err_probe(dev, ret, "a %s heap of %u KiB cannot be had\n", kind->name,
				     kib);
	self->nr_heaps++;
	return heap_show(dev, number, heap);
}

static int heap_probe(struct platform_device *pdev)
{
	unsigned int set_aside = READ_ONCE(reserved_kib), number = pdev->id < 0 ? 0 : pdev->id;
	struct device *dev = &pdev->dev;
	struct heap_device *self;
	const char *name;
	int ret;

	self = lifetime_alloc(struct heap_device, exporter.life, dev, &heap_lifetime_ops);
	if (IS_ERR(self))
		return PTR_ERR(self);
	atomic_inc(&heap_stats.created);
	self->exporter.ops = &heap_exporter_ops;
	self->cdev.index = number;
	ret = heap_add(self, dev, number, &heap_system, READ_ONCE(system_kib));
	if (!ret && set_aside)
		ret = heap_add(self, dev, number, &heap_reserved, set_aside);
	if (ret)
		return ret;
	name = lifetime_kasprintf(&self->exporter.life, GFP_KERNEL, HEAP_EXPORTER_NAME, number);
	if (!name)
		return -ENOMEM;
	/* Who finds it links to what is in sysfs: so the way down has to tell them first. */
	ret = devm_lifetime_disconnect(dev, &self->exporter.life);
	if (!ret)
		ret = lifetime_provide(&self->exporter.life, &self->provider, name);
	return ret ?: devm_refcdev_register(dev, &self->cdev, &self->exporter.life, &heap_type);
}

static struct platform_driver heap_driver = {
	.driver.name	= "refcdev-heap",
	.probe		= heap_probe,
	.remove_void	= refcdev_remove,
};

static int __init heap_module_init(void)
{
	int ret;

	if (!file_limit_kib) {
		pr_err("heap: file_limit_kib=0: nothing could be allocated\n");
		return -EINVAL;
	}
	heap_file_limit = (u64)file_limit_kib << 10;
	ret = heap_class_init();
	if (ret)
		return ret;
	ret = sample_bus_init(&heap_driver, devices, heap_counters);
	if (ret)
		heap_class_exit();
	return ret;
}
module_init(heap_module_init);

static void __exit heap_module_exit(void)
{
	sample_bus_exit(&heap_driver);
	heap_class_exit();
}
module_exit(heap_module_exit);

MODULE_DESCRIPTION("Heaps: sample of memory that outlives the device it is from");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
