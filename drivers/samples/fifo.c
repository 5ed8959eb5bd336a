// SPDX-License-Identifier: GPL-2.0-only
/*
 * fifo.c: a message FIFO behind a device node: the driver to copy from
 *
 * What it does for user space is described in <linux/refcdev_fifo.h>. What it shows:
 *
 * - the private data is reference-counted, lifetime_alloc(), and outlives the device
 *   for as long as a file or a mapping needs it; the hardware is devm's;
 * - file operations take no reference and test no flag: each of them runs inside the
 *   device's gate, so the hardware is there until it returns;
 * - whoever sleeps does so in lifetime_wait_event_interruptible() on a queue that the
 *   lifetime knows; unplugging wakes him with -ENXIO, and the driver writes no line for it;
 * - a timer, being no file operation, enters the gate itself.
 *
 * devm_fifo.c is the same driver before the conversion: compare the two.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev.h>
#include <linux/refcdev_fifo.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "../refcdev/compat.h"
#include "fifo_hw.h"
#include "fifo_queue.h"

#define FIFO_HEARTBEAT		(10 * NSEC_PER_MSEC)

struct fifo {
	struct lifetime life;
	struct refcdev cdev;

	/* hardware: to be touched inside the gate only */
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

static struct fifo *fifo_of(struct file *file)
{
	struct fifo *fifo = refcdev_object(file, struct fifo, cdev);

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
	__ret = lifetime_wait_event_interruptible(&__fifo->life, queue, condition); \
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

/* The core adds EPOLLERR and EPOLLHUP when the device goes, and wakes both queues. */
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

/* What is mapped is memory that fifo_release() frees, never the hardware: it may stay. */
static int fifo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct fifo *fifo = fifo_of(file);

	return remap_vmalloc_range(vma, fifo->queue.buffer, vma->vm_pgoff);
}

static int fifo_fasync(int fd, struct file *file, int on)
{
	struct fifo *fifo = refcdev_object(file, struct fifo, cdev);

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

/* Comes when it comes, long after the device perhaps: no fifo_of(), no hardware. */
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

/* sysfs drains its own callers, but late: hardware only between enter and exit. */
static ssize_t heartbeats_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct fifo *fifo = container_of(dev_get_drvdata(dev), struct fifo, cdev);
	int heartbeats;

	if (!lifetime_enter(&fifo->life))
		return -ENXIO;
	heartbeats = atomic_read(&fifo->regs->heartbeats);
	lifetime_exit(&fifo->life);
	return sysfs_emit(buf, "%d\n", heartbeats);
}
static DEVICE_ATTR_RO(heartbeats);

static struct attribute *fifo_attrs[] = {
	&dev_attr_heartbeats.attr,
	NULL
};
ATTRIBUTE_GROUPS(fifo);

/* In hard interrupt. fifo_cancel() waits for it, so the timer is there to the end. */
static enum hrtimer_restart fifo_heartbeat(struct hrtimer *timer)
{
	struct fifo *fifo = container_of(timer, struct fifo, heartbeat);

	if (!lifetime_enter(&fifo->life))
		return HRTIMER_NORESTART;
	atomic_inc(&fifo->regs->heartbeats);
	hrtimer_forward_now(timer, FIFO_HEARTBEAT);
	lifetime_exit(&fifo->life);
	return HRTIMER_RESTART;
}

/* Queues and SIGIO are the core's business. May be called more than once. */
static void fifo_cancel(struct lifetime *life)
{
	struct fifo *fifo = container_of(life, struct fifo, life);

	hrtimer_cancel(&fifo->heartbeat);
}

static void fifo_release(struct lifetime *life)
{
	struct fifo *fifo = container_of(life, struct fifo, life);

	fifo_queue_destroy(&fifo->queue);
	atomic_inc(&fifo_stats.released);
}

static const struct lifetime_ops fifo_lifetime_ops = {
	.owner		= THIS_MODULE,
	.cancel		= fifo_cancel,
	.release	= fifo_release,
};

static struct refcdev_type fifo_type = {
	.name		= "fifo%d",
	.fops		= &fifo_fops,
	.vma_policy	= REFCDEV_VMA_KEEP,
	.flags		= REFCDEV_FIXED_INDEX,
	.groups		= fifo_groups,
};

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

	fifo = lifetime_alloc(struct fifo, life, dev, &fifo_lifetime_ops);
	if (IS_ERR(fifo))
		return PTR_ERR(fifo);
	atomic_inc(&fifo_stats.created);
	ret = fifo_init_data(fifo);
	if (!ret)
		ret = lifetime_add_waitqueue(&fifo->life, &fifo->readable);
	if (!ret)
		ret = lifetime_add_waitqueue(&fifo->life, &fifo->writable);
	if (!ret)
		ret = lifetime_add_fasync(&fifo->life, &fifo->fasync);
	if (ret)
		return ret;
	fifo->regs = devm_fifo_ioremap(dev);
	if (!fifo->regs)
		return -ENOMEM;
	hrtimer_start(&fifo->heartbeat, FIFO_HEARTBEAT, HRTIMER_MODE_REL);
	fifo->cdev.index = pdev->id < 0 ? 0 : pdev->id;
	/* Last: from here on user space may call, and devres undoes it first. */
	return devm_refcdev_register(dev, &fifo->cdev, &fifo->life, &fifo_type);
}

static struct platform_driver fifo_driver = {
	.driver.name	= "refcdev-fifo",
	.probe		= fifo_probe,
	.remove_void	= refcdev_remove,
};

static int __init fifo_module_init(void)
{
	return fifo_bus_init(&fifo_driver, devices);
}
module_init(fifo_module_init);

static void __exit fifo_module_exit(void)
{
	fifo_bus_exit(&fifo_driver);
}
module_exit(fifo_module_exit);

MODULE_DESCRIPTION("Message FIFO: sample of a character device that survives unplug");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
