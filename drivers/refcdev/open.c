// SPDX-License-Identifier: GPL-2.0-only
/*
 * open.c: from a device number to a node, and what an open file holds of it
 *
 * An open file holds, from before the driver's open until after its release:
 *
 * - the driver's module, through file->f_op;
 * - the object, by one reference, which keeps the node and its inode;
 * - the core's module, through inode->i_cdev.
 */

#include <linux/export.h>
#include <linux/module.h>
#include <linux/preempt.h>

#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "inode.h"
#include "late.h"
#include "lifetime.h"
#include "node.h"
#include "open.h"
#include "range.h"
#include "trace.h"

/*
 * Find the node of a number, and go in. The look-up and the enter are one section with
 * preemption off, which ends before the node can be freed: an object is freed only
 * after it was disconnected, and a disconnect erases the minor, then waits for such
 * sections. It does not wait for readers of RCU that were preempted. Inside, the driver's
 * unbind waits for us, and with it the module's exit.
 */
static struct refcdev *open_enter(unsigned int minor, struct gate_frame *frame)
{
	struct refcdev *cdev;

	preempt_disable();
	cdev = refcdev_lookup(minor);
	if (cdev)
		refcdev_delay(open_found);
	if (cdev && unlikely(!__lifetime_enter_atomic(cdev->life, REFCDEV_OP_open))) {
		trace_refcdev_refuse(cdev->life->name, refcdev_op_name(REFCDEV_OP_open));
		cdev = NULL;
	}
	preempt_enable();
	if (cdev)
		gate_frame_set(cdev->life, REFCDEV_OP_open, frame);
	return cdev;
}

/* Without its device the node is not bound yet. What is there stays while we are inside. */
static void warn_late(struct refcdev *cdev)
{
	struct device *node;

	if (!IS_ENABLED(CONFIG_REFCDEV_DEBUG))
		return;
	node = smp_load_acquire(&cdev->dev);	/* pairs with node_announce() */
	if (node && node->parent)
		refcdev_warn_late(node->parent);
}

static int open_driver(struct refcdev *cdev, struct inode *inode, struct file *file)
{
	int ret = 0;

	file->f_mapping = cdev->inode->i_mapping;
	file->private_data = cdev;
	refcdev_delay(open_ready);
	warn_late(cdev);
	if (cdev->fops->open)
		ret = cdev->fops->open(inode, file);
	/* Either would lead the next call past the gate, and the last one past the put. */
	if (!ret && WARN_ONCE(file->f_mapping != cdev->inode->i_mapping ||
			      file->f_op != &cdev->type->proxy,
			      "refcdev: %s: open changed the file's f_mapping or f_op\n",
			      cdev->life->name)) {
		if (cdev->fops->release)
			cdev->fops->release(inode, file);
		ret = -EINVAL;
	}
	refcdev_delay(open_done);
	return ret;
}

static __gate_proxy int refcdev_open(struct inode *inode, struct file *file)
{
	struct gate_frame frame __uninitialized;
	struct refcdev *cdev = open_enter(iminor(inode), &frame);
	struct lifetime *life;
	int ret = LIFETIME_GONE;
	bool live;

	/* If this fails, the caller puts the cdev before it looks at the file's table. */
	file->f_op = NULL;
	if (!cdev)
		return LIFETIME_GONE;
	life = cdev->life;
	/* Not while the driver's module is going. */
	live = try_module_get(cdev->type->proxy.owner);
	if (live) {
		refcdev_delay(open_entered);
		lifetime_get_bare(life, HOLDER_file);
		refcdev_note_file(cdev, file);
		file->f_op = &cdev->type->proxy;
		ret = open_driver(cdev, inode, file);
	}
	if (trace_refcdev_open_enabled())
		trace_refcdev_open(life->name, refcdev_devt(cdev), ret);
	gate_exit(life, REFCDEV_OP_open, &frame);
	if (ret && live) {
		file->f_mapping = inode->i_mapping;
		refcdev_forget_file(life, file);
		lifetime_put_bare(life, HOLDER_file);
	}
	return ret;
}

/*
 * Goes through at any time. If it came before the disconnect it is waited for as
 * any call is, and finds the hardware there; if not, the driver must leave that
 * alone: lifetime_disconnected() tells.
 */
__gate_proxy int refcdev_release(struct inode *inode, struct file *file)
{
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct gate_frame frame __uninitialized;
	bool entered;
	int ret = 0;

	entered = gate_enter(life, REFCDEV_OP_release, &frame);
	if (cdev->fops->release)
		ret = cdev->fops->release(inode, file);
	if (entered)
		gate_exit(life, REFCDEV_OP_release, &frame);
	refcdev_delay(close_driver);
	refcdev_forget_file(life, file);
	lifetime_put_bare(life, HOLDER_file);
	return ret;
}

/**
 * refcdev_from_file() - the node that a file was opened through
 * @file: a file of the driver's own, in any operation; for others ask
 *	refcdev_file_is() first
 *
 * Context: any.
 * Return: the node; it exists as long as @file is open.
 */
struct refcdev *refcdev_from_file(const struct file *file)
{
	return refcdev_of(file);
}
EXPORT_SYMBOL_GPL(refcdev_from_file);

/* No owner: who uses it has a reference to this module through the cdev, one is enough. */
const struct file_operations refcdev_dispatcher = {
	.open = refcdev_open,
	.llseek = noop_llseek,
};
