// SPDX-License-Identifier: GPL-2.0-only
/*
 * lifetime_kunit.c: references and release of an object without a device
 */
/* refcdev-test: limit=90 */

#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/timer.h>

#include "../drivers/refcdev/compat.h"
#include "helpers.h"

#define HOLDERS	4
#define MANY	64

struct big {
	char before[100];
	struct lifetime life;
	/* Whole pages: unlike smaller memory, KASAN lets them be used again at once. */
	char after[20000];
};

/* The object's memory is zeroed, on both sides of its lifetime. */
static void memory_is_zeroed(struct kunit *test)
{
	static const struct lifetime_ops ops = { .owner = THIS_MODULE };
	int i;

	for (i = 0; i < 8; i++) {
		struct big *big = lifetime_alloc(struct big, life, NULL, &ops);

		KUNIT_ASSERT_FALSE(test, IS_ERR(big));
		KUNIT_EXPECT_NULL(test, memchr_inv(big->before, 0, sizeof(big->before)));
		KUNIT_EXPECT_NULL(test, memchr_inv(big->after, 0, sizeof(big->after)));
		memset(big->before, 0xff, sizeof(big->before));
		memset(big->after, 0xff, sizeof(big->after));
		lifetime_end(&big->life);
	}
}

/* The release runs once, with the last put, whoever that is by. */
static void last_put_releases_once(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct lifetime *life = &thing_new(test)->life;
	int i;

	for (i = 0; i < HOLDERS; i++)
		lifetime_get(life);
	lifetime_end(life);
	for (i = 0; i < HOLDERS; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 0);
		lifetime_put(life);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released_atomic), 0);
}

/* lifetime_end() drops the last reference where nobody else has one. */
static void end_of_unused_object_releases(struct kunit *test)
{
	struct scene *scene = test->priv;

	lifetime_end(&thing_new(test)->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 1);
}

/* Data and name stay after the end as long as there is a reference. */
static void data_stays_while_referenced(struct kunit *test)
{
	struct thing *thing = thing_new(test);

	thing->value = 0x1234;
	lifetime_get(&thing->life);
	lifetime_end(&thing->life);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&thing->life));
	KUNIT_EXPECT_EQ(test, thing->value, 0x1234);
	KUNIT_EXPECT_NOT_NULL(test, lifetime_name(&thing->life));
	KUNIT_EXPECT_GT(test, strlen(lifetime_name(&thing->life)), 0);
	lifetime_put(&thing->life);
}

/* References may still be taken after disconnect: they are about memory only. */
static void tryget_after_disconnect_succeeds(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct lifetime *life = &thing_new(test)->life;
	bool got;

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(life), 0);
	got = lifetime_tryget(life);
	KUNIT_ASSERT_TRUE(test, got);
	lifetime_end(life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 0);
	lifetime_put(life);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), 1);
}

/* A reference holds the driver's module, the binding does not; all are given back. */
static void module_references_balance(struct kunit *test)
{
	int before = module_refcount(THIS_MODULE);
	struct lifetime *life = &thing_new(test)->life;

	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before);
	lifetime_get(life);
	KUNIT_ASSERT_TRUE(test, lifetime_tryget(life));
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before + 2);
	lifetime_end(life);
	lifetime_put(life);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before + 1);
	lifetime_put_async(life);
	KUNIT_EXPECT_TRUE(test, eventually(module_refcount(THIS_MODULE) == before));
}

/**
 * struct interrupt - where many references are put at once
 * @hard: a hard interrupt
 * @soft: a soft one
 * @life: what to put
 * @was_hard: @hard was what it says
 * @was_soft: @soft was
 */
struct interrupt {
	struct hrtimer hard;
	struct timer_list soft;
	struct lifetime *life[MANY];
	bool was_hard, was_soft;
};

static enum hrtimer_restart put_hard(struct hrtimer *timer)
{
	struct interrupt *irq = container_of(timer, struct interrupt, hard);
	int i;

	irq->was_hard = in_hardirq();
	for (i = 0; i < MANY; i++)
		lifetime_put_async(irq->life[i]);
	return HRTIMER_NORESTART;
}

