// SPDX-License-Identifier: GPL-2.0-only
/*
 * duo.c: two device nodes, a hwmon device and a thread: the driver to copy from where one
 * device has several interfaces
 *
 * What it does for user space is described in <linux/refcdev_duo.h>. What it shows, beyond
 * fifo.c:
 *
 * - all interfaces share one lifetime, hence one gate: it is closed for all of them at once,
 *   and drained once. Each open file of each node holds the data; the last one, of whichever
 *   node, lets it go;
 * - the hwmon device is no file, so its callbacks enter the gate themselves. It is there a
 *   little longer than the nodes, and refuses then;
 * - what belongs to the data is managed, lifetime_*(), and needs no line in a release;
 * - what has to stop while the hardware is still there is an action at LIFETIME_AT_DRAINED.
 *   Actions come in reverse order: first the thread, then the power;
 * - what belongs to an open file goes with that, in its release, after the device perhaps.
 */
#include <linux/fs.h>
#include <linux/lifetime_managed.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev.h>
#include <linux/refcdev_duo.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../refcdev/compat.h"
#include "duo_device.h"
#include "duo_hwmon.h"

/* An open file of the data node. */
struct duo_reader {
	u64 next;
};

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 1)");

static unsigned int period_ms;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from sample to sample; 0: by ioctl only (default)");

static ssize_t duo_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct duo *duo = refcdev_object(file, struct duo, data);
	struct duo_reader *reader = file->private_data;
	struct refcdev_duo_sample sample;
	int ret;

	if (size < sizeof(sample))
		return -EINVAL;
	ret = duo_take_sample(duo, &reader->next, &sample, !(file->f_flags & O_NONBLOCK));
	if (ret)
		return ret;
	return copy_to_user(buf, &sample, sizeof(sample)) ? -EFAULT : sizeof(sample);
}

static ssize_t duo_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct duo *duo = refcdev_object(file, struct duo, data);
	u32 value;
	int ret;

	if (size != sizeof(value))
		return -EINVAL;
	if (copy_from_user(&value, buf, size))
		return -EFAULT;
	while (!duo_set_output(duo, value)) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = duo_sleep(duo, duo->sampled, !READ_ONCE(duo->output_waits));
		if (ret)
			return ret;
	}
	return size;
}

/* The core adds EPOLLERR and EPOLLHUP when the device goes, and wakes the queue. */
static __poll_t duo_poll(struct file *file, poll_table *wait)
{
	struct duo *duo = refcdev_object(file, struct duo, data);
	struct duo_reader *reader = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &duo->sampled, wait);
	if (duo_samples_ready(&duo->samples, &reader->next))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (!READ_ONCE(duo->output_waits))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static int duo_open(struct inode *inode, struct file *file)
{
	struct duo *duo = refcdev_object(file, struct duo, data);
	struct duo_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	reader->next = READ_ONCE(duo->samples.newest) + 1;
	file->private_data = reader;
	atomic_inc(&duo_stats.opens);
	return stream_open(inode, file);
}

/* Comes when it comes, long after the device perhaps: no hardware. */
static int duo_close(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	atomic_inc(&duo_stats.closes);
	return 0;
}

static const struct file_operations duo_fops = {
	.owner		= THIS_MODULE,
	.open		= duo_open,
	.release	= duo_close,
	.read		= duo_read,
	.write		= duo_write,
	.poll		= duo_poll,
};

static ssize_t duo_control_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct duo *duo = refcdev_object(file, struct duo, control);
	struct duo_listener *listener = file->private_data;
	struct refcdev_duo_event event;
	bool taken;
	int ret;

	if (size < sizeof(event))
		return -EINVAL;
	for (;;) {
		mutex_lock(&duo->lock);
		taken = duo_listener_take(listener, &event);
		mutex_unlock(&duo->lock);
		if (taken)
			return copy_to_user(buf, &event, sizeof(event)) ? -EFAULT : sizeof(event);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = duo_sleep(duo, duo->told, duo_listener_ready(listener));
		if (ret)
			return ret;
	}
}

