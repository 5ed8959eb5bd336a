// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_user.c: a driver that uses another driver's device: the consumer to copy from
 *
 * What it does for user space is described in <linux/refcdev_bridge.h>. What it shows:
 *
 * - the bridge is found by name, and may come and go at any time: each use of it is between
 *   bridge_enter() and bridge_exit(), and there is no other rule;
 * - arrived and leaving are for what has to be told: here, who polls;
 * - the consumer is part of the private data, and devm's, between the two: added before the
 *   node is registered, so nobody uses it any more when it is removed;
 * - who sleeps inside the bridge is woken when the bridge goes, but also has to leave when this
 *   device goes: user_cancel() makes the bridge's operation return, and user_wait() looks.
 *
 * With hold=1 it stays attached to a bridge that is gone, and keeps its data and module, until
 * %REFCDEV_BRIDGE_DETACH: for drivers that have something to tidy up first.
 */
#include <linux/fs.h>
#include <linux/lifetime_managed.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev.h>
#include <linux/refcdev_bridge.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "../refcdev/compat.h"
#include "bridge.h"
#include "sample_bus.h"

struct bridge_user {
	struct lifetime life;
	struct refcdev cdev;
	struct lifetime_consumer consumer;

	/* written by its two callbacks only, which come one at a time */
	u32 arrived;
	u32 leaving;
	u32 generation;

	atomic_t waiting;
	wait_queue_head_t changed;	/* there is a bridge, or not any more */
};

/* Counts of the module, not of a device. A real driver has none. */
static struct bridge_user_stats {
	atomic_t created;
	atomic_t released;
	atomic_t passed;		/* calls that came to the bridge */
	atomic_t refused;		/* calls that found none */
} user_stats;

static const struct sample_counter user_counters[] = {
	{ "created", &user_stats.created },
	{ "released", &user_stats.released },
	{ "passed", &user_stats.passed },
	{ "refused", &user_stats.refused },
	{ }
};

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 1)");

static bool hold;
module_param(hold, bool, 0444);
MODULE_PARM_DESC(hold, "stay attached to a bridge that is gone (default 0)");

static struct bridge_user *to_user(struct lifetime_consumer *consumer)
{
	return container_of(consumer, struct bridge_user, consumer);
}

static struct bridge *user_enter(struct bridge_user *user)
{
	struct bridge *bridge = bridge_enter(&user->consumer);

	atomic_inc(bridge ? &user_stats.passed : &user_stats.refused);
	return bridge;
}

/* It may be gone again already; then the other one follows. */
static void user_arrived(struct lifetime_consumer *consumer)
{
	struct bridge_user *user = to_user(consumer);
	struct bridge *bridge = bridge_enter(consumer);

	if (bridge) {
		WRITE_ONCE(user->generation, bridge->generation);
		bridge_exit(bridge);
	}
	WRITE_ONCE(user->arrived, user->arrived + 1);
	wake_up_interruptible(&user->changed);
}

static void user_leaving(struct lifetime_consumer *consumer)
{
	struct bridge_user *user = to_user(consumer);

	WRITE_ONCE(user->leaving, user->leaving + 1);
	wake_up_interruptible(&user->changed);
}

static int user_transfer(struct bridge_user *user, struct refcdev_bridge_transfer __user *arg)
{
	struct refcdev_bridge_transfer transfer;
	struct bridge *bridge;
	int ret;

	if (copy_from_user(&transfer, arg, sizeof(transfer)))
		return -EFAULT;
	bridge = user_enter(user);
	if (!bridge)
		return -ENXIO;
	ret = bridge->ops->transfer(bridge, transfer.in, &transfer.out);
	bridge_exit(bridge);
	if (ret)
		return ret;
	return copy_to_user(arg, &transfer, sizeof(transfer)) ? -EFAULT : 0;
}

