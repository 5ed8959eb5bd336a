// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma.c: a proxy for every operation on a mapping, from the table in vma.h, and the way
 * down of what is mapped
 *
 * V1. A proxy exists exactly where the driver has the operation. But close is always
 *     there, and so is fault where a page of zeroes is promised.
 * V2. A mapping by pages is VM_MIXEDMAP, and one by frame numbers VM_PFNMAP: neither is
 *     ever merged with its neighbour, which would map without a call to mmap, and the
 *     proxies may insert pages by themselves.
 * V3. What maps something does so inside the gate: the driver's handler, or, if that
 *     returns a page for the kernel to map, the proxy in its place. So after the drain
 *     no page of the device is added to any mapping, and the zap that follows is the
 *     last that is needed. Who copies page tables at that time, fork and mremap, is in
 *     step with the zap by the address space's lock, as with a truncated file.
 * V4. A handler may drop the lock that keeps the mapping, and then says so: what is
 *     needed of it afterwards is loaded before.
 *
 * What stays with a process are its own copies (MAP_PRIVATE, written to after the zap) and
 * pages that it had the kernel pin, which the pin keeps: memory, never registers.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/spinlock.h>

#include "fops.h"
#include "gate.h"
#include "inode.h"
#include "vma.h"

static DEFINE_SPINLOCK(slots_lock);
static const struct vm_operations_struct no_vm_ops;

#define VMA_SIZE(kind, member, ...)	+ sizeof_field(struct vm_operations_struct, member)

static_assert(0 REFCDEV_VM_OPS(VMA_SIZE) == sizeof(struct vm_operations_struct),
	      "struct vm_operations_struct has a member that the table in vma.h does not know");

static struct refcdev *vma_node(const struct vm_area_struct *vma)
{
	return refcdev_of(vma->vm_file);
}

/* A fault that is refused. ZERO: what is there until the zap is the device's still. */
static vm_fault_t gone_fallback(struct vm_fault *vmf, enum refcdev_vma_policy policy)
{
	return VM_FAULT_FALLBACK;
}

static vm_fault_t gone_none(struct vm_fault *vmf, enum refcdev_vma_policy policy)
{
	return 0;
}

static vm_fault_t gone_mkwrite(struct vm_fault *vmf, enum refcdev_vma_policy policy)
{
	if (policy != REFCDEV_VMA_ZERO)
		return VM_FAULT_SIGBUS;
	/* The page is in no file: without the lock the caller would try for ever. */
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static vm_fault_t gone_pfn_mkwrite(struct vm_fault *vmf, enum refcdev_vma_policy policy)
{
	return policy == REFCDEV_VMA_ZERO ? 0 : VM_FAULT_SIGBUS;
}

static vm_fault_t gone_fault(struct vm_fault *vmf, struct refcdev *cdev)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *zeroes = cdev->life->zero_page;

	if (cdev->type->vma_policy != REFCDEV_VMA_ZERO)
		return VM_FAULT_SIGBUS;
	if (!(vma->vm_flags & VM_PFNMAP)) {
		get_page(zeroes);
		vmf->page = zeroes;
		return 0;
	}
	/* By frame number there is no telling a private copy from what it is a copy of. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return VM_FAULT_SIGBUS;
	/* Memory, which is cached, whatever the device's registers were. */
	return vmf_insert_pfn_prot(vma, vmf->address, page_to_pfn(zeroes),
				   vm_get_page_prot(vma->vm_flags));
}

#define VMA_PROXY_FAULT(member, params, args, gone)				\
static vm_fault_t refcdev_vm_##member params					\
{										\
	const struct vm_operations_struct *ops = refcdev_vm_ops(vmf->vma);	\
	struct refcdev *cdev = vma_node(vmf->vma);				\
	struct lifetime *life = cdev->life;					\
	struct gate_frame frame;						\
	vm_fault_t ret;								\
										\
	if (!gate_enter(life, REFCDEV_OP_fault, &frame)) {			\
		refcdev_refused(life, REFCDEV_OP_fault);			\
		return gone_##gone(vmf, cdev->type->vma_policy);		\
	}									\
	ret = ops->member args;							\
	gate_exit(life, REFCDEV_OP_fault, &frame);				\
	return ret;								\
}

