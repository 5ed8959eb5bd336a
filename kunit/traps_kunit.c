// SPDX-License-Identifier: GPL-2.0-only
/*
 * traps_kunit.c: what a driver may do in an unlucky order: ends before devres, probes that
 * fail early, disconnects while it registers
 */
/* refcdev-test: limit=90 */

#include <linux/kthread.h>

#include "gadget.h"

#define NODE	"/dev/kunit_traps"

static struct device *root;
static atomic_t cancelled, cancelled_late, hardware_gone;

/* What the hook touches is gone with the hardware. */
static void traps_cancel(struct lifetime *life)
{
	atomic_inc(&cancelled);
	if (atomic_read(&hardware_gone))
		atomic_inc(&cancelled_late);
}

static const struct lifetime_ops traps_ops = {
	.owner = THIS_MODULE,
	.cancel = traps_cancel,
	.release = gadget_release,
};

/* Blocks the registration between publishing and the device, when told to. */
static int traps_uevent(const struct refcdev *node, struct kobj_uevent_env *env)
{
	if (diary.open_waits) {
		complete(&diary.inside);
		wait_for_completion_timeout(&diary.leave, SOON);
	}
	return 0;
}

static struct refcdev_type type = {
	.name = "kunit_traps",
	.fops = &gadget_fops,
	.max_nodes = 1,
	.uevent = traps_uevent,
};

static int traps_init(struct kunit *test)
{
	atomic_set(&cancelled, 0);
	atomic_set(&cancelled_late, 0);
	atomic_set(&hardware_gone, 0);
	root = __root_device_register("kunit_traps", NULL);
	return PTR_ERR_OR_ZERO(root) ?: diary_init(test);
}

static void traps_exit(struct kunit *test)
{
	if (!IS_ERR_OR_NULL(root))
		root_device_unregister(root);
	root = NULL;
}

static struct gadget *traps_gadget(struct kunit *test, struct device *dev)
{
	struct gadget *gadget = lifetime_alloc(struct gadget, life, dev, &traps_ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(gadget));
	return gadget;
}

static void hardware_goes(void *unused)
{
	atomic_inc(&hardware_gone);
}

/* devres has a node to unregister of an object that its driver ended before. */
static void end_before_devres_is_harmless(struct kunit *test)
{
	struct gadget *gadget = traps_gadget(test, NULL);

	KUNIT_ASSERT_NOT_NULL(test, devres_open_group(root, &type, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, devm_refcdev_register(root, &gadget->node, &gadget->life, &type), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, try_open(NODE), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	devres_release_group(root, &type);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A probe that fails before it registers: the hook does not find dead hardware. */
static void early_failure_spares_the_cancel_hook(struct kunit *test)
{
	KUNIT_ASSERT_NOT_NULL(test, devres_open_group(root, &type, GFP_KERNEL));
	traps_gadget(test, root);
	KUNIT_ASSERT_EQ(test, devm_add_action(root, hardware_goes, NULL), 0);
	devres_release_group(root, &type);
	KUNIT_EXPECT_EQ(test, atomic_read(&hardware_gone), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&cancelled), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* An object without nodes is disconnected before its hardware goes, if it says so. */
static void devm_disconnect_comes_before_the_hardware_goes(struct kunit *test)
{
	struct gadget *gadget;

	KUNIT_ASSERT_NOT_NULL(test, devres_open_group(root, &type, GFP_KERNEL));
	gadget = traps_gadget(test, root);
	KUNIT_ASSERT_EQ(test, devm_add_action(root, hardware_goes, NULL), 0);
	KUNIT_ASSERT_EQ(test, devm_lifetime_disconnect(root, &gadget->life), 0);
	KUNIT_EXPECT_TRUE(test, may_enter(&gadget->life));
	devres_release_group(root, &type);
	KUNIT_EXPECT_EQ(test, atomic_read(&cancelled), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&cancelled_late), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A registration that fails disconnects, while the hardware is still there. */
static void failed_registration_disconnects(struct kunit *test)
{
	static const struct file_operations fops = { .read = gadget_read };
	static struct refcdev_type ownerless = { .name = "kunit_ownerless", .fops = &fops };
	struct gadget *gadget;

	KUNIT_ASSERT_NOT_NULL(test, devres_open_group(root, &type, GFP_KERNEL));
	gadget = traps_gadget(test, root);
	KUNIT_ASSERT_EQ(test, devm_add_action(root, hardware_goes, NULL), 0);
	KUNIT_EXPECT_EQ(test, devm_refcdev_register(root, &gadget->node, &gadget->life,
						    &ownerless), -EINVAL);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&gadget->life));
	KUNIT_EXPECT_EQ(test, atomic_read(&cancelled), 1);
	devres_release_group(root, &type);
	KUNIT_EXPECT_EQ(test, atomic_read(&cancelled_late), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A type gets no index beyond its limit, though a namesake has a larger range. */
static void indexes_are_below_the_limit(struct kunit *test)
{
	static struct refcdev_type large = {
		.name = "kunit_range%d", .fops = &gadget_fops, .max_nodes = 3,
	};
	static struct refcdev_type small = {
		.name = "kunit_range%d", .fops = &gadget_fops, .max_nodes = 1,
	};
	struct gadget *gadget = traps_gadget(test, NULL);

	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->node, &gadget->life, &large), 0);
	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->more[0], &gadget->life, &small),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->more[1], &gadget->life, &large), 0);
	KUNIT_EXPECT_EQ(test, gadget->more[1].index, 1);
	lifetime_end(&gadget->life);
}