/* Where the bridge itself was gone, the answer is not -EAGAIN. */
static int user_wait(struct bridge_user *user)
{
	struct bridge *bridge;
	int ret;

	do {
		bridge = user_enter(user);
		if (!bridge)
			return -ENXIO;
		atomic_inc(&user->waiting);
		ret = bridge->ops->wait(bridge);
		atomic_dec(&user->waiting);
		bridge_exit(bridge);
	} while (ret == -EAGAIN && !lifetime_disconnected(&user->life));
	return ret == -EAGAIN ? -ENXIO : ret;
}

static int user_get_state(struct bridge_user *user, void __user *arg)
{
	struct refcdev_bridge_state state = {
		.arrived	= READ_ONCE(user->arrived),
		.leaving	= READ_ONCE(user->leaving),
		.generation	= READ_ONCE(user->generation),
		.waiting	= atomic_read(&user->waiting),
	};

	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long user_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bridge_user *user = refcdev_object(file, struct bridge_user, cdev);

	switch (cmd) {
	case REFCDEV_BRIDGE_TRANSFER:
		return user_transfer(user, (void __user *)arg);
	case REFCDEV_BRIDGE_WAIT:
		return user_wait(user);
	case REFCDEV_BRIDGE_GET_STATE:
		return user_get_state(user, (void __user *)arg);
	case REFCDEV_BRIDGE_DETACH:
		return lifetime_consumer_detach(&user->consumer);
	default:
		return -ENOTTY;
	}
}

static __poll_t user_poll(struct file *file, poll_table *wait)
{
	struct bridge_user *user = refcdev_object(file, struct bridge_user, cdev);
	struct bridge *bridge;

	poll_wait(file, &user->changed, wait);
	bridge = bridge_enter(&user->consumer);
	if (!bridge)
		return 0;
	bridge_exit(bridge);
	return EPOLLOUT | EPOLLWRNORM;
}

static const struct file_operations user_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= user_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.poll		= user_poll,
};

/*
 * May come before a call that is inside has gone to sleep in the bridge; but it comes again,
 * until nobody is inside.
 */
static void user_cancel(struct lifetime *life)
{
	struct bridge_user *user = container_of(life, struct bridge_user, life);
	struct bridge *bridge = bridge_enter(&user->consumer);

	if (!bridge)
		return;
	bridge->ops->look_up(bridge);
	bridge_exit(bridge);
}

static void user_release(struct lifetime *life)
{
	atomic_inc(&user_stats.released);
}

static const struct lifetime_ops user_lifetime_ops = {
	.owner		= THIS_MODULE,
	.cancel		= user_cancel,
	.release	= user_release,
};

static struct refcdev_type user_type = {
	.name		= "bridge_user%d",
	.fops		= &user_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};

static int user_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct bridge_user *user;
	int ret;

	user = lifetime_alloc(struct bridge_user, life, dev, &user_lifetime_ops);
	if (IS_ERR(user))
		return PTR_ERR(user);
	atomic_inc(&user_stats.created);
	init_waitqueue_head(&user->changed);
	ret = lifetime_add_waitqueue(&user->life, &user->changed);
	if (ret)
		return ret;
	user->consumer.name = lifetime_name(&user->life);
	user->consumer.wants = lifetime_kasprintf(&user->life, GFP_KERNEL, BRIDGE_NAME, pdev->id);
	if (!user->consumer.wants)
		return -ENOMEM;
	user->consumer.arrived = user_arrived;
	user->consumer.leaving = user_leaving;
	user->consumer.hold = hold;
	ret = devm_lifetime_consumer_add(dev, &user->consumer);
	if (ret)
		return ret;
	user->cdev.index = pdev->id;
	return devm_refcdev_register(dev, &user->cdev, &user->life, &user_type);
}

static struct platform_driver user_driver = {
	.driver.name	= "refcdev-bridge-user",
	.probe		= user_probe,
	.remove_void	= refcdev_remove,
};

static int __init user_module_init(void)
{
	return sample_bus_init(&user_driver, devices, user_counters);
}
module_init(user_module_init);

static void __exit user_module_exit(void)
{
	sample_bus_exit(&user_driver);
}
module_exit(user_module_exit);

MODULE_DESCRIPTION("Bridge user: sample of a driver that uses another driver's device");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
