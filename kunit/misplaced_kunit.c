// SPDX-License-Identifier: GPL-2.0-only
/*
 * misplaced_kunit.c: objects, and what they refer to, in memory that devres frees: told, with
 * the names of driver and device, and not registered
 */
/* refcdev-test: limit=60 */
/* refcdev-test: expects="\.1: .*its struct lifetime in \d+ bytes .*when \w+.1 is" */
/* refcdev-test: expects="\.2: .*its struct lifetime in \d{5} bytes .*when \w+.2 is" */
/* refcdev-test: expects="\.3: .*its struct lifetime in \d+ bytes .*when kunit_above is" */
/* refcdev-test: expects="\.4: .*its struct lifetime in \d+ bytes .*when \w+.4 is" */
/* refcdev-test: expects="\.5: .*its struct refcdev in \d+ bytes .*when \w+.5 is" */
/* refcdev-test: expects="misplaced.6: driver kunit_misplaced has its wait queue in \d+ bytes" */
/* refcdev-test: expects="misplaced.7: driver kunit_misplaced has its fasync list in \d+ bytes" */
/* refcdev-test: expects="misplaced.8: driver kunit_misplaced has its action's data in \d+ bytes" */
/* refcdev-test: expects="misplaced.9: a struct lifetime that lifetime_alloc\(\) has not made" */

#include <linux/lifetime_managed.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "gadget.h"
#include "../drivers/refcdev/compat.h"

#define NODE	"/dev/kunit_misplaced"

static struct refcdev_type type = {
	.name = "kunit_misplaced",
	.fops = &gadget_fops,
	.max_nodes = 1,
};

/* What a driver has in the memory that devres frees, next to what belongs there. */
struct hardware {
	char registers[64];
	struct gadget gadget;
	struct refcdev node;
	wait_queue_head_t wait;
	struct fasync_struct *fasync;
	char word[8];
	char buffer[3 * PAGE_SIZE];
	struct gadget at_the_end;
};

struct probe;

/**
 * struct way - a way to go wrong, or not to
 * @prepare: makes the probe's object and says where things are; or fails
 * @made: it is made by lifetime_alloc(), and so released in the end
 * @wanted: what registration must return
 */
struct way {
	int (*prepare)(struct probe *probe);
	bool made;
	int wanted;
};

/**
 * struct probe - what the next probe does and what came of it
 * @way: how it places its things
 * @dev: the device that is bound
 * @hardware: managed by that device
 * @life: the object
 * @node: its node
 * @result: what registration returned
 * @alone: and devm_lifetime_disconnect()
 */
static struct probe {
	const struct way *way;
	struct device *dev;
	struct hardware *hardware;
	struct lifetime *life;
	struct refcdev *node;
	int result, alone;
} probe;

static struct device *parent;

static int misplaced_probe(struct platform_device *pdev)
{
	int ret;

	probe.dev = &pdev->dev;
	probe.hardware = devm_kzalloc(probe.dev, sizeof(*probe.hardware), GFP_KERNEL);
	if (!probe.hardware)
		return -ENOMEM;
	ret = probe.way->prepare(&probe);
	if (ret)
		return ret;
	probe.alone = 0;
	/* Each tells it; one splat per way is enough. */
	if (!probe.way->wanted)
		probe.alone = devm_lifetime_disconnect(probe.dev, probe.life);
	probe.result = devm_refcdev_register(probe.dev, probe.node, probe.life, &type);
	return probe.result;
}