/* A wait queue that was taken off is not touched any more: KASAN would see it. */
static void removed_wait_queue_is_not_woken(struct kunit *test)
{
	struct gadget *gadget = traps_gadget(test, NULL);
	wait_queue_head_t *wq = kzalloc(sizeof(*wq), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, wq);
	init_waitqueue_head(wq);
	KUNIT_EXPECT_EQ(test, lifetime_add_waitqueue(&gadget->life, wq), 0);
	lifetime_remove_waitqueue(&gadget->life, wq);
	kfree(wq);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

struct registrar {
	struct gadget *gadget;
	int result;
	atomic_t returned;
	struct completion done;
};

static int registrar_thread(void *data)
{
	struct registrar *registrar = data;
	struct gadget *gadget = registrar->gadget;

	registrar->result = refcdev_register(NULL, &gadget->node, &gadget->life, &type);
	atomic_set(&registrar->returned, 1);
	complete(&registrar->done);
	return 0;
}

/* The registration is in the middle, and goes on a moment after the disconnect came. */
static int let_go_thread(void *data)
{
	struct gadget *gadget = data;
	bool begun = eventually(lifetime_disconnected(&gadget->life));

	diary.open_waits = false;
	complete_all(&diary.leave);
	return begun ? 0 : -ETIMEDOUT;
}

/* A disconnect waits for a registration, and what that made is gone when it returns. */
static void disconnect_waits_for_registration(struct kunit *test)
{
	struct gadget *gadget = traps_gadget(test, NULL);
	struct registrar registrar = { .gadget = gadget };

	init_completion(&registrar.done);
	diary.open_waits = true;
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(registrar_thread, &registrar, "registrar")));
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&diary.inside, SOON), 0ul);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(let_go_thread, gadget, "let_go")));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&gadget->life), 0);
	KUNIT_EXPECT_NULL(test, gadget->node.dev);
	KUNIT_EXPECT_EQ(test, try_open(NODE), -ENOENT);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&registrar.done, SOON), 0ul);
	KUNIT_EXPECT_EQ(test, registrar.result, 0);
	lifetime_end(&gadget->life);
	/* The number is free at once: the next one does not clash. */
	gadget = gadget_new_node(test, &type);
	KUNIT_EXPECT_EQ(test, try_open(NODE), 0);
	lifetime_end(&gadget->life);
}

static struct kunit_case traps_cases[] = {
	KUNIT_CASE(end_before_devres_is_harmless),
	KUNIT_CASE(early_failure_spares_the_cancel_hook),
	KUNIT_CASE(devm_disconnect_comes_before_the_hardware_goes),
	KUNIT_CASE(failed_registration_disconnects),
	KUNIT_CASE(indexes_are_below_the_limit),
	KUNIT_CASE(removed_wait_queue_is_not_woken),
	KUNIT_CASE(disconnect_waits_for_registration),
	{}
};

static struct kunit_suite traps_suite = {
	.name = "traps",
	.init = traps_init,
	.exit = traps_exit,
	.test_cases = traps_cases,
};

kunit_test_suite(traps_suite);

MODULE_DESCRIPTION("KUnit suite: what a driver may do in an unlucky order");
MODULE_LICENSE("GPL");
