/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h: what differs between the supported kernels; the only place that asks
 * for a version. Each entry says since when the kernel has what the name means.
 */
#ifndef REFCDEV_COMPAT_H
#define REFCDEV_COMPAT_H

#include <linux/context_tracking_state.h>
#include <linux/fs.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <linux/filelock.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error refcdev needs Linux 6.1 or newer
#endif

/* 6.2: class->devnode() takes a const device; 6.3: so does class->dev_uevent() */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define devnode_const
#else
#define devnode_const			const
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define dev_uevent_const
#else
#define dev_uevent_const		const
#endif

/* 6.4: class_create() lost its first argument */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define class_create_compat(name)	class_create(THIS_MODULE, name)
#else
#define class_create_compat(name)	class_create(name)
#endif

/* 6.10: __assign_str() lost its second argument */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define assign_str_compat(dst, src)	__assign_str(dst, src)
#else
#define assign_str_compat(dst, src)	__assign_str(dst)
#endif

/* 6.13: hrtimer_setup() in place of hrtimer_init() and an assignment */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define hrtimer_setup(timer, fn, clock, mode)					\
	do {									\
		hrtimer_init(timer, clock, mode);				\
		(timer)->function = fn;						\
	} while (0)
#endif

/* 6.11: platform_driver.remove returns nothing; until then remove_new does */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define remove_void			remove_new
#else
#define remove_void			remove
#endif

/*
 * Rows of the table in fops.h that are not in every kernel. splice_eof is of 6.5, and
 * of the stable releases of 6.1.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define FOP_ITERATE(row)		row
#else
#define FOP_ITERATE(row)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define FOP_SENDPAGE(row)		row
#else
#define FOP_SENDPAGE(row)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define FOP_SPLICE_EOF(row)		row
#else
#define FOP_SPLICE_EOF(row)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define FOP_MMAP_SUPPORTED_FLAGS(row)	row
#define FOP_FOP_FLAGS(row)
#else
#define FOP_MMAP_SUPPORTED_FLAGS(row)
#define FOP_FOP_FLAGS(row)		row
#endif
/* 6.16: mmap_prepare(); what it is given changed with nearly every release until 7.3 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define FOP_MMAP_PREPARE(row, instead)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#define FOP_MMAP_PREPARE(row, instead)	instead
#else
#define FOP_MMAP_PREPARE(row, instead)	row
#define HAVE_MMAP_PREPARE
#endif
#ifdef HAVE_MMAP_PREPARE
#define has_mmap(fops)			((fops)->mmap || (fops)->mmap_prepare)
#else
#define has_mmap(fops)			((fops)->mmap)
#endif

/* 6.6: the argument of ->setlease() is an int; 6.9: a lease is no struct file_lock */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define setlease_arg			long
#else
#define setlease_arg			int
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define file_lease			file_lock
#define file_lock_type(lock)		((lock)->fl_type)
#define file_lock_flags(lock)		((lock)->fl_flags)
#define file_lock_wait(lock)		(&(lock)->fl_wait)
#else
#define file_lock_type(lock)		((lock)->c.flc_type)
#define file_lock_flags(lock)		((lock)->c.flc_flags)
#define file_lock_wait(lock)		(&(lock)->c.flc_wait)
#endif

/* Rows of the table in vma.h that are not in every kernel. */
#ifdef HAVE_MMAP_PREPARE
#define VMA_MAPPED(row)			row
/* By flag, or by what the kernel is asked to do when the mapping is there. */
#define desc_maps_frames(desc)							\
	(vma_desc_test(desc, VMA_PFNMAP_BIT) ||					\
	 (desc)->action.type == MMAP_REMAP_PFN ||				\
	 (desc)->action.type == MMAP_IO_REMAP_PFN ||				\
	 (desc)->action.type == MMAP_SIMPLE_IO_REMAP)
#define desc_maps_pages(desc)							\
	(vma_desc_test_any(desc, VMA_MIXEDMAP_BIT, VMA_IO_BIT) ||		\
	 (desc)->action.type == MMAP_MAP_KERNEL_PAGES)
#else
#define VMA_MAPPED(row)
#endif
#ifdef CONFIG_NUMA
#define VMA_NUMA(row)			row
#else
#define VMA_NUMA(row)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define VMA_SPECIAL_PAGE(row)		row
#define VMA_NORMAL_PAGE(row)
#elif defined(CONFIG_FIND_NORMAL_PAGE)
#define VMA_SPECIAL_PAGE(row)
#define VMA_NORMAL_PAGE(row)		row
#else
#define VMA_SPECIAL_PAGE(row)
#define VMA_NORMAL_PAGE(row)
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0) && defined(CONFIG_USERFAULTFD)
#define VMA_UFFD(row)			row
#else
#define VMA_UFFD(row)
#endif

