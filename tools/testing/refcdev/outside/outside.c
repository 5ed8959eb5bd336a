// SPDX-License-Identifier: GPL-2.0-only
/*
 * outside.c: somebody else's driver, built outside of the tree against what 'make install'
 * has put there
 *
 * One letter: write puts it there, read takes it away, and sleeps while there is none.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/refcdev.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/wait.h>

struct outside {
	struct lifetime life;
	struct refcdev cdev;
	wait_queue_head_t filled;
	int letter;			/* 0: none */
};

static ssize_t outside_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct outside *outside = refcdev_object(file, struct outside, cdev);
	int letter, ret;

	if (!size)
		return 0;
	while (!(letter = xchg(&outside->letter, 0))) {
		ret = lifetime_wait_event_interruptible(&outside->life, outside->filled,
							READ_ONCE(outside->letter));
		if (ret)
			return ret;
	}
	return put_user((char)letter, buf) ?: 1;
}

static ssize_t outside_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct outside *outside = refcdev_object(file, struct outside, cdev);
	char letter;

	if (!size)
		return 0;
	if (get_user(letter, buf))
		return -EFAULT;
	xchg(&outside->letter, letter);
	wake_up_interruptible(&outside->filled);
	return 1;
}

static const struct file_operations outside_fops = {
	.owner	= THIS_MODULE,
	.read	= outside_read,
	.write	= outside_write,
};

/* sysfs is no file operation: it enters by itself. */
static ssize_t filled_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct outside *outside = container_of(dev_get_drvdata(dev), struct outside, cdev);
	int letter;

	if (!lifetime_enter(&outside->life))
		return -ENXIO;
	letter = READ_ONCE(outside->letter);
	lifetime_exit(&outside->life);
	return sysfs_emit(buf, "%d\n", !!letter);
}
static DEVICE_ATTR_RO(filled);

static struct attribute *outside_attrs[] = {
	&dev_attr_filled.attr,
	NULL
};
ATTRIBUTE_GROUPS(outside);

static const struct lifetime_ops outside_lifetime_ops = {
	.owner	= THIS_MODULE,
};

static struct refcdev_type outside_type = {
	.name	= "outside%d",
	.fops	= &outside_fops,
	.groups	= outside_groups,
};

static int outside_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct outside *outside;
	int ret;

	outside = lifetime_alloc(struct outside, life, dev, &outside_lifetime_ops);
	if (IS_ERR(outside))
		return PTR_ERR(outside);
	init_waitqueue_head(&outside->filled);
	ret = lifetime_add_waitqueue(&outside->life, &outside->filled);
	if (ret)
		return ret;
	return devm_refcdev_register(dev, &outside->cdev, &outside->life, &outside_type);
}

static struct platform_driver outside_driver = {
	.driver.name	= "outside",
	.probe		= outside_probe,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	.remove_new	= refcdev_remove,
#else
	.remove		= refcdev_remove,
#endif
};

static struct platform_device *outside_device;

static int __init outside_init(void)
{
	int ret = platform_driver_register(&outside_driver);

	if (ret)
		return ret;
	outside_device = platform_device_register_simple("outside", 0, NULL, 0);
	if (IS_ERR(outside_device))
		platform_driver_unregister(&outside_driver);
	return PTR_ERR_OR_ZERO(outside_device);
}
module_init(outside_init);

static void __exit outside_exit(void)
{
	platform_device_unregister(outside_device);
	platform_driver_unregister(&outside_driver);
}
module_exit(outside_exit);

MODULE_DESCRIPTION("Driver that uses refcdev and was built elsewhere");
MODULE_LICENSE("GPL");
