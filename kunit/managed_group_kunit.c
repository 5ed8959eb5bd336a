// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_group_kunit.c: resources of an object that are released as one
 */
/* refcdev-test: limit=60 */

#include "managed.h"

/* Names of groups: any addresses do. */
static char one, two;

static void open_group(struct kunit *test, struct keeper *keeper, void *id)
{
	KUNIT_ASSERT_PTR_EQ(test, lifetime_open_group(&keeper->life, id, GFP_KERNEL), id);
}

/* A group is what was added between its open and its close; it is released but once. */
static void release_ends_what_is_in_it(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	void *before = lifetime_kmalloc(&keeper->life, 10, GFP_KERNEL), *memory;

	KUNIT_ASSERT_NOT_NULL(test, before);
	add(test, keeper, 'a');
	open_group(test, keeper, &one);
	add(test, keeper, 'b');
	memory = lifetime_kmalloc(&keeper->life, 10, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	add(test, keeper, 'c');
	lifetime_close_group(&keeper->life, &one);
	add(test, keeper, 'd');
	KUNIT_EXPECT_EQ(test, lifetime_release_group(&keeper->life, &one), 3);
	EXPECT_STORY(test, "cb");
	EXPECT_FREED(test, memory, true);
	EXPECT_FREED(test, before, false);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "cbCRda");
}

/* The outer one of two groups contains the inner one, but not the other way round. */
static void groups_nest(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	int i;

	for (i = 0; i < 2; i++) {
		open_group(test, keeper, &one);
		add(test, keeper, 'a');
		open_group(test, keeper, &two);
		add(test, keeper, 'b');
		lifetime_close_group(life, &two);
		add(test, keeper, 'c');
		lifetime_close_group(life, &one);
		add(test, keeper, 'd');
		if (!i)
			KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &two), 1);
		KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &one), 3 - !i);
	}
	EXPECT_STORY(test, "bcacba");
	lifetime_end(life);
	EXPECT_STORY(test, "bcacbaCRdd");
}

/* Groups may overlap: releasing one leaves of the other what it does not have, and a mark. */
static void groups_overlap(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	int i;

	for (i = 0; i < 2; i++) {
		open_group(test, keeper, &one);
		add(test, keeper, 'a');
		open_group(test, keeper, &two);
		add(test, keeper, 'b');
		lifetime_close_group(life, &one);
		add(test, keeper, 'c');
		lifetime_close_group(life, &two);
		add(test, keeper, 'd');
		KUNIT_EXPECT_EQ(test, lifetime_release_group(life, i ? &two : &one), 2);
		add(test, keeper, 'e');
		KUNIT_EXPECT_EQ(test, lifetime_release_group(life, i ? &one : &two), 1);
	}
	EXPECT_STORY(test, "baccba");
	lifetime_end(life);
	EXPECT_STORY(test, "baccbaCReded");
}

/* The same where the second is open: what comes later is in it as well. */
static void open_group_overlaps(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;

	open_group(test, keeper, &one);
	add(test, keeper, 'a');
	open_group(test, keeper, &two);
	add(test, keeper, 'b');
	lifetime_close_group(life, &one);
	add(test, keeper, 'c');
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &one), 2);
	add(test, keeper, 'd');
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &two), 2);
	add(test, keeper, 'e');
	EXPECT_STORY(test, "badc");
	lifetime_end(life);
	EXPECT_STORY(test, "badcCRe");
}

/* What is not closed reaches to the end, and is over when it is released. */
static void open_group_is_released(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;

	add(test, keeper, 'a');
	open_group(test, keeper, &one);
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &one), 0);
	open_group(test, keeper, &one);
	add(test, keeper, 'b');
	add(test, keeper, 'c');
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, NULL), 2);
	add(test, keeper, 'd');
	EXPECT_STORY(test, "cb");
	lifetime_end(life);
	EXPECT_STORY(test, "cbCRda");
}

