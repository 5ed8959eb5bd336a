// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma_kunit.c: page faults while the device is there, and what each policy makes of them
 * when it is gone
 */
/* refcdev-test: limit=90 */

#include "mapping.h"

/* A page that a handler returns is mapped by the proxy, inside; nothing else is left of it. */
static void check_returned_page(struct kunit *test, vm_fault_t answer)
{
	unsigned long address = map(test, MAP_SHARED);

	stage.answer = answer;
	atomic_set(&stage.faults, 0);
	EXPECT_TOUCH(test, touch(address, 0), MAPPED | (answer & VM_FAULT_MAJOR));
	KUNIT_EXPECT_FALSE(test, PageLocked(stage.page[0]));
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 2);
	EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_TRUE(test, poke(address, WORD));
	EXPECT_COUNT(test, faults, 1);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[1]), 1);
	unmap(test, address);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
}

static void returned_page_is_mapped_inside(struct kunit *test)
{
	static const enum refcdev_vma_policy policies[] = { REFCDEV_VMA_SIGBUS, REFCDEV_VMA_ZERO };
	int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		stage_begin(test, policies[i], &returning_ops);
		check_returned_page(test, 0);
		check_returned_page(test, VM_FAULT_LOCKED);
		check_returned_page(test, VM_FAULT_MAJOR);
		check_returned_page(test, VM_FAULT_LOCKED | VM_FAULT_MAJOR);
		stage_end(test);
	}
}

/* What the device had mapped is gone, and the driver is not asked any more. */
static void sigbus_takes_away_what_is_mapped(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	address = map(test, MAP_SHARED);
	EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_SIGBUS(test, address);
	EXPECT_SIGBUS(test, address + PAGE_SIZE);
	EXPECT_COUNT(test, faults, 1);
	KUNIT_EXPECT_NULL(test, stage.gadget->life.zero_page);
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-ENXIO);
	EXPECT_COUNT(test, mmaps, 1);
	unmap(test, address);
	EXPECT_COUNT(test, closes, 1);
	stage_end(test);
}

/* What a fault handler returned stays, by the mapping's own reference; the rest is not there. */
static void keep_keeps_what_was_touched(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_KEEP, &returning_ops);
	address = map(test, MAP_SHARED);
	/* Left to the kernel, as it is without a guard. */
	stage.answer = VM_FAULT_LOCKED;
	EXPECT_TOUCH(test, touch(address, 0) & (VM_FAULT_ERROR | VM_FAULT_NOPAGE), 0);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 2);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_TRUE(test, poke(address, WORD));
	EXPECT_SIGBUS(test, address + PAGE_SIZE);
	EXPECT_COUNT(test, faults, 1);
	unmap(test, address);
	stage_end(test);
}

/* Two nodes of an object, and another object. */
static void zero_page_is_one_per_lifetime(struct kunit *test)
{
	unsigned long here, there, elsewhere;
	struct file *second, *third;
	struct gadget *other;
	struct page *zeroes;

	stage_begin(test, REFCDEV_VMA_ZERO, &returning_ops);
	KUNIT_ASSERT_EQ(test, refcdev_register(NULL, &stage.gadget->more[0], &stage.gadget->life,
					       &stage.type), 0);
	other = gadget_new_node(test, &stage.type);
	second = open_node(test, "/dev/kunit_vma1");
	third = open_node(test, "/dev/kunit_vma2");
	here = map(test, MAP_SHARED);
	there = map_file(second, STAGE_PAGES, MAP_SHARED);
	elsewhere = map_file(third, STAGE_PAGES, MAP_SHARED);
	EXPECT_WORD(test, here, WORD);
	lifetime_end(&other->life);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_WORD(test, here, 0);
	KUNIT_EXPECT_TRUE(test, poke(here, 17));
	EXPECT_WORD(test, here + PAGE_SIZE, 17);
	EXPECT_WORD(test, there, 17);
	EXPECT_WORD(test, elsewhere, 0);
	EXPECT_COUNT(test, faults, 1);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(stage.page[0]), WORD);
	zeroes = stage.gadget->life.zero_page;
	get_page(zeroes);
	KUNIT_EXPECT_EQ(test, page_count(zeroes), 5);
	unmap(test, here);
	unmap(test, there);
	unmap(test, elsewhere);
	close_now(second);
	close_now(third);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&diary.released) == 1));
	stage_end(test);
	/* Ours only. */
	KUNIT_EXPECT_EQ(test, page_count(zeroes), 1);
	put_page(zeroes);
}

/* A private mapping gets copies, also of what is refused: the page they are of stays as it is. */
static void private_copies_go_with_the_device(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	address = map(test, MAP_PRIVATE);
	EXPECT_TOUCH(test, touch(address, FAULT_FLAG_WRITE) & (VM_FAULT_ERROR | VM_FAULT_NOPAGE),
		     0);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	KUNIT_EXPECT_TRUE(test, poke(address, 18));
	EXPECT_WORD(test, address, 18);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(stage.page[0]), WORD);
	/* One that was read first is copied when it is written to. */
	EXPECT_WORD(test, address + PAGE_SIZE, WORD + 1);
	KUNIT_EXPECT_TRUE(test, poke(address + PAGE_SIZE, 19));
	KUNIT_EXPECT_EQ(test, page_count(stage.page[1]), 1);
	EXPECT_COUNT(test, faults, 2);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_SIGBUS(test, address);
	EXPECT_SIGBUS(test, address + PAGE_SIZE);
	unmap(test, address);
	stage_end(test);
}

