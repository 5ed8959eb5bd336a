// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_phase_kunit.c: actions on the way down: when they come, and that they come once
 */
/* refcdev-test: limit=90 */

#include <linux/platform_device.h>
#include <linux/refcdev.h>

#include "../drivers/refcdev/compat.h"
#include "managed.h"

/**
 * struct scenario - what a case arranges, and what its actions find
 * @keeper: the object
 * @users: who is inside it, or disconnects it
 * @entered: completed by who is inside
 * @leave: what he waits for
 * @inside: how many are
 * @inside_cancel: how many were, at LIFETIME_AT_CANCEL
 * @inside_drained: the same at LIFETIME_AT_DRAINED
 * @let_in: an action could enter the object
 * @odd: something else went wrong
 * @result: what an action got from a call
 * @task: a kthread to be stopped
 * @refused: how often it was
 * @devm_first: probe says that devres is to disconnect, before it fails
 */
static struct scenario {
	struct keeper *keeper;
	struct crew users;
	struct completion entered, leave;
	atomic_t inside, inside_cancel, inside_drained, let_in, odd;
	int result;
	struct task_struct *task;
	unsigned int refused;
	bool devm_first;
} scenario;

static int scenario_init(struct kunit *test)
{
	memset(&scenario, 0, sizeof(scenario));
	init_completion(&scenario.entered);
	init_completion(&scenario.leave);
	return story_init(test);
}

static void add_phases(struct kunit *test, struct keeper *keeper)
{
	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_DRAINED, 'd'), 0);
	add(test, keeper, 'a');
	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_CANCEL, 'c'), 0);
	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_DRAINED, 'e'), 0);
	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_CANCEL, 'b'), 0);
}

/* Each at its time, and in each the last first; a second disconnect finds nothing to do. */
static void phases_come_in_order(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);

	add_phases(test, keeper);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&keeper->life), 0);
	EXPECT_STORY(test, "");
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_finish(&keeper->life), 0);
	EXPECT_STORY(test, "bcCed");
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&keeper->life), 0);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "bcCedRa");
}

/* What is over cannot be added to: the action is refused, or called at once. */
static void phase_that_is_over_refuses(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	enum lifetime_phase phase;
	void *y = &keeper->letter['y'];

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(life), 0);
	for (phase = LIFETIME_AT_CANCEL; phase <= LIFETIME_AT_DRAINED; phase++) {
		KUNIT_EXPECT_EQ(test, add_at(keeper, phase, 'x'), -ENXIO);
		KUNIT_EXPECT_EQ(test, lifetime_add_action_at_or_reset(life, phase, say, y), -ENXIO);
	}
	EXPECT_STORY(test, "Cyy");
	lifetime_end(life);
	EXPECT_STORY(test, "CyyR");
}

/* An action that is gone in time is not called; one that was called is not found. */
static void removed_in_time_is_not_called(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	void *b = &keeper->letter['b'], *d = &keeper->letter['d'];

	add_phases(test, keeper);
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(life, say, b), 0);
	KUNIT_EXPECT_EQ(test, lifetime_release_action(life, say, d), 0);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(life), 0);
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(life, say, &keeper->letter['c']), -ENOENT);
	KUNIT_EXPECT_EQ(test, lifetime_release_action(life, say, &keeper->letter['e']), -ENOENT);
	lifetime_end(life);
	EXPECT_STORY(test, "dcCeRa");
}

/* Adds one more of its own phase: that one comes, too. */
static void add_one_more(void *data)
{
	say(data);
	scenario.result = add_at(scenario.keeper, LIFETIME_AT_CANCEL, 'z');
}

static void action_adds_an_action(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);

	scenario.keeper = keeper;
	scenario.result = -1;
	add_phases(test, keeper);
	KUNIT_ASSERT_EQ(test, lifetime_add_action_at(&keeper->life, LIFETIME_AT_CANCEL,
						     add_one_more, &keeper->letter['y']), 0);
	lifetime_end(&keeper->life);
	KUNIT_EXPECT_EQ(test, scenario.result, 0);
	EXPECT_STORY(test, "yzbcCedRa");
}

static void disconnect_it(void *data)
{
	say(data);
	scenario.result = lifetime_disconnect(&scenario.keeper->life);
}

