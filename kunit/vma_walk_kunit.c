// SPDX-License-Identifier: GPL-2.0-only
/*
 * vma_walk_kunit.c: every member of struct vm_operations_struct, by the kernel's own list:
 * each has a row in the core's table, and does what the row says
 *
 * The list is made from <linux/mm.h> when this is built; see members.awk. A second one is
 * made from the same header with a member more: the walk has to notice it.
 */
/* refcdev-test: limit=90 */

#include "vma_walk.h"

#define MEMBER(name)	#name,
static const char * const kernel_list[] = {
#include "vm_ops_list.gen.h"
};

static const char * const list_with_one_more[] = {
#include "vm_ops_list_more.gen.h"
};

/* What the mapping has from the driver: one member, or all. */
static struct vm_operations_struct driver_ops;

/* Borrows the address space until walk_leave(). */
static void walk_enter(unsigned long address)
{
	walk.vma = borrow_vma(address);
	memcpy(&walk.vmf, &(struct vm_fault) { .vma = walk.vma, .address = address },
	       sizeof(walk.vmf));
	memcpy(&walk.wrote, &walk.vmf, sizeof(walk.vmf));
	walk.wrote.page = stage.page[0];
}

static void walk_leave(void)
{
	walk.vma = NULL;
	return_vma();
}

/* What the policy promises in place of a closed gate's answer. */
static unsigned long refused_answer(const struct caller *caller)
{
	bool zero = stage.type.vma_policy == REFCDEV_VMA_ZERO;

	if (!strcmp(caller->name, "fault") && zero)
		return 0;
	/* What is there may be written to, also where it stays. */
	if (!strcmp(caller->name, "pfn_mkwrite") && stage.type.vma_policy != REFCDEV_VMA_SIGBUS)
		return 0;
	if (!strcmp(caller->name, "page_mkwrite") && stage.type.vma_policy != REFCDEV_VMA_SIGBUS)
		return VM_FAULT_LOCKED;
	return caller->refused;
}

/* All of these return what is wrong, or NULL. */

static const char *goes_through(const struct caller *caller)
{
	unsigned int calls = walk.calls;

	caller->call();
	if (walk.calls != calls + 1 || strcmp(walk.last, caller->name))
		return "does not reach the driver's operation exactly once";
	if (memcmp(&walk.seen, &walk.sent, sizeof(walk.sent)))
		return "does not hand the arguments through";
	return walk.ret == caller->answer ? NULL : "does not hand the result through";
}

/* A page that the fault handed out, and a page that it locked, are the caller's to undo. */
static const char *check_pages(void)
{
	const char *wrong = NULL;

	if (walk.vmf.page) {
		if (walk.vmf.page != stage.gadget->life.zero_page)
			wrong = "comes with another page than that of zeroes";
		put_page(walk.vmf.page);
		walk.vmf.page = NULL;
	}
	if (walk.ret == VM_FAULT_LOCKED) {
		if (!PageLocked(walk.wrote.page))
			return "says that the page is locked, and it is not";
		unlock_page(walk.wrote.page);
	}
	return wrong;
}

static const char *is_refused(const struct caller *caller)
{
	bool zeroes = stage.type.vma_policy == REFCDEV_VMA_ZERO && !strcmp(caller->name, "fault");
	unsigned int calls = walk.calls;

	caller->call();
	if (walk.calls != calls)
		return "reaches the driver after the disconnect";
	if (walk.ret != refused_answer(caller))
		return "is refused with something else";
	if (zeroes && !walk.vmf.page)
		return "comes without a page of zeroes";
	return check_pages();
}

/* Of a table with one member: the proxies are that one, and those that are always there. */
static const char *is_mirrored(const struct row *member)
{
	const struct row *row;
	bool wanted;
	size_t i;

	if (walk.vma->vm_ops == &driver_ops)
		return "is mapped with the driver's own table";
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		row = &rows[i];
		wanted = row == member || !strcmp(row->name, "close") ||
			 (!strcmp(row->name, "fault") && stage.type.vma_policy == REFCDEV_VMA_ZERO);
		if (!!*slot(walk.vma->vm_ops, row) != wanted)
			return wanted ? "misses a proxy" : "has a proxy without an operation";
		if (*slot(walk.vma->vm_ops, row) && *slot(walk.vma->vm_ops, row) ==
		    *slot(&driver_ops, row))
			return "is there without a gate";
	}
	return NULL;
}

/* A table that cannot be guarded: no mapping, and the driver is told that it ends. */
static const char *mmap_is_refused(void)
{
	unsigned long address;
	unsigned int calls = walk.calls;

	driver_ops.close = driver_close;
	address = map_file(stage.file, STAGE_PAGES, MAP_SHARED);
	if (address != -EOPNOTSUPP)
		return "is not refused";
	if (walk.calls != calls + 1 || strcmp(walk.last, "close"))
		return "is refused, and the driver's close not called exactly once";
	return NULL;
}

