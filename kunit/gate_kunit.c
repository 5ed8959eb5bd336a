// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate_kunit.c: the gate's states, and how enters and exits add up
 */
/* refcdev-test: limit=90 */

#include <linux/smp.h>
#include <linux/workqueue.h>

#include "helpers.h"

/* Disconnects elsewhere, so that a sum that is wrong fails the case, not the run. */
static bool disconnects_soon(struct kunit *test)
{
	struct scene *scene = test->priv;

	start_disconnect(test, 1);
	return crew_gone(&scene->enders);
}

/* A live object lets in, a disconnected one never does again. */
static void enter_is_refused_for_ever_after_disconnect(struct kunit *test)
{
	struct thing *thing = thing_new(test);
	int i;

	KUNIT_EXPECT_FALSE(test, lifetime_disconnected(&thing->life));
	KUNIT_EXPECT_TRUE(test, may_enter(&thing->life));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&thing->life), 0);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&thing->life));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, may_enter(&thing->life));
	lifetime_end(&thing->life);
}

/* lifetime_disconnect_begin() refuses newcomers at once, and waits for nobody. */
static void begin_refuses_and_does_not_wait(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct thing *thing = thing_new(test);

	KUNIT_ASSERT_TRUE(test, lifetime_enter(&thing->life));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&thing->life), 0);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&thing->life));
	KUNIT_EXPECT_FALSE(test, may_enter(&thing->life));
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.cancelled), 0);
	lifetime_exit(&thing->life);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_finish(&thing->life), 0);
	KUNIT_EXPECT_GE(test, atomic_read(&scene->record.cancelled), 1);
	lifetime_end(&thing->life);
}

/* Disconnecting is a state: refused, and not over as long as one is inside. */
static void disconnecting_lasts_until_the_last_exit(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct thing *thing = thing_new(test);

	KUNIT_ASSERT_TRUE(test, lifetime_enter(&thing->life));
	start_disconnect(test, 1);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.cancelled) >= 2));
	KUNIT_EXPECT_FALSE(test, may_enter(&thing->life));
	KUNIT_EXPECT_FALSE(test, completion_done(&scene->enders.gone));
	lifetime_exit(&thing->life);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	lifetime_end(&thing->life);
}

/* Enters nest, each needs its exit; an inner one may be refused while an outer is held. */
static void inner_enters_count(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct thing *thing = thing_new(test);

	KUNIT_ASSERT_TRUE(test, lifetime_enter(&thing->life));
	KUNIT_ASSERT_TRUE(test, lifetime_enter(&thing->life));
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&thing->life), 0);
	KUNIT_EXPECT_FALSE(test, may_enter(&thing->life));
	lifetime_exit(&thing->life);
	start_disconnect(test, 1);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.cancelled) >= 2));
	KUNIT_EXPECT_FALSE(test, completion_done(&scene->enders.gone));
	lifetime_exit(&thing->life);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	lifetime_end(&thing->life);
}

struct remote {
	struct work_struct work;
	struct lifetime *life;
	bool entered;
};

static void remote_enter(struct work_struct *work)
{
	struct remote *remote = container_of(work, struct remote, work);

	remote->entered = lifetime_enter(remote->life);
}

static void remote_exit(struct work_struct *work)
{
	lifetime_exit(container_of(work, struct remote, work)->life);
}

static void run_on(struct remote *remote, int cpu, work_func_t func)
{
	INIT_WORK_ONSTACK(&remote->work, func);
	schedule_work_on(cpu, &remote->work);
	flush_work(&remote->work);
	destroy_work_on_stack(&remote->work);
}

/* A call may leave on another CPU and in another task than it entered: only sums count. */
static void exit_in_another_task_on_another_cpu(struct kunit *test)
{
	struct thing *thing = thing_new(test);
	struct remote remote = { .life = &thing->life };
	int from, to, pairs = 0;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	for_each_online_cpu(from)
		for_each_online_cpu(to) {
			run_on(&remote, from, remote_enter);
			KUNIT_EXPECT_TRUE(test, remote.entered);
			run_on(&remote, to, remote_exit);
			pairs += from != to;
		}
	KUNIT_EXPECT_GE(test, pairs, 2);
	KUNIT_ASSERT_TRUE(test, disconnects_soon(test));
	lifetime_end(&thing->life);
}

/* The same while the drain waits: the exits go to the plain number, from any CPU. */
static void exit_on_another_cpu_ends_the_drain(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct thing *thing = thing_new(test);
	struct remote remote = { .life = &thing->life };
	int cpu, inside = 0;

	for_each_online_cpu(cpu) {
		run_on(&remote, cpu, remote_enter);
		inside += remote.entered;
	}
	KUNIT_EXPECT_EQ(test, inside, num_online_cpus());
	start_disconnect(test, 1);
	KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.cancelled) >= 1));
	cpu = cpumask_last(cpu_online_mask);
	while (inside--) {
		KUNIT_EXPECT_FALSE(test, completion_done(&scene->enders.gone));
		run_on(&remote, cpu, remote_exit);
	}
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	lifetime_end(&thing->life);
}

/* Disconnecting what is disconnected does nothing, and says so with 0. */
static void disconnect_twice_is_harmless(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct thing *thing = thing_new(test);
	int cancelled;

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&thing->life), 0);
	cancelled = atomic_read(&scene->record.cancelled);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&thing->life), 0);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&thing->life), 0);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_finish(&thing->life), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.cancelled), cancelled);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 0);
	lifetime_end(&thing->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 1);
}

static struct kunit_case gate_cases[] = {
	KUNIT_CASE(enter_is_refused_for_ever_after_disconnect),
	KUNIT_CASE(begin_refuses_and_does_not_wait),
	KUNIT_CASE(disconnecting_lasts_until_the_last_exit),
	KUNIT_CASE(inner_enters_count),
	KUNIT_CASE(exit_in_another_task_on_another_cpu),
	KUNIT_CASE(exit_on_another_cpu_ends_the_drain),
	KUNIT_CASE(disconnect_twice_is_harmless),
	{}
};

static struct kunit_suite gate_suite = {
	.name = "gate",
	.init = scene_init,
	.exit = scene_exit,
	.test_cases = gate_cases,
};

kunit_test_suite(gate_suite);

MODULE_DESCRIPTION("KUnit suite of the gate's states");
MODULE_LICENSE("GPL");
