// SPDX-License-Identifier: GPL-2.0-only
/*
 * fops_walk_kunit.c: every member of struct file_operations, by the kernel's own list: each
 * has a row in the core's table, and does what the row says
 *
 * The list is made from <linux/fs.h> when this is built; see members.awk. A second one
 * is made from the same header with a member more: the walk has to notice it.
 */
/* refcdev-test: limit=90 */

#include "fops_walk.h"

#include <linux/falloc.h>
#include <linux/miscdevice.h>

#define NODE	"/dev/kunit_walk"

#define MEMBER(name)	#name,
static const char * const kernel_list[] = {
#include "fops_list.gen.h"
};

static const char * const list_with_one_more[] = {
#include "fops_list_more.gen.h"
};

static struct refcdev_type type = {
	.name = "kunit_walk",
	.fops = &driver_fops,
	.vma_policy = REFCDEV_VMA_KEEP,
	.flags = REFCDEV_URING_CMD,
	.max_nodes = 1,
};

/* What the contract says that a closed gate returns. */
static long refused_answer(const struct caller *caller)
{
	if (!strcmp(caller->name, "poll"))
		return (__force long)(EPOLLERR | EPOLLHUP);
	if (!strcmp(caller->name, "flush"))
		return 0;
	return caller->answer == NOTHING ? NOTHING : -ENXIO;
}

/* All of these return what is wrong, or NULL. */

static const char *goes_through(const struct row *row, const struct caller *caller)
{
	unsigned int calls = walk.calls[row->op], total = walk.total;

	caller->call();
	if (walk.calls[row->op] != calls + 1 || walk.total != total + 1)
		return "does not reach the driver's operation exactly once";
	if (memcmp(&walk.seen, &walk.sent, sizeof(walk.sent)))
		return "does not hand the arguments through";
	if (walk.ret != caller->answer)
		return "does not hand the result through";
	return NULL;
}

static const char *is_refused(const struct caller *caller)
{
	unsigned int total = walk.total;

	caller->call();
	if (walk.total != total)
		return "reaches the driver after the disconnect";
	return walk.ret == refused_answer(caller) ? NULL : "is refused with something else";
}

static const char *open_and_close(void)
{
	unsigned int opens = walk.calls[REFCDEV_OP_open];
	unsigned int releases = walk.calls[REFCDEV_OP_release];
	struct file *file = dentry_open(&walk.path, O_RDWR, current_cred());

	if (IS_ERR(file))
		return "cannot be opened";
	if (walk.calls[REFCDEV_OP_open] != opens + 1)
		return "open is not called exactly once";
	close_now(file);
	return walk.calls[REFCDEV_OP_release] == releases + 1 ? NULL :
		"release is not called exactly once";
}

static const char *open_is_refused(void)
{
	unsigned int total = walk.total;
	struct file *file = dentry_open(&walk.path, O_RDWR, current_cred());

	if (PTR_ERR_OR_ZERO(file) != -ENXIO)
		return "is not refused";
	return walk.total == total ? NULL : "reaches the driver after the disconnect";
}

static const char *release_gets_through(void)
{
	unsigned int total = walk.total, releases = walk.calls[REFCDEV_OP_release];

	close_now(walk.spare);
	return walk.total == total + 1 && walk.calls[REFCDEV_OP_release] == releases + 1 ? NULL :
		"does not get through exactly once";
}

static const char *check_end(const struct row *row, bool gone)
{
	if (!gone)
		return open_and_close();
	return row->op == REFCDEV_OP_open ? open_is_refused() : release_gets_through();
}

/* The other kinds: nothing to call. */
static const char *check_table(const struct row *row)
{
	const struct file_operations *proxy = walk.file->f_op;

	if (row->kind == DATA)
		return memcmp(slot(proxy, row), slot(&driver_fops, row), row->size) ?
			"is not copied" : NULL;
	if (row->kind == NEVER && !slot_is_set(&driver_fops, row))
		return "is never called, but the test's driver lacks it: nobody tried";
	return slot_is_set(proxy, row) ? "is there without a gate" : NULL;
}

