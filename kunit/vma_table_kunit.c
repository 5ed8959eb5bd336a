// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma_table_kunit.c: what a driver's mmap leaves behind: tables of its own, of others, none
 * at all, pages or frame numbers
 */
/* refcdev-test: limit=90 */

#include <linux/shmem_fs.h>

#include "mapping.h"

#define TABLES		(REFCDEV_VM_TABLES + 1)

static const struct vm_operations_struct tables[TABLES] = {
	[0 ... TABLES - 1] = {
		.open = stage_open_vma,
		.close = stage_close_vma,
		.fault = return_page,
	},
};

static int slots_in_use(void)
{
	int i, used = 0;

	for (i = 0; i < REFCDEV_VM_TABLES; i++)
		used += !!stage.type.vm[i].ops;
	return used;
}

/* Would a driver say so that compares tables? */
static bool has_table(unsigned long address, const struct vm_operations_struct *ops)
{
	bool has = refcdev_vma_is(borrow_vma(address), &stage.type, ops);

	return_vma();
	return has;
}

/* So many different tables, each as often as wanted; another one is refused, for ever. */
static void a_type_has_four_tables(struct kunit *test)
{
	unsigned long address[2 * REFCDEV_VM_TABLES];
	int i;

	stage_begin(test, REFCDEV_VMA_SIGBUS, NULL);
	for (i = 0; i < ARRAY_SIZE(address); i++) {
		stage.ops = &tables[i % REFCDEV_VM_TABLES];
		address[i] = map(test, MAP_SHARED);
		KUNIT_EXPECT_EQ(test, slots_in_use(), min(i + 1, REFCDEV_VM_TABLES));
	}
	for (i = 0; i < 2; i++) {
		stage.ops = &tables[REFCDEV_VM_TABLES];
		KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED),
				(unsigned long)-EOPNOTSUPP);
		EXPECT_COUNT(test, closes, i + 1);
	}
	for (i = 0; i < ARRAY_SIZE(address); i++) {
		KUNIT_EXPECT_TRUE(test, has_table(address[i], &tables[i % REFCDEV_VM_TABLES]));
		KUNIT_EXPECT_FALSE(test, has_table(address[i], &tables[REFCDEV_VM_TABLES]));
		KUNIT_EXPECT_FALSE(test, has_table(address[i], NULL));
		EXPECT_WORD(test, address[i], WORD);
		unmap(test, address[i]);
		EXPECT_COUNT(test, closes, 2 + i + 1);
	}
	/* They stay with the type. */
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	stage_end(test);
}

/* Allocated memory may go while mappings refer to it. */
static void a_table_is_static(struct kunit *test)
{
	struct vm_operations_struct *ops = kmemdup(&tables[0], sizeof(*ops), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ops);
	stage_begin(test, REFCDEV_VMA_SIGBUS, ops);
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	EXPECT_COUNT(test, closes, 1);
	KUNIT_EXPECT_EQ(test, slots_in_use(), 0);
	stage_end(test);
	kfree(ops);
}

/**
 * struct meeting - two kthreads whose mmaps end at the same time
 * @crew: the kthreads
 * @arrived: how often one has come to where they wait for each other
 * @vma: what each maps, in no address space
 * @wrong: a table got more than one slot, or one of them something else
 * @stop: the round was the last
 * @rounds: how many there were
 * @since: when the first began
 */
static struct meeting {
	struct crew crew;
	atomic_t arrived;
	struct vm_area_struct vma[2];
	bool wrong, stop;
	unsigned int rounds;
	unsigned long since;
} meeting;

/* Bounded, as the other one may have died. An emulated processor takes a nap in cpu_relax(). */
static void meet(void)
{
	int both = round_up(atomic_inc_return(&meeting.arrived), 2);
	unsigned long late = jiffies + SOON;

	while (atomic_read(&meeting.arrived) < both && time_before(jiffies, late))
		barrier();
}

static int meet_and_set_ops(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = stage.ops;
	meet();
	return 0;
}

/* By frame number, as the flags of a mapping that is nowhere cannot be changed. */
static bool map_nowhere(struct vm_area_struct *vma)
{
	memset(vma, 0, sizeof(*vma));
	vma->vm_mm = loader_mm;
	vma->vm_file = stage.file;
	vm_flags_init(vma, VM_PFNMAP);
	return !stage.file->f_op->mmap(stage.file, vma) &&
	       vma->vm_ops == &stage.type.vm[0].proxy;
}

