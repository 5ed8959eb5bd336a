// SPDX-License-Identifier: GPL-2.0-only
/*
 * plaincdev.c: the message FIFO as careful drivers are written today: cdev_device_add(),
 * and private data that the device's reference count keeps while files are open
 *
 * No memory is used after it was freed. What is missing is a gate: the driver goes on
 * being called for a device that has gone, an inode that an old file keeps leads there
 * and not to the device that came back, and nobody who waits is told. Tests of what
 * refcdev promises run on this driver as well, and must fail.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev_fifo.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "../../../../drivers/refcdev/compat.h"
#include "../../../../drivers/samples/fifo_hw.h"
#include "../../../../drivers/samples/fifo_queue.h"

#define PLAINCDEV	"plaincdev"

struct plaincdev {
	struct device dev;
	struct cdev cdev;
	struct fifo_queue queue;
	wait_queue_head_t readable;
	struct fasync_struct *fasync;
};

static unsigned int devices = 3;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 3)");

static struct class *plaincdev_class;
static dev_t plaincdev_devt;

static struct plaincdev *plaincdev_of(struct file *file)
{
	atomic_inc(&fifo_stats.calls);
	return file->private_data;
}

/* Never sleeps: a sleeper would have nobody to wake it. */
static ssize_t plaincdev_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct plaincdev *plain = plaincdev_of(file);
	u8 message[REFCDEV_FIFO_MESSAGE_MAX];
	int len = fifo_queue_pop(&plain->queue, message, size);

	if (len < 0)
		return len;
	return copy_to_user(buf, message, len) ? -EFAULT : len;
}

static ssize_t plaincdev_write(struct file *file, const char __user *buf, size_t size,
			       loff_t *pos)
{
	struct plaincdev *plain = plaincdev_of(file);
	u8 message[REFCDEV_FIFO_MESSAGE_MAX];
	int len;

	if (size > sizeof(message))
		return -EMSGSIZE;
	if (copy_from_user(message, buf, size))
		return -EFAULT;
	len = fifo_queue_push(&plain->queue, message, size);
	if (len > 0) {
		wake_up_interruptible(&plain->readable);
		kill_fasync(&plain->fasync, SIGIO, POLL_IN);
	}
	return len;
}

static __poll_t plaincdev_poll(struct file *file, poll_table *wait)
{
	struct plaincdev *plain = plaincdev_of(file);

	poll_wait(file, &plain->readable, wait);
	return fifo_queue_readable(&plain->queue) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long plaincdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct plaincdev *plain = plaincdev_of(file);
	struct refcdev_fifo_state state = {};

	switch (cmd) {
	case REFCDEV_FIFO_GET_STATE:
		fifo_queue_state(&plain->queue, &state);
		return copy_to_user((void __user *)arg, &state, sizeof(state)) ? -EFAULT : 0;
	case REFCDEV_FIFO_FLUSH:
		return fifo_queue_flush(&plain->queue);
	default:
		return -ENOTTY;
	}
}

static int plaincdev_fasync(int fd, struct file *file, int on)
{
	struct plaincdev *plain = plaincdev_of(file);

	return fasync_helper(fd, file, on, &plain->fasync);
}

static int plaincdev_open(struct inode *inode, struct file *file)
{
	struct plaincdev *plain = container_of(inode->i_cdev, struct plaincdev, cdev);

	get_device(&plain->dev);
	file->private_data = plain;
	atomic_inc(&fifo_stats.opens);
	return stream_open(inode, file);
}

static int plaincdev_close(struct inode *inode, struct file *file)
{
	struct plaincdev *plain = file->private_data;

	atomic_inc(&fifo_stats.closes);
	put_device(&plain->dev);
	return 0;
}

static const struct file_operations plaincdev_fops = {
	.owner		= THIS_MODULE,
	.open		= plaincdev_open,
	.release	= plaincdev_close,
	.read		= plaincdev_read,
	.write		= plaincdev_write,
	.poll		= plaincdev_poll,
	.unlocked_ioctl	= plaincdev_ioctl,
	.fasync		= plaincdev_fasync,
};

static void plaincdev_release(struct device *dev)
{
	struct plaincdev *plain = container_of(dev, struct plaincdev, dev);

	fifo_queue_destroy(&plain->queue);
	kfree(plain);
	atomic_inc(&fifo_stats.released);
}

static int plaincdev_probe(struct platform_device *pdev)
{
	struct plaincdev *plain = kzalloc(sizeof(*plain), GFP_KERNEL);
	int ret;

	if (!plain)
		return -ENOMEM;
	atomic_inc(&fifo_stats.created);
	device_initialize(&plain->dev);
	plain->dev.release = plaincdev_release;
	plain->dev.class = plaincdev_class;
	plain->dev.parent = &pdev->dev;
	plain->dev.devt = plaincdev_devt + pdev->id;
	init_waitqueue_head(&plain->readable);
	cdev_init(&plain->cdev, &plaincdev_fops);
	plain->cdev.owner = THIS_MODULE;
	ret = fifo_queue_init(&plain->queue) ?:
	      dev_set_name(&plain->dev, PLAINCDEV "%d", pdev->id) ?:
	      cdev_device_add(&plain->cdev, &plain->dev);
	if (ret) {
		put_device(&plain->dev);
		return ret;
	}
	platform_set_drvdata(pdev, plain);
	return 0;
}

static void plaincdev_remove(struct platform_device *pdev)
{
	struct plaincdev *plain = platform_get_drvdata(pdev);

	cdev_device_del(&plain->cdev, &plain->dev);
	put_device(&plain->dev);
}

static struct platform_driver plaincdev_driver = {
	.driver.name	= PLAINCDEV,
	.probe		= plaincdev_probe,
	.remove_void	= plaincdev_remove,
};

static int __init plaincdev_init(void)
{
	int ret = alloc_chrdev_region(&plaincdev_devt, 0, FIFO_DEVICES_MAX, PLAINCDEV);

	if (ret)
		return ret;
	plaincdev_class = class_create_compat(PLAINCDEV);
	ret = PTR_ERR_OR_ZERO(plaincdev_class);
	if (ret)
		goto err_region;
	ret = fifo_bus_init(&plaincdev_driver, devices);
	if (ret)
		goto err_class;
	return 0;

err_class:
	class_destroy(plaincdev_class);
err_region:
	unregister_chrdev_region(plaincdev_devt, FIFO_DEVICES_MAX);
	return ret;
}
module_init(plaincdev_init);

static void __exit plaincdev_exit(void)
{
	fifo_bus_exit(&plaincdev_driver);
	class_destroy(plaincdev_class);
	unregister_chrdev_region(plaincdev_devt, FIFO_DEVICES_MAX);
}
module_exit(plaincdev_exit);

MODULE_DESCRIPTION("Negative control: a character device that does not notice that it is gone");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
