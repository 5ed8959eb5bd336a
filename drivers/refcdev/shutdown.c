// SPDX-License-Identifier: GPL-2.0-only
/*
 * shutdown.c: the bounded disconnect, for when the machine goes down
 *
 * The kernel shuts devices down one after the other, with programs still running: a call
 * that does not leave must not keep the machine up. Nothing is freed then, so a drain that
 * never ends does no harm. It is left to a work item, and waited for by the clock.
 */

#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/refcdev.h>
#include <linux/slab.h>

#include "gate.h"
#include "lifetime.h"

struct shutdown_work {
	struct work_struct work;
	struct lifetime *life;
};

static void shutdown_drain(struct work_struct *work)
{
	struct shutdown_work *self = container_of(work, struct shutdown_work, work);

	lifetime_disconnect(self->life);
	lifetime_put(self->life);
	kfree(self);
}

/* At least refused, where there is no memory. A module that is going drains by itself. */
static void shutdown_begin(struct lifetime *life)
{
	struct shutdown_work *self = kmalloc(sizeof(*self), GFP_KERNEL);

	lifetime_refuse(life);
	if (!self || !lifetime_tryget(life)) {
		kfree(self);
		return;
	}
	/* Nor may this module go; after this nobody will ask for it. */
	__module_get(THIS_MODULE);
	self->life = life;
	INIT_WORK(&self->work, shutdown_drain);
	queue_work(system_unbound_wq, &self->work);
}

/**
 * refcdev_shutdown_device() - disconnect a device because the machine goes down
 * @dev: the device
 * @timeout: how long to wait for its calls, in jiffies
 *
 * For a driver's shutdown, and for nothing else. As refcdev_disconnect_device(): calls are
 * refused, sleepers woken. But when the time is up it gives up, and says who is inside: they
 * may touch the hardware until the machine is off. So nothing may be freed afterwards.
 *
 * Context: process context, sleeps; the driver core holds the device's lock.
 * Return: true if nobody is inside.
 */
bool refcdev_shutdown_device(struct device *dev, unsigned long timeout)
{
	unsigned long end = jiffies + timeout;
	struct lifetime *life;

	while ((life = lifetime_find(dev, true)))
		shutdown_begin(life);
	while ((life = lifetime_find(dev, false))) {
		long left = end - jiffies;

		if (left > 0 && wait_for_completion_timeout(&life->dead, left))
			continue;
		pr_warn("refcdev: %s: shut down with %d calls inside\n", life->name,
			max_t(int, READ_ONCE(life->inside), 0));
		gate_show_frames(life);
		return false;
	}
	return true;
}
EXPORT_SYMBOL_GPL(refcdev_shutdown_device);
