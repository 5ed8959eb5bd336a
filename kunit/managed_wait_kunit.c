// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_wait_kunit.c: an action of a phase that one task runs, while another is about to take
 * away what it uses: each waits for the other
 */
/* refcdev-test: limit=60 */

#include "managed.h"

/**
 * struct meeting - a task that runs an action, and one that comes along
 * @keeper: the object
 * @group: of its resources
 * @buffer: in the group, and what the action uses
 * @runs: the action does
 * @comes: the other task is about to call
 * @runner: disconnects the object, or releases the action
 * @other: the other
 * @result: what its call returned
 */
static struct meeting {
	struct keeper *keeper;
	void *group;
	char *buffer;
	struct completion runs, comes;
	struct crew runner, other;
	int result;
} meeting;

/* Far longer than the other task takes if nobody makes it wait. */
static void slow_action(void *data)
{
	complete(&meeting.runs);
	wait_for_completion_timeout(&meeting.comes, SOON);
	schedule_timeout_uninterruptible(msecs_to_jiffies(50));
	tell(*(char *)data);
}

static void make_meeting(struct kunit *test, enum lifetime_phase phase)
{
	struct keeper *keeper = meeting.keeper = keeper_new(test);

	meeting.group = lifetime_open_group(&keeper->life, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, meeting.group);
	meeting.buffer = lifetime_kstrdup(&keeper->life, "x", GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, meeting.buffer);
	KUNIT_ASSERT_EQ(test, lifetime_add_action_at(&keeper->life, phase, slow_action,
						     meeting.buffer), 0);
	lifetime_close_group(&keeper->life, meeting.group);
}

static void disconnect(struct crew *crew, unsigned int nr)
{
	if (crew == &meeting.other)
		complete(&meeting.comes);
	lifetime_disconnect(&meeting.keeper->life);
	tell('D');
}

static void release_action(struct crew *crew, unsigned int nr)
{
	if (crew == &meeting.other)
		complete(&meeting.comes);
	meeting.result = lifetime_release_action(&meeting.keeper->life, slow_action,
						 meeting.buffer);
	tell('A');
}

static void release_group(struct crew *crew, unsigned int nr)
{
	if (crew == &meeting.other)
		complete(&meeting.comes);
	meeting.result = lifetime_release_group(&meeting.keeper->life, meeting.group);
	tell('G');
}

typedef void (*work_fn)(struct crew *crew, unsigned int nr);

/* The other comes while the runner is in the action. */
static void meet(struct kunit *test, work_fn runner, work_fn other)
{
	meeting.runner.work = runner;
	meeting.other.work = other;
	crew_start(test, &meeting.runner, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&meeting.runs, SOON));
	crew_start(test, &meeting.other, 1);
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.runner));
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.other));
}

static unsigned int place_of(char letter)
{
	const char *at = strchr(story.text, letter);

	return at ? at - story.text : sizeof(story.text);
}

/* What a group has is not freed while an action that is in it, and uses it, runs. */
static void group_waits_for_a_phase(struct kunit *test)
{
	make_meeting(test, LIFETIME_AT_CANCEL);
	meet(test, disconnect, release_group);
	KUNIT_EXPECT_LT(test, place_of('x'), place_of('G'));
	KUNIT_EXPECT_LT(test, place_of('G'), strlen(story.text));
	/* The buffer: the action was the phase's. */
	KUNIT_EXPECT_EQ(test, meeting.result, 1);
	lifetime_end(&meeting.keeper->life);
}

/* Who releases an action that runs returns when it has run. */
static void release_waits_for_a_phase(struct kunit *test)
{
	make_meeting(test, LIFETIME_AT_DRAINED);
	meet(test, disconnect, release_action);
	KUNIT_EXPECT_LT(test, place_of('x'), place_of('A'));
	KUNIT_EXPECT_LT(test, place_of('A'), strlen(story.text));
	KUNIT_EXPECT_EQ(test, meeting.result, -ENOENT);
	lifetime_end(&meeting.keeper->life);
}

/* A phase is not over while somebody else runs one of its actions: the hardware may go then. */
static void phase_waits_for_a_release(struct kunit *test)
{
	make_meeting(test, LIFETIME_AT_DRAINED);
	meet(test, release_action, disconnect);
	KUNIT_EXPECT_LT(test, place_of('x'), place_of('D'));
	KUNIT_EXPECT_LT(test, place_of('D'), strlen(story.text));
	KUNIT_EXPECT_EQ(test, meeting.result, 0);
	lifetime_end(&meeting.keeper->life);
}

static void phase_waits_for_a_group(struct kunit *test)
{
	make_meeting(test, LIFETIME_AT_CANCEL);
	meet(test, release_group, disconnect);
	KUNIT_EXPECT_LT(test, place_of('x'), place_of('D'));
	KUNIT_EXPECT_LT(test, place_of('D'), strlen(story.text));
	KUNIT_EXPECT_EQ(test, meeting.result, 2);
	lifetime_end(&meeting.keeper->life);
}

static void release_own_group(void *data)
{
	say(data);
	meeting.result = lifetime_release_group(&meeting.keeper->life, meeting.group);
	tell('G');
}

/* An action may release the group that it is in: it does not wait for itself. */
static void action_releases_its_group(struct kunit *test)
{
	struct keeper *keeper = meeting.keeper = keeper_new(test);

	meeting.group = lifetime_open_group(&keeper->life, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, meeting.group);
	add(test, keeper, 'b');
	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_DRAINED, 'd'), 0);
	KUNIT_ASSERT_EQ(test, lifetime_add_action_at(&keeper->life, LIFETIME_AT_CANCEL,
						     release_own_group, &keeper->letter['a']), 0);
	lifetime_close_group(&keeper->life, meeting.group);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&keeper->life), 0);
	EXPECT_STORY(test, "adbGC");
	KUNIT_EXPECT_EQ(test, meeting.result, 2);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "adbGCR");
}

static int meeting_init(struct kunit *test)
{
	memset(&meeting, 0, sizeof(meeting));
	init_completion(&meeting.runs);
	init_completion(&meeting.comes);
	return story_init(test);
}

static struct kunit_case managed_wait_cases[] = {
	KUNIT_CASE(group_waits_for_a_phase),
	KUNIT_CASE(release_waits_for_a_phase),
	KUNIT_CASE(phase_waits_for_a_release),
	KUNIT_CASE(phase_waits_for_a_group),
	KUNIT_CASE(action_releases_its_group),
	{}
};

static struct kunit_suite managed_wait_suite = {
	.name = "managed_wait",
	.init = meeting_init,
	.test_cases = managed_wait_cases,
};

kunit_test_suite(managed_wait_suite);

MODULE_DESCRIPTION("KUnit suite of actions that are run while somebody else comes along");
MODULE_LICENSE("GPL");