static struct platform_driver misplaced_driver = {
	.probe = misplaced_probe,
	.remove_void = refcdev_remove,
	.driver = {
		.name = "kunit_misplaced",
		.bus = &platform_bus_type,
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

/* An object as it should be: the ways differ from it in one place. */
static int make_gadget(struct probe *probe)
{
	struct gadget *gadget = lifetime_alloc(struct gadget, life, probe->dev, &gadget_ops);

	if (IS_ERR(gadget))
		return PTR_ERR(gadget);
	probe->life = &gadget->life;
	probe->node = &gadget->node;
	return 0;
}

static int in_devm_memory(struct probe *probe)
{
	struct gadget *gadget = devm_kzalloc(probe->dev, sizeof(*gadget), GFP_KERNEL);

	if (!gadget)
		return -ENOMEM;
	probe->life = &gadget->life;
	probe->node = &gadget->node;
	return 0;
}

static int as_inner_member(struct probe *probe)
{
	probe->life = &probe->hardware->at_the_end.life;
	probe->node = &probe->hardware->at_the_end.node;
	return 0;
}

static int in_the_parent_s(struct probe *probe)
{
	struct gadget *gadget = devm_kzalloc(parent, sizeof(*gadget), GFP_KERNEL);

	if (!gadget)
		return -ENOMEM;
	probe->life = &gadget->life;
	probe->node = &gadget->node;
	return 0;
}

/* What an unfilled structure holds does not hide it. */
static int with_rubbish(struct probe *probe)
{
	struct gadget *gadget = devm_kmalloc(probe->dev, sizeof(*gadget), GFP_KERNEL);

	if (!gadget)
		return -ENOMEM;
	memset(gadget, 0x5a, sizeof(*gadget));
	probe->life = &gadget->life;
	probe->node = &gadget->node;
	return 0;
}

static int node_in_devm_memory(struct probe *probe)
{
	int ret = make_gadget(probe);

	probe->node = &probe->hardware->node;
	return ret;
}

static int wait_in_devm_memory(struct probe *probe)
{
	int ret = make_gadget(probe);

	if (ret)
		return ret;
	init_waitqueue_head(&probe->hardware->wait);
	return lifetime_add_waitqueue(probe->life, &probe->hardware->wait);
}

static int fasync_in_devm_memory(struct probe *probe)
{
	return make_gadget(probe) ?: lifetime_add_fasync(probe->life, &probe->hardware->fasync);
}

static void no_action(void *data)
{
}

static int data_in_devm_memory(struct probe *probe)
{
	return make_gadget(probe) ?: lifetime_add_action(probe->life, no_action,
							 &probe->hardware->word[3]);
}

static int not_allocated(struct probe *probe)
{
	static struct gadget gadget;

	memset(&gadget, 0, sizeof(gadget));
	probe->life = &gadget.life;
	probe->node = &gadget.node;
	return 0;
}

/* An action that runs while the hardware is there may use what devres frees then. */
static int data_of_the_hardware(struct probe *probe)
{
	int ret = make_gadget(probe);

	ret = ret ?: lifetime_add_action_at(probe->life, LIFETIME_AT_CANCEL, no_action,
					    probe->hardware->word);
	return ret ?: lifetime_add_action_at(probe->life, LIFETIME_AT_DRAINED, no_action,
					     probe->hardware);
}

/* Neighbours in the same slab, before and after, and groups: none of them has it. */
static int among_devm_memory(struct probe *probe)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 64 && !ret; i++) {
		size_t size = (i & 1 ? sizeof(struct gadget) : 1024) - sizeof(void *) * 3;

		if (!devm_kzalloc(i & 2 ? parent : probe->dev, size, GFP_KERNEL) ||
		    !devres_open_group(probe->dev, NULL, GFP_KERNEL))
			return -ENOMEM;
		if (i % 3 == 0)
			devres_close_group(probe->dev, NULL);
		if (i == 32)
			ret = make_gadget(probe);
	}
	return ret;
}

static const struct way ways[] = {
	{ make_gadget, true, 0 },
	{ in_devm_memory, false, -EINVAL },
	{ as_inner_member, false, -EINVAL },
	{ in_the_parent_s, false, -EINVAL },
	{ with_rubbish, false, -EINVAL },
	{ node_in_devm_memory, true, -EINVAL },
	{ wait_in_devm_memory, true, -EINVAL },
	{ fasync_in_devm_memory, true, -EINVAL },
	{ data_in_devm_memory, true, -EINVAL },
	{ not_allocated, false, -EINVAL },
	{ data_of_the_hardware, true, 0 },
	{ among_devm_memory, true, 0 },
};

static void go_way(struct kunit *test, unsigned int nr)
{
	const struct platform_device_info info = {
		.parent = parent, .name = "kunit_misplaced", .id = nr,
	};
	struct platform_device *pdev;

	probe.way = &ways[nr];
	probe.result = -EINPROGRESS;
	pdev = platform_device_register_full(&info);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pdev));
	KUNIT_EXPECT_EQ_MSG(test, probe.result, probe.way->wanted, "way %u", nr);
	KUNIT_EXPECT_EQ_MSG(test, probe.alone, 0, "way %u", nr);
	KUNIT_EXPECT_EQ_MSG(test, try_open(NODE), probe.way->wanted ? -ENOENT : 0, "way %u", nr);
	platform_device_unregister(pdev);
	KUNIT_EXPECT_EQ_MSG(test, atomic_xchg(&diary.released, 0), probe.way->made, "way %u", nr);
}

static void misplaced_is_refused(struct kunit *test)
{
	unsigned int nr;

	for (nr = 0; nr < ARRAY_SIZE(ways); nr++)
		if (ways[nr].wanted)
			go_way(test, nr);
}

static void well_placed_is_registered(struct kunit *test)
{
	unsigned int nr, right = 0;

	for (nr = 0; nr < ARRAY_SIZE(ways); nr++) {
		if (ways[nr].wanted)
			continue;
		go_way(test, nr);
		right++;
	}
	KUNIT_EXPECT_EQ(test, right, 3);
}

static int misplaced_init(struct kunit *test)
{
	int ret = diary_init(test);

	if (ret)
		return ret;
	memset(&probe, 0, sizeof(probe));
	parent = __root_device_register("kunit_above", NULL);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	ret = driver_register(&misplaced_driver.driver);
	if (ret) {
		root_device_unregister(parent);
		return ret;
	}
	test->priv = &probe;
	return 0;
}

static void misplaced_exit(struct kunit *test)
{
	if (!test->priv)
		return;
	platform_driver_unregister(&misplaced_driver);
	root_device_unregister(parent);
}

static struct kunit_case misplaced_cases[] = {
	KUNIT_CASE(misplaced_is_refused),
	KUNIT_CASE(well_placed_is_registered),
	{}
};

static struct kunit_suite misplaced_suite = {
	.name = "misplaced",
	.init = misplaced_init,
	.exit = misplaced_exit,
	.test_cases = misplaced_cases,
};

kunit_test_suite(misplaced_suite);

MODULE_DESCRIPTION("KUnit suite of objects in memory that devres frees");
MODULE_LICENSE("GPL");