static void put_soft(struct timer_list *timer)
{
	struct interrupt *irq = container_of(timer, struct interrupt, soft);
	int i;

	irq->was_soft = in_serving_softirq();
	for (i = 0; i < MANY; i++)
		lifetime_put_async(irq->life[i]);
}

static struct interrupt *new_interrupt(struct kunit *test)
{
	struct interrupt *irq = kunit_kzalloc(test, sizeof(*irq), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, irq);
	for (i = 0; i < MANY; i++) {
		irq->life[i] = &thing_new(test)->life;
		lifetime_get(irq->life[i]);
		lifetime_end(irq->life[i]);
	}
	return irq;
}

static void expect_released(struct kunit *test, int modules_before)
{
	struct scene *scene = test->priv;

	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&scene->record.released) == MANY));
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released_atomic), 0);
	KUNIT_EXPECT_TRUE(test, eventually(module_refcount(THIS_MODULE) == modules_before));
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released), MANY);
}

/* A last put in hard interrupt: the release runs in process context. */
static void put_in_hard_interrupt_releases_in_process_context(struct kunit *test)
{
	int modules = module_refcount(THIS_MODULE);
	struct interrupt *irq = new_interrupt(test);

	hrtimer_setup(&irq->hard, put_hard, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&irq->hard, ns_to_ktime(NSEC_PER_MSEC), HRTIMER_MODE_REL_HARD);
	expect_released(test, modules);
	hrtimer_cancel(&irq->hard);
	KUNIT_EXPECT_TRUE(test, irq->was_hard);
}

/* A last put in soft interrupt: the same. */
static void put_in_soft_interrupt_releases_in_process_context(struct kunit *test)
{
	int modules = module_refcount(THIS_MODULE);
	struct interrupt *irq = new_interrupt(test);

	timer_setup(&irq->soft, put_soft, 0);
	mod_timer(&irq->soft, jiffies + 1);
	expect_released(test, modules);
	timer_delete_sync(&irq->soft);
	KUNIT_EXPECT_TRUE(test, irq->was_soft);
}

static void put_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, users);

	wait_for_completion_timeout(&scene->leave, SOON);
	if (nr % 2)
		lifetime_put(&scene->thing->life);
	else
		lifetime_put_async(&scene->thing->life);
}

/* Puts that race for being the last: there is one release. */
static void racing_puts_release_once(struct kunit *test)
{
	struct scene *scene = test->priv;
	int round, rounds = 100, i;

	scene->users.work = put_work;
	for (round = 1; round <= rounds; round++) {
		struct lifetime *life = &thing_new(test)->life;

		for (i = 0; i < HOLDERS; i++)
			lifetime_get(life);
		reinit_completion(&scene->leave);
		crew_start(test, &scene->users, HOLDERS);
		lifetime_end(life);
		complete_all(&scene->leave);
		KUNIT_ASSERT_TRUE(test, crew_gone(&scene->users));
		KUNIT_ASSERT_TRUE(test, eventually(atomic_read(&scene->record.released) >= round));
		KUNIT_ASSERT_EQ(test, atomic_read(&scene->record.released), round);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released_atomic), 0);
}

static struct kunit_case lifetime_cases[] = {
	KUNIT_CASE(memory_is_zeroed),
	KUNIT_CASE(last_put_releases_once),
	KUNIT_CASE(end_of_unused_object_releases),
	KUNIT_CASE(data_stays_while_referenced),
	KUNIT_CASE(tryget_after_disconnect_succeeds),
	KUNIT_CASE(module_references_balance),
	KUNIT_CASE(put_in_hard_interrupt_releases_in_process_context),
	KUNIT_CASE(put_in_soft_interrupt_releases_in_process_context),
	KUNIT_CASE(racing_puts_release_once),
	{}
};

static struct kunit_suite lifetime_suite = {
	.name = "lifetime",
	.init = scene_init,
	.exit = scene_exit,
	.test_cases = lifetime_cases,
};

kunit_test_suite(lifetime_suite);

MODULE_DESCRIPTION("KUnit suite of references and release");
MODULE_LICENSE("GPL");
