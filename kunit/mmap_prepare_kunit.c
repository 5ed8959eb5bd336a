// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap_prepare_kunit.c: mappings that a driver describes before they exist; skipped where
 * the kernel has no such operation
 */
/* refcdev-test: limit=60 */

#include "mapping.h"

#ifdef HAVE_MMAP_PREPARE

/**
 * struct prepare - what the driver does, and what it saw
 * @prepare: its mmap_prepare
 * @answer: what its mapped returns
 * @mapped: calls of that
 * @late: those that came after the gate was closed
 * @start: what it was told
 * @end: the same
 * @pgoff: the same
 * @file: the same
 * @mapper: calls mmap
 * @ender: disconnects
 * @address: what mmap returned
 */
static struct prepare {
	int (*prepare)(struct vm_area_desc *desc);
	int answer;
	atomic_t mapped, late;
	unsigned long start, end;
	pgoff_t pgoff;
	const struct file *file;
	struct crew mapper, ender;
	unsigned long address;
} prepare;

static int stage_mmap_prepare(struct vm_area_desc *desc)
{
	atomic_inc(&stage.mmaps);
	if (stage.ops)
		desc->vm_ops = stage.ops;
	return prepare.prepare(desc);
}

static const struct file_operations prepare_fops = {
	.owner = THIS_MODULE,
	.open = gadget_open,
	.release = gadget_close,
	.mmap_prepare = stage_mmap_prepare,
};

static int by_fault(struct vm_area_desc *desc)
{
	return 0;
}

static int by_frame(struct vm_area_desc *desc)
{
	mmap_action_remap_full(desc, page_to_pfn(stage.page[0]));
	return 0;
}

static int by_page(struct vm_area_desc *desc)
{
	mmap_action_map_kernel_pages_full(desc, stage.page);
	return 0;
}

static int fail(struct vm_area_desc *desc)
{
	return -EDOM;
}

static int mapped(unsigned long start, unsigned long end, pgoff_t pgoff, const struct file *file,
		  void **private)
{
	atomic_inc(&prepare.mapped);
	if (lifetime_disconnected(&stage.gadget->life))
		atomic_inc(&prepare.late);
	prepare.start = start;
	prepare.end = end;
	prepare.pgoff = pgoff;
	prepare.file = file;
	*private = &prepare;
	return prepare.answer;
}

static const struct vm_operations_struct mapped_ops = {
	.mapped = mapped,
	.open = stage_open_vma,
	.close = stage_close_vma,
	.fault = return_page,
};

static void prepare_begin(struct kunit *test, enum refcdev_vma_policy policy,
			  const struct vm_operations_struct *ops,
			  int (*how)(struct vm_area_desc *desc))
{
	stage_begin_fops(test, policy, &prepare_fops, ops);
	prepare.prepare = how;
}

/* Whether it is the driver or the kernel that maps, and whether there is a table or not. */
static void check_guarded(struct kunit *test, const struct vm_operations_struct *ops,
			  int (*how)(struct vm_area_desc *desc))
{
	unsigned long address;

	prepare_begin(test, REFCDEV_VMA_SIGBUS, ops, how);
	address = map(test, MAP_SHARED);
	EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_SIGBUS(test, address);
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-ENXIO);
	EXPECT_COUNT(test, mmaps, 1);
	unmap(test, address);
	EXPECT_COUNT(test, closes, !!ops);
	stage_end(test);
	atomic_set(&stage.mmaps, 0);
	atomic_set(&stage.closes, 0);
}

static void described_mapping_is_guarded(struct kunit *test)
{
	check_guarded(test, &returning_ops, by_fault);
	check_guarded(test, &returning_ops, by_frame);
	check_guarded(test, &returning_ops, by_page);
	check_guarded(test, NULL, by_frame);
	check_guarded(test, NULL, by_page);
}

static void described_frames_become_zeroes(struct kunit *test)
{
	unsigned long address;

	prepare_begin(test, REFCDEV_VMA_ZERO, NULL, by_frame);
	address = map(test, MAP_SHARED);
	EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_WORD(test, address, 0);
	unmap(test, address);
	stage_end(test);
}

/* What the kernel is asked to map by frame number cannot be kept; pages can. */
static void described_frames_cannot_be_kept(struct kunit *test)
{
	unsigned long address;

	prepare_begin(test, REFCDEV_VMA_KEEP, &mapped_ops, by_frame);
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	stage.ops = NULL;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	/* There was no mapping yet that could have an end. */
	EXPECT_COUNT(test, closes, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&prepare.mapped), 0);
	prepare.prepare = by_page;
	address = map(test, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_WORD(test, address, WORD);
	EXPECT_WORD(test, address + PAGE_SIZE, WORD + 1);
	unmap(test, address);
	stage_end(test);
}

