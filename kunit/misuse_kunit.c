// SPDX-License-Identifier: GPL-2.0-only
/*
 * misuse_kunit.c: mistakes of drivers that the core must speak up about, once each,
 * and survive
 */
/* refcdev-test: limit=60 */
/* refcdev-test: expects="lifetime_ops.owner is not THIS_MODULE" */
/* refcdev-test: expects="lifetime_disconnect_finish\(\) without begin" */
/* refcdev-test: expects="lifetime_exit\(\) without lifetime_enter" */
/* refcdev-test: expects="released while connected" */
/* refcdev-test: expects="unbound from inside one of its own calls" */
/* refcdev-test: expects="node registered twice" */
/* refcdev-test: expects="open changed .*f_mapping" */

#include "gadget.h"

#define NODE	"/dev/kunit_misuse"

static struct refcdev_type type = {
	.name = "kunit_misuse",
	.fops = &gadget_fops,
	.max_nodes = 1,
};

/* An object needs operations: the module that owns it, at least. */
static void alloc_without_ops_is_refused(struct kunit *test)
{
	struct gadget *gadget = lifetime_alloc(struct gadget, life, NULL, NULL);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(gadget), -EINVAL);
}

/* There is nothing to finish without a begin; the object stays as it was. */
static void finish_without_begin_is_refused(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_EXPECT_EQ(test, lifetime_disconnect_finish(&gadget->life), -EINVAL);
	KUNIT_EXPECT_FALSE(test, lifetime_disconnected(&gadget->life));
	KUNIT_EXPECT_TRUE(test, may_enter(&gadget->life));
	lifetime_end(&gadget->life);
}

/* An exit too many is told, and does not make the drain believe that somebody left. */
static void exit_without_enter_is_told(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&gadget->life), 0);
	lifetime_exit(&gadget->life);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&gadget->life), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A put too many of a connected object is told, and leaks it: it can still be reached. */
static void put_too_many_is_told(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	/* The put gives back a module reference that nobody took. */
	__module_get(THIS_MODULE);
	lifetime_put(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	KUNIT_EXPECT_TRUE(test, may_enter(&gadget->life));
}

/* A call that ends its own object is told, and waits for everybody but itself. */
static void end_from_own_call_is_told(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	struct file *file = open_node(test, NODE);

	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_END), 0);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&gadget->life));
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), -ENXIO);
	KUNIT_EXPECT_EQ(test, try_open(NODE), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A node that is registered cannot be registered once more; the first stays. */
static void register_twice_is_refused(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);

	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->node, &gadget->life, &type), -EBUSY);
	KUNIT_EXPECT_EQ(test, try_open(NODE), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static int diverting_open(struct inode *inode, struct file *file)
{
	file->f_mapping = inode->i_mapping;
	return 0;
}

static int diverting_close(struct inode *inode, struct file *file)
{
	atomic_inc(&diary.closed);
	return 0;
}

/* An open that takes the file's mapping away fails: the proxies would not find back. */
static void open_that_changes_the_mapping_fails(struct kunit *test)
{
	static const struct file_operations fops = {
		.owner = THIS_MODULE,
		.open = diverting_open,
		.release = diverting_close,
	};
	static struct refcdev_type diverting = {
		.name = "kunit_diverting",
		.fops = &fops,
	};
	struct gadget *gadget = gadget_new_node(test, &diverting);

	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_diverting"), -EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static struct kunit_case misuse_cases[] = {
	KUNIT_CASE(alloc_without_ops_is_refused),
	KUNIT_CASE(finish_without_begin_is_refused),
	KUNIT_CASE(exit_without_enter_is_told),
	KUNIT_CASE(put_too_many_is_told),
	KUNIT_CASE(end_from_own_call_is_told),
	KUNIT_CASE(register_twice_is_refused),
	KUNIT_CASE(open_that_changes_the_mapping_fails),
	{}
};

static struct kunit_suite misuse_suite = {
	.name = "misuse",
	.init = diary_init,
	.test_cases = misuse_cases,
};

kunit_test_suite(misuse_suite);

MODULE_DESCRIPTION("KUnit suite of mistakes that the core reports");
MODULE_LICENSE("GPL");
