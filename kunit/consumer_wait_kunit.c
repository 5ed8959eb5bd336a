// SPDX-License-Identifier: GPL-2.0-only
/*
 * consumer_wait_kunit.c: providers and consumers in several threads: who waits for whom, and
 * who does not
 */
/* refcdev-test: limit=90 */

#include <linux/delay.h>

#include "peer.h"

/* Long enough to see that somebody waits. */
#define A_WHILE		(HZ / 5)

/**
 * struct act - what the threads of a case have to do with each other
 * @first: a thread
 * @second: another one
 * @done: completed when the second is through
 * @inside: calls inside the provider
 * @seen: what a thread has found
 */
static struct act {
	struct crew first;
	struct crew second;
	struct completion done;
	atomic_t inside;
	int seen;
} act;

static int act_init(struct kunit *test)
{
	memset(&act, 0, sizeof(act));
	init_completion(&act.done);
	return peers_init(test);
}

static void start(struct kunit *test, struct crew *crew,
		  void (*work)(struct crew *crew, unsigned int nr))
{
	crew->work = work;
	crew_start(test, crew, 1);
}

static void provide_work(struct crew *crew, unsigned int nr)
{
	act.seen = source_provide(peers.sources[1], ONE);
}

static void remove_work(struct crew *crew, unsigned int nr)
{
	sink_remove(&peers.sinks[0]);
	complete(&act.done);
}

static void disconnect_work_of_one(struct crew *crew, unsigned int nr)
{
	lifetime_disconnect(&peers.sources[1]->life);
	complete(&act.done);
}

static void detach_work(struct crew *crew, unsigned int nr)
{
	act.seen = sink_detach(&peers.sinks[0]);
}

static void stay_inside(struct sink *sink)
{
	wait_for_leave();
}

static bool somebody_is_inside(void)
{
	return wait_for_completion_timeout(&peers.inside, SOON);
}

/* True if the second thread waits; then it is let go. */
static bool waits(void)
{
	bool done = wait_for_completion_timeout(&act.done, A_WHILE);

	complete(&peers.leave);
	return !done && wait_for_completion_timeout(&act.done, SOON);
}

static void sleep_work(struct crew *crew, unsigned int nr)
{
	struct lifetime *life = lifetime_consumer_enter(&peers.sinks[0].consumer);

	if (!life)
		return;
	act.seen = lifetime_wait_event(life, to_source(life)->wait, false);
	lifetime_exit(life);
}

/* Who sleeps inside is woken by the disconnect, and the next one is refused. */
static void calls_inside_are_woken(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	KUNIT_ASSERT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	start(test, &act.first, sleep_work);
	KUNIT_ASSERT_TRUE(test, eventually(wq_has_sleeper(&source->wait)));
	source_end(source);
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first));
	KUNIT_EXPECT_EQ(test, act.seen, -ENXIO);
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	EXPECT_LOG(test, "xa1 xl1 ");
	EXPECT_RELEASED(test, 1);
}

static void linger_work(struct crew *crew, unsigned int nr)
{
	struct lifetime *life = lifetime_consumer_enter(&peers.sinks[0].consumer);

	if (!life)
		return;
	atomic_inc(&act.inside);
	wait_for_leave();
	atomic_dec(&act.inside);
	lifetime_exit(life);
}

static void let_them_leave(struct sink *sink)
{
	act.seen = atomic_read(&act.inside);
	complete(&peers.leave);
}

/* leaving does not wait for calls inside: it may be what makes them leave. */
static void leaving_comes_with_calls_inside(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	x->leaving = let_them_leave;
	KUNIT_ASSERT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	start(test, &act.first, linger_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&source->life), 0);
	KUNIT_EXPECT_EQ(test, act.seen, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&act.inside), 0);
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first));
	source_end(source);
	EXPECT_RELEASED(test, 1);
}

/* When lifetime_consumer_remove() returns, no callback runs. */
static void remove_waits_for_a_callback(struct kunit *test)
{
	struct sink *x = sink_new(0, ONE);

	source_new(test, 1);
	x->arrived = stay_inside;
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	start(test, &act.first, provide_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	start(test, &act.second, remove_work);
	KUNIT_EXPECT_TRUE(test, waits());
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first) && crew_gone(&act.second));
	source_end(peers.sources[1]);
	EXPECT_LOG(test, "xa1 ");
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_TRUE(test, eventually(modules_held() == 0));
}

/* A disconnect waits for it too: leaving comes after arrived, whoever is at it. */
static void disconnect_waits_for_a_callback(struct kunit *test)
{
	struct sink *x = sink_new(0, ONE);

	source_new(test, 1);
	x->arrived = stay_inside;
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	start(test, &act.first, provide_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	start(test, &act.second, disconnect_work_of_one);
	KUNIT_EXPECT_TRUE(test, waits());
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first) && crew_gone(&act.second));
	source_end(peers.sources[1]);
	EXPECT_LOG(test, "xa1 xl1 ");
	EXPECT_RELEASED(test, 1);
}

/* A callback that takes long holds up nobody else. */
static void slow_callback_is_its_consumers_affair(struct kunit *test)
{
	struct sink *x = sink_new(0, ONE), *y = sink_new(1, TWO);
	struct source *other = source_new(test, 2);

	source_new(test, 1);
	x->arrived = stay_inside;
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	start(test, &act.first, provide_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	KUNIT_EXPECT_EQ(test, source_provide(other, TWO), 0);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	source_end(other);
	sink_remove(y);
	EXPECT_LOG(test, "xa1 ya2 yl2 ");
	EXPECT_RELEASED(test, 1);
	complete(&peers.leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first));
}