#define VMA_PROXY_CALL(member, type, params, args, refused)			\
static type refcdev_vm_##member params						\
{										\
	const struct vm_operations_struct *ops = refcdev_vm_ops(vma);		\
	struct lifetime *life = vma_node(vma)->life;				\
	struct gate_frame frame;						\
	type ret;								\
										\
	if (!gate_enter(life, REFCDEV_OP_vma, &frame)) {			\
		refcdev_refused(life, REFCDEV_OP_vma);				\
		return refused;							\
	}									\
	ret = ops->member args;							\
	gate_exit(life, REFCDEV_OP_vma, &frame);				\
	return ret;								\
}

#define VMA_PROXY_PASS(member)							\
static void refcdev_vm_##member(struct vm_area_struct *vma)			\
{										\
	const struct vm_operations_struct *ops = refcdev_vm_ops(vma);		\
	struct lifetime *life = vma_node(vma)->life;				\
	struct gate_frame frame;						\
	bool entered = gate_enter(life, REFCDEV_OP_vma, &frame);		\
										\
	if (ops->member)							\
		ops->member(vma);						\
	if (entered)								\
		gate_exit(life, REFCDEV_OP_vma, &frame);			\
}

#define VMA_PROXY_OWN(member)
#define VMA_PROXY_SLOT(member)
#define VMA_PROXY_REFUSED(member, why)
#define VMA_PROXY(kind, ...)		VMA_PROXY_##kind(__VA_ARGS__)

REFCDEV_VM_OPS(VMA_PROXY)

/* None of these comes with a page that the caller is to map. */
#define FAULT_WITHOUT_PAGE							\
	(VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY | VM_FAULT_COMPLETED | VM_FAULT_DONE_COW)

/*
 * Map the page that a handler returned, as the caller would after the gate was left; but
 * for a page that is only to be copied.
 */
static vm_fault_t map_returned_page(struct vm_fault *vmf, struct refcdev *cdev, vm_fault_t ret)
{
	struct page *page;
	vm_fault_t mapped = VM_FAULT_SIGBUS;

	if (ret & FAULT_WITHOUT_PAGE || vmf->cow_page || !vmf->page)
		return ret;
	page = vmf->page;
	vmf->page = NULL;
	if (ret & VM_FAULT_LOCKED)
		unlock_page(page);
	if (!WARN_ONCE(vmf->vma->vm_flags & VM_PFNMAP,
		       "refcdev: %s: a fault handler returns pages for a mapping by frame numbers\n",
		       cdev->life->name))
		mapped = vmf_insert_page(vmf->vma, vmf->address, page);
	put_page(page);
	return mapped | (ret & VM_FAULT_MAJOR);
}

static vm_fault_t refcdev_vm_fault(struct vm_fault *vmf)
{
	const struct vm_operations_struct *ops = refcdev_vm_ops(vmf->vma);
	struct refcdev *cdev = vma_node(vmf->vma);
	struct lifetime *life = cdev->life;
	bool keep = cdev->type->vma_policy == REFCDEV_VMA_KEEP;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	struct gate_frame frame;

	if (!gate_enter(life, REFCDEV_OP_fault, &frame)) {
		refcdev_refused(life, REFCDEV_OP_fault);
		return gone_fault(vmf, cdev);
	}
	if (ops->fault)
		ret = ops->fault(vmf);
	if (!keep)
		ret = map_returned_page(vmf, cdev, ret);
	gate_exit(life, REFCDEV_OP_fault, &frame);
	return ret;
}

#ifdef HAVE_MMAP_PREPARE
/*
 * The rest of an mmap_prepare, whose count is still there: it must not be refused by what
 * waits for it, as the driver's close will be called. It is not told the mapping, hence a
 * function for each slot.
 */
