// SPDX-License-Identifier: GPL-2.0-only
/*
 * node_kunit.c: nodes in /dev: what they are called, which object they lead to, and
 * when they go
 */
/* refcdev-test: limit=90 */

#include <linux/lifetime_managed.h>

#include "gadget.h"

#define NODES	4

/* Registers the first node of a gadget with an index of the caller's. */
static int register_at(struct gadget *gadget, unsigned int index, struct refcdev_type *type)
{
	gadget->node.index = index;
	return refcdev_register(NULL, &gadget->node, &gadget->life, type);
}

static ssize_t index_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct refcdev *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "index %u\n", node->index);
}
static DEVICE_ATTR_RO(index);

static struct attribute *numbered_attrs[] = {
	&dev_attr_index.attr,
	NULL
};
ATTRIBUTE_GROUPS(numbered);

static int numbered_uevent(const struct refcdev *node, struct kobj_uevent_env *env)
{
	if (node->index < NODES)
		atomic_inc(&diary.uevents);
	return add_uevent_var(env, "GADGET=%u", node->index);
}

static struct refcdev_type numbered = {
	.name = "kunit_n%d",
	.fops = &gadget_fops,
	.max_nodes = NODES,
	.groups = numbered_groups,
	.uevent = numbered_uevent,
};

static struct refcdev_type fixed = {
	.name = "kunit_f%d",
	.nodename = "kunit/fixed%d",
	.mode = 0640,
	.fops = &gadget_fops,
	.flags = REFCDEV_FIXED_INDEX,
	.max_nodes = NODES,
};

static struct refcdev_type plain = {
	.name = "kunit_plain",
	.fops = &gadget_fops,
	.max_nodes = 1,
};

/* Numbered nodes take the lowest index that is free, and each leads to its own object. */
static void numbered_nodes_lead_to_their_objects(struct kunit *test)
{
	struct gadget *gadgets[NODES];
	char name[32];
	int i;

	for (i = 0; i < NODES; i++) {
		struct file *file;

		gadgets[i] = gadget_new_node(test, &numbered);
		KUNIT_EXPECT_EQ(test, gadgets[i]->node.index, i);
		snprintf(name, sizeof(name), "/dev/kunit_n%d", i);
		file = open_node(test, name);
		KUNIT_EXPECT_PTR_EQ(test, refcdev_object(file, struct gadget, node), gadgets[i]);
		KUNIT_EXPECT_STREQ(test, dev_name(gadgets[i]->node.dev), name + 5);
		close_now(file);
	}
	for (i = 0; i < NODES; i++)
		lifetime_end(&gadgets[i]->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), NODES);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.odd), 0);
}

/* An index is free again after the disconnect, and not before. */
static void index_is_reused_after_disconnect(struct kunit *test)
{
	struct gadget *a = gadget_new_node(test, &numbered), *b = gadget_new_node(test, &numbered);
	struct gadget *c;
	dev_t devt = a->node.dev->devt;

	KUNIT_EXPECT_EQ(test, b->node.index, 1);
	KUNIT_EXPECT_EQ(test, refcdev_unregister(&a->node), 0);
	KUNIT_EXPECT_NULL(test, a->node.dev);
	c = gadget_new_node(test, &numbered);
	KUNIT_EXPECT_EQ(test, c->node.index, 0);
	KUNIT_EXPECT_EQ(test, c->node.dev->devt, devt);
	lifetime_end(&a->life);
	lifetime_end(&b->life);
	lifetime_end(&c->life);
}

/* A fixed index is the node's number, and has one owner at a time. */
static void fixed_index_is_taken_once(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test), *rival = gadget_new(test);

	KUNIT_EXPECT_EQ(test, register_at(gadget, 2, &fixed), 0);
	KUNIT_EXPECT_EQ(test, register_at(rival, 2, &fixed), -EBUSY);
	KUNIT_EXPECT_EQ(test, gadget->node.index, 2);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit/fixed2"), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, register_at(rival, 2, &fixed), 0);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit/fixed2"), 0);
	lifetime_end(&rival->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 2);
}

/* Indexes beyond the type's number of nodes are refused. */
static void index_out_of_range_is_refused(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_EXPECT_EQ(test, register_at(gadget, NODES, &fixed), -EINVAL);
	KUNIT_EXPECT_EQ(test, register_at(gadget, UINT_MAX, &fixed), -EINVAL);
	KUNIT_EXPECT_EQ(test, register_at(gadget, NODES - 1, &fixed), 0);
	lifetime_end(&gadget->life);
}

