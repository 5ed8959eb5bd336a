// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_kunit.c: what an object manages: each kind of it, freed with the object or before
 */
/* refcdev-test: limit=90 */

#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/vmstat.h>

#include "gadget.h"
#include "managed.h"

#define QUEUE_PATH	"/sys/devices/virtual/workqueue/kunit_managed"

/* One of each kind that can be seen to be there, in the order in which it is added. */
enum { MEMORY, PAGES, QUEUE, POOL, IDA, MUTEX, STRING, KINDS };

static struct {
	struct keeper *keeper;
	char *memory, *string;
	struct page *page;
	int __percpu *percpu;
	unsigned int elements;
	unsigned int seen[KINDS + 1];
} held;

static bool queue_exists(void)
{
	struct path path;

	if (path_find(QUEUE_PATH, &path))
		return false;
	path_put(&path);
	return true;
}

static void *new_element(gfp_t gfp, void *count)
{
	++*(unsigned int *)count;
	return kmalloc(1, gfp);
}

static void free_element(void *element, void *count)
{
	--*(unsigned int *)count;
	kfree(element);
}

static bool mutex_is_usable(const struct mutex *mutex)
{
#ifdef CONFIG_DEBUG_MUTEXES
	return mutex->magic == mutex;
#else
	return false;
#endif
}

/* An action: which kinds are there? The per-CPU variable has to be, up to 'c'. */
static void observe(void *data)
{
	char letter = *(char *)data;
	unsigned int *seen = &held.seen[letter - 'a'];

	*seen |= is_freed(held.memory) ? 0 : BIT(MEMORY);
	*seen |= page_count(held.page) == 1 ? 0 : BIT(PAGES);
	*seen |= queue_exists() ? BIT(QUEUE) : 0;
	*seen |= held.elements ? BIT(POOL) : 0;
	*seen |= ida_is_empty(&held.keeper->ida) ? 0 : BIT(IDA);
	*seen |= mutex_is_usable(&held.keeper->mutex) ? BIT(MUTEX) : 0;
	*seen |= is_freed(held.string) ? 0 : BIT(STRING);
	if (letter > 'c')
		this_cpu_inc(*held.percpu);
	tell(letter);
}

static void add_observer(struct kunit *test, char letter)
{
	KUNIT_ASSERT_EQ(test, lifetime_add_action(&held.keeper->life, observe,
						  &held.keeper->letter[(int)letter]), 0);
}

static void add_pages(struct kunit *test, struct lifetime *life)
{
	unsigned long address = lifetime_get_free_pages(life, GFP_KERNEL, 0);

	KUNIT_ASSERT_NE(test, address, 0ul);
	held.page = virt_to_page((void *)address);
	get_page(held.page);
}

static void add_everything(struct kunit *test, struct keeper *keeper)
{
	struct lifetime *life = &keeper->life;

	memset(&held, 0, sizeof(held));
	held.keeper = keeper;
	add_observer(test, 'a');
	held.memory = lifetime_kzalloc(life, 100, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held.memory);
	add_observer(test, 'b');
	add_pages(test, life);
	add_observer(test, 'c');
	held.percpu = lifetime_alloc_percpu(life, int);
	KUNIT_ASSERT_TRUE(test, held.percpu);
	KUNIT_ASSERT_NOT_NULL(test, lifetime_alloc_workqueue(life, "kunit_%s",
							     WQ_UNBOUND | WQ_SYSFS, 0, "managed"));
	add_observer(test, 'd');
	KUNIT_ASSERT_NOT_NULL(test, lifetime_create_mempool(life, LIFETIME_AT_RELEASE, 3, 1,
							    new_element, free_element,
							    &held.elements));
	add_observer(test, 'e');
	KUNIT_ASSERT_EQ(test, lifetime_ida_init(life, &keeper->ida), 0);
	KUNIT_ASSERT_EQ(test, ida_alloc(&keeper->ida, GFP_KERNEL), 0);
	add_observer(test, 'f');
	KUNIT_ASSERT_EQ(test, lifetime_mutex_init(life, &keeper->mutex), 0);
	add_observer(test, 'g');
	held.string = lifetime_kstrdup(life, "string", GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held.string);
	add_observer(test, 'h');
}

