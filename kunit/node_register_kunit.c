// SPDX-License-Identifier: GPL-2.0-only
/*
 * node_register_kunit.c: registrations that must fail, and what they leave behind
 */
/* refcdev-test: limit=90 */

#include "gadget.h"

#define CLASHES	20

static struct refcdev_type good = {
	.name = "kunit_good%d",
	.fops = &gadget_fops,
	.max_nodes = 2,
};

/* Registers one node of a type with a fresh object; returns what that said. */
static int try_register(struct kunit *test, struct refcdev_type *type)
{
	struct gadget *gadget = gadget_new(test);
	int released = atomic_read(&diary.released);
	int ret = refcdev_register(NULL, &gadget->node, &gadget->life, type);

	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), released + 1);
	return ret;
}

static void unused_operation(void)
{
}

struct operation {
	const char *name;
	const struct file_operations fops;
};

#define OPERATION(member)							\
	{ #member, { .owner = THIS_MODULE, .member = (void *)unused_operation } }

/* What cannot be guarded: the rows REFUSED of the core's table. */
static const struct operation operations[] = {
	OPERATION(iopoll),
	OPERATION(check_flags),
	OPERATION(remap_file_range),
	OPERATION(uring_cmd_iopoll),
};

static void operation_desc(const struct operation *operation, char *desc)
{
	strscpy(desc, operation->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(operation, operations, operation_desc);

/* An operation that the core cannot guard makes registration fail: nothing gets by. */
static void unguarded_operation_is_refused(struct kunit *test)
{
	const struct operation *operation = test->param_value;
	struct refcdev_type type = { .name = "kunit_unguarded", .fops = &operation->fops };

	KUNIT_EXPECT_EQ(test, try_register(test, &type), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_unguarded"), -ENOENT);
}

/* A mapping operation needs a policy that says what becomes of mappings. */
static void mmap_without_policy_is_refused(struct kunit *test)
{
	static const struct file_operations fops = {
		.owner = THIS_MODULE,
		.mmap = (void *)unused_operation,
	};
	struct refcdev_type type = { .name = "kunit_mmap", .fops = &fops };

	KUNIT_EXPECT_EQ(test, try_register(test, &type), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_mmap"), -ENOENT);
}

/* The same with a policy is fine. */
static void mmap_with_policy_registers(struct kunit *test)
{
	static const struct file_operations fops = {
		.owner = THIS_MODULE,
		.mmap = (void *)unused_operation,
	};
	static struct refcdev_type type = {
		.name = "kunit_keep",
		.fops = &fops,
		.vma_policy = REFCDEV_VMA_KEEP,
	};

	KUNIT_EXPECT_EQ(test, try_register(test, &type), 0);
}

static const char *const bad_names[] = { "", "%s", "%d%d", "kunit%", "kunit%x", "k%d%s" };

static void bad_name_desc(const char *const *name, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "name_%td", name - bad_names);
}

KUNIT_ARRAY_PARAM(bad_name, bad_names, bad_name_desc);

/* A name has one %d at most, and no other conversion. */
static void bad_name_is_refused(struct kunit *test)
{
	const char *const *name = test->param_value;
	static struct refcdev_type type = { .fops = &gadget_fops };
	static struct refcdev_type in_folder = { .name = "kunit_folder", .fops = &gadget_fops };

	type.name = *name;
	in_folder.nodename = *name;
	KUNIT_EXPECT_EQ(test, try_register(test, &type), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_register(test, &in_folder), -EINVAL);
}

/* A type needs a name and operations. */
static void empty_type_is_refused(struct kunit *test)
{
	static struct refcdev_type nameless = { .fops = &gadget_fops };
	static struct refcdev_type idle = { .name = "kunit_idle" };

	KUNIT_EXPECT_EQ(test, try_register(test, &nameless), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_register(test, &idle), -EINVAL);
}

/* What is disconnected gets no more nodes. */
static void registration_after_disconnect_is_refused(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&gadget->life), 0);
	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->node, &gadget->life, &good), -ENXIO);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_good0"), -ENOENT);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
	KUNIT_EXPECT_EQ(test, try_register(test, &good), 0);
}

/* There are no more nodes than the type says; a failure takes no index. */
static void too_many_nodes_are_refused(struct kunit *test)
{
	struct gadget *a = gadget_new_node(test, &good), *b = gadget_new_node(test, &good);
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, try_register(test, &good), -ENOSPC);
	lifetime_end(&a->life);
	KUNIT_EXPECT_EQ(test, try_register(test, &good), 0);
	lifetime_end(&b->life);
}

static struct refcdev_type clash_plain = {
	.name = "kunit_clash1",
	.fops = &gadget_fops,
};

