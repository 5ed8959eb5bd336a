// SPDX-License-Identifier: GPL-2.0-only
/*
 * quiesce_kunit.c: which CPUs a disconnect asks, whom it waits for, and what it does where the
 * answer is no
 *
 * What was done is known from the tracepoint. Where another CPU has to be idle, it is tried
 * until it is: it has other things to do at times.
 */
/* refcdev-test: limit=90 */

#include <linux/bottom_half.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "../drivers/refcdev/compat.h"
#include "../drivers/refcdev/delay.h"
#include "../drivers/refcdev/trace.h"
#include "helpers.h"

#define MANY	64
#define TRIES	500

/* What rounds there were; written by one at a time. */
struct rounds {
	unsigned int count, asked, grace_periods;
};

static struct rounds rounds;

static void rounds_probe(void *data, const char *name, unsigned int asked, bool grace_period)
{
	rounds.count++;
	rounds.asked += asked;
	rounds.grace_periods += grace_period;
}

/* Returns how many rounds that took. */
static unsigned int disconnect_all(struct kunit *test, struct thing **things, bool in_halves)
{
	unsigned int before = rounds.count;
	int i;

	for (i = 0; in_halves && i < MANY; i++)
		KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&things[i]->life), 0);
	for (i = 0; in_halves && i < MANY; i++)
		KUNIT_EXPECT_FALSE(test, may_enter(&things[i]->life));
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, lifetime_disconnect(&things[i]->life), 0);
	return rounds.count - before;
}

/* Begun together and finished after, one round does for many objects. */
static void halves_share_a_round(struct kunit *test)
{
	struct thing **things = kunit_kcalloc(test, MANY, sizeof(*things), GFP_KERNEL);
	int i, in_halves;

	KUNIT_ASSERT_NOT_NULL(test, things);
	for (in_halves = 0; in_halves < 2; in_halves++) {
		for (i = 0; i < MANY; i++)
			things[i] = thing_new(test);
		KUNIT_EXPECT_EQ(test, disconnect_all(test, things, in_halves),
				in_halves ? 1 : MANY);
		for (i = 0; i < MANY; i++)
			lifetime_end(&things[i]->life);
	}
}

static struct rounds disconnect_one(struct kunit *test)
{
	struct thing *thing = thing_new(test);
	struct rounds before = rounds;

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&thing->life), 0);
	lifetime_end(&thing->life);
	return (struct rounds){
		.count		= rounds.count - before.count,
		.asked		= rounds.asked - before.asked,
		.grace_periods	= rounds.grace_periods - before.grace_periods,
	};
}

/* A CPU that is idle is not woken, and no grace period is waited for. */
static void idle_cpus_are_left_alone(struct kunit *test)
{
	int i, alone = 0;

	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		kunit_skip(test, "a grace period is all that there is");
	for (i = 0; i < TRIES && !alone; i++) {
		struct rounds took = disconnect_one(test);

		KUNIT_EXPECT_EQ(test, took.count, 1);
		alone = !took.asked && !took.grace_periods;
		usleep_range(1000, 2000);
	}
	kunit_info(test, "nobody was asked at the %dth disconnect\n", i);
	KUNIT_EXPECT_TRUE(test, alone);
}

enum section { NO_PREEMPTION, NO_SOFTIRQS, NO_INTERRUPTS };

/* What the last CPU is busy with, and how long after the object was disconnected. */
static struct {
	enum section how;
	unsigned int ms;
	bool stop, seen, over;
} busy;

static void busy_begin(void)
{
	if (busy.how == NO_PREEMPTION)
		preempt_disable();
	else if (busy.how == NO_SOFTIRQS)
		local_bh_disable();
	else
		local_irq_disable();
}

static void busy_end(void)
{
	if (busy.how == NO_PREEMPTION)
		preempt_enable();
	else if (busy.how == NO_SOFTIRQS)
		local_bh_enable();
	else
		local_irq_enable();
}

/* Not for ever: less than what the kernel reports as a CPU that hangs. */
static void section_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, users);
	struct lifetime *life = &scene->thing->life;
	int i;

	set_cpus_allowed_ptr(current, cpumask_of(cpumask_last(cpu_online_mask)));
	busy_begin();
	complete(&scene->entered);
	for (i = 0; i < 2000000 && !lifetime_disconnected(life); i++)
		udelay(5);
	busy.seen = lifetime_disconnected(life);
	mdelay(busy.ms);
	WRITE_ONCE(busy.over, true);
	busy_end();
}

/* A section on the last CPU that sees the new object live, and that goes on as long afterwards. */
static struct thing *section_start(struct kunit *test, enum section how, unsigned int ms)
{
	struct scene *scene = test->priv;
	struct thing *thing = thing_new(test);

	busy.how = how;
	busy.ms = ms;
	busy.over = false;
	scene->users.work = section_work;
	crew_start(test, &scene->users, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->entered, SOON));
	return thing;
}

/* It is over, although its object is disconnected already. */
static void section_end(struct kunit *test)
{
	struct scene *scene = test->priv;

	KUNIT_EXPECT_TRUE_MSG(test, READ_ONCE(busy.over), "section of kind %d", busy.how);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->users));
	KUNIT_EXPECT_TRUE(test, busy.seen);
}

