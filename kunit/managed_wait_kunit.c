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
 * @waits: it was not through before the action was
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
	bool waits;
	int result;
} meeting;

/* Goes on at once if the other task is through, which must not be before this is. */
static void slow_action(void *data)
{
	complete(&meeting.runs);
	wait_for_completion_timeout(&meeting.comes, SOON);
	meeting.waits = !wait_for_completion_timeout(&meeting.other.gone, msecs_to_jiffies(50));
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

/**
 * struct pairing - who runs the action, and who comes along
 * @name: what must hold
 * @phase: of the action
 * @runner: runs it
 * @other: comes while it runs
 * @last: what @other tells, which is after the action's letter
 * @result: what the one of them that releases something gets
 */
struct pairing {
	const char *name;
	enum lifetime_phase phase;
	void (*runner)(struct crew *crew, unsigned int nr);
	void (*other)(struct crew *crew, unsigned int nr);
	char last;
	int result;
};

static const struct pairing pairings[] = {
	/* The buffer: the action was the phase's. */
	{ "group waits for phase", LIFETIME_AT_CANCEL, disconnect, release_group, 'G', 1 },
	{ "action waits for phase", LIFETIME_AT_DRAINED, disconnect, release_action, 'A', -ENOENT },
	/* When a phase is over the hardware may go. */
	{ "phase waits for release", LIFETIME_AT_DRAINED, release_action, disconnect, 'D', 0 },
	{ "phase waits for group", LIFETIME_AT_CANCEL, release_group, disconnect, 'D', 2 },
};

static void pairing_name(const struct pairing *pairing, char *name)
{
	strscpy(name, pairing->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pairing, pairings, pairing_name);

/* Who would take away what an action uses waits until it has run. */
static void one_waits_for_the_other(struct kunit *test)
{
	const struct pairing *pairing = test->param_value;
	const char *action, *last;

	make_meeting(test, pairing->phase);
	meeting.runner.work = pairing->runner;
	meeting.other.work = pairing->other;
	init_completion(&meeting.other.gone);
	crew_start(test, &meeting.runner, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&meeting.runs, SOON));
	crew_start(test, &meeting.other, 1);
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.runner));
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.other));
	KUNIT_EXPECT_TRUE(test, meeting.waits);
	action = strchr(story.text, 'x');
	last = strchr(story.text, pairing->last);
	KUNIT_EXPECT_TRUE(test, action && last && action < last);
	KUNIT_EXPECT_EQ(test, meeting.result, pairing->result);
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
	KUNIT_CASE_PARAM(one_waits_for_the_other, pairing_gen_params),
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
