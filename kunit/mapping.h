/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mapping.h: a driver whose mmap the cases write, an address space to map it into, and
 * ways to touch what is mapped there
 *
 * The address space is that of whoever loads the suite: he waits for its end. Kernel
 * threads borrow it for a moment each time, so a case that ends early leaves nothing behind
 * in its thread.
 */
#ifndef REFCDEV_KUNIT_MAPPING_H
#define REFCDEV_KUNIT_MAPPING_H

#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "../drivers/refcdev/vma.h"
#include "gadget.h"

#define STAGE_NODE		"/dev/kunit_vma0"
#define STAGE_PAGES	2
#define WORD		0x6d6170706564ull
/* What a handler returns that has mapped something by itself. */
#define MAPPED		VM_FAULT_NOPAGE

/**
 * struct stage - what a case works with
 * @gadget: the object
 * @file: its node, open
 * @type: of the node
 * @mmap: the driver's mmap
 * @ops: what that sets
 * @answer: what fault handlers return besides their result
 * @page: memory of the driver's, one after the other; each starts with WORD + its index
 * @mmaps: calls of the driver's mmap
 * @opens: of its vm_operations
 * @closes: the same
 * @faults: the same
 * @others: the same
 * @holder: a kthread that holds a lock
 * @mappings: of which that is the lock; else the address space's
 */
static struct stage {
	struct gadget *gadget;
	struct file *file;
	struct refcdev_type type;
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	const struct vm_operations_struct *ops;
	vm_fault_t answer;
	struct page *page[STAGE_PAGES];
	atomic_t mmaps;
	atomic_t opens;
	atomic_t closes;
	atomic_t faults;
	atomic_t others;
	struct crew holder;
	struct address_space *mappings;
} stage;

static struct mm_struct *loader_mm;

static int stage_mmap(struct file *file, struct vm_area_struct *vma)
{
	atomic_inc(&stage.mmaps);
	return stage.mmap(file, vma);
}

static const struct file_operations stage_fops = {
	.owner = THIS_MODULE,
	.open = gadget_open,
	.release = gadget_close,
	.mmap = stage_mmap,
};

static inline int set_ops(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = stage.ops;
	return 0;
}

static inline int map_frames(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = stage.ops ?: vma->vm_ops;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(stage.page[0]),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static inline int insert_page(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = stage.ops;
	return vm_insert_page(vma, vma->vm_start, stage.page[0]);
}

static inline void stage_open_vma(struct vm_area_struct *vma)
{
	atomic_inc(&stage.opens);
}

static inline void stage_close_vma(struct vm_area_struct *vma)
{
	atomic_inc(&stage.closes);
}

static inline struct page *stage_page(const struct vm_fault *vmf)
{
	return stage.page[vmf->pgoff % STAGE_PAGES];
}

static inline vm_fault_t return_page(struct vm_fault *vmf)
{
	atomic_inc(&stage.faults);
	vmf->page = stage_page(vmf);
	get_page(vmf->page);
	if (stage.answer & VM_FAULT_LOCKED)
		lock_page(vmf->page);
	return stage.answer;
}

static const struct vm_operations_struct returning_ops __maybe_unused = {
	.open = stage_open_vma,
	.close = stage_close_vma,
	.fault = return_page,
};

/* Nobody maps tables of this type any more: what the core made of them may go. */
static inline void stage_type(enum refcdev_vma_policy policy, const struct file_operations *fops)
{
	stage.type = (struct refcdev_type) {
		.name = "kunit_vma%d",
		.fops = fops,
		.vma_policy = policy,
		.max_nodes = 3,
	};
}

/* A node of that policy, open, and an mmap that sets the table. */
static inline void stage_begin_fops(struct kunit *test, enum refcdev_vma_policy policy,
				    const struct file_operations *fops,
				    const struct vm_operations_struct *ops)
{
	stage_type(policy, fops);
	stage.gadget = gadget_new_node(test, &stage.type);
	stage.file = open_node(test, STAGE_NODE);
	stage.mmap = set_ops;
	stage.ops = ops;
}

static inline void stage_begin(struct kunit *test, enum refcdev_vma_policy policy,
			       const struct vm_operations_struct *ops)
{
	stage_begin_fops(test, policy, &stage_fops, ops);
}

/* The object goes with its file, as no mapping is left. */
static inline void stage_end(struct kunit *test)
{
	int released = atomic_read(&diary.released);

	lifetime_end(&stage.gadget->life);
	close_now(stage.file);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&diary.released) == released + 1));
}

static inline unsigned long map_file(struct file *file, unsigned long pages, unsigned long flags)
{
	unsigned long address;

	kthread_use_mm(loader_mm);
	address = vm_mmap(file, 0, pages * PAGE_SIZE, PROT_READ | PROT_WRITE, flags, 0);
	kthread_unuse_mm(loader_mm);
	return address;
}

/* All that a case unmaps is as long as this. */
static inline unsigned long map(struct kunit *test, unsigned long flags)
{
	unsigned long address = map_file(stage.file, STAGE_PAGES, flags);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(address), "mmap: %ld", address);
	return address;
}

