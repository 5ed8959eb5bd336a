// SPDX-License-Identifier: GPL-2.0-only
/*
 * devm_fifo.c: the message FIFO written the common way, which is wrong
 *
 * The private data is devm's, like the hardware. devm frees it as soon as remove has
 * returned, and misc_deregister() waits for nobody: a process that has the node open,
 * or is asleep in read(), goes on in freed memory. Nothing here looks suspicious, and
 * every line of it can be found in drivers that are in use.
 *
 * This is what tests are checked against: they must notice. fifo.c is the same driver
 * after the conversion: compare the two.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev_fifo.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "../refcdev/compat.h"
#include "fifo_hw.h"
#include "fifo_queue.h"

#define FIFO_HEARTBEAT		(10 * NSEC_PER_MSEC)

struct fifo {
	struct miscdevice cdev;

	struct fifo_regs *regs;
	struct hrtimer heartbeat;

	struct fifo_queue queue;
	wait_queue_head_t readable;	/* there is a message */
	wait_queue_head_t writable;	/* there is room, or all were read */
	atomic_t waiting;
	struct fasync_struct *fasync;
};

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 1)");

static bool i_want_a_use_after_free;
module_param(i_want_a_use_after_free, bool, 0444);
MODULE_PARM_DESC(i_want_a_use_after_free, "load although this driver is broken on purpose");

static struct fifo *fifo_of(struct file *file)
{
	struct fifo *fifo = container_of(file->private_data, struct fifo, cdev);

	fifo_ring_doorbell(fifo->regs);
	return fifo;
}

/* The condition is a hint: another caller may be faster, so callers look again. */
#define fifo_sleep(self, queue, condition)					\
({										\
	struct fifo *__fifo = (self);						\
	int __ret;								\
										\
	fifo_sleep_begin(&__fifo->waiting);					\
	__ret = wait_event_interruptible(queue, condition);			\
	atomic_dec(&__fifo->waiting);						\
	__ret;									\
})

static ssize_t fifo_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct fifo *fifo = fifo_of(file);
	u8 message[REFCDEV_FIFO_MESSAGE_MAX];
	int len, ret;

	while ((len = fifo_queue_pop(&fifo->queue, message, size)) == -EAGAIN) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = fifo_sleep(fifo, fifo->readable, fifo_queue_readable(&fifo->queue));
		if (ret)
			return ret;
	}
	if (len < 0)
		return len;
	wake_up_interruptible(&fifo->writable);
	return copy_to_user(buf, message, len) ? -EFAULT : len;
}

static ssize_t fifo_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct fifo *fifo = fifo_of(file);
	u8 message[REFCDEV_FIFO_MESSAGE_MAX];
	int len, ret;

	if (size == 0)
		return 0;
	if (size > sizeof(message))
		return -EMSGSIZE;
	if (copy_from_user(message, buf, size))
		return -EFAULT;
	while ((len = fifo_queue_push(&fifo->queue, message, size)) == -EAGAIN) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = fifo_sleep(fifo, fifo->writable, fifo_queue_writable(&fifo->queue));
		if (ret)
			return ret;
	}
	wake_up_interruptible(&fifo->readable);
	kill_fasync(&fifo->fasync, SIGIO, POLL_IN);
	return len;
}

