// SPDX-License-Identifier: GPL-2.0-only
/*
 * slots.c: the operations that a new mapping gets in place of the driver's
 *
 * They are made once for each distinct table of the driver, and lie in a slot of the type,
 * for ever: mappings refer to them, and nobody counts mappings.
 */

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "vma.h"

static DEFINE_SPINLOCK(slots_lock);
static const struct vm_operations_struct no_vm_ops;

static struct refcdev_vm_slot *slot_find(struct refcdev_type *type,
					 const struct vm_operations_struct *ops)
{
	int i;

	for (i = 0; i < REFCDEV_VM_TABLES; i++)
		/* Pairs with the release in slot_fill(): a slot in use is filled. */
		if (smp_load_acquire(&type->vm[i].ops) == ops)
			return &type->vm[i];
	return NULL;
}

/* Once filled, a slot stays as it is: mappings that refer to it are not counted. */
static const char *slot_fill(struct refcdev_type *type, const struct vm_operations_struct *ops)
{
	struct refcdev_vm_slot *slot = slot_find(type, NULL);
	const char *why;

	lockdep_assert_held(&slots_lock);
	if (slot_find(type, ops))
		return NULL;
	if (!slot)
		return "too many tables; they must be static";
	if (virt_addr_valid(ops) && folio_test_slab(virt_to_folio(ops)))
		return "in allocated memory; they must be static";
	memset(&slot->proxy, 0, sizeof(slot->proxy));
	why = refcdev_set_vm_proxies(&slot->proxy, ops, type->vma_policy, slot - type->vm);
	if (!why)
		/* Pairs with the acquire in slot_find(). */
		smp_store_release(&slot->ops, ops);
	return why;
}

/* Never in a fault: so the page must be there before there is a mapping. */
static int prepare_zeroes(struct lifetime *life)
{
	struct page *page;

	if (READ_ONCE(life->zero_page))
		return 0;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	if (cmpxchg(&life->zero_page, NULL, page))
		put_page(page);
	return 0;
}

/**
 * refcdev_guard_mapping() - the operations that a new mapping gets in place of the driver's
 * @cdev: the node that is mapped
 * @ops: the driver's operations, NULL if it set none
 * @by_frame: it is mapped by page frame numbers, not by pages
 * @proxy: the operations; NULL if the mapping can do without
 *
 * Context: process context, inside the gate.
 * Return: 0; -EOPNOTSUPP, with a message, if the mapping cannot be guarded; -ENOMEM.
 */
int refcdev_guard_mapping(struct refcdev *cdev, const struct vm_operations_struct *ops,
			  bool by_frame, const struct vm_operations_struct **proxy)
{
	struct refcdev_type *type = cdev->type;
	const char *why = NULL;

	*proxy = NULL;
	if (type->vma_policy == REFCDEV_VMA_KEEP && by_frame) {
		pr_err_once("refcdev: %s: REFCDEV_VMA_KEEP, and a mapping by page frame numbers: what is kept must be memory, mapped by its pages\n",
			    cdev->life->name);
		return -EOPNOTSUPP;
	}
	/* It stays, and calls nobody. */
	if (type->vma_policy == REFCDEV_VMA_KEEP && !ops)
		return 0;
	if (!ops)
		ops = &no_vm_ops;
	if (!slot_find(type, ops)) {
		spin_lock(&slots_lock);
		why = slot_fill(type, ops);
		spin_unlock(&slots_lock);
	}
	if (why) {
		pr_err_once("refcdev: %s: vm_operations not supported: %s\n", cdev->life->name,
			    why);
		return -EOPNOTSUPP;
	}
	*proxy = &slot_find(type, ops)->proxy;
	return type->vma_policy == REFCDEV_VMA_ZERO ? prepare_zeroes(cdev->life) : 0;
}
