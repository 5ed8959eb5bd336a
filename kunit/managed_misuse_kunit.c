// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_misuse_kunit.c: mistakes with managed resources: told, with the device's name, and
 * survived
 */
/* refcdev-test: limit=60 alone=1 */
/* refcdev-test: expects="refcdev: kunit_late: a resource is added after the last put" */
/* refcdev-test: expects="refcdev: kunit_action: say .*is no action of this object" */
/* refcdev-test: expects="refcdev: kunit_memory: freed what is no memory of this object" */
/* refcdev-test: expects="refcdev: kunit_object: freed what is none of this object's" */
/* refcdev-test: expects="refcdev: kunit_group: no such group of resources" */
/* refcdev-test: expects="KASAN: .*invalid-free" */

#include <linux/device.h>
#include <linux/mm.h>

#include "managed.h"

static struct device *root;

/* What is told once is told of the device of that name. */
static struct keeper *keeper_of(struct kunit *test, const char *name,
				const struct lifetime_ops *ops)
{
	struct keeper *keeper;

	root = __root_device_register(name, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(root));
	keeper = lifetime_alloc(struct keeper, life, root, ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(keeper));
	keeper_init(keeper);
	return keeper;
}

/* Unbinds, in a way: the object loses its last reference. */
static void end_root(void)
{
	root_device_unregister(root);
}

/* Whatever is added from the last put on is refused: it would never be freed. */
static void add_late(struct keeper *keeper)
{
	struct lifetime *life = &keeper->life;

	if (lifetime_kmalloc(life, 10, GFP_KERNEL) || lifetime_kasprintf(life, GFP_KERNEL, "%d", 1))
		tell('1');
	if (lifetime_get_free_pages(life, GFP_KERNEL, 0) || lifetime_alloc_percpu(life, int))
		tell('2');
	if (lifetime_alloc_workqueue(life, "kunit_late", WQ_UNBOUND, 0))
		tell('3');
	if (lifetime_ida_init(life, &keeper->ida) != -EINVAL ||
	    lifetime_mutex_init(life, &keeper->mutex) != -EINVAL)
		tell('4');
	if (add_at(keeper, LIFETIME_AT_RELEASE, 'x') != -EINVAL ||
	    add_at(keeper, LIFETIME_AT_DRAINED, 'x') != -EINVAL)
		tell('5');
	if (lifetime_open_group(life, NULL, GFP_KERNEL))
		tell('6');
	if (lifetime_add_action_or_reset(life, say, &keeper->letter['r']) != -EINVAL)
		tell('7');
}

static void adding_release(struct lifetime *life)
{
	add_late(container_of(life, struct keeper, life));
	tell('R');
}

static void adding_action(void *data)
{
	say(data);
	add_late(container_of(data, struct keeper, letter['a']));
}

static void late_resources_are_refused(struct kunit *test)
{
	static const struct lifetime_ops ops = {
		.owner = THIS_MODULE,
		.release = adding_release,
	};
	struct keeper *keeper = keeper_of(test, "kunit_late", &ops);

	add(test, keeper, 'b');
	KUNIT_ASSERT_EQ(test, lifetime_add_action(&keeper->life, adding_action,
						  &keeper->letter['a']), 0);
	end_root();
	EXPECT_STORY(test, "rRarb");
}

/* What is not there, or not any more, is not removed: function and argument have to match. */
static void unknown_actions_are_told(struct kunit *test)
{
	struct keeper *keeper = keeper_of(test, "kunit_action", &keeper_ops);
	struct keeper *other = keeper_new(test);
	struct lifetime *life = &keeper->life;
	void *a = &keeper->letter['a'];

	add(test, keeper, 'a');
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(life, say, &keeper->letter['b']), -ENOENT);
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(life, adding_action, a), -ENOENT);
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(&other->life, say, a), -ENOENT);
	KUNIT_EXPECT_EQ(test, lifetime_release_action(life, say, &keeper->letter['b']), -ENOENT);
	EXPECT_STORY(test, "");
	KUNIT_EXPECT_EQ(test, lifetime_release_action(life, say, a), 0);
	KUNIT_EXPECT_EQ(test, lifetime_release_action(life, say, a), -ENOENT);
	KUNIT_EXPECT_EQ(test, lifetime_remove_action(life, say, a), -ENOENT);
	lifetime_end(&other->life);
	end_root();
	EXPECT_STORY(test, "aCRR");
}

