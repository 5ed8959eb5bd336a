// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_objects.c: what the kernel has allocated for an object, and is freed with it:
 * pages, per-CPU variables, workqueues and the like; an entry of managed.c's list has the
 * address
 */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/overflow.h>
#include <linux/percpu.h>

#include "managed.h"

struct managed_object {
	union {
		void *pointer;
		void __percpu *percpu;
		unsigned long address;
	};
	unsigned int order;
};

static struct managed_object *object_of(struct managed *managed)
{
	return (void *)managed->data;
}

static bool object_matches(struct managed *managed, const void *data)
{
	return object_of(managed)->address == *(const unsigned long *)data;
}

static struct managed *object_alloc(managed_end_t end, gfp_t gfp)
{
	struct managed *managed = managed_alloc(sizeof(struct managed_object), gfp);

	if (managed)
		managed->end = end;
	return managed;
}

/* The entry is there; what it is about may not be, and goes if it is not wanted any more. */
static bool object_add(struct lifetime *life, struct managed *managed)
{
	if (!object_of(managed)->address) {
		kfree(managed);
		return false;
	}
	if (!managed_add(life, managed))
		return true;
	managed_end(managed);
	return false;
}

/* Not inlined: newer kernels count a WARN_ONCE() per copy. */
static noinline void object_free(struct lifetime *life, managed_end_t end, unsigned long address)
{
	struct managed *managed = managed_take(life, end, object_matches, &address);

	if (WARN_ONCE(!managed,
		      "refcdev: %s: freed what is none of this object's, or was freed before\n",
		      life->name))
		return;
	managed_end(managed);
}

static void pages_end(struct managed *managed)
{
	free_pages(object_of(managed)->address, object_of(managed)->order);
}

/**
 * lifetime_get_free_pages() - pages that are freed with the object
 * @life: the object
 * @gfp: as for __get_free_pages()
 * @order: 2^@order pages
 *
 * Single pages may be mapped into user space, where a mapping that is to be kept holds
 * them beyond the end of the object.
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: their address, or 0.
 */
unsigned long lifetime_get_free_pages(struct lifetime *life, gfp_t gfp, unsigned int order)
{
	gfp_t entry_gfp = gfp & ~(GFP_ZONEMASK | __GFP_COMP | __GFP_ZERO);
	struct managed *managed = object_alloc(pages_end, entry_gfp);
	unsigned long address;

	if (!managed)
		return 0;
	address = __get_free_pages(gfp, order);
	object_of(managed)->address = address;
	object_of(managed)->order = order;
	managed_describe(managed, "pages", PAGE_SIZE << order, NULL, _RET_IP_);
	return object_add(life, managed) ? address : 0;
}
EXPORT_SYMBOL_GPL(lifetime_get_free_pages);

/**
 * lifetime_free_pages() - free managed pages before their object
 * @life: the object
 * @address: what lifetime_get_free_pages() returned, or 0
 *
 * Context: any but NMI. The caller has a reference.
 */
void lifetime_free_pages(struct lifetime *life, unsigned long address)
{
	if (address)
		object_free(life, pages_end, address);
}
EXPORT_SYMBOL_GPL(lifetime_free_pages);

static void percpu_end(struct managed *managed)
{
	free_percpu(object_of(managed)->percpu);
}

/**
 * __lifetime_alloc_percpu() - lifetime_alloc_percpu() without types
 * @life: the object
 * @size: in bytes, for each CPU
 * @align: in bytes
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: as __alloc_percpu().
 */
void __percpu *__lifetime_alloc_percpu(struct lifetime *life, size_t size, size_t align)
{
	struct managed *managed = object_alloc(percpu_end, GFP_KERNEL);
	void __percpu *percpu;

	if (!managed)
		return NULL;
	percpu = __alloc_percpu(size, align);
	object_of(managed)->percpu = percpu;
	managed_describe(managed, "percpu", size * num_possible_cpus(), NULL, _RET_IP_);
	return object_add(life, managed) ? percpu : NULL;
}
EXPORT_SYMBOL_GPL(__lifetime_alloc_percpu);

/**
 * lifetime_free_percpu() - free a managed per-CPU variable before its object
 * @life: the object
 * @percpu: what lifetime_alloc_percpu() returned, or NULL
 *
 * Context: process context. The caller has a reference.
 */
void lifetime_free_percpu(struct lifetime *life, void __percpu *percpu)
{
	if (percpu)
		object_free(life, percpu_end, (__force unsigned long)percpu);
}
EXPORT_SYMBOL_GPL(lifetime_free_percpu);

