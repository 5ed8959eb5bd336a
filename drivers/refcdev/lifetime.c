// SPDX-License-Identifier: GPL-2.0-only
/*
 * lifetime.c: allocation, references and release of an object that outlives its
 * device
 *
 * Who can hold a reference, and what keeps the driver's module, and with it the
 * text of &lifetime_ops.release, until that reference is put:
 *
 * (1) the binding, from lifetime_alloc() on. It takes no module reference, so that
 *     a driver whose device is merely bound can be unloaded. It ends in the
 *     driver's own unbind, that is in devres or in lifetime_end(), before the
 *     module's exit function returns.
 * (2) a node's registration: as the binding, which it ends before.
 * (3) an open file: its file_operations, which lie in the module, are put by the
 *     VFS after ->release has put the object.
 * (4) users inside the kernel: lifetime_get() and lifetime_tryget() take a module
 *     reference along. The core puts it after the driver's release has returned, in
 *     its own text.
 *
 * A last put from atomic context leaves the release to a work item, which drops the
 * module's reference of (4) when it has run.
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "debug.h"
#include "delay.h"
#include "gate.h"
#include "late.h"
#include "lifetime.h"
#include "managed.h"
#include "misplaced.h"
#include "node.h"
#include "trace.h"

static struct workqueue_struct *release_queue;

static void lifetime_free(struct lifetime *life)
{
	lifetime_dump_remove(life);
	lifetime_free_waiters(life);
	if (life->zero_page)
		put_page(life->zero_page);
	gate_destroy(life);
	mutex_destroy(&life->list_lock);
	kfree_const(life->name);
	kfree(life->memory);
}

/* The last reference is gone: nobody else can name the object. */
static void lifetime_release(struct lifetime *life)
{
	const struct lifetime_ops *ops = life->ops;

	might_sleep();
	refcdev_delay(release_last);
	/* Opens and the binding still find it: leaked, it does no more harm. */
	if (WARN_ONCE(!lifetime_disconnected(life),
		      "refcdev: %s: released while connected: one lifetime_put() too many\n",
		      life->name)) {
		lifetime_dump_remove(life);
		return;
	}
	trace_lifetime_release(life->name);
	lifetime_close_managed(life);
	/* No file is left; and they may lie in what goes next. */
	refcdev_release_nodes(life);
	if (ops->release)
		ops->release(life);
	lifetime_free_managed(life);
	lifetime_free(life);
}

static void lifetime_release_work(struct work_struct *work)
{
	struct lifetime *life = container_of(work, struct lifetime, release_work);
	struct module *owner = life->ops->owner;

	lifetime_release(life);
	module_put(owner);
}

static int lifetime_init(struct lifetime *life, struct device *dev,
			 const struct lifetime_ops *ops, struct lock_class_key *key)
{
	refcount_set(&life->ref, 1);
	life->ops = ops;
	init_completion(&life->dead);
	mutex_init(&life->list_lock);
	INIT_LIST_HEAD(&life->nodes);
	INIT_LIST_HEAD(&life->waiters);
	INIT_LIST_HEAD(&life->lockers);
	INIT_WORK(&life->release_work, lifetime_release_work);
	lifetime_init_managed(life);
	lifetime_debug_init(life);
	/* A copy: messages name the object after its device is gone. */
	life->name = kstrdup_const(dev ? dev_name(dev) : "(no device)", GFP_KERNEL);
	if (!life->name)
		return -ENOMEM;
	return gate_init(life, key);
}

/*
 * First allocated, last undone: what the driver had from devm is gone. Right after a
 * disconnect, or where a probe failed before it came to one.
 */
void lifetime_binding_end(struct device *dev, void *res)
{
	struct lifetime *life = *(struct lifetime **)res;

	life->hardware_gone = !lifetime_disconnected(life);
	WARN_ONCE(IS_ENABLED(CONFIG_REFCDEV_DEBUG) && life->hardware_gone &&
		  dev->links.status == DL_DEV_UNBINDING,
		  "refcdev: %s: still connected after remove: see devm_lifetime_disconnect()\n",
		  life->name);
	lifetime_end(life);
}

