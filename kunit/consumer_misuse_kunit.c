// SPDX-License-Identifier: GPL-2.0-only
/*
 * consumer_misuse_kunit.c: mistakes of consumers that the core must speak up about, once each,
 * and survive
 */
/* refcdev-test: limit=60 */
/* refcdev-test: expects="a consumer without names, or one that was added before" */
/* refcdev-test: expects="a provider without a name, or one that is in use" */
/* refcdev-test: expects="a consumer is removed by its own callback, or twice" */

#include "peer.h"

/* Without names there is nothing to look for; and the list has it once. */
static void add_without_names_or_twice_is_refused(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, NULL);

	KUNIT_EXPECT_EQ(test, lifetime_consumer_add(&x->consumer), -EINVAL);
	x->consumer.wants = ONE;
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, lifetime_consumer_add(&x->consumer), -EINVAL);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	source_end(source);
	EXPECT_LOG(test, "xa1 xl1 ");
	EXPECT_RELEASED(test, 1);
}

/* Nor can there be one without a name, or the list have it twice. */
static void provider_without_name_or_in_use_is_refused(struct kunit *test)
{
	struct source *source = source_new(test, 1), *other = source_new(test, 2);
	struct sink *x = sink_new(0, TWO);

	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_EQ(test, source_provide(source, TWO), -EINVAL);
	KUNIT_EXPECT_EQ(test, lifetime_provide(&other->life, &source->provider, TWO), -EINVAL);
	EXPECT_LOG(test, "");
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&source->life), 0);
	/* It is free again. */
	KUNIT_EXPECT_EQ(test, lifetime_provide(&other->life, &source->provider, TWO), 0);
	EXPECT_LOG(test, "xa2 ");
	source_end(other);
	source_end(source);
	EXPECT_RELEASED(test, 2);
}

static void remove_oneself(struct sink *sink)
{
	lifetime_consumer_remove(&sink->consumer);
}

/* It would wait for itself; it stays, and may be removed when the callback has returned. */
static void removal_by_its_own_callback_is_refused(struct kunit *test)
{
	struct source *source = source_new(test, 1);
	struct sink *x = sink_new(0, ONE);

	x->arrived = remove_oneself;
	KUNIT_EXPECT_EQ(test, source_provide(source, ONE), 0);
	KUNIT_EXPECT_EQ(test, sink_add(x), 0);
	KUNIT_EXPECT_TRUE(test, sink_may_enter(x));
	sink_remove(x);
	KUNIT_EXPECT_FALSE(test, sink_may_enter(x));
	sink_remove(x);
	source_end(source);
	EXPECT_LOG(test, "xa1 ");
	EXPECT_RELEASED(test, 1);
}

static struct kunit_case consumer_misuse_cases[] = {
	KUNIT_CASE(add_without_names_or_twice_is_refused),
	KUNIT_CASE(provider_without_name_or_in_use_is_refused),
	KUNIT_CASE(removal_by_its_own_callback_is_refused),
	{}
};

static struct kunit_suite consumer_misuse_suite = {
	.name = "consumer_misuse",
	.init = peers_init,
	.exit = peers_exit,
	.test_cases = consumer_misuse_cases,
};

kunit_test_suite(consumer_misuse_suite);

MODULE_DESCRIPTION("KUnit suite of mistakes of consumers");
MODULE_LICENSE("GPL");