/* Memory is freed once, and by its own object. */
static void memory_of_others_is_left_alone(struct kunit *test)
{
	struct keeper *keeper = keeper_of(test, "kunit_memory", &keeper_ops);
	struct keeper *other = keeper_new(test);
	void *memory = lifetime_kmalloc(&keeper->life, 10, GFP_KERNEL);
	void *others = lifetime_kmalloc(&other->life, 10, GFP_KERNEL);
	char *string = lifetime_kstrdup(&keeper->life, "string", GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, memory && others && string);
	lifetime_kfree(&keeper->life, memory);
	lifetime_kfree(&keeper->life, memory);
	lifetime_kfree(&keeper->life, others);
	lifetime_kfree(&keeper->life, string + 1);
	lifetime_kfree(&keeper->life, keeper);
	EXPECT_FREED(test, others, false);
	EXPECT_FREED(test, string, false);
	lifetime_end(&other->life);
	EXPECT_FREED(test, others, true);
	end_root();
	EXPECT_STORY(test, "CRR");
}

/* The same for pages and per-CPU variables, which are not mixed up with one another. */
static void objects_of_others_are_left_alone(struct kunit *test)
{
	struct keeper *keeper = keeper_of(test, "kunit_object", &keeper_ops);
	struct lifetime *life = &keeper->life;
	unsigned long address = lifetime_get_free_pages(life, GFP_KERNEL, 0);
	int __percpu *percpu = lifetime_alloc_percpu(life, int);
	struct page *page = virt_to_page((void *)address);

	KUNIT_ASSERT_TRUE(test, address && percpu);
	get_page(page);
	lifetime_free_percpu(life, (void __percpu *)address);
	lifetime_free_pages(life, (__force unsigned long)percpu);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	lifetime_free_pages(life, address);
	lifetime_free_pages(life, address);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	lifetime_free_percpu(life, percpu);
	lifetime_free_percpu(life, percpu);
	put_page(page);
	end_root();
}

/* Groups that are not there, or closed already. */
static void unknown_groups_are_told(struct kunit *test)
{
	struct keeper *keeper = keeper_of(test, "kunit_group", &keeper_ops);
	struct lifetime *life = &keeper->life;
	void *group;

	add(test, keeper, 'a');
	lifetime_close_group(life, NULL);
	lifetime_close_group(life, root);
	lifetime_remove_group(life, root);
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, root), 0);
	group = lifetime_open_group(life, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, group);
	add(test, keeper, 'b');
	lifetime_close_group(life, group);
	lifetime_close_group(life, group);
	lifetime_close_group(life, NULL);
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, NULL), 0);
	EXPECT_STORY(test, "");
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, group), 1);
	KUNIT_EXPECT_EQ(test, lifetime_release_group(life, group), 0);
	end_root();
	EXPECT_STORY(test, "bRa");
}

static void *to_be_freed;

static void kfree_work(struct crew *crew, unsigned int nr)
{
	kfree(to_be_freed);
}

/* The allocator tells who uses kfree(). Not in the case's thread: KUnit would fail it. */
static void kfree_of_memory_is_told(struct kunit *test)
{
	static struct crew crew = { .work = kfree_work };
	struct keeper *keeper;

	if (!CAN_TELL_FREED)
		kunit_skip(test, "needs KASAN");
	keeper = keeper_new(test);
	to_be_freed = lifetime_kmalloc(&keeper->life, 100, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, to_be_freed);
	crew_start(test, &crew, 1);
	KUNIT_ASSERT_TRUE(test, crew_gone(&crew));
	EXPECT_FREED(test, to_be_freed, false);
	lifetime_end(&keeper->life);
	EXPECT_FREED(test, to_be_freed, true);
}

static struct kunit_case managed_misuse_cases[] = {
	KUNIT_CASE(late_resources_are_refused),
	KUNIT_CASE(unknown_actions_are_told),
	KUNIT_CASE(memory_of_others_is_left_alone),
	KUNIT_CASE(objects_of_others_are_left_alone),
	KUNIT_CASE(unknown_groups_are_told),
	/* Last: lockdep switches itself off. */
	KUNIT_CASE(kfree_of_memory_is_told),
	{}
};

static struct kunit_suite managed_misuse_suite = {
	.name = "managed_misuse",
	.init = story_init,
	.test_cases = managed_misuse_cases,
};

kunit_test_suite(managed_misuse_suite);

MODULE_DESCRIPTION("KUnit suite of mistakes with managed resources");
MODULE_LICENSE("GPL");