static void workqueue_end(struct managed *managed)
{
	destroy_workqueue(object_of(managed)->pointer);
}

/**
 * lifetime_alloc_workqueue() - a workqueue that is destroyed with the object
 * @life: the object
 * @format: of its name, as for printf()
 * @flags: as for alloc_workqueue()
 * @max_active: as for alloc_workqueue(), followed by what @format asks for
 *
 * It waits for its work then; so that must not drop the last reference itself, but with
 * lifetime_put_async(). What has to stop when the hardware goes is cancelled by an action at
 * %LIFETIME_AT_DRAINED.
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: the workqueue, or NULL.
 */
struct workqueue_struct *lifetime_alloc_workqueue(struct lifetime *life, const char *format,
						  unsigned int flags, int max_active, ...)
{
	struct managed *managed = object_alloc(workqueue_end, GFP_KERNEL);
	struct workqueue_struct *queue;
	char name[64];
	va_list args;

	if (!managed)
		return NULL;
	va_start(args, max_active);
	vscnprintf(name, sizeof(name), format, args);
	va_end(args);
	queue = alloc_workqueue("%s", flags, max_active, name);
	object_of(managed)->pointer = queue;
	managed_describe(managed, "workqueue", 0, NULL, _RET_IP_);
	return object_add(life, managed) ? queue : NULL;
}
EXPORT_SYMBOL_GPL(lifetime_alloc_workqueue);

static void mempool_end(struct managed *managed)
{
	mempool_destroy(object_of(managed)->pointer);
}

/**
 * lifetime_create_mempool() - a mempool that is destroyed with the object, or on its way down
 * @life: the object
 * @phase: when. %LIFETIME_AT_DRAINED where @free_fn needs the hardware, as with a DMA pool: devm
 *	must free nothing of that then before it disconnects, see devm_lifetime_disconnect()
 * @min_nr: how many elements it sets aside
 * @size: of an element, in bytes; for the dump only
 * @alloc_fn: as for mempool_create()
 * @free_fn: as for mempool_create(); in the module that owns &lifetime_ops
 * @pool_data: their argument
 *
 * All elements must have been given back when it is destroyed.
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: the mempool, or NULL; also if @phase is over.
 */
mempool_t *lifetime_create_mempool(struct lifetime *life, enum lifetime_phase phase, int min_nr,
				   size_t size, mempool_alloc_t *alloc_fn,
				   mempool_free_t *free_fn, void *pool_data)
{
	struct managed *managed = object_alloc(mempool_end, GFP_KERNEL);
	mempool_t *pool;

	if (!managed)
		return NULL;
	pool = mempool_create(min_nr, alloc_fn, free_fn, pool_data);
	object_of(managed)->pointer = pool;
	managed->phase = phase;
	managed_describe(managed, "mempool", size_mul(min_nr, size), NULL, _RET_IP_);
	return object_add(life, managed) ? pool : NULL;
}
EXPORT_SYMBOL_GPL(lifetime_create_mempool);

static int object_init(struct lifetime *life, managed_end_t end, void *pointer,
		       const char *kind, unsigned long caller)
{
	struct managed *managed = object_alloc(end, GFP_KERNEL);
	int ret;

	if (!managed)
		return -ENOMEM;
	object_of(managed)->pointer = pointer;
	managed_describe(managed, kind, 0, NULL, caller);
	ret = managed_add(life, managed);
	if (ret)
		managed_end(managed);
	return ret;
}

static void ida_end(struct managed *managed)
{
	ida_destroy(object_of(managed)->pointer);
}

/**
 * lifetime_ida_init() - an IDA that is destroyed with the object
 * @life: the object
 * @ida: the IDA, part of the object or managed memory of its
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: as lifetime_add_action().
 */
int lifetime_ida_init(struct lifetime *life, struct ida *ida)
{
	ida_init(ida);
	return object_init(life, ida_end, ida, "ida", _RET_IP_);
}
EXPORT_SYMBOL_GPL(lifetime_ida_init);

static void mutex_end(struct managed *managed)
{
	mutex_destroy(object_of(managed)->pointer);
}

/**
 * __lifetime_mutex_init() - lifetime_mutex_init() for a mutex that is initialized
 * @life: the object
 * @mutex: the mutex
 *
 * Context: process context, may sleep. The caller has a reference.
 * Return: as lifetime_add_action().
 */
int __lifetime_mutex_init(struct lifetime *life, struct mutex *mutex)
{
	return object_init(life, mutex_end, mutex, "mutex", _RET_IP_);
}
EXPORT_SYMBOL_GPL(__lifetime_mutex_init);
