// SPDX-License-Identifier: GPL-2.0-only
/*
 * lifetime_binding_kunit.c: objects of a device: what its probe and its unbinding do
 * to them
 */
/* refcdev-test: limit=90 */

#include <linux/platform_device.h>

#include "gadget.h"
#include "../drivers/refcdev/compat.h"

#define NODE	"/dev/kunit_bound"

/**
 * struct plan - what the next probe is to do, and what became of it
 * @with_node: it registers a node
 * @open_early: it opens that node, and leaves @file
 * @result: what it returns in the end
 * @gadget: the object that it made
 * @file: the file that it opened
 * @hardware_gone: the hardware's resources were freed
 * @gone_while_live: the object was not disconnected then
 * @gone_while_inside: @inside was not 0 then
 * @inside: users in the object
 * @users: who they are
 * @entered: completed once per user that is inside
 * @pdev: the device
 */
static struct plan {
	bool with_node;
	bool open_early;
	int result;
	struct gadget *gadget;
	struct file *file;
	unsigned int hardware_gone, gone_while_live, gone_while_inside;
	atomic_t inside;
	struct crew users;
	struct completion entered;
	struct platform_device *pdev;
} plan;

static struct refcdev_type bound = {
	.name = "kunit_bound",
	.fops = &gadget_fops,
	.max_nodes = 1,
};

static void hardware_goes(void *data)
{
	struct gadget *gadget = data;

	plan.hardware_gone++;
	plan.gone_while_live += !lifetime_disconnected(&gadget->life);
	plan.gone_while_inside += atomic_read(&plan.inside);
}

static int bound_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct gadget *gadget = lifetime_alloc(struct gadget, life, dev, &gadget_ops);
	int ret;

	if (IS_ERR(gadget))
		return PTR_ERR(gadget);
	plan.gadget = gadget;
	ret = devm_add_action_or_reset(dev, hardware_goes, gadget);
	if (ret)
		return ret;
	if (plan.with_node)
		ret = devm_refcdev_register(dev, &gadget->node, &gadget->life, &bound);
	if (!ret && plan.open_early) {
		plan.file = path_open(NODE, O_RDWR);
		ret = PTR_ERR_OR_ZERO(plan.file);
	}
	return ret ?: plan.result;
}

static struct platform_driver bound_driver = {
	.probe = bound_probe,
	.remove_void = refcdev_remove,
	.driver = {
		.name = "refcdev_kunit_bound",
		.bus = &platform_bus_type,
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

static int binding_init(struct kunit *test)
{
	int ret = diary_init(test);

	memset(&plan, 0, sizeof(plan));
	init_completion(&plan.entered);
	plan.with_node = true;
	/* Without an owner: this module has no place in sysfs yet when its suites run. */
	ret = driver_register(&bound_driver.driver);
	if (ret)
		return ret;
	test->priv = &plan;
	return 0;
}

static void binding_exit(struct kunit *test)
{
	if (!test->priv)
		return;
	platform_device_unregister(plan.pdev);
	platform_driver_unregister(&bound_driver);
}

/* The device is plugged in: its probe follows the plan. */
static void plug_in(struct kunit *test)
{
	plan.pdev = platform_device_register_simple("refcdev_kunit_bound", 7, NULL, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(plan.pdev));
	KUNIT_ASSERT_NOT_NULL(test, plan.gadget);
}

/* Unbinding disconnects the object and drops its reference: the last, here. */
static void unbind_disconnects_and_releases(struct kunit *test)
{
	int modules = module_refcount(THIS_MODULE);

	plug_in(test);
	KUNIT_EXPECT_EQ(test, try_open(NODE), 0);
	KUNIT_EXPECT_TRUE(test, may_enter(&plan.gadget->life));
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), modules);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	device_release_driver(&plan.pdev->dev);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
	KUNIT_EXPECT_EQ(test, try_open(NODE), -ENOENT);
	KUNIT_EXPECT_EQ(test, plan.hardware_gone, 1);
	KUNIT_EXPECT_EQ(test, plan.gone_while_live, 0);
}

/* The same for an object without a node. */
static void object_without_node_ends_with_its_binding(struct kunit *test)
{
	plan.with_node = false;
	plug_in(test);
	KUNIT_EXPECT_TRUE(test, may_enter(&plan.gadget->life));
	device_release_driver(&plan.pdev->dev);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
	KUNIT_EXPECT_EQ(test, plan.gone_while_live, 0);
}