/* An action that disconnects its object would wait for itself, and is told so. */
static void action_cannot_disconnect(struct kunit *test)
{
	enum lifetime_phase phase;

	for (phase = LIFETIME_AT_CANCEL; phase <= LIFETIME_AT_DRAINED; phase++) {
		struct keeper *keeper = scenario.keeper = keeper_new(test);

		scenario.result = 0;
		KUNIT_ASSERT_EQ(test, lifetime_add_action_at(&keeper->life, phase, disconnect_it,
							     &keeper->letter['x']), 0);
		lifetime_end(&keeper->life);
		KUNIT_EXPECT_EQ(test, scenario.result, -EDEADLK);
	}
	EXPECT_STORY(test, "xCRCxR");
}

static void look_and_let_go(void *data)
{
	atomic_add(may_enter(&scenario.keeper->life), &scenario.let_in);
	atomic_add(atomic_read(&scenario.inside), &scenario.inside_cancel);
	complete_all(&scenario.leave);
	say(data);
}

static void look_when_drained(void *data)
{
	atomic_add(may_enter(&scenario.keeper->life), &scenario.let_in);
	atomic_add(atomic_read(&scenario.inside), &scenario.inside_drained);
	say(data);
}

static unsigned int told(char letter)
{
	unsigned int count = 0, i;

	for (i = 0; i < sizeof(story.text); i++)
		count += READ_ONCE(story.text[i]) == letter;
	return count;
}

/* Leaves because of an action, and after some rounds of the drain. */
static void stay_work(struct crew *crew, unsigned int nr)
{
	struct keeper *keeper = scenario.keeper;

	if (!lifetime_enter(&keeper->life))
		return;
	atomic_inc(&scenario.inside);
	complete(&scenario.entered);
	if (!wait_for_completion_timeout(&scenario.leave, SOON) || !eventually(told('C') > 2))
		atomic_inc(&scenario.odd);
	/* Too late for the one, early enough for the other. */
	if (add_at(keeper, LIFETIME_AT_CANCEL, 'x') != -ENXIO ||
	    add_at(keeper, LIFETIME_AT_DRAINED, 'y'))
		atomic_inc(&scenario.odd);
	atomic_dec(&scenario.inside);
	tell('l');
	lifetime_exit(&keeper->life);
}

/* Before the drain ends, that is before the first cancel hook; and after it. */
static void actions_come_around_the_drain(struct kunit *test)
{
	struct keeper *keeper = scenario.keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;

	KUNIT_ASSERT_EQ(test, lifetime_add_action_at(life, LIFETIME_AT_DRAINED, look_when_drained,
						     &keeper->letter['d']), 0);
	KUNIT_ASSERT_EQ(test, lifetime_add_action_at(life, LIFETIME_AT_CANCEL, look_and_let_go,
						     &keeper->letter['c']), 0);
	scenario.users.work = stay_work;
	crew_start(test, &scenario.users, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scenario.entered, SOON));
	lifetime_end(life);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scenario.users));
	KUNIT_EXPECT_EQ(test, atomic_read(&scenario.odd), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scenario.let_in), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scenario.inside_cancel), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scenario.inside_drained), 0);
	KUNIT_EXPECT_EQ(test, strncmp(story.text, "cCCC", 4), 0);
	KUNIT_EXPECT_EQ(test, told('c'), 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(strchr(story.text, 'l') ?: "", "ydR"));
}

static void end_work(struct crew *crew, unsigned int nr)
{
	struct keeper *keeper = scenario.keeper;

	/* Once, and before any of them returns. */
	if (lifetime_disconnect(&keeper->life) || told('c') != 1 || told('d') != 1)
		atomic_inc(&scenario.odd);
}

/* However many disconnect it at once. */
static void actions_come_once(struct kunit *test)
{
	int round;

	scenario.users.work = end_work;
	for (round = 0; round < 25; round++) {
		struct keeper *keeper = scenario.keeper = keeper_new(test);

		story_init(test);
		add_phases(test, keeper);
		crew_start(test, &scenario.users, 3);
		KUNIT_ASSERT_TRUE(test, crew_gone(&scenario.users));
		lifetime_end(&keeper->life);
		EXPECT_STORY(test, "bcCedRa");
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&scenario.odd), 0);
}

