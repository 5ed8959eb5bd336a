// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap_kunit.c: an mmap that fails, one that comes before another, and one that leaves its
 * mapping without a table
 */
/* refcdev-test: limit=60 */

#include "stacked.h"

/**
 * struct meeting - a disconnect in the middle of an mmap
 * @test: the case
 * @enders: disconnect, as soon as they may
 * @second: an open node of another object
 * @ended: they were through before the mmap was
 */
static struct meeting {
	struct kunit *test;
	struct crew enders;
	struct file *second;
	bool ended;
} meeting;

static void end_work(struct crew *crew, unsigned int nr)
{
	wait_for_completion_timeout(&diary.leave, SOON);
	lifetime_disconnect(&stage.gadget->life);
}

static void meeting_begin(struct kunit *test)
{
	meeting.test = test;
	meeting.enders.work = end_work;
	crew_start(test, &meeting.enders, 1);
}

/* It has counted who is inside: nobody but the mmap, which is over and holds it up. */
static void expect_waiting(void)
{
	complete(&diary.leave);
	KUNIT_EXPECT_TRUE(meeting.test, eventually(READ_ONCE(stage.gadget->life.folded)));
	KUNIT_EXPECT_EQ(meeting.test, READ_ONCE(stage.gadget->life.inside), 1);
	KUNIT_EXPECT_FALSE(meeting.test,
			   wait_for_completion_timeout(&meeting.enders.gone, HZ / 4));
}

static int insert_and_fail(struct file *file, struct vm_area_struct *vma)
{
	return insert_page(file, vma) ?: -EDOM;
}

static int fail_and_look(struct vm_area_struct *vma)
{
	int ret = map_below(stage.file, vma);

	expect_waiting();
	/* Whoever runs in this address space can reach it. */
	KUNIT_EXPECT_EQ(meeting.test, page_count(stage.page[0]), 2);
	return ret;
}

/* What an mmap that fails has mapped is there until the kernel undoes it; so long it counts. */
static void mmap_that_fails_counts_until_it_is_undone(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	stage.mmap = insert_and_fail;
	meeting_begin(test);
	KUNIT_EXPECT_EQ(test, map_stacked(test, fail_and_look), (unsigned long)-EDOM);
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&meeting.enders.left)));
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_COUNT(test, mmaps, 1);
	stage_end(test);
}

static int just_fail(struct file *file, struct vm_area_struct *vma)
{
	return -EDOM;
}

/* As a driver does that unbinds a device, but that it does not wait for ever. */
static int wait_for_the_end(struct file *file, struct vm_area_struct *vma)
{
	meeting.ended = crew_gone(&meeting.enders);
	return -EXDEV;
}

static int map_one_then_another(struct vm_area_struct *vma)
{
	KUNIT_EXPECT_EQ(meeting.test, map_below(stage.file, vma), -EDOM);
	/* What gives the count back is waiting for the lock, which is held all the time. */
	expect_waiting();
	stage.mmap = wait_for_the_end;
	return map_below(meeting.second, vma);
}

static void check_ends_earlier(struct kunit *test, const struct file_operations *fops)
{
	struct gadget *other;

	stage_begin_fops(test, REFCDEV_VMA_SIGBUS, fops, &returning_ops);
	other = gadget_new_node(test, &stage.type);
	meeting.second = open_node(test, "/dev/kunit_vma1");
	stage.mmap = just_fail;
	meeting_begin(test);
	KUNIT_EXPECT_EQ(test, map_stacked(test, map_one_then_another), (unsigned long)-EXDEV);
	KUNIT_EXPECT_TRUE(test, meeting.ended);
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&meeting.enders.left)));
	EXPECT_COUNT(test, mmaps, 2);
	lifetime_end(&other->life);
	close_now(meeting.second);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&diary.released) == 1));
	stage_end(test);
}

/* An mmap may wait for the end of a device that was mapped just before. */
static void mmap_ends_what_an_earlier_one_left(struct kunit *test)
{
	check_ends_earlier(test, &stage_fops);
}

