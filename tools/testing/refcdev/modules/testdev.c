// SPDX-License-Identifier: GPL-2.0-only
/*
 * testdev.c: a driver with every file operation there is a proxy for, which counts how
 * often each was called, and which can be asked to do what drivers should not
 *
 * Two nodes per device, one lifetime: testdev%d has read, write and an llseek; testiter%d
 * has read_iter and write_iter.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev.h>
#include <linux/sched.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "../../../../drivers/refcdev/compat.h"
#include "testdev_ioctl.h"

#define TESTDEV_DRIVER	"refcdev-test"
#define TESTDEV_COUNT	2

struct testdev {
	struct lifetime life;
	struct refcdev plain, iter;
	struct device *dev;
	wait_queue_head_t wait;
	struct fasync_struct *fasync;
	void *buffer;
};

/* One counter per operation, beyond the life of any device. */
enum testdev_count {
	COUNT_OPEN, COUNT_RELEASE, COUNT_READ, COUNT_WRITE, COUNT_READ_ITER,
	COUNT_WRITE_ITER, COUNT_POLL, COUNT_IOCTL, COUNT_COMPAT_IOCTL, COUNT_LLSEEK,
	COUNT_FLUSH, COUNT_FASYNC, COUNT_MMAP, COUNT_LINGERED, COUNT_CREATED,
	COUNT_RELEASED,
	COUNT_END
};

static const char * const count_names[] = {
	[COUNT_OPEN] = "open",
	[COUNT_RELEASE] = "release",
	[COUNT_READ] = "read",
	[COUNT_WRITE] = "write",
	[COUNT_READ_ITER] = "read_iter",
	[COUNT_WRITE_ITER] = "write_iter",
	[COUNT_POLL] = "poll",
	[COUNT_IOCTL] = "ioctl",
	[COUNT_COMPAT_IOCTL] = "compat_ioctl",
	[COUNT_LLSEEK] = "llseek",
	[COUNT_FLUSH] = "flush",
	[COUNT_FASYNC] = "fasync",
	[COUNT_MMAP] = "mmap",
	[COUNT_LINGERED] = "lingered",
	[COUNT_CREATED] = "created",
	[COUNT_RELEASED] = "released",
};

static atomic_t counts[COUNT_END];

static void count(enum testdev_count what)
{
	atomic_inc(&counts[what]);
}

static struct platform_device *testdevs[TESTDEV_COUNT];
static struct dentry *dir;

/* The two kinds of nodes are told apart by their table. */
static const struct file_operations testdev_plain_fops, testdev_iter_fops;
static struct refcdev_type testdev_plain_type;

static struct testdev *testdev_of(struct file *file)
{
	if (refcdev_file_is(file, &testdev_plain_type))
		return refcdev_object(file, struct testdev, plain);
	return refcdev_object(file, struct testdev, iter);
}

static int testdev_open(struct inode *inode, struct file *file)
{
	count(COUNT_OPEN);
	return 0;
}

static int testdev_close(struct inode *inode, struct file *file)
{
	count(COUNT_RELEASE);
	return 0;
}

static ssize_t testdev_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	count(COUNT_READ);
	return clear_user(buf, size) ? -EFAULT : size;
}

static ssize_t testdev_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	count(COUNT_WRITE);
	return size;
}

static ssize_t testdev_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	count(COUNT_READ_ITER);
	return iov_iter_zero(iov_iter_count(to), to);
}

static ssize_t testdev_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	size_t size = iov_iter_count(from);

	count(COUNT_WRITE_ITER);
	iov_iter_advance(from, size);
	return size;
}

static __poll_t testdev_poll(struct file *file, poll_table *wait)
{
	count(COUNT_POLL);
	poll_wait(file, &testdev_of(file)->wait, wait);
	return EPOLLIN;
}

static loff_t testdev_llseek(struct file *file, loff_t offset, int whence)
{
	count(COUNT_LLSEEK);
	return fixed_size_llseek(file, offset, whence, PAGE_SIZE);
}

static int testdev_flush(struct file *file, fl_owner_t id)
{
	count(COUNT_FLUSH);
	return 0;
}

static int testdev_fasync(int fd, struct file *file, int on)
{
	count(COUNT_FASYNC);
	return fasync_helper(fd, file, on, &testdev_of(file)->fasync);
}

static const struct vm_operations_struct testdev_vm_ops = {};

static int testdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct testdev *testdev = testdev_of(file);

	count(COUNT_MMAP);
	switch (vma->vm_pgoff) {
	case TESTDEV_MAP_PFN:
		return remap_pfn_range(vma, vma->vm_start, vmalloc_to_pfn(testdev->buffer),
				       PAGE_SIZE, vma->vm_page_prot);
	case TESTDEV_MAP_OPS:
		vma->vm_ops = &testdev_vm_ops;
		return 0;
	default:
		return remap_vmalloc_range(vma, testdev->buffer, vma->vm_pgoff);
	}
}

/* As hardware that takes its time to give up: the drain has to wait for it. */
static long testdev_linger(struct testdev *testdev, unsigned int ms)
{
	int ret = lifetime_wait_event(&testdev->life, testdev->wait, false);

	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	count(COUNT_LINGERED);
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

static long testdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct testdev *testdev = testdev_of(file);

	count(COUNT_IOCTL);
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

static long testdev_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	count(COUNT_COMPAT_IOCTL);
	return 0;
}

static const struct file_operations testdev_plain_fops = {
	.owner		= THIS_MODULE,
	.open		= testdev_open,
	.release	= testdev_close,
	.read		= testdev_read,
	.write		= testdev_write,
	.poll		= testdev_poll,
	.unlocked_ioctl	= testdev_ioctl,
	.compat_ioctl	= testdev_compat_ioctl,
	.llseek		= testdev_llseek,
	.flush		= testdev_flush,
	.fasync		= testdev_fasync,
	.mmap		= testdev_mmap,
};

static const struct file_operations testdev_iter_fops = {
	.owner		= THIS_MODULE,
	.open		= testdev_open,
	.release	= testdev_close,
	.read_iter	= testdev_read_iter,
	.write_iter	= testdev_write_iter,
	.unlocked_ioctl	= testdev_ioctl,
	.llseek		= testdev_llseek,
};

static struct refcdev_type testdev_plain_type = {
	.name		= "testdev%d",
	.fops		= &testdev_plain_fops,
	.vma_policy	= REFCDEV_VMA_KEEP,
	.flags		= REFCDEV_FIXED_INDEX,
};

static struct refcdev_type testdev_iter_type = {
	.name		= "testiter%d",
	.fops		= &testdev_iter_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};

static void testdev_release(struct lifetime *life)
{
	struct testdev *testdev = container_of(life, struct testdev, life);

	vfree(testdev->buffer);
	count(COUNT_RELEASED);
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
	count(COUNT_CREATED);
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
		debugfs_create_atomic_t(count_names[i], 0444, dir, &counts[i]);
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