static inline void unmap(struct kunit *test, unsigned long address)
{
	int ret;

	kthread_use_mm(loader_mm);
	ret = vm_munmap(address, STAGE_PAGES * PAGE_SIZE);
	kthread_unuse_mm(loader_mm);
	KUNIT_EXPECT_EQ(test, ret, 0);
}

/* With the address space borrowed, and its lock held. */
static inline struct vm_area_struct *borrow_vma(unsigned long address)
{
	kthread_use_mm(loader_mm);
	mmap_read_lock(loader_mm);
	return find_vma(loader_mm, address);
}

static inline void return_vma(void)
{
	mmap_read_unlock(loader_mm);
	kthread_unuse_mm(loader_mm);
}

/* One fault, and what came of it. */
static inline vm_fault_t touch(unsigned long address, unsigned int flags)
{
	struct vm_area_struct *vma = borrow_vma(address);
	vm_fault_t ret = VM_FAULT_SIGSEGV;

	if (vma && vma->vm_start <= address)
		ret = handle_mm_fault(vma, address, flags, NULL);
	if (!(ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
		mmap_read_unlock(loader_mm);
	kthread_unuse_mm(loader_mm);
	return ret;
}

/* For sparse a vm_fault_t is nothing to be printed. */
#define EXPECT_TOUCH(test, touched, wanted)					\
	KUNIT_EXPECT_EQ(test, (__force unsigned int)(touched), (__force unsigned int)(wanted))

/* As a program does, faults and all; false where it would get a signal. */
static inline bool peek(unsigned long address, u64 *value)
{
	bool ok;

	kthread_use_mm(loader_mm);
	ok = !copy_from_user(value, (void __user *)address, sizeof(*value));
	kthread_unuse_mm(loader_mm);
	return ok;
}

static inline bool poke(unsigned long address, u64 value)
{
	bool ok;

	kthread_use_mm(loader_mm);
	ok = !copy_to_user((void __user *)address, &value, sizeof(value));
	kthread_unuse_mm(loader_mm);
	return ok;
}

#define EXPECT_WORD(test, address, wanted)					\
do {										\
	u64 __value = ~(wanted);						\
										\
	KUNIT_EXPECT_TRUE(test, peek(address, &__value));			\
	KUNIT_EXPECT_EQ(test, __value, (u64)(wanted));				\
} while (0)

#define EXPECT_SIGBUS(test, address)						\
do {										\
	u64 __value;								\
										\
	KUNIT_EXPECT_FALSE(test, peek(address, &__value));			\
	EXPECT_TOUCH(test, touch(address, 0), VM_FAULT_SIGBUS);			\
	EXPECT_TOUCH(test, touch(address, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);	\
} while (0)

#define EXPECT_COUNT(test, counter, wanted)					\
	KUNIT_EXPECT_EQ(test, atomic_read(&stage.counter), wanted)

/* In a thread of its own: what takes other locks must not do so under these. */
static inline void hold_work(struct crew *crew, unsigned int nr)
{
	if (stage.mappings)
		i_mmap_lock_write(stage.mappings);
	else
		mmap_write_lock(loader_mm);
	complete(&diary.inside);
	wait_for_completion_timeout(&diary.leave, SOON);
	if (stage.mappings)
		i_mmap_unlock_write(stage.mappings);
	else
		mmap_write_unlock(loader_mm);
}

static inline void hold_lock(struct kunit *test, struct address_space *mappings)
{
	stage.mappings = mappings;
	stage.holder.work = hold_work;
	crew_start(test, &stage.holder, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&diary.inside, SOON));
}

static inline void let_go(struct kunit *test)
{
	complete(&diary.leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&stage.holder));
}

static inline void put_pages(struct kunit *test)
{
	int i;

	for (i = 0; i < STAGE_PAGES; i++) {
		if (!stage.page[i])
			continue;
		/* Whatever a case did: nothing maps or holds the driver's pages afterwards. */
		KUNIT_EXPECT_EQ(test, page_count(stage.page[i]), 1);
		put_page(stage.page[i]);
	}
}

static inline int stage_init(struct kunit *test)
{
	struct page *page;
	int i;

	if (!loader_mm)
		kunit_skip(test, "built in: there is nobody's address space to map into");
	memset(&stage, 0, sizeof(stage));
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, get_order(STAGE_PAGES * PAGE_SIZE));
	if (!page)
		return -ENOMEM;
	split_page(page, get_order(STAGE_PAGES * PAGE_SIZE));
	for (i = 0; i < STAGE_PAGES; i++) {
		stage.page[i] = page + i;
		*(u64 *)page_address(stage.page[i]) = WORD + i;
	}
	return diary_init(test);
}

static inline int stage_suite_init(struct kunit_suite *suite)
{
	loader_mm = current->mm;
	return 0;
}

#endif /* REFCDEV_KUNIT_MAPPING_H */
