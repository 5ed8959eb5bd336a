// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma.c: a proxy for every operation on a mapping, from the table in vma.h
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
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/spinlock.h>

#include "fops.h"
#include "gate.h"
#include "inode.h"
#include "vma.h"

#define VMA_SIZE(kind, member, ...)	+ sizeof_field(struct vm_operations_struct, member)

static_assert(0 REFCDEV_VM_OPS(VMA_SIZE) == sizeof(struct vm_operations_struct),
	      "struct vm_operations_struct has a member that the table in vma.h does not know");

static struct refcdev *vma_node(const struct vm_area_struct *vma)
{
	return refcdev_of(vma->vm_file);
}

/*
 * A fault that is refused. What is written to is there already: the page of zeroes, or what
 * stays, or, until the zap, the device's.
 */
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
	if (policy == REFCDEV_VMA_SIGBUS)
		return VM_FAULT_SIGBUS;
	/* The page is in no file: without the lock the caller would try for ever. */
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static vm_fault_t gone_pfn_mkwrite(struct vm_fault *vmf, enum refcdev_vma_policy policy)
{
	return policy == REFCDEV_VMA_SIGBUS ? VM_FAULT_SIGBUS : 0;
}

static noinline vm_fault_t gone_fault(struct vm_fault *vmf, struct refcdev *cdev)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *zeroes = cdev->life->zero_page;

	if (cdev->type->vma_policy != REFCDEV_VMA_ZERO)
		return VM_FAULT_SIGBUS;
	/* With both flags no frame number may be inserted, but pages may. */
	if (!(vma->vm_flags & VM_PFNMAP) || vma->vm_flags & VM_MIXEDMAP) {
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
static __gate_proxy vm_fault_t refcdev_vm_##member params			\
{										\
	const struct vm_operations_struct *ops = refcdev_vm_ops(vmf->vma);	\
	struct refcdev *cdev = vma_node(vmf->vma);				\
	struct lifetime *life = cdev->life;					\
	struct gate_frame frame __uninitialized;					\
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
static __gate_proxy type refcdev_vm_##member params				\
{										\
	const struct vm_operations_struct *ops = refcdev_vm_ops(vma);		\
	struct lifetime *life = vma_node(vma)->life;				\
	struct gate_frame frame __uninitialized;					\
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

/*
 * What a driver's open or close would put there would be called without the gate. One copy
 * of the code for both: each would warn once.
 */
static noinline void keep_proxy(struct lifetime *life, struct vm_area_struct *vma,
				const struct vm_operations_struct *proxy)
{
	if (WARN_ONCE(vma->vm_ops != proxy,
		      "refcdev: %s: open or close of a mapping changed its vm_ops\n", life->name))
		vma->vm_ops = proxy;
}

#define VMA_PROXY_PASS(member)							\
static __gate_proxy void refcdev_vm_##member(struct vm_area_struct *vma)	\
{										\
	const struct vm_operations_struct *proxy = vma->vm_ops;			\
	const struct vm_operations_struct *ops = refcdev_vm_ops(vma);		\
	struct lifetime *life = vma_node(vma)->life;				\
	struct gate_frame frame __uninitialized;					\
	bool entered = gate_enter(life, REFCDEV_OP_vma, &frame);		\
										\
	if (ops->member)							\
		ops->member(vma);						\
	keep_proxy(life, vma, proxy);						\
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

static vm_fault_t map_page(struct vm_fault *vmf, struct refcdev *cdev)
{
	if (PageHWPoison(vmf->page))
		return VM_FAULT_HWPOISON;
	if (WARN_ONCE((vmf->vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP)) == VM_PFNMAP,
		      "refcdev: %s: a fault handler returns pages for a mapping by frame numbers\n",
		      cdev->life->name))
		return VM_FAULT_SIGBUS;
	return vmf_insert_page(vmf->vma, vmf->address, vmf->page);
}

/*
 * Map the page that a handler returned, as the caller would after the gate was left; but
 * for a page that is only to be copied. If the handler has unbound its own device, the zap
 * is over, and nothing may be mapped any more.
 */
static noinline vm_fault_t map_returned_page(struct vm_fault *vmf, struct refcdev *cdev,
					     vm_fault_t ret, const struct gate_frame *frame)
{
	bool counted = gate_is_counted(cdev->life, frame);
	vm_fault_t mapped = VM_FAULT_SIGBUS;

	if (cdev->type->vma_policy == REFCDEV_VMA_KEEP || !vmf->page ||
	    (vmf->cow_page && counted))
		return ret;
	if (counted)
		mapped = map_page(vmf, cdev);
	/* Only now: who truncates has the lock when it looks for mappings. */
	if (ret & VM_FAULT_LOCKED)
		unlock_page(vmf->page);
	put_page(vmf->page);
	vmf->page = NULL;
	return mapped | (ret & VM_FAULT_MAJOR);
}

/*
 * What the caller does where there is no handler: the entry may be missing only for a
 * moment, in which somebody else has it under the lock. A table of entries is not freed
 * before the mapping.
 */
static noinline vm_fault_t fault_without_handler(struct vm_fault *vmf)
{
	vm_fault_t ret = VM_FAULT_SIGBUS;
	spinlock_t *lock;	/* of the table of entries */

	if (IS_ENABLED(CONFIG_HIGHPTE) || !pmd_present(*vmf->pmd) || pmd_trans_huge(*vmf->pmd))
		return ret;
	lock = pte_lockptr(vmf->vma->vm_mm, vmf->pmd);
	spin_lock(lock);
	if (!pte_none(*pte_offset_kernel(vmf->pmd, vmf->address)))
		ret = VM_FAULT_NOPAGE;
	spin_unlock(lock);
	return ret;
}

static __gate_proxy vm_fault_t refcdev_vm_fault(struct vm_fault *vmf)
{
	const struct vm_operations_struct *ops = refcdev_vm_ops(vmf->vma);
	const struct refcdev_inode *node = refcdev_inode_of(vmf->vma->vm_file);
	struct lifetime *life = node->life;
	struct gate_frame frame __uninitialized;
	vm_fault_t ret;

	if (!gate_enter(life, REFCDEV_OP_fault, &frame)) {
		refcdev_refused(life, REFCDEV_OP_fault);
		return gone_fault(vmf, node->cdev);
	}
	ret = likely(ops->fault) ? ops->fault(vmf) : fault_without_handler(vmf);
	if (!(ret & FAULT_WITHOUT_PAGE))
		ret = map_returned_page(vmf, node->cdev, ret, &frame);
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
	struct gate_frame frame __uninitialized;
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

/**
 * refcdev_set_vm_proxies() - fill in the proxies for a table of the driver's
 * @proxy: what is to be filled in, zeroed
 * @ops: the driver's operations
 * @policy: of the type
 * @slot: which of the type's tables it is
 *
 * Return: NULL; or why an operation cannot be guarded, and which.
 */
const char *refcdev_set_vm_proxies(struct vm_operations_struct *proxy,
				   const struct vm_operations_struct *ops,
				   enum refcdev_vma_policy policy, int slot)
{
	REFCDEV_VM_OPS(VMA_SET)
	proxy->close = refcdev_vm_close;
	if (policy == REFCDEV_VMA_ZERO)
		proxy->fault = refcdev_vm_fault;
	return NULL;
}