#ifdef HAVE_MMAP_PREPARE
static int prepare_nothing(struct vm_area_desc *desc)
{
	atomic_inc(&stage.mmaps);
	return stage.mmap(desc->file, NULL);
}

static const struct file_operations prepare_fops = {
	.owner = THIS_MODULE,
	.open = gadget_open,
	.release = gadget_close,
	.mmap_prepare = prepare_nothing,
};

static void mmap_prepare_ends_what_an_earlier_one_left(struct kunit *test)
{
	check_ends_earlier(test, &prepare_fops);
}
#else
static void mmap_prepare_ends_what_an_earlier_one_left(struct kunit *test)
{
	kunit_skip(test, "this kernel has no mmap_prepare");
}
#endif

static int frames_without_table(struct file *file, struct vm_area_struct *vma)
{
	int ret = map_frames(file, vma);

	vma->vm_ops = NULL;
	return ret;
}

static int page_without_table(struct file *file, struct vm_area_struct *vma)
{
	int ret = insert_page(file, vma);

	vma->vm_ops = NULL;
	return ret;
}

static int io_without_table(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO);
	vma->vm_ops = NULL;
	return 0;
}

/* The first page of what was mapped, if it is there, and then that it is not any more. */
static void check_goes(struct kunit *test, int (*mmap)(struct file *, struct vm_area_struct *),
		       unsigned long flags)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, NULL);
	stage.mmap = mmap;
	address = map(test, flags);
	KUNIT_EXPECT_NOT_NULL(test, borrow_vma(address)->vm_ops);
	return_vma();
	if (mmap != io_without_table)
		EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_SIGBUS(test, address);
	unmap(test, address);
	stage_end(test);
}

/* A private one would become the process's own memory, which a fault fills with zeroes. */
static void what_is_mapped_without_a_table_goes(struct kunit *test)
{
	check_goes(test, frames_without_table, MAP_SHARED);
	check_goes(test, frames_without_table, MAP_PRIVATE);
	check_goes(test, page_without_table, MAP_SHARED);
	check_goes(test, page_without_table, MAP_PRIVATE);
	check_goes(test, io_without_table, MAP_SHARED);
	check_goes(test, io_without_table, MAP_PRIVATE);
}

static void check_becomes_zeroes(struct kunit *test,
				 int (*mmap)(struct file *, struct vm_area_struct *))
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_ZERO, NULL);
	stage.mmap = mmap;
	address = map(test, MAP_SHARED);
	EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_WORD(test, address, 0);
	EXPECT_WORD(test, address + PAGE_SIZE, 0);
	unmap(test, address);
	stage_end(test);
}

static void what_is_mapped_without_a_table_becomes_zeroes(struct kunit *test)
{
	check_becomes_zeroes(test, frames_without_table);
	check_becomes_zeroes(test, page_without_table);
}

/* Registers, or what may be: they cannot be kept, whoever is called about them. */
static void frames_without_a_table_are_not_kept(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_KEEP, NULL);
	stage.mmap = frames_without_table;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	stage.mmap = io_without_table;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	stage_end(test);
}

static int meeting_init(struct kunit *test)
{
	memset(&meeting, 0, sizeof(meeting));
	return stage_init(test);
}

static struct kunit_case mmap_cases[] = {
	KUNIT_CASE(mmap_that_fails_counts_until_it_is_undone),
	KUNIT_CASE(mmap_ends_what_an_earlier_one_left),
	KUNIT_CASE(mmap_prepare_ends_what_an_earlier_one_left),
	KUNIT_CASE(what_is_mapped_without_a_table_goes),
	KUNIT_CASE(what_is_mapped_without_a_table_becomes_zeroes),
	KUNIT_CASE(frames_without_a_table_are_not_kept),
	{}
};

static struct kunit_suite mmap_suite = {
	.name = "mmap",
	.suite_init = stage_suite_init,
	.init = meeting_init,
	.exit = put_pages,
	.test_cases = mmap_cases,
};

kunit_test_suite(mmap_suite);

MODULE_DESCRIPTION("KUnit suite of mmaps that fail, that meet, and that set no table");
MODULE_LICENSE("GPL");
