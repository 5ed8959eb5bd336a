// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge.c: a device that other drivers use: the provider to copy from
 *
 * Its users are drivers, like bridge_user.c, that know it by name and by bridge.h only, and
 * that may be there before it, and after it. What it shows:
 *
 * - the object that is provided is one part of the private data, in a header that both
 *   sides share, with a table of operations; the rest is the driver's own;
 * - without a node, devm_lifetime_disconnect() is what disconnects before the hardware goes;
 *   then lifetime_provide(), last, as users call from then on;
 * - users are inside the object's gate, so operations test nothing; who sleeps does so in
 *   lifetime_wait_event_interruptible(), and is woken when the device goes;
 * - while a user is attached it keeps this module. Unbinding the device lets go of it.
 */
#include <linux/lifetime_managed.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/refcdev.h>
#include <linux/wait.h>

#include "../refcdev/compat.h"
#include "bridge.h"
#include "bridge_hw.h"

struct bridge_device {
	struct bridge bridge;
	struct lifetime_provider provider;

	/* hardware: to be touched inside the gate only */
	struct bridge_regs *regs;

	struct mutex lock;		/* one transfer at a time */
	unsigned long transfers;	/* under the lock */
	atomic_t look_ups;
	wait_queue_head_t wait;		/* either of the two has changed */
};

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 1)");

static atomic_t generations;

static struct bridge_device *to_device(struct bridge *bridge)
{
	return container_of(bridge, struct bridge_device, bridge);
}

static int bridge_transfer(struct bridge *bridge, u32 in, u32 *out)
{
	struct bridge_device *self = to_device(bridge);

	mutex_lock(&self->lock);
	*out = bridge_exchange(self->regs, in);
	WRITE_ONCE(self->transfers, self->transfers + 1);
	mutex_unlock(&self->lock);
	atomic_inc(&bridge_stats.transfers);
	wake_up_interruptible_all(&self->wait);
	return 0;
}

static int bridge_wait(struct bridge *bridge)
{
	struct bridge_device *self = to_device(bridge);
	unsigned long transfers = READ_ONCE(self->transfers);
	int look_ups = atomic_read(&self->look_ups), ret;

	bridge_check_regs(self->regs);
	atomic_inc(&bridge_stats.waits);
	ret = lifetime_wait_event_interruptible(&bridge->life, self->wait,
						READ_ONCE(self->transfers) != transfers ||
						atomic_read(&self->look_ups) != look_ups);
	bridge_check_regs(self->regs);
	if (!ret && READ_ONCE(self->transfers) == transfers)
		ret = -EAGAIN;
	return ret;
}

static void bridge_look_up(struct bridge *bridge)
{
	struct bridge_device *self = to_device(bridge);

	atomic_inc(&self->look_ups);
	wake_up_interruptible_all(&self->wait);
}

static const struct bridge_ops bridge_ops = {
	.transfer	= bridge_transfer,
	.wait		= bridge_wait,
	.look_up	= bridge_look_up,
};

/* When the last user has let go, however long that is after the device. */
static void bridge_release(struct lifetime *life)
{
	mutex_destroy(&to_device(to_bridge(life))->lock);
	atomic_inc(&bridge_stats.released);
}

static const struct lifetime_ops bridge_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= bridge_release,
};

static int bridge_init_data(struct bridge_device *self)
{
	self->bridge.ops = &bridge_ops;
	self->bridge.generation = atomic_inc_return(&generations);
	mutex_init(&self->lock);
	init_waitqueue_head(&self->wait);
	return lifetime_add_waitqueue(&self->bridge.life, &self->wait);
}

static int bridge_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct bridge_device *self;
	const char *name;
	int ret;

	self = lifetime_alloc(struct bridge_device, bridge.life, dev, &bridge_lifetime_ops);
	if (IS_ERR(self))
		return PTR_ERR(self);
	atomic_inc(&bridge_stats.created);
	ret = bridge_init_data(self);
	if (ret)
		return ret;
	name = lifetime_kasprintf(&self->bridge.life, GFP_KERNEL, BRIDGE_NAME, pdev->id);
	self->regs = devm_bridge_ioremap(dev);
	if (!name || !self->regs)
		return -ENOMEM;
	/* The hardware is there; devres undoes this before it. */
	ret = devm_lifetime_disconnect(dev, &self->bridge.life);
	/* Last: from here on others may call. The disconnect ends it. */
	return ret ?: lifetime_provide(&self->bridge.life, &self->provider, name);
}

static struct platform_driver bridge_driver = {
	.driver.name	= "refcdev-bridge",
	.probe		= bridge_probe,
	.remove_void	= refcdev_remove,
};

static int __init bridge_module_init(void)
{
	return sample_bus_init(&bridge_driver, devices, bridge_counters);
}
module_init(bridge_module_init);

static void __exit bridge_module_exit(void)
{
	sample_bus_exit(&bridge_driver);
}
module_exit(bridge_module_exit);

MODULE_DESCRIPTION("Bridge: sample of a device that other drivers use");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