/*
 * With the last put everything goes, the last first and after the release. Each action
 * finds what was added before it, and nothing of what came later.
 */
static void everything_ends_in_reverse_order(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	unsigned int i;

	if (!CAN_TELL_FREED || !IS_ENABLED(CONFIG_DEBUG_MUTEXES)) {
		lifetime_end(&keeper->life);
		kunit_skip(test, "needs KASAN and CONFIG_DEBUG_MUTEXES");
	}
	add_everything(test, keeper);
	lifetime_get(&keeper->life);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "C");
	EXPECT_FREED(test, held.memory, false);
	KUNIT_EXPECT_TRUE(test, queue_exists());
	lifetime_put(&keeper->life);
	EXPECT_STORY(test, "CRhgfedcba");
	for (i = 0; i <= KINDS; i++)
		KUNIT_EXPECT_EQ_MSG(test, held.seen[i], BIT(i) - 1, "by action %c", 'a' + i);
	EXPECT_FREED(test, held.memory, true);
	EXPECT_FREED(test, keeper, true);
	KUNIT_EXPECT_EQ(test, page_count(held.page), 1);
	put_page(held.page);
}

/* What is disconnected manages as before, until the last put. */
static void disconnected_object_manages(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	void *memory;

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&keeper->life), 0);
	memory = lifetime_kmalloc(&keeper->life, 10, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, memory);
	add(test, keeper, 'a');
	KUNIT_EXPECT_EQ(test, lifetime_add_action_or_reset(&keeper->life, say,
							   &keeper->letter['b']), 0);
	EXPECT_STORY(test, "C");
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "CRba");
	EXPECT_FREED(test, memory, true);
}

/* An action that was removed is not called; of two that are alike the last one goes. */
static void removed_action_is_not_called(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	void *x = &keeper->letter['x'], *y = &keeper->letter['y'];

	add(test, keeper, 'x');
	add(test, keeper, 'a');
	add(test, keeper, 'y');
	add(test, keeper, 'x');
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(&keeper->life, say, x), 0);
	EXPECT_STORY(test, "");
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(&keeper->life, say, y), 0);
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "CRax");
}

/* One that was released is called now, and not later. */
static void released_action_is_called_once(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	void *x = &keeper->letter['x'];

	add(test, keeper, 'x');
	add(test, keeper, 'a');
	add(test, keeper, 'x');
	KUNIT_EXPECT_EQ(test, lifetime_release_action(&keeper->life, say, x), 0);
	EXPECT_STORY(test, "x");
	lifetime_end(&keeper->life);
	EXPECT_STORY(test, "xCRax");
}

/* By now, and only that: not its neighbours, and not once more with the object. */
static void memory_is_freed_early(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	char *before = lifetime_kmalloc(life, 50, GFP_KERNEL);
	char *memory = lifetime_kmalloc(life, 50, GFP_KERNEL);
	char *after = lifetime_kmalloc(life, 50, GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, before && memory && after);
	lifetime_kfree(life, NULL);
	lifetime_kfree(life, memory);
	EXPECT_FREED(test, before, false);
	EXPECT_FREED(test, memory, true);
	EXPECT_FREED(test, after, false);
	lifetime_end(life);
	EXPECT_FREED(test, before, true);
	EXPECT_FREED(test, after, true);
}

/* As many as were asked for: else this adds up to 30 MB. */
static void pages_are_freed_early(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	unsigned long address = lifetime_get_free_pages(&keeper->life, GFP_KERNEL, 0);
	struct page *page = virt_to_page((void *)address);
	long before;
	int i;

	KUNIT_ASSERT_NE(test, address, 0ul);
	get_page(page);
	lifetime_free_pages(&keeper->life, 0);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	lifetime_free_pages(&keeper->life, address);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
	before = global_zone_page_state(NR_FREE_PAGES);
	for (i = 0; i < 512; i++) {
		address = lifetime_get_free_pages(&keeper->life, GFP_KERNEL | __GFP_ZERO, 4);
		KUNIT_ASSERT_NE(test, address, 0ul);
		KUNIT_ASSERT_EQ(test, *(u64 *)(address + 15 * PAGE_SIZE), 0);
		*(u64 *)(address + 15 * PAGE_SIZE) = ~0ull;
		lifetime_free_pages(&keeper->life, address);
	}
	KUNIT_EXPECT_LT(test, before - (long)global_zone_page_state(NR_FREE_PAGES), 4000l);
	lifetime_end(&keeper->life);
}

