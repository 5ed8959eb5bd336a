/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lifetime_managed.h: memory and actions that end with an object, or on its way down
 */
#ifndef _LINUX_LIFETIME_MANAGED_H
#define _LINUX_LIFETIME_MANAGED_H

#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/lifetime.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/stdarg.h>
#include <linux/workqueue.h>

/**
 * DOC: Managed resources of an object
 *
 * What devm_*() is for the time that a driver is bound, lifetime_*() is for the time
 * that its data exists: freed by itself, in reverse order, but after the last file is
 * closed and not when the hardware goes. So:
 *
 * - what belongs to the *hardware* (registers, interrupts, clocks, DMA) is devm's;
 * - what belongs to the *object* (buffers, tables, strings) is managed here;
 * - what belongs to the object and has to *stop* when the hardware goes (a thread, a work
 *   item, what another device has lent) is an action at one of the phases of the way down.
 *
 * These are all phases there are, in this order. In each, what was added last comes first:
 *
 * 1. *refuse*: nobody gets in any more; waits until every CPU knows.
 * 2. %LIFETIME_AT_CANCEL: calls may be inside. To stop what they wait for. Comes before the
 *    first &lifetime_ops.cancel, and once.
 * 3. *drain*: sleepers are woken and &lifetime_ops.cancel is called until nobody is inside.
 *    Who polls is told before that call, if no poll is inside.
 * 4. *zap*: what is mapped is taken away.
 * 5. %LIFETIME_AT_DRAINED: nobody is inside and nothing is mapped, but for what is to be kept.
 *    The hardware is there, the nodes are in sysfs still. To wait for a thread or a work item:
 *    what they tried to enter was refused.
 * 6. The nodes go. lifetime_disconnect() returns, devm frees the hardware.
 * 7. *last put*: &lifetime_ops.release is called.
 * 8. %LIFETIME_AT_RELEASE: everything else, memory and actions.
 *
 * Where probe fails before a node was registered or devm_lifetime_disconnect() was called,
 * 2 and 5 come when devm has freed the hardware: so call the latter before anything is
 * started that uses it.
 *
 * All functions may be called from the moment lifetime_alloc() has returned. What comes
 * too late is refused: an action at a phase that is over with -ENXIO, anything at all
 * from the last put on with a warning.
 */

/**
 * enum lifetime_phase - when an action runs
 * @LIFETIME_AT_RELEASE: when the last reference is gone, after &lifetime_ops.release
 * @LIFETIME_AT_CANCEL: on the way down, when new calls are refused and others may be inside
 * @LIFETIME_AT_DRAINED: on the way down, when nobody is inside and nothing is mapped
 */
enum lifetime_phase {
	LIFETIME_AT_RELEASE,
	LIFETIME_AT_CANCEL,
	LIFETIME_AT_DRAINED,
};

int lifetime_add_action_at(struct lifetime *life, enum lifetime_phase phase,
			   void (*action)(void *), void *data);
int lifetime_add_action_at_or_reset(struct lifetime *life, enum lifetime_phase phase,
				    void (*action)(void *), void *data);
int lifetime_remove_action(struct lifetime *life, void (*action)(void *), void *data);
int lifetime_release_action(struct lifetime *life, void (*action)(void *), void *data);

/**
 * lifetime_add_action() - call a function when the last reference is gone
 * @life: the object
 * @action: the function, in the module that owns &lifetime_ops
 * @data: its argument; not what devm frees
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: 0, or -ENOMEM; -EINVAL, with a warning, if the last reference is gone.
 */
#define lifetime_add_action(life, action, data)					\
	lifetime_add_action_at(life, LIFETIME_AT_RELEASE, action, data)

/**
 * lifetime_add_action_or_reset() - the same, and if it fails the function is called at once
 * @life: the object
 * @action: the function, in the module that owns &lifetime_ops
 * @data: its argument; not what devm frees
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: as lifetime_add_action(); @action was called unless it is 0.
 */
#define lifetime_add_action_or_reset(life, action, data)			\
	lifetime_add_action_at_or_reset(life, LIFETIME_AT_RELEASE, action, data)