/* 6.6: ->huge_fault() is told an order; 6.7: ->get_policy() an index */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define huge_fault_arg			enum page_entry_size
#else
#define huge_fault_arg			unsigned int
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define get_policy_params		(struct vm_area_struct *vma, unsigned long addr)
#define get_policy_args			(vma, addr)
#else
#define get_policy_params							\
	(struct vm_area_struct *vma, unsigned long addr, pgoff_t *index)
#define get_policy_args			(vma, addr, index)
#endif

/* 6.3: vma->vm_flags is written by functions only */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define vm_flags_init(vma, flags)	((vma)->vm_flags = (flags))
#define vm_flags_set(vma, flags)	((vma)->vm_flags |= (flags))
#define vm_flags_clear(vma, flags)	((vma)->vm_flags &= ~(flags))
#endif

/* 6.13: the name of a namespace of symbols is a string. 6.1.0 had no <kunit/visibility.h>. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define import_dma_buf_ns()		MODULE_IMPORT_NS(DMA_BUF)
#define import_kunit_ns()		MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#define export_for_kunit(symbol)	EXPORT_SYMBOL_NS_GPL(symbol, EXPORTED_FOR_KUNIT_TESTING)
#else
#define import_dma_buf_ns()		MODULE_IMPORT_NS("DMA_BUF")
#define import_kunit_ns()		MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#define export_for_kunit(symbol)	EXPORT_SYMBOL_NS_GPL(symbol, "EXPORTED_FOR_KUNIT_TESTING")
#endif

/* 6.8: interrupts by a wire got the name that PCI has for them */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define PCI_IRQ_INTX			PCI_IRQ_LEGACY
#endif

/* 6.8: what drivers need of io_uring has a header of its own */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring.h>
#else
#include <linux/io_uring/cmd.h>
#endif

/* 6.18: only a call of its own takes a second result */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define uring_cmd_done_compat(ioucmd, ret, res2, issue_flags)			\
	io_uring_cmd_done(ioucmd, ret, res2, issue_flags)
#else
#define uring_cmd_done_compat(ioucmd, ret, res2, issue_flags)			\
	((res2) ? io_uring_cmd_done32(ioucmd, ret, res2, issue_flags) :		\
		  io_uring_cmd_done(ioucmd, ret, issue_flags))
#endif

/* 6.7: ->uring_cmd() is called with this to cancel what was marked; before, never */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define IO_URING_F_CANCEL		0
#define io_uring_cmd_mark_cancelable(ioucmd, issue_flags)	do { } while (0)
#endif

/* 6.5: a command comes with the whole of its entry */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define uring_cmd_payload(ioucmd)	((ioucmd)->cmd)
#else
#define uring_cmd_payload(ioucmd)	((const void *)(ioucmd)->sqe->cmd)
#endif

/* 6.6: the submitter offers to call kiocb->dio_complete() itself */
#ifndef IOCB_DIO_CALLER_COMP
#define IOCB_DIO_CALLER_COMP		0
#endif

/* 6.7, and stable: marks a kiocb of io_submit(2) */
#ifndef IOCB_AIO_RW
#define IOCB_AIO_RW			0
#endif

/* 6.17: knows files with mmap_prepare, too */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define mmap_file_compat(file, vma)	call_mmap(file, vma)
#else
#define mmap_file_compat(file, vma)	vfs_mmap(file, vma)
#endif

/*
 * 6.12: names without "dynticks". Is that CPU neither idle nor, with nohz_full, in user space?
 * A kernel without SMP and preemption has no word that tells, and no other CPU.
 */
#ifndef CONFIG_CONTEXT_TRACKING_IDLE
#define rcu_is_watching_cpu(cpu)	true
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define rcu_is_watching_cpu(cpu)	(ct_dynticks_cpu_acquire(cpu) & RCU_DYNTICKS_IDX)
#else
#define rcu_is_watching_cpu(cpu)	(ct_rcu_watching_cpu_acquire(cpu) & CT_RCU_WATCHING)
#endif

/* Exported, but declared in kernel/rcu/rcu.h only. */
#ifdef CONFIG_TREE_RCU
bool rcu_gp_is_normal(void);
#else
static inline bool rcu_gp_is_normal(void) { return true; }
#endif

/* 7.0: flags of mappings are a type of their own, for shmem_file_setup() as well */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define no_vma_flags			0
#else
#define no_vma_flags			EMPTY_VMA_FLAGS
#endif

#endif /* REFCDEV_COMPAT_H */
