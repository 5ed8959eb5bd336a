// SPDX-License-Identifier: GPL-2.0-only
/*
 * twin_main.c: two character devices that are the same driver with the same table of file
 * operations, any subset of them: /dev/twinplain is a plain cdev, /dev/twin is refcdev's
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "../../../../drivers/refcdev/compat.h"
#include "twin.h"

struct twin {
	struct lifetime life;
	struct refcdev node;
};

struct twin_side_data twin_sides[2];
struct twin_setup twin_setup;

static LIST_HEAD(all_tables);
static struct twin_tables *tables;	/* the present ones */
static struct twin *twin;
static struct cdev *plain_cdev;
static dev_t plain_devt;
static struct class *plain_class;
static void *log_page;

struct twin_side_data *twin_side_of(const struct file *file)
{
	return &twin_sides[file->f_op == &tables->plain ? TWIN_PLAIN : TWIN_WRAPPED];
}

static const struct lifetime_ops twin_lifetime_ops = {
	.owner = THIS_MODULE,
};

static const struct file_operations no_fops = {
	.owner = THIS_MODULE,
};

static struct twin_tables *new_tables(const struct twin_setup *setup)
{
	struct twin_tables *new = kzalloc(sizeof(*new), GFP_KERNEL);

	if (!new)
		return NULL;
	twin_fill_fops(&new->plain, setup->plain_ops, setup->flags);
	twin_fill_fops(&new->wrapped, setup->wrapped_ops, setup->flags);
	/* The same name for all: they share one range of minors. */
	new->type.name = "twin";
	new->type.fops = &new->wrapped;
	new->type.vma_policy = REFCDEV_VMA_KEEP;
	new->type.max_nodes = 1;
	list_add(&new->list, &all_tables);
	return new;
}

static void reset_sides(void)
{
	int i, j;

	for (i = 0; i < 2; i++) {
		u8 *data = twin_sides[i].data;

		for (j = 0; j < TWIN_DATA_SIZE; j++)
			data[j] = j * 7 + j / 256;
		memset(twin_sides[i].log, 0, sizeof(*twin_sides[i].log));
	}
}

static void twin_teardown(void)
{
	if (twin)
		lifetime_end(&twin->life);
	twin = NULL;
}

static long twin_make(const struct twin_setup *setup)
{
	struct twin *new;
	int ret;

	if (setup->open >= TWIN_NR_OPENS)
		return -EINVAL;
	twin_teardown();
	tables = new_tables(setup);
	if (!tables)
		return -ENOMEM;
	twin_setup = *setup;
	reset_sides();
	plain_cdev->ops = &tables->plain;
	new = lifetime_alloc(struct twin, life, NULL, &twin_lifetime_ops);
	if (IS_ERR(new))
		return PTR_ERR(new);
	ret = refcdev_register(NULL, &new->node, &new->life, &tables->type);
	if (ret)
		lifetime_end(&new->life);
	else
		twin = new;
	return ret;
}

static long ctl_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct twin_setup setup;

	switch (cmd) {
	case TWIN_SETUP:
		if (copy_from_user(&setup, (void __user *)arg, sizeof(setup)))
			return -EFAULT;
		return twin_make(&setup);
	case TWIN_UNPLUG:
		return twin ? lifetime_disconnect(&twin->life) : -ENODEV;
	case TWIN_TEARDOWN:
		twin_teardown();
		return 0;
	case TWIN_SAME:
		return !memcmp(twin_sides[0].data, twin_sides[1].data, TWIN_DATA_SIZE);
	default:
		return -ENOTTY;
	}
}

static int ctl_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, log_page, vma->vm_pgoff);
}

static const struct file_operations ctl_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = ctl_ioctl,
	.mmap = ctl_mmap,
};

static struct miscdevice ctl = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "twinctl",
	.fops = &ctl_fops,
};

static int sides_init(void)
{
	int i;

	log_page = vmalloc_user(PAGE_SIZE);
	if (!log_page)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		init_waitqueue_head(&twin_sides[i].wait);
		twin_sides[i].log = (struct twin_log *)log_page + i;
		twin_sides[i].data = vmalloc_user(TWIN_DATA_SIZE);
		if (!twin_sides[i].data)
			return -ENOMEM;
	}
	return 0;
}

static void twin_free(void)
{
	struct twin_tables *each, *next;

	if (plain_class && plain_devt)
		device_destroy(plain_class, plain_devt);
	if (plain_cdev)
		cdev_del(plain_cdev);
	if (plain_devt)
		unregister_chrdev_region(plain_devt, 1);
	class_destroy(plain_class);
	list_for_each_entry_safe(each, next, &all_tables, list)
		kfree(each);
	vfree(twin_sides[0].data);
	vfree(twin_sides[1].data);
	vfree(log_page);
}

static int plain_init(void)
{
	struct device *dev;
	int ret;

	plain_class = class_create_compat("twinplain");
	if (IS_ERR(plain_class)) {
		ret = PTR_ERR(plain_class);
		plain_class = NULL;
		return ret;
	}
	ret = alloc_chrdev_region(&plain_devt, 0, 1, "twinplain");
	if (ret)
		return ret;
	plain_cdev = cdev_alloc();
	if (!plain_cdev)
		return -ENOMEM;
	plain_cdev->owner = THIS_MODULE;
	plain_cdev->ops = &no_fops;
	ret = cdev_add(plain_cdev, plain_devt, 1);
	if (ret)
		return ret;
	dev = device_create(plain_class, NULL, plain_devt, NULL, "twinplain");
	return PTR_ERR_OR_ZERO(dev);
}

static int __init twin_init(void)
{
	int ret = sides_init();

	if (!ret)
		ret = plain_init();
	if (!ret)
		ret = misc_register(&ctl);
	if (ret)
		twin_free();
	return ret;
}
module_init(twin_init);

static void __exit twin_exit(void)
{
	misc_deregister(&ctl);
	twin_teardown();
	twin_free();
}
module_exit(twin_exit);

MODULE_DESCRIPTION("The same driver with refcdev and without");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