/* So often, if there is time: a processor that is not there at the moment holds up both. */
static void mmap_work(struct crew *crew, unsigned int nr)
{
	bool right;

	do {
		right = map_nowhere(&meeting.vma[nr]);
		meet();
		if (!right || slots_in_use() != 1)
			WRITE_ONCE(meeting.wrong, true);
		meet();
		if (!nr) {
			memset(stage.type.vm, 0, sizeof(stage.type.vm));
			meeting.stop = READ_ONCE(meeting.wrong) || ++meeting.rounds == 300 ||
				       time_after(jiffies, meeting.since + 2 * HZ);
		}
		meet();
	} while (!READ_ONCE(meeting.stop));
}

/* Address spaces of their own would not be in step either: both make the table's proxies. */
static void a_table_takes_one_slot(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	stage.mmap = meet_and_set_ops;
	memset(&meeting, 0, sizeof(meeting));
	meeting.crew.work = mmap_work;
	meeting.since = jiffies;
	crew_start(test, &meeting.crew, 2);
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.crew));
	KUNIT_EXPECT_FALSE(test, meeting.wrong);
	kunit_info(test, "%u times at once", meeting.rounds);
	KUNIT_EXPECT_GE(test, meeting.rounds, 10);
	stage_end(test);
}

static unsigned long begin_remap(struct kunit *test, enum refcdev_vma_policy policy,
				 unsigned long flags)
{
	unsigned long address;

	stage_begin(test, policy, NULL);
	stage.mmap = map_frames;
	address = map(test, flags);
	EXPECT_WORD(test, address, WORD);
	KUNIT_EXPECT_TRUE(test, poke(address, 30));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	return address;
}

/* The driver sets no table; the mapping gets one all the same. */
static void frames_without_a_table_go(struct kunit *test)
{
	unsigned long address = begin_remap(test, REFCDEV_VMA_SIGBUS, MAP_SHARED);

	EXPECT_SIGBUS(test, address);
	unmap(test, address);
	stage_end(test);
}

static void frames_without_a_table_become_zeroes(struct kunit *test)
{
	unsigned long address = begin_remap(test, REFCDEV_VMA_ZERO, MAP_SHARED);

	EXPECT_TOUCH(test, touch(address, 0), MAPPED);
	EXPECT_WORD(test, address, 0);
	KUNIT_EXPECT_TRUE(test, poke(address, 31));
	EXPECT_WORD(test, address, 31);
	/* Before the disconnect this was the same memory. */
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(stage.page[0]), 30);
	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(stage.gadget->life.zero_page), 31);
	/* A mapping by frame number holds no page. */
	KUNIT_EXPECT_EQ(test, page_count(stage.gadget->life.zero_page), 1);
	unmap(test, address);
	stage_end(test);
}

/* There is no telling a private copy from the frame: no zeroes, but no crash either. */
static void private_frames_go(struct kunit *test)
{
	unsigned long address = begin_remap(test, REFCDEV_VMA_ZERO, MAP_PRIVATE);

	KUNIT_EXPECT_EQ(test, *(u64 *)page_address(stage.page[0]), WORD);
	EXPECT_SIGBUS(test, address);
	unmap(test, address);
	stage_end(test);
}

/* What is to be kept must be memory: by its pages it is, by frame numbers nobody knows. */
static void frames_cannot_be_kept(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_KEEP, NULL);
	stage.mmap = map_frames;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	EXPECT_COUNT(test, closes, 0);
	stage.ops = &returning_ops;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EOPNOTSUPP);
	EXPECT_COUNT(test, closes, 1);
	EXPECT_COUNT(test, mmaps, 2);
	KUNIT_EXPECT_EQ(test, slots_in_use(), 0);
	stage_end(test);
}

static int insert_pages(struct file *file, struct vm_area_struct *vma)
{
	int i, ret = 0;

	for (i = 0; i < STAGE_PAGES && !ret; i++)
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, stage.page[i]);
	return ret;
}

/* Pages that are mapped at once stay altogether; and nobody is called, so none is guarded. */
static void pages_without_a_table_are_kept(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_KEEP, NULL);
	stage.mmap = insert_pages;
	address = map(test, MAP_SHARED);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_WORD(test, address, WORD);
	EXPECT_WORD(test, address + PAGE_SIZE, WORD + 1);
	KUNIT_EXPECT_TRUE(test, poke(address + PAGE_SIZE, WORD + 1));
	KUNIT_EXPECT_EQ(test, slots_in_use(), 0);
	unmap(test, address);
	stage_end(test);
}