/* The new one is there for who comes new, and for who has the old one after its drain. */
static void new_provider_while_the_old_drains(struct kunit *test)
{
	struct source *second = source_new(test, 2);
	struct sink *x = sink_new(0, ONE), *y = sink_new(1, ONE);

	KUNIT_ASSERT_EQ(test, source_provide(source_new(test, 1), ONE), 0);
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	start(test, &act.first, linger_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	start(test, &act.second, disconnect_work_of_one);
	KUNIT_ASSERT_TRUE(test, eventually(strlen(peers.log) == 8));
	KUNIT_EXPECT_EQ(test, source_provide(second, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	EXPECT_LOG(test, "xa1 xl1 ya2 ");
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	KUNIT_EXPECT_TRUE(test, waits());
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first) && crew_gone(&act.second));
	EXPECT_LOG(test, "xa1 xl1 ya2 xa2 ");
	source_end(peers.sources[1]);
	EXPECT_RELEASED(test, 1);
}

/* Who detaches may still be putting what he held: the consumer is not his alone until then. */
static void remove_waits_for_a_detach(struct kunit *test)
{
	struct source *first = source_new(test, 1), *second = source_new(test, 2);
	struct sink *x = sink_new(0, ONE);

	first->slow = true;
	x->consumer.hold = true;
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	KUNIT_ASSERT_EQ(test, source_provide(first, ONE), 0);
	source_end(first);
	KUNIT_ASSERT_EQ(test, source_provide(second, ONE), 0);
	start(test, &act.first, detach_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	start(test, &act.second, remove_work);
	KUNIT_EXPECT_TRUE(test, waits());
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first) && crew_gone(&act.second));
	KUNIT_EXPECT_EQ(test, act.seen, 0);
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	EXPECT_LOG(test, "xa1 xl1 xa2 ");
	source_end(second);
	EXPECT_RELEASED(test, 2);
	KUNIT_EXPECT_TRUE(test, eventually(modules_held() == 0));
}

static void provide_second_and_detach(struct sink *sink)
{
	if (sink->number == '1')
		sink->result = source_provide(peers.sources[2], ONE) ?: sink_detach(sink);
}

/* A disconnect waits until it was told, not for what the consumer is told next. */
static void disconnect_waits_for_its_own_callback_only(struct kunit *test)
{
	struct sink *x = sink_new(0, ONE);
	struct source *first = source_new(test, 1);

	source_new(test, 2);
	x->arrived = stay_inside;
	x->leaving = provide_second_and_detach;
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	start(test, &act.first, provide_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	/* The name is free from here on. */
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&first->life), 0);
	start(test, &act.second, disconnect_work_of_one);
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&act.done, A_WHILE));
	complete(&peers.leave);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	EXPECT_LOG(test, "xa1 xl1 xa2 ");
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&act.done, SOON / 4));
	complete(&peers.leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first) && crew_gone(&act.second));
	KUNIT_EXPECT_EQ(test, x->result, 0);
	source_end(first);
	EXPECT_RELEASED(test, 1);
}

/* As lifetime_consumer_enter() is, between reading the pointer and entering. */
static void reader_work(struct crew *crew, unsigned int nr)
{
	int i;

	rcu_read_lock();
	complete(&peers.inside);
	for (i = 0; i < 100; i++)
		mdelay(1);
	act.seen = atomic_read(&peers.released);
	rcu_read_unlock();
}

/* A reference is put when nobody can be about to use it. */
static void put_comes_a_grace_period_later(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	x->consumer.hold = true;
	KUNIT_ASSERT_EQ(test, sink_add(x), 0);
	KUNIT_ASSERT_EQ(test, source_provide(source, ONE), 0);
	source_end(source);
	act.seen = -1;
	start(test, &act.first, reader_work);
	KUNIT_ASSERT_TRUE(test, somebody_is_inside());
	KUNIT_EXPECT_EQ(test, sink_detach(x), 0);
	EXPECT_RELEASED(test, 1);
	KUNIT_ASSERT_TRUE(test, crew_gone(&act.first));
	KUNIT_EXPECT_EQ(test, act.seen, 0);
}

static struct kunit_case consumer_wait_cases[] = {
	KUNIT_CASE(calls_inside_are_woken),
	KUNIT_CASE(leaving_comes_with_calls_inside),
	KUNIT_CASE(remove_waits_for_a_callback),
	KUNIT_CASE(disconnect_waits_for_a_callback),
	KUNIT_CASE(slow_callback_is_its_consumers_affair),
	KUNIT_CASE(new_provider_while_the_old_drains),
	KUNIT_CASE(remove_waits_for_a_detach),
	KUNIT_CASE(disconnect_waits_for_its_own_callback_only),
	KUNIT_CASE(put_comes_a_grace_period_later),
	{}
};

static struct kunit_suite consumer_wait_suite = {
	.name = "consumer_wait",
	.init = act_init,
	.exit = peers_exit,
	.test_cases = consumer_wait_cases,
};

kunit_test_suite(consumer_wait_suite);

MODULE_DESCRIPTION("KUnit suite of providers and consumers in several threads");
MODULE_LICENSE("GPL");
