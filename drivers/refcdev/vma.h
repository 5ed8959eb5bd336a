/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vma.h: the table of operations on mappings: the one place that knows all of them
 *
 * As the table of file operations in fops.h: one row per member of struct
 * vm_operations_struct, and a member without a row breaks the build, in vma.c. Rows that
 * some kernels lack stand in a VMA_...() of compat.h. A row's kind says what becomes of it:
 *
 *  CALL	has a proxy: it enters the gate, calls the driver's operation and exits;
 *		if the gate is closed it returns the last column.
 *  FAULT	the same, for what is called with a struct vm_fault; if the gate is closed,
 *		the last column, a function, says what the policy wants.
 *  PASS	the same, but it goes through in any case: every mapping that the driver
 *		was told of is one that it is told the end of.
 *  OWN		has a proxy written by hand, in vma.c.
 *  SLOT	the same, one per table of the driver's.
 *  REFUSED	cannot be guarded, for the reason given: mmap fails with it.
 */
#ifndef REFCDEV_VMA_H
#define REFCDEV_VMA_H

#include <linux/mm.h>
#include <linux/refcdev.h>

#include "compat.h"

/*  kind, member, type, parameters, arguments, when refused */
#define REFCDEV_VM_OPS(X)							\
	X(PASS, open)								\
	X(PASS, close)								\
	VMA_MAPPED(X(SLOT, mapped))						\
	X(CALL, may_split, int, (struct vm_area_struct *vma, unsigned long addr),	\
	  (vma, addr), LIFETIME_GONE)						\
	X(CALL, mremap, int, (struct vm_area_struct *vma), (vma), LIFETIME_GONE)	\
	X(CALL, mprotect, int,							\
	  (struct vm_area_struct *vma, unsigned long start, unsigned long end,	\
	   unsigned long newflags), (vma, start, end, newflags), LIFETIME_GONE)	\
	X(OWN, fault)								\
	X(FAULT, huge_fault, (struct vm_fault *vmf, huge_fault_arg size),	\
	  (vmf, size), fallback)						\
	X(FAULT, map_pages, (struct vm_fault *vmf, pgoff_t start, pgoff_t end),	\
	  (vmf, start, end), none)						\
	X(CALL, pagesize, unsigned long, (struct vm_area_struct *vma), (vma), PAGE_SIZE) \
	X(FAULT, page_mkwrite, (struct vm_fault *vmf), (vmf), mkwrite)		\
	X(FAULT, pfn_mkwrite, (struct vm_fault *vmf), (vmf), pfn_mkwrite)	\
	X(CALL, access, int,							\
	  (struct vm_area_struct *vma, unsigned long addr, void *buf, int len,	\
	   int write), (vma, addr, buf, len, write), LIFETIME_GONE)		\
	X(CALL, name, const char *, (struct vm_area_struct *vma), (vma), NULL)	\
	VMA_NUMA(X(CALL, set_policy, int,					\
	  (struct vm_area_struct *vma, struct mempolicy *new), (vma, new), LIFETIME_GONE)) \
	VMA_NUMA(X(CALL, get_policy, struct mempolicy *,			\
	  get_policy_params, get_policy_args, NULL))				\
	VMA_SPECIAL_PAGE(X(REFUSED, find_special_page, "the page is used after it returned")) \
	VMA_NORMAL_PAGE(X(REFUSED, find_normal_page, "the page is used after it returned")) \
	VMA_UFFD(X(REFUSED, uffd_ops, "its pages are mapped after it returned"))

/*
 * Every distinct table of the driver has its proxies in the type, as the VFS's do: a
 * mapping refers to them until it is gone, when the object may be gone.
 */
static inline const struct vm_operations_struct *refcdev_vm_ops(const struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct refcdev_vm_slot, proxy)->ops;
}

/* slots.c */
int refcdev_guard_mapping(struct refcdev *cdev, const struct vm_operations_struct *ops,
			  bool by_frame, const struct vm_operations_struct **proxy);
/* vma.c */
const char *refcdev_set_vm_proxies(struct vm_operations_struct *proxy,
				   const struct vm_operations_struct *ops,
				   enum refcdev_vma_policy policy, int slot);
/* zap.c; after the drain: what is mapped goes, but for what is to stay. */
void refcdev_zap_nodes(struct lifetime *life);

/* mmap.c */
int refcdev_mmap(struct file *file, struct vm_area_struct *vma);
#ifdef HAVE_MMAP_PREPARE
int refcdev_mmap_prepare(struct vm_area_desc *desc);
#endif
int refcdev_init_mmap(void);
void refcdev_exit_mmap(void);

#endif /* REFCDEV_VMA_H */