static const char *check_alone(struct kunit *test, const struct row *row,
			       const struct caller *caller)
{
	unsigned long address;
	const char *wrong;

	/* No mapping is left that refers to what was made of the last one. */
	memset(stage.type.vm, 0, sizeof(stage.type.vm));
	memset(&driver_ops, 0, sizeof(driver_ops));
	*slot(&driver_ops, row) = caller ? caller->driver : &walk;
	if (row->kind == REFUSED)
		return mmap_is_refused();
	address = map_file(stage.file, STAGE_PAGES, MAP_SHARED);
	if (IS_ERR_VALUE(address))
		return "alone cannot be mapped";
	walk_enter(address);
	wrong = is_mirrored(row) ?: goes_through(caller);
	walk_leave();
	unmap(test, address);
	return wrong;
}

/* How far the walk is. */
enum stop { ALONE, LIVE, GONE };

static const char *check_member(struct kunit *test, const char *name, enum stop stop)
{
	const struct row *row = find_named(rows, name);
	const struct caller *caller = find_named(callers, name);

	if (!row)
		return "has no row in the core's table";
	if (!caller && row->kind != REFUSED)
		return "cannot be called by this test";
	if (caller && row->kind == REFUSED)
		return "is refused, and this test calls it";
	if (stop == ALONE)
		return check_alone(test, row, caller);
	if (!caller)
		return NULL;
	if (caller->passes ? row->kind != PASS : row->kind == PASS)
		return "always gets through, and its row does not say so, or the reverse";
	return stop == LIVE || caller->passes ? goes_through(caller) : is_refused(caller);
}

/* Returns how many members have something wrong. */
static unsigned int walk_list(struct kunit *test, const char * const *list, size_t length,
			      enum stop stop, const char *expected)
{
	static const char * const when[] = { "alone", "live", "after the disconnect" };
	unsigned int failed = 0;
	const char *wrong;
	size_t i;

	for (i = 0; i < length; i++) {
		wrong = check_member(test, list[i], stop);
		failed += !!wrong;
		if (wrong && (!expected || strcmp(list[i], expected)))
			KUNIT_FAIL(test, "policy %d, %s: %s %s", stage.type.vma_policy, when[stop],
				   list[i], wrong);
	}
	return failed;
}

/* Returns how often something was wrong. */
static unsigned int walk_policy(struct kunit *test, enum refcdev_vma_policy policy,
				const char * const *list, size_t length, const char *expected)
{
	unsigned int failed, calls;
	unsigned long address;

	stage_begin(test, policy, &driver_ops);
	failed = walk_list(test, list, length, ALONE, expected);
	memset(stage.type.vm, 0, sizeof(stage.type.vm));
	set_all(&driver_ops);
	address = map(test, MAP_SHARED);
	walk_enter(address);
	failed += walk_list(test, list, length, LIVE, expected);
	walk_leave();
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	walk_enter(address);
	failed += walk_list(test, list, length, GONE, expected);
	walk_leave();
	calls = walk.calls;
	unmap(test, address);
	KUNIT_EXPECT_EQ(test, walk.calls, calls + 1);
	KUNIT_EXPECT_STREQ(test, walk.last, "close");
	stage_end(test);
	return failed;
}

/* Every member that this kernel has is guarded or refused, by what each policy says. */
static void every_member_is_guarded(struct kunit *test)
{
	size_t members = ARRAY_SIZE(kernel_list);

	KUNIT_EXPECT_EQ(test, members, ARRAY_SIZE(rows));
	walk_policy(test, REFCDEV_VMA_SIGBUS, kernel_list, members, NULL);
	walk_policy(test, REFCDEV_VMA_ZERO, kernel_list, members, NULL);
	walk_policy(test, REFCDEV_VMA_KEEP, kernel_list, members, NULL);
	/* Alone and among the others, for each policy. */
	KUNIT_EXPECT_GE(test, walk.calls, 3 * 2 * (unsigned int)ARRAY_SIZE(callers));
	kunit_info(test, "%zu members, %u calls let through", members, walk.calls);
}

/* A member that the core does not know makes the walk fail: by its name, and alone. */
static void a_new_member_is_noticed(struct kunit *test)
{
	size_t members = ARRAY_SIZE(list_with_one_more);

	KUNIT_EXPECT_EQ(test, members, ARRAY_SIZE(kernel_list) + 1);
	KUNIT_EXPECT_EQ(test, walk_policy(test, REFCDEV_VMA_SIGBUS, list_with_one_more, members,
					  "frobnicate"), 3);
}

static int walk_init(struct kunit *test)
{
	memset(&walk, 0, sizeof(walk));
	return stage_init(test);
}

static struct kunit_case vma_walk_cases[] = {
	KUNIT_CASE(every_member_is_guarded),
	KUNIT_CASE(a_new_member_is_noticed),
	{}
};

static struct kunit_suite vma_walk_suite = {
	.name = "vma_walk",
	.suite_init = stage_suite_init,
	.init = walk_init,
	.exit = put_pages,
	.test_cases = vma_walk_cases,
};

kunit_test_suite(vma_walk_suite);

MODULE_DESCRIPTION("KUnit suite of the table of operations on mappings");
MODULE_LICENSE("GPL");