static int looping_thread(void *data)
{
	struct keeper *keeper = data;

	while (!kthread_should_stop()) {
		if (!lifetime_enter(&keeper->life)) {
			scenario.refused++;
			cond_resched();
			continue;
		}
		atomic_inc(&scenario.inside);
		complete(&scenario.entered);
		usleep_range(50, 100);
		lifetime_exit(&keeper->life);
	}
	tell('k');
	return 0;
}

static void stop_thread(void *data)
{
	eventually(READ_ONCE(scenario.refused));
	kthread_stop(scenario.task);
	say(data);
}

/* A thread that uses the object all the time is stopped when it can do so no more. */
static void thread_is_stopped_when_drained(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	int entered;

	scenario.task = kthread_run(looping_thread, keeper, "refcdev_kunit/loop");
	KUNIT_ASSERT_FALSE(test, IS_ERR(scenario.task));
	KUNIT_ASSERT_EQ(test, lifetime_add_action_at(&keeper->life, LIFETIME_AT_DRAINED,
						     stop_thread, &keeper->letter['d']), 0);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&scenario.entered, SOON));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&keeper->life), 0);
	entered = atomic_read(&scenario.inside);
	KUNIT_EXPECT_GT(test, entered, 0);
	KUNIT_EXPECT_GT(test, scenario.refused, 0);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "CkdR");
	KUNIT_EXPECT_EQ(test, atomic_read(&scenario.inside), entered);
}

static void hardware_goes(void *unused)
{
	tell('h');
}

static int failing_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct keeper *keeper = lifetime_alloc(struct keeper, life, dev, &keeper_ops);

	if (IS_ERR(keeper))
		return PTR_ERR(keeper);
	keeper_init(keeper);
	if (devm_add_action(dev, hardware_goes, NULL) ||
	    (scenario.devm_first && devm_lifetime_disconnect(dev, &keeper->life)) ||
	    add_at(keeper, LIFETIME_AT_DRAINED, 'd') || add_at(keeper, LIFETIME_AT_CANCEL, 'c') ||
	    add_at(keeper, LIFETIME_AT_RELEASE, 'a'))
		return -ENOMEM;
	return -EIO;
}

static struct platform_driver failing_driver = {
	.probe = failing_probe,
	.remove_void = refcdev_remove,
	.driver = {
		.name = "refcdev_kunit_failing",
		.bus = &platform_bus_type,
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

static void fail_to_bind(struct kunit *test)
{
	struct platform_device *pdev;

	/* Without an owner: this module has no place in sysfs yet when its suites run. */
	KUNIT_ASSERT_EQ(test, driver_register(&failing_driver.driver), 0);
	pdev = platform_device_register_simple("refcdev_kunit_failing", 1, NULL, 0);
	platform_driver_unregister(&failing_driver);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pdev));
	platform_device_unregister(pdev);
}

/* A probe that fails goes through all phases, with the hardware if it asked for that. */
static void failing_probe_goes_through_the_phases(struct kunit *test)
{
	fail_to_bind(test);
	EXPECT_STORY(test, "hcdRa");
	story_init(test);
	scenario.devm_first = true;
	fail_to_bind(test);
	EXPECT_STORY(test, "cCdhRa");
}

static struct kunit_case managed_phase_cases[] = {
	KUNIT_CASE(phases_come_in_order),
	KUNIT_CASE(phase_that_is_over_refuses),
	KUNIT_CASE(removed_in_time_is_not_called),
	KUNIT_CASE(action_adds_an_action),
	KUNIT_CASE(action_cannot_disconnect),
	KUNIT_CASE(actions_come_around_the_drain),
	KUNIT_CASE(actions_come_once),
	KUNIT_CASE(thread_is_stopped_when_drained),
	KUNIT_CASE(failing_probe_goes_through_the_phases),
	{}
};

static struct kunit_suite managed_phase_suite = {
	.name = "managed_phase",
	.init = scenario_init,
	.test_cases = managed_phase_cases,
};

kunit_test_suite(managed_phase_suite);

MODULE_DESCRIPTION("KUnit suite of actions on the way down");
MODULE_LICENSE("GPL");
