// SPDX-License-Identifier: GPL-2.0-only
/*
 * consumer_kunit.c: providers and consumers: who is told what, in which order, and who keeps
 * what; all in one thread
 */
/* refcdev-test: limit=60 */

#include "peer.h"

/* Who comes second finds the provider, and knows before lifetime_consumer_add() returns. */
static void late_consumer_finds_its_provider(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	EXPECT_LOG(test, "xa1 ");
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
	sink_remove(x);
	/* It went by itself: nobody has to tell it. */
	EXPECT_LOG(test, "xa1 ");
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	EXPECT_RELEASED(test, 0);
	source_end(source);
	EXPECT_LOG(test, "xa1 ");
	EXPECT_RELEASED(test, 1);
}

/* Who comes first is told before lifetime_provide() returns, and when it ends. */
static void late_provider_finds_its_consumer(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	EXPECT_LOG(test, "");
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	EXPECT_LOG(test, "xa1 ");
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
	source_end(source);
	EXPECT_LOG(test, "xa1 xl1 ");
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	EXPECT_RELEASED(test, 1);
}

/* A provider that goes and comes back is another one, and each is told once. */
static void providers_come_and_go(struct kunit *test)
{
	struct sink *x = sink_new(0, ONE);
	unsigned int nr;

	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	for (nr = 1; nr <= 3; nr++) {
		struct source *source = source_new(test, nr);

		KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
		KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
		KUNIT_EXPECT_EQ(test, lifetime_disconnect(&source->life), 0);
		KUNIT_EXPECT_EQ(test, lifetime_disconnect(&source->life), 0);
		KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
		source_end(source);
		EXPECT_RELEASED(test, nr);
	}
	EXPECT_LOG(test, "xa1 xl1 xa2 xl2 xa3 xl3 ");
}

/* A name is one provider's, until that is disconnected, and then nobody's. */
static void name_is_one_providers(struct kunit *test)
{
	struct source *first = source_new(test, 1), *second = source_new(test, 2);
	struct sink *x = sink_new(0, ONE);

	KUNIT_EXPECT_EQ(test, source_provide(first, ONE), 0);
	KUNIT_EXPECT_EQ(test, source_provide(second, ONE), -EBUSY);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&first->life), 0);
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	KUNIT_EXPECT_EQ(test, source_provide(second, ONE), 0);
	EXPECT_LOG(test, "xa1 ");
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_finish(&first->life), 0);
	EXPECT_LOG(test, "xa1 xl1 xa2 ");
	/* What could not be provided was not found. */
	source_end(first);
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
}

/* What is disconnected cannot be provided any more. */
static void disconnected_object_is_not_provided(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&source->life), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), -ENXIO);
	EXPECT_LOG(test, "");
	source_end(source);
	EXPECT_RELEASED(test, 1);
}

/* All who want it are told, in the order in which they came; who wants another is not. */
static void each_consumer_is_told(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE), *y = sink_new(1, TWO), *z = sink_new(2, ONE);

	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	KUNIT_EXPECT_EQ(test, sink_add(z), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	EXPECT_LOG(test, "xa1 za1 ");
	KUNIT_EXPECT_FALSE(test, sink_may_enter(y));
	source_end(source);
	EXPECT_LOG(test, "xa1 za1 xl1 zl1 ");
	EXPECT_RELEASED(test, 1);
}

/* An object may have two names; its end is the end of both. */
static void object_under_two_names(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE), *y = sink_new(1, TWO);

	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_EQ(test, lifetime_provide(&source->life, &source->alias, TWO), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	EXPECT_LOG(test, "xa1 ya1 ");
	source_end(source);
	EXPECT_LOG(test, "xa1 ya1 xl1 yl1 ");
	EXPECT_RELEASED(test, 1);
}

/* A consumer that was removed may be added again, and starts anew. */
static void consumer_comes_back(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	sink_remove(x);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	source_end(source);
	sink_remove(x);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	EXPECT_LOG(test, "xa1 xa1 xl1 ");
	EXPECT_RELEASED(test, 1);
}