/* A name without a number, in a folder or not, with the mode that the type says. */
static void node_has_name_folder_and_mode(struct kunit *test)
{
	struct gadget *one = gadget_new_node(test, &plain), *two = gadget_new_node(test, &fixed);
	struct path path;

	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_plain"), 0);
	KUNIT_ASSERT_EQ(test, path_find("/dev/kunit/fixed0", &path), 0);
	KUNIT_EXPECT_EQ(test, d_inode(path.dentry)->i_mode, S_IFCHR | 0640);
	path_put(&path);
	KUNIT_EXPECT_EQ(test, try_open("/sys/class/refcdev/kunit_f0/dev"), -EACCES);
	KUNIT_EXPECT_EQ(test, path_find("/sys/class/refcdev/kunit_f0/dev", &path), 0);
	path_put(&path);
	lifetime_end(&one->life);
	lifetime_end(&two->life);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_plain"), -ENOENT);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit/fixed0"), -ENOENT);
}

/* The node's device has the type's attributes, and its drvdata is the node. */
static void attributes_belong_to_the_node(struct kunit *test)
{
	struct gadget *zero = gadget_new_node(test, &numbered);
	struct gadget *one = gadget_new_node(test, &numbered);
	char text[16] = "";
	struct file *file = path_open("/sys/class/refcdev/kunit_n1/index", O_RDONLY);
	loff_t pos = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_GT(test, kernel_read(file, text, sizeof(text) - 1, &pos), 0);
	KUNIT_EXPECT_STREQ(test, text, "index 1\n");
	close_now(file);
	lifetime_end(&one->life);
	file = path_open("/sys/class/refcdev/kunit_n1/index", O_RDONLY);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(file), -ENOENT);
	lifetime_end(&zero->life);
}

/* The type's uevent callback adds to the uevents of coming and of going. */
static void uevent_callback_is_called(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &numbered);
	int added = atomic_read(&diary.uevents);

	KUNIT_EXPECT_GE(test, added, 1);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_GT(test, atomic_read(&diary.uevents), added);
}

/* One disconnect takes all nodes of an object with it. */
static void all_nodes_of_an_object_go_together(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &numbered);
	struct lifetime *life = &gadget->life;
	struct file *file;

	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->more[0], life, &numbered), 0);
	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->more[1], life, &plain), 0);
	file = open_node(test, "/dev/kunit_n1");
	KUNIT_EXPECT_PTR_EQ(test, refcdev_from_file(file), &gadget->more[0]);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_plain"), 0);
	KUNIT_EXPECT_EQ(test, refcdev_unregister(&gadget->more[0]), 0);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_n0"), -ENOENT);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_n1"), -ENOENT);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_plain"), -ENOENT);
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), -ENXIO);
	lifetime_end(life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* As many nodes as there are channels, in memory of the object's: that goes last. */
static void nodes_lie_in_managed_memory(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);
	struct refcdev *nodes = lifetime_kcalloc(&gadget->life, 2, sizeof(*nodes), GFP_KERNEL);
	struct file *file;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, nodes);
	for (i = 0; i < 2; i++) {
		nodes[i].index = i;
		KUNIT_ASSERT_EQ(test, refcdev_register(NULL, &nodes[i], &gadget->life, &numbered),
				0);
	}
	file = open_node(test, "/dev/kunit_n1");
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* Unregistering what is gone does nothing. */
static void unregister_twice_is_harmless(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &plain);

	KUNIT_EXPECT_EQ(test, refcdev_unregister(&gadget->node), 0);
	KUNIT_EXPECT_EQ(test, refcdev_unregister(&gadget->node), 0);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&gadget->life), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static struct kunit_case node_cases[] = {
	KUNIT_CASE(numbered_nodes_lead_to_their_objects),
	KUNIT_CASE(index_is_reused_after_disconnect),
	KUNIT_CASE(fixed_index_is_taken_once),
	KUNIT_CASE(index_out_of_range_is_refused),
	KUNIT_CASE(node_has_name_folder_and_mode),
	KUNIT_CASE(attributes_belong_to_the_node),
	KUNIT_CASE(uevent_callback_is_called),
	KUNIT_CASE(all_nodes_of_an_object_go_together),
	KUNIT_CASE(nodes_lie_in_managed_memory),
	KUNIT_CASE(unregister_twice_is_harmless),
	{}
};

static struct kunit_suite node_suite = {
	.name = "node",
	.init = diary_init,
	.test_cases = node_cases,
};

kunit_test_suite(node_suite);

MODULE_DESCRIPTION("KUnit suite of device nodes");
MODULE_LICENSE("GPL");