static int call_mapped(int slot, unsigned long start, unsigned long end, pgoff_t pgoff,
		       const struct file *file, void **private_data)
{
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct gate_frame frame;
	int ret;

	if (!gate_enter_draining(life, REFCDEV_OP_vma, &frame)) {
		refcdev_refused(life, REFCDEV_OP_vma);
		return LIFETIME_GONE;
	}
	ret = cdev->type->vm[slot].ops->mapped(start, end, pgoff, file, private_data);
	gate_exit(life, REFCDEV_OP_vma, &frame);
	return ret;
}

#define VMA_MAPPED_PROXY(slot)							\
static int refcdev_vm_mapped_##slot(unsigned long start, unsigned long end, pgoff_t pgoff, \
				    const struct file *file, void **private_data)	\
{										\
	return call_mapped(slot, start, end, pgoff, file, private_data);	\
}

VMA_MAPPED_PROXY(0)
VMA_MAPPED_PROXY(1)
VMA_MAPPED_PROXY(2)
VMA_MAPPED_PROXY(3)

static int (*const mapped_proxies[REFCDEV_VM_TABLES])(unsigned long start, unsigned long end,
						      pgoff_t pgoff, const struct file *file,
						      void **private_data) = {
	refcdev_vm_mapped_0, refcdev_vm_mapped_1, refcdev_vm_mapped_2, refcdev_vm_mapped_3,
};

static_assert(REFCDEV_VM_TABLES == 4, "a proxy for mapped is missing");
#endif

#define VMA_SET_CALL(member, ...)						\
	if (ops->member)							\
		proxy->member = refcdev_vm_##member;
#define VMA_SET_FAULT(member, ...)	VMA_SET_CALL(member)
#define VMA_SET_PASS(member)		VMA_SET_CALL(member)
#define VMA_SET_OWN(member)		VMA_SET_CALL(member)
#define VMA_SET_SLOT(member)							\
	if (ops->member)							\
		proxy->member = member##_proxies[slot];
#define VMA_SET_REFUSED(member, why)	if (ops->member) return #member ": " why;
#define VMA_SET(kind, ...)		VMA_SET_##kind(__VA_ARGS__)

/* Returns why an operation cannot be guarded, and which; NULL if all can. */
static const char *set_proxies(struct vm_operations_struct *proxy,
			       const struct vm_operations_struct *ops,
			       enum refcdev_vma_policy policy, int slot)
{
	REFCDEV_VM_OPS(VMA_SET)
	proxy->close = refcdev_vm_close;
	if (policy == REFCDEV_VMA_ZERO)
		proxy->fault = refcdev_vm_fault;
	return NULL;
}

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
	memset(&slot->proxy, 0, sizeof(slot->proxy));
	why = set_proxies(&slot->proxy, ops, type->vma_policy, slot - type->vm);
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

void refcdev_zap_nodes(struct lifetime *life)
{
	struct refcdev *cdev;

	list_for_each_entry(cdev, &life->nodes, list)
		if (cdev->type->vma_policy != REFCDEV_VMA_KEEP)
			refcdev_zap(cdev, 0, 0);
}

/**
 * refcdev_zap() - take a part of a node out of all its mappings
 * @cdev: the node
 * @start: where it starts, in bytes from the start of the node; a multiple of the page size
 * @len: its length in bytes; 0: all that follows
 *
 * For drivers that would call unmap_mapping_range() on the mapping of an inode: files and
 * mappings of a node are those of an inode of its own. Who touches that part again gets
 * to the driver's fault handler, or SIGBUS where there is none. Private copies go as
 * well. A disconnect does this by itself.
 *
 * Context: process context, may sleep. The caller is inside, or has a reference.
 */
void refcdev_zap(struct refcdev *cdev, loff_t start, loff_t len)
{
	unmap_mapping_range(cdev->inode->i_mapping, start, len, 1);
}
EXPORT_SYMBOL_GPL(refcdev_zap);