static struct refcdev_type clash_number = {
	.name = "kunit_clash%d",
	.fops = &gadget_fops,
	.flags = REFCDEV_FIXED_INDEX,
	.max_nodes = 2,
};

static int register_clash(struct gadget *gadget)
{
	gadget->node.index = 1;
	return refcdev_register(NULL, &gadget->node, &gadget->life, &clash_number);
}

/* An inode in /dev with the number that register_clash() gives. */
static void get_clash_path(struct kunit *test, struct path *path)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_ASSERT_EQ(test, register_clash(gadget), 0);
	KUNIT_ASSERT_EQ(test, path_find("/dev/kunit_clash1", path), 0);
	lifetime_end(&gadget->life);
}

/* A name that a device has already is refused; when that is gone it may be taken. */
static void name_clash_is_refused_and_unwound(struct kunit *test)
{
	struct gadget *first, *second = gadget_new(test), *third = gadget_new(test);
	struct file *file;
	struct path path;

	get_clash_path(test, &path);
	first = gadget_new_node(test, &clash_plain);
	KUNIT_EXPECT_EQ(test, register_clash(second), -EEXIST);
	file = dentry_open(&path, O_RDWR, current_cred());
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(file), -ENXIO);
	if (!IS_ERR(file))
		close_now(file);
	path_put(&path);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_clash1"), 0);
	lifetime_end(&second->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 2);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_clash1"), 0);
	lifetime_end(&first->life);
	KUNIT_EXPECT_EQ(test, register_clash(third), 0);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_clash1"), 0);
	lifetime_end(&third->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 4);
}

/**
 * struct intruder - opens a node by its number, as fast as it can
 * @crew: the kthread
 * @path: an inode with that number
 * @stop: enough
 * @opened: how often it got in
 * @refused: how often not
 * @odd: how often something else came out than may
 */
static struct intruder {
	struct crew crew;
	struct path path;
	bool stop;
	int opened, refused, odd;
} intruder;

static void intrude_work(struct crew *crew, unsigned int nr)
{
	while (!READ_ONCE(intruder.stop)) {
		struct file *file = dentry_open(&intruder.path, O_RDWR, current_cred());

		if (!IS_ERR(file)) {
			long ret = call_ioctl(file, GADGET_ANSWER);

			intruder.odd += ret != 42 && ret != -ENXIO;
			intruder.opened++;
			close_now(file);
		} else {
			intruder.refused++;
			intruder.odd += PTR_ERR(file) != -ENXIO;
		}
		cond_resched();
	}
}

/* An open that races with a failing registration is refused, or its file dies with it. */
static void open_races_with_failing_registration(struct kunit *test)
{
	struct gadget *gadget, *owner;
	int i;

	get_clash_path(test, &intruder.path);
	owner = gadget_new_node(test, &clash_plain);
	intruder.crew.work = intrude_work;
	crew_start(test, &intruder.crew, 1);
	for (i = 0; i < CLASHES; i++) {
		gadget = gadget_new(test);
		KUNIT_EXPECT_EQ(test, register_clash(gadget), -EEXIST);
		lifetime_end(&gadget->life);
	}
	WRITE_ONCE(intruder.stop, true);
	KUNIT_ASSERT_TRUE(test, crew_gone(&intruder.crew));
	path_put(&intruder.path);
	lifetime_end(&owner->life);
	kunit_info(test, "%d failing registrations: %d opens got in, %d were refused\n",
		   CLASHES, intruder.opened, intruder.refused);
	KUNIT_EXPECT_GE(test, intruder.opened, 1);
	KUNIT_EXPECT_GE(test, intruder.refused, 1);
	KUNIT_EXPECT_EQ(test, intruder.odd, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.opened), atomic_read(&diary.closed));
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), CLASHES + 2);
}

static struct kunit_case node_register_cases[] = {
	KUNIT_CASE_PARAM(unguarded_operation_is_refused, operation_gen_params),
	KUNIT_CASE(mmap_without_policy_is_refused),
	KUNIT_CASE(mmap_with_policy_registers),
	KUNIT_CASE_PARAM(bad_name_is_refused, bad_name_gen_params),
	KUNIT_CASE(empty_type_is_refused),
	KUNIT_CASE(registration_after_disconnect_is_refused),
	KUNIT_CASE(too_many_nodes_are_refused),
	KUNIT_CASE(name_clash_is_refused_and_unwound),
	KUNIT_CASE(open_races_with_failing_registration),
	{}
};

static struct kunit_suite node_register_suite = {
	.name = "node_register",
	.init = diary_init,
	.test_cases = node_register_cases,
};

kunit_test_suite(node_register_suite);

MODULE_DESCRIPTION("KUnit suite of registrations that fail");
MODULE_LICENSE("GPL");