/* Without a name each group has one of its own; NULL is the last one that is open. */
static void unnamed_groups_are_told_apart(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	void *outer, *inner;

	outer = lifetime_open_group(life, NULL, GFP_KERNEL);
	add(test, keeper, 'a');
	inner = lifetime_open_group(life, NULL, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, outer && inner && outer != inner);
	add(test, keeper, 'b');
	lifetime_close_group(life, NULL);
	add(test, keeper, 'c');
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, inner), 1);
	EXPECT_FREED(test, inner, true);
	EXPECT_FREED(test, outer, false);
	lifetime_close_group(life, NULL);
	add(test, keeper, 'd');
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, outer), 2);
	EXPECT_STORY(test, "bca");
	lifetime_end(life);
	EXPECT_STORY(test, "bcaCRd");
}

/* Of two groups of the same name the last one is meant, though it is the other that is open. */
static void last_of_a_name_is_meant(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;

	open_group(test, keeper, &one);
	add(test, keeper, 'a');
	lifetime_close_group(life, &one);
	open_group(test, keeper, &one);
	add(test, keeper, 'b');
	lifetime_close_group(life, &one);
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &one), 1);
	EXPECT_STORY(test, "b");
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &one), 1);
	lifetime_end(life);
	EXPECT_STORY(test, "baCR");
}

/* A group that is removed leaves its resources to the object, closed or not. */
static void remove_keeps_the_resources(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	void *group;

	open_group(test, keeper, &one);
	add(test, keeper, 'a');
	lifetime_close_group(life, &one);
	lifetime_remove_group(life, &one);
	open_group(test, keeper, &two);
	add(test, keeper, 'b');
	group = lifetime_open_group(life, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, group);
	add(test, keeper, 'c');
	lifetime_remove_group(life, NULL);
	EXPECT_FREED(test, group, true);
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &two), 2);
	EXPECT_STORY(test, "cb");
	lifetime_end(life);
	EXPECT_STORY(test, "cbCRa");
}

/* Groups go with the object: open, closed, and one whose resources went before. */
static void groups_end_with_the_object(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	void *closed, *open;

	closed = lifetime_open_group(life, NULL, GFP_KERNEL);
	add(test, keeper, 'a');
	open = lifetime_open_group(life, NULL, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, open && closed);
	add(test, keeper, 'b');
	lifetime_close_group(life, closed);
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(life, say, &keeper->letter['b']), 0);
	lifetime_end(life);
	EXPECT_STORY(test, "CRa");
	EXPECT_FREED(test, open, true);
	EXPECT_FREED(test, closed, true);
}

/* Of a group that outlives a phase the rest is left; released before, all of it goes. */
static void actions_of_phases_are_in_groups(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;

	open_group(test, keeper, &one);
	KUNIT_EXPECT_EQ(test, add_at(keeper, LIFETIME_AT_CANCEL, 'a'), 0);
	KUNIT_EXPECT_EQ(test, add_at(keeper, LIFETIME_AT_DRAINED, 'b'), 0);
	lifetime_close_group(life, &one);
	open_group(test, keeper, &two);
	KUNIT_EXPECT_EQ(test, add_at(keeper, LIFETIME_AT_CANCEL, 'c'), 0);
	add(test, keeper, 'd');
	KUNIT_EXPECT_EQ(test, add_at(keeper, LIFETIME_AT_DRAINED, 'e'), 0);
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &one), 2);
	EXPECT_STORY(test, "ba");
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(life), 0);
	EXPECT_STORY(test, "bacCe");
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, &two), 1);
	lifetime_end(life);
	EXPECT_STORY(test, "bacCedR");
}

static struct kunit_case managed_group_cases[] = {
	KUNIT_CASE(release_ends_what_is_in_it),
	KUNIT_CASE(groups_nest),
	KUNIT_CASE(groups_overlap),
	KUNIT_CASE(open_group_overlaps),
	KUNIT_CASE(open_group_is_released),
	KUNIT_CASE(unnamed_groups_are_told_apart),
	KUNIT_CASE(last_of_a_name_is_meant),
	KUNIT_CASE(remove_keeps_the_resources),
	KUNIT_CASE(groups_end_with_the_object),
	KUNIT_CASE(actions_of_phases_are_in_groups),
	{}
};

static struct kunit_suite managed_group_suite = {
	.name = "managed_group",
	.init = story_init,
	.test_cases = managed_group_cases,
};

kunit_test_suite(managed_group_suite);

MODULE_DESCRIPTION("KUnit suite of groups of managed resources");
MODULE_LICENSE("GPL");