static const char *check_member(const char *name, bool gone)
{
	const struct row *row = find_named(rows, name);
	const struct caller *caller = find_named(callers, name);
	const char *wrong;

	if (!row)
		return "has no row in the core's table";
	if (row->kind == ENDS)
		return check_end(row, gone);
	if (row->kind == DATA || row->kind == NEVER || row->kind == REFUSED)
		return check_table(row);
	if (!caller)
		return "cannot be called by this test";
	if (caller->undoes != (row->kind == PASS || row->kind == LOCK))
		return "undoes something, and its row does not say so, or the reverse";
	walk.undo = true;
	wrong = gone && !caller->undoes ? NULL : goes_through(row, caller);
	walk.undo = false;
	return wrong ?: gone ? is_refused(caller) : goes_through(row, caller);
}

/* Returns how many members have something wrong. */
static unsigned int walk_list(struct kunit *test, const char * const *list, size_t length,
			      bool gone, const char *expected)
{
	unsigned int failed = 0;
	const char *wrong;
	size_t i;

	for (i = 0; i < length; i++) {
		wrong = check_member(list[i], gone);
		failed += !!wrong;
		if (wrong && (!expected || strcmp(list[i], expected)))
			KUNIT_FAIL(test, "%s: %s %s", gone ? "after the disconnect" : "before",
				   list[i], wrong);
	}
	return failed;
}

/* Of whoever loads the suite, and waits for its end. */
static struct mm_struct *loader_mm;

static struct gadget *walk_begin(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);

	KUNIT_ASSERT_EQ(test, path_find(NODE, &walk.path), 0);
	walk.file = open_node(test, NODE);
	walk.spare = open_node(test, NODE);
	init_sync_kiocb(&walk.iocb, walk.file);
	walk.ioucmd.file = walk.file;
	walk.vma.vm_file = walk.file;
	walk.vma.vm_mm = loader_mm;
#ifdef HAVE_MMAP_PREPARE
	walk.desc.file = walk.file;
	walk.desc.vm_file = walk.file;
	walk.desc.mm = loader_mm;
#endif
	file_lock_type(&walk.lock[0]) = F_RDLCK;
	file_lock_type(&walk.lock[1]) = F_UNLCK;
	return gadget;
}

static void walk_end(struct kunit *test)
{
	unsigned int releases = walk.calls[REFCDEV_OP_release];

	path_put(&walk.path);
	close_now(walk.file);
	KUNIT_EXPECT_EQ(test, walk.calls[REFCDEV_OP_release], releases + 1);
	KUNIT_EXPECT_EQ(test, walk.calls[REFCDEV_OP_release], walk.calls[REFCDEV_OP_open]);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* Every member that this kernel has is guarded, or cannot be reached. */
static void every_member_is_guarded(struct kunit *test)
{
	struct gadget *gadget = walk_begin(test);
	size_t members = ARRAY_SIZE(kernel_list);

	KUNIT_EXPECT_EQ(test, members, ARRAY_SIZE(rows));
	walk_list(test, kernel_list, members, false, NULL);
	lifetime_end(&gadget->life);
	walk_list(test, kernel_list, members, true, NULL);
	walk_end(test);
	kunit_info(test, "%zu members, %u calls let through", members, walk.total);
}

/* A member that the core does not know makes the walk fail: by its name, and alone. */
static void a_new_member_is_noticed(struct kunit *test)
{
	struct gadget *gadget = walk_begin(test);
	size_t members = ARRAY_SIZE(list_with_one_more);

	KUNIT_EXPECT_EQ(test, members, ARRAY_SIZE(kernel_list) + 1);
	KUNIT_EXPECT_EQ(test, walk_list(test, list_with_one_more, members, false, "frobnicate"),
			1);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, walk_list(test, list_with_one_more, members, true, "frobnicate"),
			1);
	walk_end(test);
}