/* Who holds on keeps the old one, and gets the new one when it lets go. */
static void holder_keeps_the_old_one(struct kunit *test)
{
	struct source *first = source_new(test, 1), *second = source_new(test, 2);
	struct sink *x = sink_new(0, ONE);

	x->consumer.hold = true;
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, sink_detach(x), -ENOENT);
	KUNIT_EXPECT_EQ(test, source_provide(first, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_detach(x), -EBUSY);
	source_end(first);
	EXPECT_RELEASED(test, 0);
	KUNIT_EXPECT_EQ(test, modules_held(), 1);
	KUNIT_EXPECT_EQ(test, source_provide(second, ONE), 0);
	EXPECT_LOG(test, "xa1 xl1 ");
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	KUNIT_EXPECT_EQ(test, sink_detach(x), 0);
	EXPECT_LOG(test, "xa1 xl1 xa2 ");
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
	source_end(second);
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_EQ(test, sink_detach(x), 0);
	EXPECT_RELEASED(test, 2);
	KUNIT_EXPECT_EQ(test, sink_detach(x), -ENOENT);
	EXPECT_LOG(test, "xa1 xl1 xa2 xl2 ");
}

/* Its removal is the end of that. */
static void removal_ends_the_hold(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	x->consumer.hold = true;
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	source_end(source);
	EXPECT_RELEASED(test, 0);
	sink_remove(x);
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_EQ(test, sink_detach(x), -ENOENT);
}

static void detach(struct sink *sink)
{
	sink->result = sink_detach(sink);
}

/* Not from arrived: its provider is there. */
static void detach_in_arrived_is_refused(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	x->arrived = detach;
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, x->result, -EBUSY);
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
}

static void provide_second_and_detach(struct sink *sink)
{
	if (sink->number != '1')
		return;
	sink->result = source_provide(peers.sources[2], ONE) ?: sink_detach(sink);
	/* The new one does not arrive in the middle of this. */
	sink_note(sink, '.');
}

/* From leaving it is allowed; what comes next comes when leaving has returned. */
static void detach_in_leaving_makes_room(struct kunit *test)
{
	struct source *first = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	source_new(test, 2);
	x->leaving = provide_second_and_detach;
	KUNIT_EXPECT_EQ(test, source_provide(first, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	source_end(first);
	KUNIT_EXPECT_EQ(test, x->result, 0);
	EXPECT_LOG(test, "xa1 xl1 x.1 xa2 ");
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
}

static void chain_arrived(struct sink *sink)
{
	static const char * const names[] = { TWO, THREE };
	unsigned int nr = sink - peers.sinks;

	sink->result = source_provide(peers.sources[2 + nr], names[nr]);
}

static void chain_leaving(struct sink *sink)
{
	sink->result = lifetime_disconnect(&peers.sources[2 + (sink - peers.sinks)]->life);
}

/* A consumer may itself provide what others want: first comes first, and goes first. */
static void chain_of_three(struct kunit *test)
{
	struct sink *x = sink_new(0, ONE), *y = sink_new(1, TWO), *z = sink_new(2, THREE);
	unsigned int nr;

	for (nr = 1; nr <= 3; nr++)
		source_new(test, nr);
	x->arrived = chain_arrived;
	x->leaving = chain_leaving;
	y->arrived = chain_arrived;
	y->leaving = chain_leaving;
	KUNIT_EXPECT_EQ(test, sink_add(z), 0);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, source_provide(peers.sources[1], ONE), 0);
	EXPECT_LOG(test, "xa1 ya2 za3 ");
	KUNIT_EXPECT_EQ(test, modules_held(), 3);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&peers.sources[1]->life), 0);
	EXPECT_LOG(test, "xa1 ya2 za3 xl1 yl2 zl3 ");
	KUNIT_EXPECT_EQ(test, x->result, 0);
	KUNIT_EXPECT_EQ(test, y->result, 0);
	KUNIT_EXPECT_EQ(test, modules_held(), 0);
	for (nr = 1; nr <= 3; nr++)
		source_end(peers.sources[nr]);
	EXPECT_RELEASED(test, 3);
}