/* The driver is told of its mapping, with what it was asked for, and may leave its mark. */
static void driver_is_told_when_it_is_mapped(struct kunit *test)
{
	struct vm_area_struct *vma;
	unsigned long address;

	prepare_begin(test, REFCDEV_VMA_SIGBUS, &mapped_ops, by_fault);
	address = map(test, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, atomic_read(&prepare.mapped), 1);
	KUNIT_EXPECT_EQ(test, prepare.start, address);
	KUNIT_EXPECT_EQ(test, prepare.end, address + STAGE_PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, prepare.pgoff, 0);
	KUNIT_EXPECT_PTR_EQ(test, prepare.file, (const struct file *)stage.file);
	vma = borrow_vma(address);
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_private_data, (void *)&prepare);
	return_vma();
	unmap(test, address);
	EXPECT_COUNT(test, closes, 1);
	prepare.answer = -EXDEV;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EXDEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&prepare.mapped), 2);
	/* The kernel unmaps what it had mapped. */
	EXPECT_COUNT(test, closes, 2);
	prepare.prepare = fail;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EDOM);
	KUNIT_EXPECT_EQ(test, atomic_read(&prepare.mapped), 2);
	EXPECT_COUNT(test, closes, 2);
	stage_end(test);
}

static void map_work(struct crew *crew, unsigned int nr)
{
	prepare.address = map_file(stage.file, STAGE_PAGES, MAP_SHARED);
}

static void end_work(struct crew *crew, unsigned int nr)
{
	lifetime_disconnect(&stage.gadget->life);
}

/* In the middle of an mmap that has begun, a disconnect waits, and the driver is told. */
static void check_late(struct kunit *test, int (*how)(struct vm_area_desc *desc))
{
	prepare_begin(test, REFCDEV_VMA_SIGBUS, &mapped_ops, how);
	prepare.mapper.work = map_work;
	prepare.ender.work = end_work;
	hold_lock(test, stage.file->f_mapping);
	crew_start(test, &prepare.mapper, 1);
	KUNIT_EXPECT_TRUE(test, eventually(rwsem_is_contended(&stage.mappings->i_mmap_rwsem)));
	KUNIT_EXPECT_EQ(test, atomic_read(&prepare.mapped), 0);
	crew_start(test, &prepare.ender, 1);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(stage.gadget->life.folded)));
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&prepare.ender.gone, HZ / 4));
	let_go(test);
	KUNIT_ASSERT_TRUE(test, crew_gone(&prepare.mapper));
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&prepare.ender.left)));
	KUNIT_EXPECT_EQ(test, atomic_read(&prepare.mapped), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&prepare.late), 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(prepare.address));
	EXPECT_SIGBUS(test, prepare.address);
	EXPECT_COUNT(test, faults, 0);
	unmap(test, prepare.address);
	EXPECT_COUNT(test, closes, 1);
	stage_end(test);
	atomic_set(&prepare.mapped, 0);
	atomic_set(&prepare.late, 0);
	atomic_set(&stage.closes, 0);
}

static void driver_is_told_during_the_drain(struct kunit *test)
{
	check_late(test, by_fault);
	check_late(test, by_frame);
	check_late(test, by_page);
}

static int prepare_init(struct kunit *test)
{
	memset(&prepare, 0, sizeof(prepare));
	return stage_init(test);
}

static struct kunit_case mmap_prepare_cases[] = {
	KUNIT_CASE(described_mapping_is_guarded),
	KUNIT_CASE(described_frames_become_zeroes),
	KUNIT_CASE(described_frames_cannot_be_kept),
	KUNIT_CASE(driver_is_told_when_it_is_mapped),
	KUNIT_CASE(driver_is_told_during_the_drain),
	{}
};

#else /* !HAVE_MMAP_PREPARE */

#define prepare_init	stage_init

static void no_mmap_prepare(struct kunit *test)
{
	kunit_skip(test, "this kernel has no mmap_prepare");
}

static struct kunit_case mmap_prepare_cases[] = {
	KUNIT_CASE(no_mmap_prepare),
	{}
};

#endif /* HAVE_MMAP_PREPARE */

static struct kunit_suite mmap_prepare_suite = {
	.name = "mmap_prepare",
	.suite_init = stage_suite_init,
	.init = prepare_init,
	.exit = put_pages,
	.test_cases = mmap_prepare_cases,
};

kunit_test_suite(mmap_prepare_suite);

MODULE_DESCRIPTION("KUnit suite of mmap_prepare");
MODULE_LICENSE("GPL");
