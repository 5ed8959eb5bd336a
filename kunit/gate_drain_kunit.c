// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate_drain_kunit.c: whom a disconnect waits for, and what it does meanwhile
 */
/* refcdev-test: limit=90 */

#include <linux/delay.h>
#include <linux/percpu.h>

#include "helpers.h"

#define USERS	8
#define ENDERS	4

/* Enters, stays until it is this kthread's turn, and says so before it leaves. */
static void use_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, users);
	struct lifetime *life = &scene->thing->life;

	if (!lifetime_enter(life))
		return;
	complete(&scene->entered);
	wait_for_completion_timeout(&scene->leave, SOON);
	atomic_inc(&scene->left);
	lifetime_exit(life);
}

/* So many kthreads, all of them inside when this returns. */
static void start_users(struct kunit *test, unsigned int users)
{
	struct scene *scene = test->priv;

	scene->users.work = use_work;
	crew_start(test, &scene->users, users);
	while (users--)
		KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->entered, SOON));
}

static void finish(struct kunit *test)
{
	struct scene *scene = test->priv;

	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->users));
	lifetime_end(&scene->thing->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.overlaps), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.too_early), 0);
}

/* A disconnect returns after the last exit of all who were inside, and not before. */
static void disconnect_waits_for_everybody_inside(struct kunit *test)
{
	struct scene *scene = test->priv;
	int i, rounds;

	thing_new(test);
	start_users(test, USERS);
	start_disconnect(test, 1);
	for (i = 0; i < USERS; i++) {
		rounds = atomic_read(&scene->record.cancelled);
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.cancelled) > rounds));
		KUNIT_EXPECT_FALSE(test, completion_done(&scene->enders.gone));
		complete(&scene->leave);
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->left) == i + 1));
	}
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->left), USERS);
	finish(test);
}

/* What lifetime_enter() does, with the time between its two steps stretched. */
static void enter_slowly_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, users);
	struct lifetime *life = &scene->thing->life;
	struct lifetime_counts __percpu *active;
	int i;

	preempt_disable();
	active = READ_ONCE(life->active);
	if (active) {
		complete(&scene->entered);
		for (i = 0; i < 200000 && !lifetime_disconnected(life); i++)
			udelay(5);
		mdelay(5);
		this_cpu_inc(active->nr[LIFETIME_OP_KERNEL]);
	}
	preempt_enable();
	wait_for_completion_timeout(&scene->leave, SOON);
	atomic_inc(&scene->left);
	lifetime_exit(life);
}

/* Who has read the flag unset, and not been counted yet, is waited for. */
static void enter_in_the_middle_is_waited_for(struct kunit *test)
{
	struct scene *scene = test->priv;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	thing_new(test);
	scene->users.work = enter_slowly_work;
	crew_start(test, &scene->users, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->entered, SOON));
	start_disconnect(test, 1);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.cancelled) >= 2));
	KUNIT_EXPECT_FALSE(test, completion_done(&scene->enders.gone));
	complete(&scene->leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	finish(test);
}

static void ender_counts_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, enders);

	disconnect_work(crew, nr);
	/* Whoever returns while somebody is inside returned too early. */
	if (atomic_read(&scene->left) != 1)
		atomic_inc(&scene->record.too_early);
}

/* Of several disconnects at once none returns before the drain is done. */
static void concurrent_disconnects_all_wait(struct kunit *test)
{
	struct scene *scene = test->priv;

	thing_new(test);
	start_users(test, 1);
	scene->enders.work = ender_counts_work;
	crew_start(test, &scene->enders, ENDERS);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.cancelled) >= 3));
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->enders.left), ENDERS);
	complete(&scene->leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	finish(test);
}

/* The cancel hook may count on being called, if nobody is inside as well. */
static void cancel_hook_runs_when_idle(struct kunit *test)
{
	struct scene *scene = test->priv;

	thing_new(test);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&scene->thing->life), 0);
	KUNIT_EXPECT_GE(test, atomic_read(&scene->record.cancelled), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.too_early), 0);
	lifetime_end(&scene->thing->life);
}

/* Inside until the hook was called for the third time: the first two came too early. */
static void leave_at_third_cancel_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, users);
	struct lifetime *life = &scene->thing->life;

	if (!lifetime_enter(life))
		return;
	complete(&scene->entered);
	if (eventually(atomic_read(&scene->record.cancelled) >= 3))
		atomic_inc(&scene->left);
	lifetime_exit(life);
}

/* A second disconnect that comes in the middle of a drain waits for that drain. */
static void late_disconnect_waits_as_well(struct kunit *test)
{
	struct scene *scene = test->priv;

	thing_new(test);
	scene->users.work = leave_at_third_cancel_work;
	crew_start(test, &scene->users, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->entered, SOON));
	start_disconnect(test, 1);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.cancelled) >= 1));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&scene->thing->life), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->left), 1);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	finish(test);
}

/* A wake-up that is lost is repeated: the hook runs again until nobody is inside. */
static void cancel_hook_runs_again_until_drained(struct kunit *test)
{
	struct scene *scene = test->priv;

	thing_new(test);
	scene->users.work = leave_at_third_cancel_work;
	crew_start(test, &scene->users, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->entered, SOON));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&scene->thing->life), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->left), 1);
	KUNIT_EXPECT_GE(test, atomic_read(&scene->record.cancelled), 3);
	finish(test);
}

/* Whoever is inside one object may disconnect another. */
static void other_object_from_inside(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct thing *outer = thing_new(test), *other = thing_new(test);

	KUNIT_ASSERT_TRUE(test, lifetime_enter(&outer->life));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&other->life), 0);
	KUNIT_EXPECT_TRUE(test, may_enter(&outer->life));
	lifetime_exit(&outer->life);
	lifetime_end(&other->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 1);
	lifetime_end(&outer->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 2);
}

/* lifetime_end() of an object that was never disconnected waits as disconnect does. */
static void end_waits_for_everybody_inside(struct kunit *test)
{
	struct scene *scene = test->priv;

	thing_new(test);
	lifetime_get(&scene->thing->life);
	scene->users.work = leave_at_third_cancel_work;
	crew_start(test, &scene->users, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->entered, SOON));
	lifetime_end(&scene->thing->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->left), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 0);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->users));
	lifetime_put(&scene->thing->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 1);
}

static struct kunit_case gate_drain_cases[] = {
	KUNIT_CASE(disconnect_waits_for_everybody_inside),
	KUNIT_CASE(enter_in_the_middle_is_waited_for),
	KUNIT_CASE(concurrent_disconnects_all_wait),
	KUNIT_CASE(cancel_hook_runs_when_idle),
	KUNIT_CASE(late_disconnect_waits_as_well),
	KUNIT_CASE(cancel_hook_runs_again_until_drained),
	KUNIT_CASE(other_object_from_inside),
	KUNIT_CASE(end_waits_for_everybody_inside),
	{}
};

static struct kunit_suite gate_drain_suite = {
	.name = "gate_drain",
	.init = scene_init,
	.exit = scene_exit,
	.test_cases = gate_drain_cases,
};

kunit_test_suite(gate_drain_suite);

MODULE_DESCRIPTION("KUnit suite of the gate's drain");
MODULE_LICENSE("GPL");