/* Data and name outlive the device, where somebody has a reference. */
static void data_outlives_the_device(struct kunit *test)
{
	struct lifetime *life;

	plug_in(test);
	life = &plan.gadget->life;
	KUNIT_EXPECT_STREQ(test, lifetime_name(life), "refcdev_kunit_bound.7");
	lifetime_get(life);
	platform_device_unregister(plan.pdev);
	plan.pdev = NULL;
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	KUNIT_EXPECT_FALSE(test, may_enter(life));
	KUNIT_EXPECT_STREQ(test, lifetime_name(life), "refcdev_kunit_bound.7");
	lifetime_put(life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static void linger_work(struct crew *crew, unsigned int nr)
{
	struct lifetime *life = &plan.gadget->life;

	if (!lifetime_enter(life))
		return;
	atomic_inc(&plan.inside);
	complete(&plan.entered);
	/* Some time into the drain, when a disconnect that does not wait is long over. */
	if (eventually(lifetime_disconnected(life)))
		schedule_timeout_uninterruptible(HZ / 4);
	atomic_dec(&plan.inside);
	lifetime_exit(life);
}

/* The hardware's resources go when nobody uses them any more. */
static void hardware_goes_after_the_drain(struct kunit *test)
{
	plug_in(test);
	plan.users.work = linger_work;
	crew_start(test, &plan.users, 2);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&plan.entered, SOON));
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&plan.entered, SOON));
	device_release_driver(&plan.pdev->dev);
	KUNIT_EXPECT_EQ(test, plan.hardware_gone, 1);
	KUNIT_EXPECT_EQ(test, plan.gone_while_live, 0);
	KUNIT_EXPECT_EQ(test, plan.gone_while_inside, 0);
	KUNIT_ASSERT_TRUE(test, crew_gone(&plan.users));
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A probe that fails at the end undoes all of it: node, hardware, object. */
static void failing_probe_unwinds(struct kunit *test)
{
	int modules = module_refcount(THIS_MODULE);

	plan.result = -EIO;
	plug_in(test);
	KUNIT_EXPECT_NULL(test, plan.pdev->dev.driver);
	KUNIT_EXPECT_EQ(test, plan.hardware_gone, 1);
	KUNIT_EXPECT_EQ(test, plan.gone_while_live, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
	KUNIT_EXPECT_EQ(test, try_open(NODE), -ENOENT);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), modules);
}

/* A file that was opened while a probe was about to fail dies with it. */
static void file_of_a_failing_probe_dies(struct kunit *test)
{
	plan.result = -EIO;
	plan.open_early = true;
	plug_in(test);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(plan.file));
	KUNIT_EXPECT_EQ(test, plan.gone_while_live, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	KUNIT_EXPECT_EQ(test, call_ioctl(plan.file, GADGET_ANSWER), -ENXIO);
	close_now(plan.file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A device that comes back is a new object; files of the old one stay dead. */
static void rebinding_makes_a_new_object(struct kunit *test)
{
	struct gadget *old;
	struct file *file;

	plug_in(test);
	old = plan.gadget;
	file = open_node(test, NODE);
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), 42);
	device_release_driver(&plan.pdev->dev);
	KUNIT_EXPECT_EQ(test, device_attach(&plan.pdev->dev), 1);
	KUNIT_EXPECT_PTR_NE(test, plan.gadget, old);
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), -ENXIO);
	KUNIT_EXPECT_EQ(test, try_open(NODE), 0);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
	device_release_driver(&plan.pdev->dev);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 2);
}

/* refcdev_disconnect_device() disconnects what is bound to the device, and only that. */
static void disconnect_device_finds_its_objects(struct kunit *test)
{
	struct gadget *other = gadget_new(test);

	plug_in(test);
	device_lock(&plan.pdev->dev);
	refcdev_disconnect_device(&plan.pdev->dev);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&plan.gadget->life));
	KUNIT_EXPECT_FALSE(test, lifetime_disconnected(&other->life));
	refcdev_disconnect_device(&plan.pdev->dev);
	device_unlock(&plan.pdev->dev);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	device_release_driver(&plan.pdev->dev);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
	lifetime_end(&other->life);
}

static struct kunit_case lifetime_binding_cases[] = {
	KUNIT_CASE(unbind_disconnects_and_releases),
	KUNIT_CASE(object_without_node_ends_with_its_binding),
	KUNIT_CASE(data_outlives_the_device),
	KUNIT_CASE(hardware_goes_after_the_drain),
	KUNIT_CASE(failing_probe_unwinds),
	KUNIT_CASE(file_of_a_failing_probe_dies),
	KUNIT_CASE(rebinding_makes_a_new_object),
	KUNIT_CASE(disconnect_device_finds_its_objects),
	{}
};

static struct kunit_suite lifetime_binding_suite = {
	.name = "lifetime_binding",
	.init = binding_init,
	.exit = binding_exit,
	.test_cases = lifetime_binding_cases,
};

kunit_test_suite(lifetime_binding_suite);

MODULE_DESCRIPTION("KUnit suite of objects and the binding of their device");
MODULE_LICENSE("GPL");
