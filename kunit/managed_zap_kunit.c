// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_zap_kunit.c: actions on the way down of an object that is mapped
 */
/* refcdev-test: limit=60 */

#include <linux/lifetime_managed.h>

#include "mapping.h"

static struct {
	int cancel_count, drained_count;
	bool node_there;
} found;

static void look_at_cancel(void *data)
{
	found.cancel_count = page_count(stage.page[0]);
}

static void look_when_zapped(void *data)
{
	found.drained_count = page_count(stage.page[0]);
	found.node_there = stage.gadget->node.dev;
}

/* What is mapped goes between the two phases; the nodes go after the second. */
static void zap_comes_before_drained(struct kunit *test)
{
	unsigned long address;
	struct lifetime *life;

	stage_begin(test, REFCDEV_VMA_SIGBUS, &returning_ops);
	life = &stage.gadget->life;
	KUNIT_EXPECT_EQ(test, lifetime_add_action_at(life, LIFETIME_AT_CANCEL, look_at_cancel,
						     NULL), 0);
	KUNIT_EXPECT_EQ(test, lifetime_add_action_at(life, LIFETIME_AT_DRAINED, look_when_zapped,
						     NULL), 0);
	address = map(test, MAP_SHARED);
	EXPECT_TOUCH(test, touch(address, 0), MAPPED);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(life), 0);
	KUNIT_EXPECT_GT(test, found.cancel_count, 1);
	KUNIT_EXPECT_EQ(test, found.drained_count, 1);
	KUNIT_EXPECT_TRUE(test, found.node_there);
	KUNIT_EXPECT_NULL(test, stage.gadget->node.dev);
	unmap(test, address);
	stage_end(test);
}

static struct kunit_case managed_zap_cases[] = {
	KUNIT_CASE(zap_comes_before_drained),
	{}
};

static struct kunit_suite managed_zap_suite = {
	.name = "managed_zap",
	.suite_init = stage_suite_init,
	.init = stage_init,
	.exit = put_pages,
	.test_cases = managed_zap_cases,
};

kunit_test_suite(managed_zap_suite);

MODULE_DESCRIPTION("KUnit suite of actions and mappings");
MODULE_LICENSE("GPL");