/* A section that began before is over when the disconnect returns, whatever makes it one. */
static void section_is_waited_for(struct kunit *test)
{
	enum section how;

	for (how = NO_PREEMPTION; how <= NO_INTERRUPTS; how++) {
		struct thing *thing;

		/* There, that leaves preemption on. */
		if (IS_ENABLED(CONFIG_PREEMPT_RT) && how == NO_SOFTIRQS)
			continue;
		thing = section_start(test, how, how == NO_INTERRUPTS ? 5 : 50);
		KUNIT_EXPECT_EQ(test, lifetime_disconnect(&thing->life), 0);
		section_end(test);
		lifetime_end(&thing->life);
	}
}

#ifdef CONFIG_REFCDEV_DEBUG
/* Where the section is not: it is to come to its end while that goes on. */
static void disconnect_on_first_work(struct crew *crew, unsigned int nr)
{
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	disconnect_work(crew, nr);
}

/* True if the second disconnect began while the first had asked and not come to its end. */
static bool second_after_asking(struct kunit *test)
{
	struct scene *scene = test->priv;
	unsigned int before = rounds.count;
	struct thing *first, *second;
	bool raced;

	first = thing_new(test);
	scene->enders.work = disconnect_on_first_work;
	crew_start(test, &scene->enders, 1);
	KUNIT_ASSERT_TRUE(test, eventually(READ_ONCE(rounds.count) == before + 1));
	second = section_start(test, NO_PREEMPTION, 600);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&second->life), 0);
	raced = !completion_done(&scene->enders.gone);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&second->life), 0);
	section_end(test);
	KUNIT_EXPECT_EQ(test, rounds.count, before + 2);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->enders));
	lifetime_end(&first->life);
	lifetime_end(&second->life);
	return raced;
}

/* What began after a round had asked is not covered by it. */
static void round_that_has_asked_is_not_enough(struct kunit *test)
{
	bool raced = false;
	int i;

	refcdev_delay_set(REFCDEV_DELAY_quiesce_asked, 300 * USEC_PER_MSEC);
	for (i = 0; i < 10 && !raced; i++)
		raced = second_after_asking(test);
	KUNIT_EXPECT_TRUE(test, raced);
}
#endif

static void spin_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, users);

	set_cpus_allowed_ptr(current, cpumask_of(cpumask_last(cpu_online_mask)));
	complete(&scene->entered);
	while (!READ_ONCE(busy.stop)) {
		cpu_relax();
		cond_resched();
	}
}

/*
 * A CPU that is busy is never taken for idle. Where its task can be preempted, as it mostly is,
 * asking is enough; where RCU may interrupt nobody, neither may we.
 */
static void busy_cpus_are_asked(struct kunit *test)
{
	bool may_ask = IS_ENABLED(CONFIG_PREEMPT_COUNT) && !rcu_gp_is_normal();
	struct scene *scene = test->priv;
	unsigned int i, answered = 0;

	busy.stop = false;
	scene->users.work = spin_work;
	crew_start(test, &scene->users, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->entered, SOON));
	for (i = 0; i < 20; i++) {
		struct rounds took = disconnect_one(test);

		if (may_ask)
			KUNIT_EXPECT_GE(test, took.asked, 1);
		else
			KUNIT_EXPECT_EQ(test, took.asked, 0);
		answered += !took.grace_periods;
	}
	WRITE_ONCE(busy.stop, true);
	KUNIT_ASSERT_TRUE(test, crew_gone(&scene->users));
	kunit_info(test, "asking was enough %u times of %u\n", answered, i);
	if (may_ask)
		KUNIT_EXPECT_GE(test, answered, 5);
	else
		KUNIT_EXPECT_EQ(test, answered, 0);
}

static int quiesce_init(struct kunit *test)
{
	int ret = scene_init(test);

	if (ret)
		return ret;
	/* The suite's thread is not to be where the other one is. */
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	return 0;
}

static void quiesce_exit(struct kunit *test)
{
#ifdef CONFIG_REFCDEV_DEBUG
	refcdev_delay_set(REFCDEV_DELAY_quiesce_asked, 0);
#endif
	WRITE_ONCE(busy.stop, true);
	scene_exit(test);
}

static int quiesce_suite_init(struct kunit_suite *suite)
{
	return register_trace_lifetime_quiesce(rounds_probe, NULL);
}

static void quiesce_suite_exit(struct kunit_suite *suite)
{
	unregister_trace_lifetime_quiesce(rounds_probe, NULL);
	tracepoint_synchronize_unregister();
}

static struct kunit_case quiesce_cases[] = {
	KUNIT_CASE(halves_share_a_round),
	KUNIT_CASE(idle_cpus_are_left_alone),
	KUNIT_CASE(busy_cpus_are_asked),
	KUNIT_CASE(section_is_waited_for),
#ifdef CONFIG_REFCDEV_DEBUG
	KUNIT_CASE(round_that_has_asked_is_not_enough),
#endif
	{}
};

static struct kunit_suite quiesce_suite = {
	.name = "quiesce",
	.suite_init = quiesce_suite_init,
	.suite_exit = quiesce_suite_exit,
	.init = quiesce_init,
	.exit = quiesce_exit,
	.test_cases = quiesce_cases,
};

kunit_test_suite(quiesce_suite);

MODULE_DESCRIPTION("KUnit suite of the wait for sections with preemption off");
MODULE_LICENSE("GPL");
import_kunit_ns();