static int fail_after_remap(struct file *file, struct vm_area_struct *vma)
{
	return map_frames(file, vma) ?: -EDOM;
}

/* A driver that fails is not told of an end: it has not begun. */
static void mmap_that_fails_is_not_closed(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	stage.mmap = fail_after_remap;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-EDOM);
	EXPECT_COUNT(test, closes, 0);
	KUNIT_EXPECT_EQ(test, slots_in_use(), 0);
	stage_end(test);
}

/* Without a table a mapping is the process's own memory. */
static void anonymous_memory_is_left_alone(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, NULL);
	address = map(test, MAP_PRIVATE);
	KUNIT_EXPECT_TRUE(test, has_table(address, NULL));
	EXPECT_WORD(test, address, 0);
	KUNIT_EXPECT_TRUE(test, poke(address, 32));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	KUNIT_EXPECT_TRUE(test, poke(address, 33));
	EXPECT_WORD(test, address, 33);
	EXPECT_WORD(test, address + PAGE_SIZE, 0);
	unmap(test, address);
	stage_end(test);
}

static struct file *other_file;

static int map_other_file(struct file *file, struct vm_area_struct *vma)
{
	vma_set_file(vma, other_file);
	return mmap_file_compat(vma->vm_file, vma);
}

/* A mapping of another file keeps that file, and neither the node nor the object. */
static void other_file_is_left_alone(struct kunit *test)
{
	struct vm_area_struct *vma;
	unsigned long address;

	other_file = shmem_file_setup("kunit_vma", STAGE_PAGES * PAGE_SIZE, no_vma_flags);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other_file));
	stage_begin(test, REFCDEV_VMA_SIGBUS, NULL);
	stage.mmap = map_other_file;
	address = map(test, MAP_SHARED);
	vma = borrow_vma(address);
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_file, other_file);
	return_vma();
	KUNIT_EXPECT_EQ(test, slots_in_use(), 0);
	KUNIT_EXPECT_TRUE(test, poke(address, 33));
	stage_end(test);
	EXPECT_WORD(test, address, 33);
	KUNIT_EXPECT_TRUE(test, poke(address + PAGE_SIZE, 34));
	EXPECT_WORD(test, address + PAGE_SIZE, 34);
	unmap(test, address);
	fput(other_file);
}

/* Neighbours stay two: one would be mapped without a call to mmap. */
static void neighbours_do_not_merge(struct kunit *test)
{
	unsigned long address, below;
	struct vm_area_struct *vma;

	stage_begin(test, REFCDEV_VMA_SIGBUS, &tables[0]);
	address = map(test, MAP_SHARED);
	kthread_use_mm(loader_mm);
	vm_munmap(address + PAGE_SIZE, PAGE_SIZE);
	below = vm_mmap(stage.file, address + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, PAGE_SIZE);
	kthread_unuse_mm(loader_mm);
	KUNIT_EXPECT_EQ(test, below, address + PAGE_SIZE);
	EXPECT_COUNT(test, mmaps, 2);
	vma = borrow_vma(address);
	KUNIT_EXPECT_EQ(test, vma->vm_end, address + PAGE_SIZE);
	return_vma();
	unmap(test, address);
	/* The split told of one more. */
	EXPECT_COUNT(test, opens, 1);
	EXPECT_COUNT(test, closes, 3);
	stage_end(test);
}

static struct kunit_case vma_table_cases[] = {
	KUNIT_CASE(a_type_has_four_tables),
	KUNIT_CASE(a_table_is_static),
	KUNIT_CASE(a_table_takes_one_slot),
	KUNIT_CASE(frames_without_a_table_go),
	KUNIT_CASE(frames_without_a_table_become_zeroes),
	KUNIT_CASE(private_frames_go),
	KUNIT_CASE(frames_cannot_be_kept),
	KUNIT_CASE(pages_without_a_table_are_kept),
	KUNIT_CASE(mmap_that_fails_is_not_closed),
	KUNIT_CASE(anonymous_memory_is_left_alone),
	KUNIT_CASE(other_file_is_left_alone),
	KUNIT_CASE(neighbours_do_not_merge),
	{}
};

static struct kunit_suite vma_table_suite = {
	.name = "vma_table",
	.suite_init = stage_suite_init,
	.init = stage_init,
	.exit = put_pages,
	.test_cases = vma_table_cases,
};

kunit_test_suite(vma_table_suite);

MODULE_DESCRIPTION("KUnit suite of what a driver's mmap sets up");
MODULE_LICENSE("GPL");