static void private_mapping_copies_zeroes(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_ZERO, &returning_ops);
	address = map(test, MAP_PRIVATE);
	KUNIT_EXPECT_TRUE(test, poke(address, 18));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_WORD(test, address + PAGE_SIZE, 0);
	KUNIT_EXPECT_TRUE(test, poke(address + PAGE_SIZE, 20));
	KUNIT_EXPECT_TRUE(test, poke(address, 21));
	EXPECT_WORD(test, address + PAGE_SIZE, 20);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(stage.gadget->life.zero_page), 0);
	EXPECT_COUNT(test, faults, 1);
	unmap(test, address);
	stage_end(test);
}

static vm_fault_t count_mkwrite(struct vm_fault *vmf)
{
	atomic_inc(&stage.others);
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static vm_fault_t count_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	atomic_inc(&stage.opens);
	return 0;
}

static const struct vm_operations_struct writing_ops = {
	.close = stage_close_vma,
	.fault = return_page,
	.map_pages = count_map_pages,
	.page_mkwrite = count_mkwrite,
};

/* A page becomes writable by the driver's leave; when the device is gone, by the policy's. */
static void writes_to_zeroes_need_no_driver(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_ZERO, &writing_ops);
	address = map(test, MAP_SHARED);
	EXPECT_WORD(test, address, WORD);
	EXPECT_COUNT(test, opens, 1);
	EXPECT_COUNT(test, others, 0);
	KUNIT_EXPECT_TRUE(test, poke(address, WORD));
	EXPECT_COUNT(test, others, 1);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_WORD(test, address, 0);
	KUNIT_EXPECT_TRUE(test, poke(address, 22));
	KUNIT_EXPECT_TRUE(test, poke(address + PAGE_SIZE, 23));
	EXPECT_WORD(test, address, 23);
	KUNIT_EXPECT_FALSE(test, PageLocked(stage.gadget->life.zero_page));
	EXPECT_COUNT(test, faults, 1);
	EXPECT_COUNT(test, opens, 1);
	EXPECT_COUNT(test, others, 1);
	unmap(test, address);
	stage_end(test);
}

/* A zap of a part takes away that part, and a live driver is asked for it again. */
static void zap_takes_that_part_only(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	address = map(test, MAP_SHARED);
	EXPECT_WORD(test, address, WORD);
	EXPECT_WORD(test, address + PAGE_SIZE, WORD + 1);
	EXPECT_COUNT(test, faults, 2);
	refcdev_zap(&stage.gadget->node, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 2);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[1]), 1);
	EXPECT_WORD(test, address, WORD);
	EXPECT_COUNT(test, faults, 2);
	EXPECT_WORD(test, address + PAGE_SIZE, WORD + 1);
	EXPECT_COUNT(test, faults, 3);
	/* Up to the end. */
	refcdev_zap(&stage.gadget->node, 0, 0);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[1]), 1);
	EXPECT_WORD(test, address, WORD);
	EXPECT_COUNT(test, faults, 4);
	unmap(test, address);
	stage_end(test);
}

/* What a handler may do once it has dropped the lock: the mapping goes. */
static vm_fault_t drop_the_mapping(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long start = vma->vm_start;

	atomic_inc(&stage.faults);
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return VM_FAULT_SIGBUS;
	mmap_read_unlock(vma->vm_mm);
	atomic_add(!vm_munmap(start, STAGE_PAGES * PAGE_SIZE), &stage.others);
	return VM_FAULT_RETRY;
}

static const struct vm_operations_struct dropping_ops = {
	.close = stage_close_vma,
	.fault = drop_the_mapping,
};

/* A handler that has dropped the lock may find its mapping gone; its call ends all the same. */
static void mapping_may_go_while_a_handler_waits(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, &dropping_ops);
	address = map(test, MAP_SHARED);
	EXPECT_TOUCH(test, touch(address, FAULT_FLAG_ALLOW_RETRY), VM_FAULT_RETRY);
	EXPECT_COUNT(test, faults, 1);
	EXPECT_COUNT(test, others, 1);
	EXPECT_COUNT(test, closes, 1);
	EXPECT_TOUCH(test, touch(address, 0), VM_FAULT_SIGSEGV);
	stage_end(test);
}

/* A mapping is enough to keep the object, and is no reason to keep it longer. */
static void mapping_alone_keeps_the_object(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	address = map(test, MAP_SHARED);
	close_now(stage.file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 0);
	EXPECT_WORD(test, address, WORD);
	lifetime_end(&stage.gadget->life);
	EXPECT_SIGBUS(test, address);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	unmap(test, address);
	EXPECT_COUNT(test, closes, 1);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&diary.released) == 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
}

static struct kunit_case vma_cases[] = {
	KUNIT_CASE(returned_page_is_mapped_inside),
	KUNIT_CASE(sigbus_takes_away_what_is_mapped),
	KUNIT_CASE(keep_keeps_what_was_touched),
	KUNIT_CASE(zero_page_is_one_per_lifetime),
	KUNIT_CASE(private_copies_go_with_the_device),
	KUNIT_CASE(private_mapping_copies_zeroes),
	KUNIT_CASE(writes_to_zeroes_need_no_driver),
	KUNIT_CASE(zap_takes_that_part_only),
	KUNIT_CASE(mapping_may_go_while_a_handler_waits),
	KUNIT_CASE(mapping_alone_keeps_the_object),
	{}
};

static struct kunit_suite vma_suite = {
	.name = "vma",
	.suite_init = stage_suite_init,
	.init = stage_init,
	.exit = put_pages,
	.test_cases = vma_cases,
};

kunit_test_suite(vma_suite);

MODULE_DESCRIPTION("KUnit suite of page faults and policies");
MODULE_LICENSE("GPL");