/* Who is attached keeps the provider's module, and nobody else does. */
static void attached_consumers_keep_the_module(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE), *y = sink_new(1, ONE);

	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, modules_held(), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_EQ(test, modules_held(), 1);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	KUNIT_EXPECT_EQ(test, modules_held(), 2);
	sink_remove(x);
	KUNIT_EXPECT_EQ(test, modules_held(), 1);
	source_end(source);
	KUNIT_EXPECT_EQ(test, modules_held(), 0);
}

/* But not its own: it could not be unloaded. */
static void own_module_is_not_kept(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE), *y = sink_new(1, ONE);

	x->consumer.hold = true;
	x->added = true;
	KUNIT_EXPECT_EQ(test, lifetime_consumer_add(&x->consumer), 0);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	EXPECT_LOG(test, "xa1 ya1 ");
	KUNIT_EXPECT_EQ(test, modules_held(), 1);
	source_end(source);
	KUNIT_EXPECT_EQ(test, modules_held(), 0);
	/* Its data it keeps. */
	EXPECT_RELEASED(test, 0);
	sink_remove(x);
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_EQ(test, modules_held(), 0);
}

/* Two that use each other: each goes when it likes. */
static void cycle_of_two(struct kunit *test)
{
	struct source *first = source_new(test, 1), *second = source_new(test, 2);
	struct sink *x = sink_new(0, TWO), *y = sink_new(1, ONE);

	KUNIT_EXPECT_EQ(test, source_provide(first, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, sink_add(y), 0);
	KUNIT_EXPECT_EQ(test, source_provide(second, TWO), 0);
	EXPECT_LOG(test, "ya1 xa2 ");
	KUNIT_EXPECT_EQ(test, modules_held(), 2);
	/* x belongs to the first, y to the second. */
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&first->life), 0);
	sink_remove(x);
	source_end(first);
	EXPECT_RELEASED(test, 1);
	KUNIT_EXPECT_EQ(test, modules_held(), 0);
	sink_remove(y);
	source_end(second);
	EXPECT_LOG(test, "ya1 xa2 yl1 ");
	EXPECT_RELEASED(test, 2);
}

/* Callbacks are optional. */
static void consumer_without_callbacks(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	x->consumer.arrived = NULL;
	x->consumer.leaving = NULL;
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
	source_end(source);
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	EXPECT_RELEASED(test, 1);
}

static struct kunit_case consumer_cases[] = {
	KUNIT_CASE(late_consumer_finds_its_provider),
	KUNIT_CASE(late_provider_finds_its_consumer),
	KUNIT_CASE(providers_come_and_go),
	KUNIT_CASE(name_is_one_providers),
	KUNIT_CASE(disconnected_object_is_not_provided),
	KUNIT_CASE(each_consumer_is_told),
	KUNIT_CASE(object_under_two_names),
	KUNIT_CASE(consumer_comes_back),
	KUNIT_CASE(holder_keeps_the_old_one),
	KUNIT_CASE(removal_ends_the_hold),
	KUNIT_CASE(detach_in_arrived_is_refused),
	KUNIT_CASE(detach_in_leaving_makes_room),
	KUNIT_CASE(chain_of_three),
	KUNIT_CASE(attached_consumers_keep_the_module),
	KUNIT_CASE(own_module_is_not_kept),
	KUNIT_CASE(cycle_of_two),
	KUNIT_CASE(consumer_without_callbacks),
	{}
};

static struct kunit_suite consumer_suite = {
	.name = "consumer",
	.init = peers_init,
	.exit = peers_exit,
	.test_cases = consumer_cases,
};

kunit_test_suite(consumer_suite);

MODULE_DESCRIPTION("KUnit suite of providers and consumers");
MODULE_LICENSE("GPL");