struct large {
	char bytes[16384];
};

/* One that was freed comes back sooner or later; of those that were not none does. */
static void percpu_is_freed_early(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct large __percpu *percpu[32];
	bool again = false;
	int i, k;

	lifetime_free_percpu(&keeper->life, NULL);
	for (i = 0; i < ARRAY_SIZE(percpu) && !again; i++) {
		percpu[i] = lifetime_alloc_percpu(&keeper->life, struct large);
		KUNIT_ASSERT_TRUE(test, percpu[i]);
		for (k = 0; k < i; k++)
			again |= percpu[k] == percpu[i];
		lifetime_free_percpu(&keeper->life, percpu[i]);
	}
	KUNIT_EXPECT_TRUE(test, again);
	lifetime_end(&keeper->life);
}

/* Any size there is: nothing at all, large, and more than a size_t can say. */
static void sizes_are_checked(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	size_t most = SIZE_MAX, half = SIZE_MAX / 2 + 1;
	char *none, *large;

	OPTIMIZER_HIDE_VAR(most);
	OPTIMIZER_HIDE_VAR(half);
	KUNIT_EXPECT_NULL(test, lifetime_kmalloc(life, most, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, lifetime_kmalloc(life, most - 8, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, lifetime_kmalloc_array(life, half, 2, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, lifetime_kcalloc(life, 3, half, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, lifetime_kcalloc(life, most, most, GFP_KERNEL));
	none = lifetime_kmalloc(life, 0, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, none);
	KUNIT_EXPECT_PTR_NE(test, lifetime_kmalloc(life, 0, GFP_KERNEL), (void *)none);
	lifetime_kfree(life, none);
	large = lifetime_kmalloc(life, 100000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, large);
	memset(large, 0xff, 100000);
	lifetime_kfree(life, large);
	large = lifetime_kcalloc(life, 100, 1000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, large);
	KUNIT_EXPECT_NULL(test, memchr_inv(large, 0, 100000));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)large, __alignof__(long long)));
	lifetime_end(life);
}

/* Copies and formatted strings are what they say. */
static void copies_are_equal(struct kunit *test)
{
	struct keeper *keeper = keeper_new(test);
	struct lifetime *life = &keeper->life;
	static const char bytes[] = "one\0two";
	char *copy = lifetime_kmemdup(life, bytes, sizeof(bytes), GFP_KERNEL);
	char *string = lifetime_kstrdup(life, "three", GFP_KERNEL);
	char *printed = lifetime_kasprintf(life, GFP_KERNEL, "%s-%d:%c", string, -45, '6');

	KUNIT_ASSERT_TRUE(test, copy && string && printed);
	KUNIT_EXPECT_EQ(test, memcmp(copy, bytes, sizeof(bytes)), 0);
	KUNIT_EXPECT_STREQ(test, string, "three");
	KUNIT_EXPECT_STREQ(test, printed, "three--45:6");
	KUNIT_EXPECT_NULL(test, lifetime_kstrdup(life, NULL, GFP_KERNEL));
	lifetime_kfree(life, string);
	EXPECT_FREED(test, string, true);
	EXPECT_FREED(test, printed, false);
	lifetime_end(life);
	EXPECT_FREED(test, copy, true);
	EXPECT_FREED(test, printed, true);
}

static struct kunit_case managed_cases[] = {
	KUNIT_CASE(everything_ends_in_reverse_order),
	KUNIT_CASE(disconnected_object_manages),
	KUNIT_CASE(removed_action_is_not_called),
	KUNIT_CASE(released_action_is_called_once),
	KUNIT_CASE(memory_is_freed_early),
	KUNIT_CASE(pages_are_freed_early),
	KUNIT_CASE(percpu_is_freed_early),
	KUNIT_CASE(sizes_are_checked),
	KUNIT_CASE(copies_are_equal),
	{}
};

static struct kunit_suite managed_suite = {
	.name = "managed",
	.init = story_init,
	.test_cases = managed_cases,
};

kunit_test_suite(managed_suite);

MODULE_DESCRIPTION("KUnit suite of managed memory and actions");
MODULE_LICENSE("GPL");
