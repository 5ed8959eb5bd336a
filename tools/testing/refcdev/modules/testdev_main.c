// SPDX-License-Identifier: GPL-2.0-only
/*
 * testdev_main.c: the test driver's devices, two nodes and one lifetime each, and what it
 * can be asked to do that drivers should not
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "../../../../drivers/refcdev/compat.h"
#include "testdev.h"
#include "testdev_ioctl.h"

#define TESTDEV_DRIVER	"refcdev-test"
#define TESTDEV_COUNT	2

#define COUNT_NAME(name)	#name,

static const char * const count_names[] = {
	TESTDEV_COUNTS(COUNT_NAME)
};

atomic_t testdev_counts[COUNT_END];

static struct platform_device *testdevs[TESTDEV_COUNT];
static struct dentry *dir;

/* As hardware that takes its time to give up: the drain has to wait for it. */
static long testdev_linger(struct testdev *testdev, unsigned int ms)
{
	int ret = lifetime_wait_event(&testdev->life, testdev->wait, false);

	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	count(lingered);
	return ret;
}

static int testdev_check_flags(int flags)
{
	return 0;
}

static const struct file_operations testdev_unguarded_fops = {
	.owner		= THIS_MODULE,
	.check_flags	= testdev_check_flags,
};

static struct refcdev_type testdev_unguarded_type = {
	.name		= "testunguarded%d",
	.fops		= &testdev_unguarded_fops,
};

static long testdev_register_unguarded(struct testdev *testdev)
{
	struct refcdev cdev = {};

	return refcdev_register(testdev->dev, &cdev, &testdev->life, &testdev_unguarded_type);
}

long testdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct testdev *testdev = testdev_of(file);

	count(ioctl);
	switch (cmd) {
	case TESTDEV_UNBIND_SELF:
		device_release_driver(testdev->dev);
		return 0;
	case TESTDEV_DISCONNECT_SELF:
		return lifetime_disconnect(&testdev->life);
	case TESTDEV_UNBIND_OTHER:
		if (arg >= TESTDEV_COUNT)
			return -EINVAL;
		device_release_driver(&testdevs[arg]->dev);
		return 0;
	case TESTDEV_LINGER:
		return testdev_linger(testdev, arg);
	case TESTDEV_REGISTER_UNGUARDED:
		return testdev_register_unguarded(testdev);
	case TESTDEV_NOTHING:
		return 0;
	default:
		return -ENOTTY;
	}
}

struct refcdev_type testdev_plain_type = {
	.name		= "testdev%d",
	.fops		= &testdev_plain_fops,
	.vma_policy	= REFCDEV_VMA_KEEP,
	.flags		= REFCDEV_FIXED_INDEX,
};

static struct refcdev_type testdev_iter_type = {
	.name		= "testiter%d",
	.fops		= &testdev_iter_fops,
	.vma_policy	= REFCDEV_VMA_KEEP,
	.flags		= REFCDEV_FIXED_INDEX,
};

static void testdev_release(struct lifetime *life)
{
	struct testdev *testdev = container_of(life, struct testdev, life);

	vfree(testdev->buffer);
	count(released);
}

static const struct lifetime_ops testdev_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= testdev_release,
};

static int testdev_probe(struct platform_device *pdev)
{
	struct testdev *testdev;
	int ret;

	testdev = lifetime_alloc(struct testdev, life, &pdev->dev, &testdev_lifetime_ops);
	if (IS_ERR(testdev))
		return PTR_ERR(testdev);
	count(created);
	testdev->dev = &pdev->dev;
	init_waitqueue_head(&testdev->wait);
	ret = lifetime_add_waitqueue(&testdev->life, &testdev->wait);
	if (ret)
		return ret;
	testdev->buffer = vmalloc_user(PAGE_SIZE);
	if (!testdev->buffer)
		return -ENOMEM;
	testdev->plain.index = pdev->id;
	testdev->iter.index = pdev->id;
	ret = devm_refcdev_register(&pdev->dev, &testdev->plain, &testdev->life,
				    &testdev_plain_type);
	if (ret)
		return ret;
	return devm_refcdev_register(&pdev->dev, &testdev->iter, &testdev->life,
				     &testdev_iter_type);
}

static struct platform_driver testdev_driver = {
	.driver.name	= TESTDEV_DRIVER,
	.probe		= testdev_probe,
	.remove_void	= refcdev_remove,
};

static void testdev_remove_all(void)
{
	int i;

	for (i = 0; i < TESTDEV_COUNT; i++)
		if (testdevs[i])
			platform_device_unregister(testdevs[i]);
	platform_driver_unregister(&testdev_driver);
	debugfs_remove_recursive(dir);
}

static int __init testdev_init(void)
{
	struct platform_device *pdev;
	int ret, i;

	ret = platform_driver_register(&testdev_driver);
	if (ret)
		return ret;
	dir = debugfs_create_dir(TESTDEV_DRIVER, NULL);
	for (i = 0; i < COUNT_END; i++)
		debugfs_create_atomic_t(count_names[i], 0444, dir, &testdev_counts[i]);
	for (i = 0; i < TESTDEV_COUNT; i++) {
		pdev = platform_device_register_simple(TESTDEV_DRIVER, i, NULL, 0);
		if (IS_ERR(pdev)) {
			testdev_remove_all();
			return PTR_ERR(pdev);
		}
		testdevs[i] = pdev;
	}
	return 0;
}
module_init(testdev_init);

static void __exit testdev_exit(void)
{
	testdev_remove_all();
}
module_exit(testdev_exit);

MODULE_DESCRIPTION("Test driver of refcdev");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