void lifetime_undo_start(struct device *dev, void *res)
{
	lifetime_disconnect_forced(*(struct lifetime **)res);
}

/**
 * devm_lifetime_disconnect() - have devres disconnect an object before the hardware goes
 * @dev: the device that is being bound; the one that @life was allocated for
 * @life: the object
 *
 * For objects that have no node, whose registration does this: to be called when the
 * hardware is there, and before anything is started that enters the object. Then the
 * disconnect comes before the hardware goes, also where a later step of probe fails.
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOMEM; -EINVAL, with a warning, if the object or what it refers to lies in
 *	memory that devres frees.
 */
int devm_lifetime_disconnect(struct device *dev, struct lifetime *life)
{
	struct lifetime **undo;

	if (lifetime_is_misplaced(dev, life) || refcdev_is_misplaced(dev, life, NULL))
		return -EINVAL;
	undo = devres_alloc(lifetime_undo_start, sizeof(*undo), GFP_KERNEL);
	if (!undo)
		return -ENOMEM;
	*undo = life;
	devres_add(dev, undo);
	return 0;
}
EXPORT_SYMBOL_GPL(devm_lifetime_disconnect);

/**
 * __lifetime_alloc() - lifetime_alloc() without types
 * @size: of the driver's structure, in bytes
 * @offset: of the &struct lifetime in it
 * @dev: the device that is being bound, or NULL
 * @ops: what to call at the ends of the object
 * @owner: the calling module
 * @key: lockdep's class, one per driver
 *
 * Context: process context, may sleep.
 * Return: as lifetime_alloc().
 */
void *__lifetime_alloc(size_t size, size_t offset, struct device *dev,
		       const struct lifetime_ops *ops, struct module *owner,
		       struct lock_class_key *key)
{
	struct lifetime **binding = NULL;
	struct lifetime *life;
	void *memory;

