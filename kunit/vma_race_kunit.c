// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma_race_kunit.c: a disconnect in the middle of an mmap and of page faults
 *
 * The moment between a driver's mmap and the link of the mapping is held open by the lock
 * of the node's mappings, which the kernel takes for the link.
 */
/* refcdev-test: limit=90 */

#include "mapping.h"

/**
 * struct meeting - faults or an mmap in kthreads, a disconnect in others
 * @callers: map or touch
 * @enders: disconnect
 * @address: what the callers have mapped
 * @touched: faults that were no error
 * @seen: faults whose handler saw the flag
 * @ending: the disconnect is about to start
 * @stop: callers are to leave
 */
static struct meeting {
	struct crew callers, enders;
	unsigned long address;
	atomic_t touched;
	atomic_t seen;
	bool ending, stop;
} meeting;

static void map_work(struct crew *crew, unsigned int nr)
{
	meeting.address = map_file(stage.file, STAGE_PAGES, MAP_SHARED);
}

static void end_work(struct crew *crew, unsigned int nr)
{
	lifetime_disconnect(&stage.gadget->life);
}

/* Until the mapping could be found the mmap counts; what it has mapped is found then. */
static void check_link(struct kunit *test, int (*mmap)(struct file *, struct vm_area_struct *))
{
	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	stage.mmap = mmap;
	meeting.callers.work = map_work;
	meeting.enders.work = end_work;
	hold_lock(test, stage.file->f_mapping);
	crew_start(test, &meeting.callers, 1);
	/* The driver's mmap is through. */
	KUNIT_EXPECT_TRUE(test, eventually(rwsem_is_contended(&stage.mappings->i_mmap_rwsem)));
	crew_start(test, &meeting.enders, 1);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(stage.gadget->life.folded)));
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&meeting.enders.gone, HZ / 4));
	KUNIT_EXPECT_EQ(test, READ_ONCE(stage.gadget->life.inside), 1);
	let_go(test);
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.callers));
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&meeting.enders.left)));
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(meeting.address));
	EXPECT_SIGBUS(test, meeting.address);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	unmap(test, meeting.address);
	stage_end(test);
}

static void mmap_counts_until_it_is_linked(struct kunit *test)
{
	check_link(test, insert_page);
	check_link(test, map_frames);
}

static vm_fault_t return_page_late(struct vm_fault *vmf)
{
	complete(&diary.inside);
	wait_for_completion_timeout(&diary.leave, SOON);
	return return_page(vmf);
}

static const struct vm_operations_struct late_ops = {
	.close = stage_close_vma,
	.fault = return_page_late,
};

static void touch_work(struct crew *crew, unsigned int nr)
{
	if (touch(meeting.address, 0) == MAPPED)
		atomic_inc(&meeting.touched);
}

/* A fault in the driver is waited for, and the page that it returned goes as well. */
static void fault_in_the_driver_is_waited_for(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_SIGBUS, &late_ops);
	meeting.address = map(test, MAP_SHARED);
	meeting.callers.work = touch_work;
	meeting.enders.work = end_work;
	crew_start(test, &meeting.callers, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&diary.inside, SOON));
	crew_start(test, &meeting.enders, 2);
	KUNIT_EXPECT_TRUE(test, eventually(READ_ONCE(stage.gadget->life.folded)));
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&meeting.enders.gone, HZ / 4));
	complete(&diary.leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.callers));
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&meeting.enders.left)));
	KUNIT_EXPECT_EQ(test, atomic_read(&meeting.touched), 1);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_SIGBUS(test, meeting.address);
	EXPECT_COUNT(test, faults, 1);
	unmap(test, meeting.address);
	stage_end(test);
}

/* Once a disconnect is on its way it meets whoever is inside. */
static vm_fault_t return_page_busily(struct vm_fault *vmf)
{
	if (READ_ONCE(meeting.ending) && eventually(lifetime_disconnected(&stage.gadget->life)))
		atomic_inc(&meeting.seen);
	return return_page(vmf);
}

static const struct vm_operations_struct busy_ops = {
	.close = stage_close_vma,
	.fault = return_page_busily,
};

/*
 * Taken away again, so that the next touch is a fault; but not what came after the flag, which
 * is for the disconnect to do.
 */
static void storm_work(struct crew *crew, unsigned int nr)
{
	while (!READ_ONCE(meeting.stop) && !(touch(meeting.address, 0) & VM_FAULT_ERROR)) {
		atomic_inc(&meeting.touched);
		if (!lifetime_disconnected(&stage.gadget->life))
			refcdev_zap(&stage.gadget->node, 0, PAGE_SIZE);
		cond_resched();
	}
}

/* Returns whether the disconnect met a fault. */
static bool storm(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_SIGBUS, &busy_ops);
	meeting.address = map(test, MAP_SHARED);
	atomic_set(&meeting.touched, 0);
	atomic_set(&meeting.seen, 0);
	meeting.ending = false;
	crew_start(test, &meeting.callers, 2);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&meeting.touched) > 3));
	WRITE_ONCE(meeting.ending, true);
	crew_start(test, &meeting.enders, 2);
	/* The signal is what ends the callers, and it must come. */
	KUNIT_EXPECT_TRUE(test, crew_gone(&meeting.callers));
	WRITE_ONCE(meeting.stop, true);
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&meeting.callers.left)));
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&meeting.enders.left)));
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_SIGBUS(test, meeting.address);
	unmap(test, meeting.address);
	stage_end(test);
	return atomic_read(&meeting.seen);
}

/* Two disconnects among faults: when both are back, nothing of the device is mapped. */
static void disconnect_among_faults(struct kunit *test)
{
	int round, overlaps = 0;

	meeting.callers.work = storm_work;
	meeting.enders.work = end_work;
	for (round = 0; round < 8 && !meeting.stop; round++) {
		overlaps += storm(test);
		meeting.stop = test->status == KUNIT_FAILURE;
	}
	kunit_info(test, "%d of %d disconnects met a fault in the driver", overlaps, round);
	KUNIT_EXPECT_GE(test, overlaps, round / 2);
}

static int race_init(struct kunit *test)
{
	memset(&meeting, 0, sizeof(meeting));
	return stage_init(test);
}

static struct kunit_case vma_race_cases[] = {
	KUNIT_CASE(mmap_counts_until_it_is_linked),
	KUNIT_CASE(fault_in_the_driver_is_waited_for),
	KUNIT_CASE(disconnect_among_faults),
	{}
};

static struct kunit_suite vma_race_suite = {
	.name = "vma_race",
	.suite_init = stage_suite_init,
	.init = race_init,
	.exit = put_pages,
	.test_cases = vma_race_cases,
};

kunit_test_suite(vma_race_suite);

MODULE_DESCRIPTION("KUnit suite of disconnects during mmap and page faults");
MODULE_LICENSE("GPL");
