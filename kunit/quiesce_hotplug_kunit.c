// SPDX-License-Identifier: GPL-2.0-only
/*
 * quiesce_hotplug_kunit.c: a disconnect while a CPU is being taken away
 */
/* refcdev-test: limit=90 */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/tracepoint.h>

#include "../drivers/refcdev/trace.h"
#include "helpers.h"

static struct {
	int state, removed, added;
	struct scene *scene;		/* whose object is disconnected by the next CPU that goes */
	bool grace_period;		/* the last round waited for one */
} hotplug;

static void hotplug_probe(void *data, const char *name, unsigned int asked, bool grace_period)
{
	hotplug.grace_period = grace_period;
}

static int hotplug_going(unsigned int cpu)
{
	struct scene *scene = READ_ONCE(hotplug.scene);

	if (scene) {
		lifetime_disconnect(&scene->thing->life);
		atomic_inc(&scene->left);
	}
	return 0;
}

static void hotplug_work(struct crew *crew, unsigned int nr)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);

	hotplug.removed = remove_cpu(cpu);
	hotplug.added = hotplug.removed ? 0 : add_cpu(cpu);
}

/* In the middle of that one cannot wait until it is over; and cannot do without an answer. */
static void disconnect_while_a_cpu_goes(struct kunit *test)
{
	unsigned int cpus = num_online_cpus();
	struct scene *scene = test->priv;

	thing_new(test);
	WRITE_ONCE(hotplug.scene, scene);
	scene->enders.work = hotplug_work;
	crew_start(test, &scene->enders, 1);
	/* It is more work for the kernel than for us. */
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&scene->enders.gone, 4 * SOON));
	WRITE_ONCE(hotplug.scene, NULL);
	if (!hotplug.removed) {
		KUNIT_EXPECT_EQ(test, atomic_read(&scene->left), 1);
		KUNIT_EXPECT_TRUE(test, completion_done(&scene->thing->life.dead));
		KUNIT_EXPECT_TRUE(test, hotplug.grace_period);
	}
	lifetime_end(&scene->thing->life);
	KUNIT_EXPECT_EQ(test, hotplug.added, 0);
	KUNIT_EXPECT_EQ(test, num_online_cpus(), cpus);
	if (hotplug.removed)
		kunit_skip(test, "no CPU can be removed here: %d", hotplug.removed);
}

static void hotplug_exit(struct kunit *test)
{
	WRITE_ONCE(hotplug.scene, NULL);
	scene_exit(test);
}

static int hotplug_suite_init(struct kunit_suite *suite)
{
	int ret = register_trace_lifetime_quiesce(hotplug_probe, NULL);

	if (ret)
		return ret;
	hotplug.state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "refcdev:kunit", NULL,
						  hotplug_going);
	if (hotplug.state < 0)
		unregister_trace_lifetime_quiesce(hotplug_probe, NULL);
	return min(hotplug.state, 0);
}

/* After whatever is under way: that may be in our text. */
static void hotplug_suite_exit(struct kunit_suite *suite)
{
	cpuhp_remove_state_nocalls(hotplug.state);
	unregister_trace_lifetime_quiesce(hotplug_probe, NULL);
	tracepoint_synchronize_unregister();
}

static struct kunit_case hotplug_cases[] = {
	KUNIT_CASE(disconnect_while_a_cpu_goes),
	{}
};

static struct kunit_suite hotplug_suite = {
	.name = "quiesce_hotplug",
	.suite_init = hotplug_suite_init,
	.suite_exit = hotplug_suite_exit,
	.init = scene_init,
	.exit = hotplug_exit,
	.test_cases = hotplug_cases,
};

kunit_test_suite(hotplug_suite);

MODULE_DESCRIPTION("KUnit suite of disconnects while CPUs come and go");
MODULE_LICENSE("GPL");