/* Of a driver with one operation the VFS sees that one, and release; or it is refused. */
static void check_alone(struct kunit *test, const struct row *row)
{
	static struct file_operations fops;
	static struct refcdev_type alone;
	struct gadget *gadget = gadget_new(test);
	struct file_operations wanted = { .owner = THIS_MODULE };
	int ret;

	fops = wanted;
	memset(slot(&fops, row), 0x11, row->kind == DATA ? 0 : row->size);
	alone = type;
	alone.name = "kunit_alone";
	alone.fops = &fops;
	alone.range = NULL;
	ret = refcdev_register(NULL, &gadget->node, &gadget->life, &alone);
	KUNIT_EXPECT_EQ_MSG(test, ret, row->kind == REFUSED ? -EOPNOTSUPP : 0, "%s alone",
			    row->name);
	if (!ret) {
		wanted.release = alone.proxy.release;
		KUNIT_EXPECT_NOT_NULL(test, wanted.release);
		if (row->kind < ENDS)
			memcpy(slot(&wanted, row), slot(&alone.proxy, row), row->size);
		KUNIT_EXPECT_EQ(test, slot_is_set(&alone.proxy, row), slot_is_set(&wanted, row));
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&wanted, &alone.proxy, sizeof(wanted)), 0,
				    "%s alone", row->name);
		if (row->kind < ENDS)
			KUNIT_EXPECT_TRUE_MSG(test, slot_is_set(&alone.proxy, row), "%s alone",
					      row->name);
	}
	lifetime_end(&gadget->life);
}

static void a_proxy_is_there_where_the_driver_has_one(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		check_alone(test, &rows[i]);
}

static struct miscdevice plain = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kunit_walk_plain",
	.fops = &driver_fops,
};

/* The reason for a row without a proxy: a plain character device is not called either. */
static void the_vfs_never_calls_what_has_no_proxy(struct kunit *test)
{
	unsigned int total, nevers = 0;
	struct file *file, *other;
	size_t i;

	KUNIT_ASSERT_EQ(test, misc_register(&plain), 0);
	file = open_node(test, "/dev/kunit_walk_plain");
	other = open_node(test, "/dev/kunit_walk_plain");
	KUNIT_EXPECT_PTR_EQ(test, file->f_op, (const struct file_operations *)&driver_fops);
	total = walk.total;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		nevers += rows[i].kind == NEVER;
	KUNIT_EXPECT_EQ(test, vfs_fallocate(file, 0, 0, 4096), -ENODEV);
	KUNIT_EXPECT_EQ(test, vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
					    4096), -ENODEV);
	KUNIT_EXPECT_EQ(test, vfs_copy_file_range(file, 0, other, 0, 4096, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, vfs_copy_file_range(file, 0, file, 8192, 4096, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, walk.total, total);
	/* The two above; a row that is added has to be tried here. */
	KUNIT_EXPECT_EQ(test, nevers, 2);
	close_now(file);
	close_now(other);
	misc_deregister(&plain);
}

static int walk_init(struct kunit *test)
{
	if (!loader_mm)
		kunit_skip(test, "built in: there is nobody's address space to map into");
	memset(&walk, 0, sizeof(walk));
	driver_fops_init();
	return diary_init(test);
}

static int walk_suite_init(struct kunit_suite *suite)
{
	loader_mm = current->mm;
	return 0;
}

static struct kunit_case fops_walk_cases[] = {
	KUNIT_CASE(every_member_is_guarded),
	KUNIT_CASE(a_new_member_is_noticed),
	KUNIT_CASE(a_proxy_is_there_where_the_driver_has_one),
	KUNIT_CASE(the_vfs_never_calls_what_has_no_proxy),
	{}
};

static struct kunit_suite fops_walk_suite = {
	.name = "fops_walk",
	.suite_init = walk_suite_init,
	.init = walk_init,
	.test_cases = fops_walk_cases,
};

kunit_test_suite(fops_walk_suite);

MODULE_DESCRIPTION("KUnit suite of the table of file operations");
MODULE_LICENSE("GPL");