static __poll_t duo_control_poll(struct file *file, poll_table *wait)
{
	struct duo *duo = refcdev_object(file, struct duo, control);

	poll_wait(file, &duo->told, wait);
	return duo_listener_ready(file->private_data) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long duo_get_state(struct duo *duo, void __user *arg)
{
	struct refcdev_duo_state state = {
		.samples = READ_ONCE(duo->samples.newest),
		.period_ms = READ_ONCE(duo->period_ms),
		.users = atomic_read(&duo->regs->users),
	};

	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long duo_set_period(struct duo *duo, const u32 __user *arg)
{
	struct duo_listener *listener;
	u32 period;

	if (get_user(period, arg))
		return -EFAULT;
	mutex_lock(&duo->lock);
	WRITE_ONCE(duo->period_ms, period);
	list_for_each_entry(listener, &duo->listeners, list)
		duo_listener_tell(listener, REFCDEV_DUO_EVENT_PERIOD, period,
				  duo->samples.newest);
	mutex_unlock(&duo->lock);
	wake_up_interruptible(&duo->told);
	if (period)
		duo_ask_for_sample(duo);
	return 0;
}

static long duo_set_limit(struct duo *duo, struct duo_listener *listener, const u32 __user *arg)
{
	u32 limit;

	if (get_user(limit, arg))
		return -EFAULT;
	mutex_lock(&duo->lock);
	listener->limit = limit;
	mutex_unlock(&duo->lock);
	return 0;
}

static long duo_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct duo *duo = refcdev_object(file, struct duo, control);

	switch (cmd) {
	case REFCDEV_DUO_GET_STATE:
		return duo_get_state(duo, (void __user *)arg);
	case REFCDEV_DUO_SET_PERIOD:
		return duo_set_period(duo, (const u32 __user *)arg);
	case REFCDEV_DUO_SET_LIMIT:
		return duo_set_limit(duo, file->private_data, (const u32 __user *)arg);
	case REFCDEV_DUO_SAMPLE:
		duo_ask_for_sample(duo);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int duo_control_open(struct inode *inode, struct file *file)
{
	struct duo *duo = refcdev_object(file, struct duo, control);
	struct duo_listener *listener = kzalloc(sizeof(*listener), GFP_KERNEL);

	if (!listener)
		return -ENOMEM;
	listener->limit = U32_MAX;
	mutex_lock(&duo->lock);
	list_add(&listener->list, &duo->listeners);
	mutex_unlock(&duo->lock);
	file->private_data = listener;
	atomic_inc(&duo_stats.opens);
	return stream_open(inode, file);
}

/* As duo_close(). The lock and the list are the data's, and that is there. */
static int duo_control_close(struct inode *inode, struct file *file)
{
	struct duo *duo = refcdev_object(file, struct duo, control);
	struct duo_listener *listener = file->private_data;

	mutex_lock(&duo->lock);
	list_del(&listener->list);
	mutex_unlock(&duo->lock);
	kfree(listener);
	atomic_inc(&duo_stats.closes);
	return 0;
}

static const struct file_operations duo_control_fops = {
	.owner		= THIS_MODULE,
	.open		= duo_control_open,
	.release	= duo_control_close,
	.read		= duo_control_read,
	.poll		= duo_control_poll,
	.unlocked_ioctl	= duo_control_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

/* Memory, strings and the mutex go without it. */
static void duo_release(struct lifetime *life)
{
	atomic_inc(&duo_stats.released);
}

static const struct lifetime_ops duo_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= duo_release,
};

static struct refcdev_type duo_type = {
	.name		= "duo%d",
	.fops		= &duo_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};

static struct refcdev_type duo_control_type = {
	.name		= "duoctl%d",
	.fops		= &duo_control_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};

static int duo_init_data(struct duo *duo, unsigned int index)
{
	int ret;

	INIT_LIST_HEAD(&duo->listeners);
	init_waitqueue_head(&duo->kick);
	init_waitqueue_head(&duo->sampled);
	init_waitqueue_head(&duo->told);
	duo->data.index = index;
	duo->control.index = index;
	duo->period_ms = period_ms;
	duo->samples.ring = lifetime_kcalloc(&duo->life, REFCDEV_DUO_BACKLOG,
					     sizeof(*duo->samples.ring), GFP_KERNEL);
	duo->label = lifetime_kasprintf(&duo->life, GFP_KERNEL, "duo %u", index);
	if (!duo->samples.ring || !duo->label)
		return -ENOMEM;
	ret = lifetime_mutex_init(&duo->life, &duo->lock);
	if (!ret)
		ret = lifetime_add_waitqueue(&duo->life, &duo->sampled);
	return ret ?: lifetime_add_waitqueue(&duo->life, &duo->told);
}

static void duo_stop_thread(void *thread)
{
	kthread_stop(thread);
}

static void duo_power_off(void *regs)
{
	duo_regs_power_off(regs);
}

static int duo_start(struct duo *duo)
{
	struct task_struct *thread;
	int ret;

	duo_regs_power_on(duo->regs);
	ret = lifetime_add_action_at_or_reset(&duo->life, LIFETIME_AT_DRAINED, duo_power_off,
					      duo->regs);
	if (ret)
		return ret;
	thread = kthread_run(duo_thread, duo, "%s", lifetime_name(&duo->life));
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	return lifetime_add_action_at_or_reset(&duo->life, LIFETIME_AT_DRAINED,
					       duo_stop_thread, thread);
}

static int duo_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev, *hwmon;
	struct duo *duo;
	int ret;

	duo = lifetime_alloc(struct duo, life, dev, &duo_lifetime_ops);
	if (IS_ERR(duo))
		return PTR_ERR(duo);
	atomic_inc(&duo_stats.created);
	ret = duo_init_data(duo, pdev->id < 0 ? 0 : pdev->id);
	if (ret)
		return ret;
	duo->regs = devm_duo_ioremap(dev);
	if (!duo->regs)
		return -ENOMEM;
	/* Before the thread is there: if a later step fails, it stops before the registers go. */
	ret = devm_lifetime_disconnect(dev, &duo->life);
	if (!ret)
		ret = duo_start(duo);
	if (ret)
		return ret;
	/*
	 * Before the nodes, so that it goes after them: it waits for its readers, and those
	 * wait for a sample or for the disconnect.
	 */
	hwmon = devm_hwmon_device_register_with_info(dev, "duo", duo, &duo_hwmon_chip, NULL);
	if (IS_ERR(hwmon))
		return PTR_ERR(hwmon);
	ret = devm_refcdev_register(dev, &duo->data, &duo->life, &duo_type);
	return ret ?: devm_refcdev_register(dev, &duo->control, &duo->life, &duo_control_type);
}

static struct platform_driver duo_driver = {
	.driver.name	= "refcdev-duo",
	.probe		= duo_probe,
	.remove_void	= refcdev_remove,
};

static int __init duo_module_init(void)
{
	return sample_bus_init(&duo_driver, devices, duo_counters);
}
module_init(duo_module_init);

static void __exit duo_module_exit(void)
{
	sample_bus_exit(&duo_driver);
}
module_exit(duo_module_exit);

MODULE_DESCRIPTION("Duo: sample of several interfaces with one lifetime");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