static __poll_t fifo_poll(struct file *file, poll_table *wait)
{
	struct fifo *fifo = fifo_of(file);
	__poll_t mask = 0;

	poll_wait(file, &fifo->readable, wait);
	poll_wait(file, &fifo->writable, wait);
	if (fifo_queue_readable(&fifo->queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (fifo_queue_writable(&fifo->queue))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static long fifo_get_state(struct fifo *fifo, void __user *arg)
{
	struct refcdev_fifo_state state = {
		.waiting = atomic_read(&fifo->waiting),
		.heartbeats = atomic_read(&fifo->regs->heartbeats),
	};

	fifo_queue_state(&fifo->queue, &state);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long fifo_set_capacity(struct fifo *fifo, const u32 __user *arg)
{
	u32 capacity;
	int ret;

	if (get_user(capacity, arg))
		return -EFAULT;
	ret = fifo_queue_set_capacity(&fifo->queue, capacity);
	wake_up_interruptible(&fifo->writable);
	return ret;
}

static long fifo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct fifo *fifo = fifo_of(file);
	int ret;

	switch (cmd) {
	case REFCDEV_FIFO_GET_STATE:
		return fifo_get_state(fifo, (void __user *)arg);
	case REFCDEV_FIFO_FLUSH:
		ret = fifo_queue_flush(&fifo->queue);
		wake_up_interruptible(&fifo->writable);
		return ret;
	case REFCDEV_FIFO_SET_CAPACITY:
		return fifo_set_capacity(fifo, (const u32 __user *)arg);
	case REFCDEV_FIFO_WAIT_EMPTY:
		return fifo_sleep(fifo, fifo->writable, !fifo_queue_readable(&fifo->queue));
	default:
		return -ENOTTY;
	}
}

static int fifo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct fifo *fifo = fifo_of(file);

	return remap_vmalloc_range(vma, fifo->queue.buffer, vma->vm_pgoff);
}

static int fifo_fasync(int fd, struct file *file, int on)
{
	struct fifo *fifo = container_of(file->private_data, struct fifo, cdev);

	return fasync_helper(fd, file, on, &fifo->fasync);
}

static int fifo_flush(struct file *file, fl_owner_t id)
{
	fifo_of(file);
	atomic_inc(&fifo_stats.flushes);
	return 0;
}

static int fifo_open(struct inode *inode, struct file *file)
{
	fifo_of(file);
	atomic_inc(&fifo_stats.opens);
	return stream_open(inode, file);
}

static int fifo_close(struct inode *inode, struct file *file)
{
	atomic_inc(&fifo_stats.closes);
	return 0;
}

static const struct file_operations fifo_fops = {
	.owner		= THIS_MODULE,
	.open		= fifo_open,
	.release	= fifo_close,
	.read		= fifo_read,
	.write		= fifo_write,
	.poll		= fifo_poll,
	.unlocked_ioctl	= fifo_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= fifo_mmap,
	.fasync		= fifo_fasync,
	.flush		= fifo_flush,
};

static ssize_t heartbeats_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct fifo *fifo = container_of(dev_get_drvdata(dev), struct fifo, cdev);

	return sysfs_emit(buf, "%d\n", atomic_read(&fifo->regs->heartbeats));
}
static DEVICE_ATTR_RO(heartbeats);

static struct attribute *fifo_attrs[] = {
	&dev_attr_heartbeats.attr,
	NULL
};
ATTRIBUTE_GROUPS(fifo);

static enum hrtimer_restart fifo_heartbeat(struct hrtimer *timer)
{
	struct fifo *fifo = container_of(timer, struct fifo, heartbeat);

	atomic_inc(&fifo->regs->heartbeats);
	hrtimer_forward_now(timer, FIFO_HEARTBEAT);
	return HRTIMER_RESTART;
}

static void fifo_release(void *data)
{
	struct fifo *fifo = data;

	fifo_queue_destroy(&fifo->queue);
	atomic_inc(&fifo_stats.released);
}

static int fifo_init_data(struct fifo *fifo)
{
	init_waitqueue_head(&fifo->readable);
	init_waitqueue_head(&fifo->writable);
	hrtimer_setup(&fifo->heartbeat, fifo_heartbeat, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	return fifo_queue_init(&fifo->queue);
}

static int fifo_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct fifo *fifo;
	int ret;

	fifo = devm_kzalloc(dev, sizeof(*fifo), GFP_KERNEL);
	if (!fifo)
		return -ENOMEM;
	atomic_inc(&fifo_stats.created);
	ret = fifo_init_data(fifo);
	if (!ret)
		ret = devm_add_action_or_reset(dev, fifo_release, fifo);
	if (ret)
		return ret;
	fifo->regs = devm_fifo_ioremap(dev);
	fifo->cdev.name = devm_kasprintf(dev, GFP_KERNEL, "devm_fifo%d",
					 pdev->id < 0 ? 0 : pdev->id);
	if (!fifo->regs || !fifo->cdev.name)
		return -ENOMEM;
	fifo->cdev.minor = MISC_DYNAMIC_MINOR;
	fifo->cdev.fops = &fifo_fops;
	fifo->cdev.groups = fifo_groups;
	platform_set_drvdata(pdev, fifo);
	ret = misc_register(&fifo->cdev);
	if (!ret)
		hrtimer_start(&fifo->heartbeat, FIFO_HEARTBEAT, HRTIMER_MODE_REL);
	return ret;
}

static void fifo_remove(struct platform_device *pdev)
{
	struct fifo *fifo = platform_get_drvdata(pdev);

	misc_deregister(&fifo->cdev);
	hrtimer_cancel(&fifo->heartbeat);
	kill_fasync(&fifo->fasync, SIGIO, POLL_HUP);
}

static struct platform_driver fifo_driver = {
	.driver.name	= "devm-fifo",
	.probe		= fifo_probe,
	.remove_void	= fifo_remove,
};

static int __init fifo_module_init(void)
{
	if (!i_want_a_use_after_free) {
		pr_err("devm_fifo: this driver is broken on purpose: unplugged while in use, it uses freed memory. For tests in a virtual machine only: pass i_want_a_use_after_free=1\n");
		return -EPERM;
	}
	return fifo_bus_init(&fifo_driver, devices);
}
module_init(fifo_module_init);

static void __exit fifo_module_exit(void)
{
	fifo_bus_exit(&fifo_driver);
}
module_exit(fifo_module_exit);

MODULE_DESCRIPTION("Message FIFO: sample of a character device that does not survive unplug");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