	/* Without it nothing keeps the text of the driver's release. */
	if (WARN_ONCE(!ops || ops->owner != owner,
		      "refcdev: %s: lifetime_ops.owner is not THIS_MODULE\n",
		      dev ? dev_name(dev) : "(no device)"))
		return ERR_PTR(-EINVAL);
	/* Named after the caller in slab and kmemleak reports: a leak is the driver's. */
	memory = kmalloc_track_caller(LIFETIME_DEBUG_SIZE + size, GFP_KERNEL | __GFP_ZERO);
	if (!memory)
		return ERR_PTR(-ENOMEM);
	life = memory + LIFETIME_DEBUG_SIZE + offset;
	life->memory = memory;
	if (dev) {
		binding = devres_alloc(lifetime_binding_end, sizeof(*binding), GFP_KERNEL);
		if (!binding)
			goto err_free;
	}
	if (lifetime_init(life, dev, ops, key))
		goto err_free_binding;
	if (dev) {
		*binding = life;
		devres_add(dev, binding);
	}
	lifetime_dump_add(life);
	return memory + LIFETIME_DEBUG_SIZE;

err_free_binding:
	kfree_const(life->name);
	if (binding)
		devres_free(binding);
err_free:
	kfree(memory);
	return ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_GPL(__lifetime_alloc);

/**
 * lifetime_end() - end what lifetime_alloc() without a device began
 * @life: the object
 *
 * Disconnects the object, if that was not done, and drops the reference that
 * lifetime_alloc() returned. Once per object; where it was allocated for a device,
 * devres calls this.
 *
 * Called from inside one of the object's own calls it warns, and waits for all
 * others but not for that one.
 *
 * Context: process context, sleeps.
 */
void lifetime_end(struct lifetime *life)
{
	lifetime_disconnect_forced(life);
	lifetime_put_bare(life, HOLDER_binding);
}
EXPORT_SYMBOL_GPL(lifetime_end);

void __lifetime_put(struct lifetime *life)
{
	/* To find who may not; the last put sleeps, and no other need be a reason to reschedule. */
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_sleep();
	if (refcount_dec_and_test(&life->ref))
		lifetime_release(life);
}

/**
 * lifetime_get() - name the object once more
 * @life: the object
 *
 * For who has a reference already, and gives another one away. The driver's module
 * is held with it.
 *
 * Context: any.
 */
void lifetime_get(struct lifetime *life)
{
	__module_get(life->ops->owner);
	lifetime_note_site(life, _RET_IP_, true);
	lifetime_get_bare(life, HOLDER_kernel);
}
EXPORT_SYMBOL_GPL(lifetime_get);

/**
 * lifetime_tryget() - take a first reference to an object
 * @life: the object
 *
 * For who is sure that @life exists, by being inside or by a lock that its unbind
 * takes, but does not hold its module.
 *
 * Context: any.
 * Return: true, and @life and the driver's module stay until lifetime_put(); false
 *	if the module is being unloaded.
 */
bool lifetime_tryget(struct lifetime *life)
{
	if (!lifetime_tryget_for(life, HOLDER_kernel))
		return false;
	lifetime_note_site(life, _RET_IP_, true);
	return true;
}
EXPORT_SYMBOL_GPL(lifetime_tryget);

/**
 * lifetime_put() - drop what lifetime_get() or lifetime_tryget() returned
 * @life: the object; not to be touched afterwards
 *
 * If it was the last reference, the driver's release has run when this returns.
 *
 * Context: process context, may sleep. See lifetime_put_async().
 */
void lifetime_put(struct lifetime *life)
{
	lifetime_note_site(life, _RET_IP_, false);
	lifetime_put_for(life, HOLDER_kernel);
}
EXPORT_SYMBOL_GPL(lifetime_put);

/**
 * lifetime_put_async() - lifetime_put() from where one may not sleep
 * @life: the object; not to be touched afterwards
 *
 * If it was the last reference, the driver's release runs from a work item.
 *
 * Context: any but NMI.
 */
void lifetime_put_async(struct lifetime *life)
{
	struct module *owner = life->ops->owner;

	lifetime_note_site(life, _RET_IP_, false);
	lifetime_note_held(life, HOLDER_kernel, -1);
	if (!refcount_dec_and_test(&life->ref))
		module_put(owner);
	else
		queue_work(release_queue, &life->release_work);
}
EXPORT_SYMBOL_GPL(lifetime_put_async);

static int lifetime_is_live(struct device *dev, void *res, void *data)
{
	return !lifetime_disconnected(*(struct lifetime **)res);
}

/* Begun by somebody else is not enough: the caller must not go on before the end. */
static int lifetime_not_dead(struct device *dev, void *res, void *data)
{
	return !completion_done(&(*(struct lifetime **)res)->dead);
}

/* Only the caller, who unbinds @dev, could make an entry of devres go away. */
struct lifetime *lifetime_find(struct device *dev, bool live)
{
	struct lifetime **binding = devres_find(dev, lifetime_binding_end,
						live ? lifetime_is_live : lifetime_not_dead, NULL);

	return binding ? *binding : NULL;
}

/**
 * refcdev_disconnect_device() - disconnect every object that is bound to a device
 * @dev: the device
 *
 * To be called first in a driver's remove, where the bus still has the device
 * powered: on some kernels devres, which would do the same, runs after the bus has
 * cut the power. Platform drivers with nothing else to do use refcdev_remove().
 *
 * Context: process context, sleeps; the driver core holds the device's lock.
 */
void refcdev_disconnect_device(struct device *dev)
{
	struct lifetime *life;

	refcdev_warn_late(dev);
	/* All are begun before the first is finished: one wait for other CPUs does. */
	while ((life = lifetime_find(dev, true)))
		lifetime_refuse(life);
	while ((life = lifetime_find(dev, false)))
		lifetime_disconnect_forced(life);
}
EXPORT_SYMBOL_GPL(refcdev_disconnect_device);

int __init lifetime_init_core(void)
{
	release_queue = alloc_workqueue("refcdev_release", WQ_UNBOUND, 0);
	return release_queue ? 0 : -ENOMEM;
}

void lifetime_exit_core(void)
{
	destroy_workqueue(release_queue);
}