void *lifetime_open_group(struct lifetime *life, void *id, gfp_t gfp);
void lifetime_close_group(struct lifetime *life, void *id);
void lifetime_remove_group(struct lifetime *life, void *id);
int lifetime_release_group(struct lifetime *life, void *id);

void *lifetime_kmalloc(struct lifetime *life, size_t size, gfp_t gfp) __alloc_size(2);
char *lifetime_kstrdup(struct lifetime *life, const char *string, gfp_t gfp);
void *lifetime_kmemdup(struct lifetime *life, const void *from, size_t size, gfp_t gfp);
__printf(3, 0) char *lifetime_kvasprintf(struct lifetime *life, gfp_t gfp, const char *format,
					 va_list args);
__printf(3, 4) char *lifetime_kasprintf(struct lifetime *life, gfp_t gfp, const char *format,
					...);
void lifetime_kfree(struct lifetime *life, const void *memory);

unsigned long lifetime_get_free_pages(struct lifetime *life, gfp_t gfp, unsigned int order);
void lifetime_free_pages(struct lifetime *life, unsigned long address);

void __percpu *__lifetime_alloc_percpu(struct lifetime *life, size_t size, size_t align);
void lifetime_free_percpu(struct lifetime *life, void __percpu *percpu);

__printf(2, 5) struct workqueue_struct *
lifetime_alloc_workqueue(struct lifetime *life, const char *format, unsigned int flags,
			 int max_active, ...);
mempool_t *lifetime_create_mempool(struct lifetime *life, enum lifetime_phase phase, int min_nr,
				   size_t size, mempool_alloc_t *alloc_fn,
				   mempool_free_t *free_fn, void *pool_data);
int lifetime_ida_init(struct lifetime *life, struct ida *ida);
int __lifetime_mutex_init(struct lifetime *life, struct mutex *mutex);

/**
 * lifetime_kzalloc() - zeroed memory that is freed with the object
 * @life: the object
 * @size: in bytes
 * @gfp: as for kmalloc()
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the memory, or NULL.
 */
static inline void *lifetime_kzalloc(struct lifetime *life, size_t size, gfp_t gfp)
{
	return lifetime_kmalloc(life, size, gfp | __GFP_ZERO);
}

/**
 * lifetime_kmalloc_array() - memory for an array, freed with the object
 * @life: the object
 * @n: how many
 * @size: of each, in bytes
 * @gfp: as for kmalloc()
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the memory; NULL also where the product does not fit in a size_t.
 */
static inline void *lifetime_kmalloc_array(struct lifetime *life, size_t n, size_t size,
					   gfp_t gfp)
{
	size_t bytes;

	return check_mul_overflow(n, size, &bytes) ? NULL : lifetime_kmalloc(life, bytes, gfp);
}

/**
 * lifetime_kcalloc() - zeroed memory for an array, freed with the object
 * @life: the object
 * @n: how many
 * @size: of each, in bytes
 * @gfp: as for kmalloc()
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the memory; NULL also where the product does not fit in a size_t.
 */
static inline void *lifetime_kcalloc(struct lifetime *life, size_t n, size_t size, gfp_t gfp)
{
	return lifetime_kmalloc_array(life, n, size, gfp | __GFP_ZERO);
}

/**
 * lifetime_alloc_percpu() - a variable for each CPU, freed with the object
 * @life: the object
 * @type: of the variable
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: as alloc_percpu(); NULL if there is no memory.
 */
#define lifetime_alloc_percpu(life, type)					\
	((typeof(type) __percpu *)__lifetime_alloc_percpu(life, sizeof(type), __alignof__(type)))

/**
 * lifetime_mutex_init() - a mutex that is destroyed with the object
 * @life: the object
 * @lock: the mutex, part of the object or managed memory of its
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: as lifetime_add_action().
 */
#define lifetime_mutex_init(life, lock)						\
({										\
	struct mutex *__mutex = (lock);						\
										\
	mutex_init(__mutex);							\
	__lifetime_mutex_init(life, __mutex);					\
})

#endif /* _LINUX_LIFETIME_MANAGED_H */
