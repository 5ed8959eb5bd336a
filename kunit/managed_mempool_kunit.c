// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_mempool_kunit.c: a mempool that an object manages: what it has set aside is there until
 * its phase, and goes then, in order with the rest
 */
/* refcdev-test: limit=60 */

#include <linux/mempool.h>
#include <linux/slab.h>

#include "managed.h"

#define ELEMENTS	3

/**
 * struct larder - what a pool takes its elements from, and what is left of them
 * @pool: the pool
 * @keeper: the object that manages it
 * @out: elements that were allocated and not freed
 * @allocated: how many ever were
 * @limit: how many may be; the next one is refused
 */
static struct larder {
	mempool_t *pool;
	struct keeper *keeper;
	unsigned int out, allocated, limit;
} larder;

static int larder_init(struct kunit *test)
{
	memset(&larder, 0, sizeof(larder));
	larder.limit = 100;
	return story_init(test);
}

static void *take(gfp_t gfp, void *data)
{
	struct larder *from = data;
	void *element;

	if (from->allocated == from->limit)
		return NULL;
	element = kmalloc(16, gfp);
	if (!element)
		return NULL;
	from->out++;
	from->allocated++;
	return element;
}

/* Each of them is told of, with the object still there: its letter is read. */
static void put_back(void *element, void *data)
{
	struct larder *from = data;

	kfree(element);
	from->out--;
	tell(from->keeper->letter['p']);
}

static mempool_t *create(struct keeper *keeper, enum lifetime_phase phase, int elements)
{
	larder.keeper = keeper;
	larder.pool = lifetime_create_mempool(&keeper->life, phase, elements, 16, take, put_back,
					      &larder);
	return larder.pool;
}

/* An action: an element can be had, without an allocation, and given back. */
static void use_element(void *data)
{
	void *element;

	larder.limit = larder.allocated;
	element = mempool_alloc(larder.pool, GFP_NOWAIT);
	if (element) {
		memset(element, 'x', 16);
		mempool_free(element, larder.pool);
		say(data);
	} else {
		tell('!');
	}
}

static void add_user(struct kunit *test, struct keeper *keeper, enum lifetime_phase phase,
		     char letter)
{
	KUNIT_ASSERT_EQ(test, lifetime_add_action_at(&keeper->life, phase, use_element,
						     &keeper->letter[(int)letter]), 0);
}

/* Between what was added before it and after: in each phase in which it may be. */
static void ends_at_its_phase(struct kunit *test)
{
	static const struct {
		enum lifetime_phase phase;
		const char *story;
	} ends[] = {
		{ LIFETIME_AT_CANCEL, "bpppaCR" },
		{ LIFETIME_AT_DRAINED, "CbpppaR" },
		{ LIFETIME_AT_RELEASE, "CRbpppa" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		struct keeper *keeper = keeper_new(test);

		larder_init(test);
		KUNIT_ASSERT_EQ(test, add_at(keeper, ends[i].phase, 'a'), 0);
		KUNIT_ASSERT_NOT_NULL(test, create(keeper, ends[i].phase, ELEMENTS));
		KUNIT_EXPECT_EQ(test, larder.out, ELEMENTS);
		add_user(test, keeper, ends[i].phase, 'b');
		lifetime_end(&keeper->life);
		EXPECT_STORY(test, ends[i].story);
		KUNIT_EXPECT_EQ(test, larder.out, 0);
	}
}

/* Before its phase it gives, whatever has happened to the object by then. */
static void usable_until_its_phase(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);

	KUNIT_ASSERT_NOT_NULL(test, create(keeper, LIFETIME_AT_RELEASE, 1));
	add_user(test, keeper, LIFETIME_AT_CANCEL, 'c');
	add_user(test, keeper, LIFETIME_AT_DRAINED, 'd');
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&keeper->life), 0);
	EXPECT_STORY(test, "cCd");
	use_element(&keeper->letter['u']);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "cCduRp");
}

/* Two of them, as a device with two kinds of buffers has: the last one first. */
static void two_end_in_reverse_order(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);

	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_DRAINED, 'a'), 0);
	KUNIT_ASSERT_NOT_NULL(test, create(keeper, LIFETIME_AT_DRAINED, 1));
	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_DRAINED, 'b'), 0);
	KUNIT_ASSERT_NOT_NULL(test, create(keeper, LIFETIME_AT_DRAINED, 2));
	KUNIT_EXPECT_EQ(test, larder.out, 3);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "CppbpaR");
	KUNIT_EXPECT_EQ(test, larder.out, 0);
}

/* Too late for its phase: none is made, and nothing of it stays. Later phases take one. */
static void phase_that_is_over_refuses(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&keeper->life), 0);
	KUNIT_EXPECT_NULL(test, create(keeper, LIFETIME_AT_CANCEL, ELEMENTS));
	EXPECT_STORY(test, "Cppp");
	KUNIT_EXPECT_NULL(test, create(keeper, LIFETIME_AT_DRAINED, 1));
	EXPECT_STORY(test, "Cpppp");
	KUNIT_EXPECT_EQ(test, larder.out, 0);
	KUNIT_EXPECT_NOT_NULL(test, create(keeper, LIFETIME_AT_RELEASE, 1));
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "CppppRp");
}

/* The element that is not there is any one of them: those before it go back. */
static void too_few_elements_unwind(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	unsigned int fit;

	for (fit = 0; fit < ELEMENTS; fit++) {
		larder_init(test);
		larder.limit = fit;
		KUNIT_EXPECT_NULL(test, create(keeper, LIFETIME_AT_DRAINED, ELEMENTS));
		KUNIT_EXPECT_EQ(test, larder.allocated, fit);
		KUNIT_EXPECT_EQ(test, larder.out, 0);
	}
	larder_init(test);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "CR");
}

static struct kunit_case managed_mempool_cases[] = {
	KUNIT_CASE(ends_at_its_phase),
	KUNIT_CASE(usable_until_its_phase),
	KUNIT_CASE(two_end_in_reverse_order),
	KUNIT_CASE(phase_that_is_over_refuses),
	KUNIT_CASE(too_few_elements_unwind),
	{}
};

static struct kunit_suite managed_mempool_suite = {
	.name = "managed_mempool",
	.init = larder_init,
	.test_cases = managed_mempool_cases,
};

kunit_test_suite(managed_mempool_suite);

MODULE_DESCRIPTION("KUnit suite of managed mempools");
MODULE_LICENSE("GPL");
