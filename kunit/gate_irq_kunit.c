// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate_irq_kunit.c: the gate in hard and soft interrupts, down to an exit there that
 * is the last access to an object before it is freed
 */
/* refcdev-test: limit=120 */

#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/smp.h>

#include "../drivers/refcdev/compat.h"
#include "helpers.h"

#define SEED	0x11fe7135

/**
 * struct bell - an interrupt that leaves an object; outlives it
 * @timer: fires in hard interrupt
 * @life: the object
 * @hard: it did
 * @late: the object was being disconnected then
 * @put: also drop a reference there
 */
struct bell {
	struct hrtimer timer;
	struct lifetime *life;
	bool hard;
	bool late;
	bool put;
};

static enum hrtimer_restart bell_rings(struct hrtimer *timer)
{
	struct bell *bell = container_of(timer, struct bell, timer);
	struct lifetime *life = bell->life;

	bell->hard = in_hardirq();
	bell->late = lifetime_disconnected(life);
	lifetime_exit(life);
	if (bell->put)
		lifetime_put_async(life);
	return HRTIMER_NORESTART;
}

static void bell_set(struct bell *bell, struct lifetime *life, u64 delay_ns)
{
	bell->life = life;
	hrtimer_setup(&bell->timer, bell_rings, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&bell->timer, ns_to_ktime(delay_ns), HRTIMER_MODE_REL_HARD);
}

/* So many objects, each left by an interrupt last of all, and freed at once after it. */
static void leave_and_free(struct kunit *test, unsigned int rounds, bool put)
{
	struct bell *bell = kunit_kzalloc(test, sizeof(*bell), GFP_KERNEL);
	unsigned int round, late = 0, hard = 0;
	struct scene *scene = test->priv;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, bell);
	prandom_seed_state(&rnd, SEED);
	bell->put = put;
	for (round = 0; round < rounds; round++) {
		struct thing *thing = thing_new(test);

		if (put)
			lifetime_get(&thing->life);
		KUNIT_ASSERT_TRUE(test, lifetime_enter(&thing->life));
		bell_set(bell, &thing->life, prandom_u32_state(&rnd) % NSEC_PER_MSEC);
		lifetime_end(&thing->life);
		hrtimer_cancel(&bell->timer);
		late += bell->late;
		hard += bell->hard;
	}
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&scene->record.released) == rounds));
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->record.released_atomic), 0);
	kunit_info(test, "seed %#x: %u exits, %u in hard interrupt, %u with the drain waiting\n",
		   SEED, rounds, hard, late);
	KUNIT_EXPECT_EQ(test, hard, rounds);
	KUNIT_EXPECT_GE(test, late, rounds / 4);
}

/* An exit in hard interrupt does not touch an object that its owner frees at once. */
static void exit_in_hard_interrupt_is_the_last_access(struct kunit *test)
{
	leave_and_free(test, 150, false);
}

/* Exit, then put, both in hard interrupt: the release still runs where it may sleep. */
static void exit_then_put_in_hard_interrupt(struct kunit *test)
{
	leave_and_free(test, 100, true);
}

/**
 * struct chase - makes the exit and the drainer's look meet; outlives the object
 * @csd: runs the exit on another CPU, in hard interrupt
 * @life: the object
 * @rnd: how long the drainer takes to come along
 * @cpu: the other CPU
 * @sent: the exit is on its way
 * @left: exits so far
 */
static struct chase {
	call_single_data_t csd;
	struct lifetime *life;
	struct rnd_state rnd;
	int cpu;
	bool sent;
	atomic_t left;
} chase;

static void chase_exit(void *info)
{
	struct lifetime *life = chase.life;

	atomic_inc(&chase.left);
	lifetime_exit(life);
}

/* Called by the drainer, which looks whether somebody is inside as soon as it returns. */
static void chase_cancel(struct lifetime *life)
{
	if (!chase.sent) {
		chase.sent = true;
		smp_call_function_single_async(chase.cpu, &chase.csd);
		ndelay(prandom_u32_state(&chase.rnd) % (40 * NSEC_PER_USEC));
	}
}

/* An exit on one CPU while the drainer looks on another, and frees: nobody meets freed memory. */
static void exit_while_the_drainer_looks_is_the_last_access(struct kunit *test)
{
	static const struct lifetime_ops ops = { .owner = THIS_MODULE, .cancel = chase_cancel };
	int round, rounds = 500;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	chase.cpu = cpumask_last(cpu_online_mask);
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	prandom_seed_state(&chase.rnd, SEED);
	INIT_CSD(&chase.csd, chase_exit, NULL);
	for (round = 0; round < rounds; round++) {
		struct thing *thing = lifetime_alloc(struct thing, life, NULL, &ops);

		KUNIT_ASSERT_FALSE(test, IS_ERR(thing));
		KUNIT_ASSERT_TRUE(test, lifetime_enter(&thing->life));
		chase.life = &thing->life;
		chase.sent = false;
		lifetime_end(&thing->life);
		KUNIT_ASSERT_EQ(test, atomic_read(&chase.left), round + 1);
	}
	kunit_info(test, "seed %#x: %d exits met by the drainer on another CPU\n", SEED, rounds);
}

/**
 * struct storm_cpu - the interrupts of one CPU
 * @storm: what they belong to
 * @timer: in hard interrupt
 * @tasklet: scheduled by it, in soft interrupt
 */
struct storm_cpu {
	struct storm *storm;
	struct hrtimer timer;
	struct tasklet_struct tasklet;
};

/**
 * struct storm - interrupts that use an object all the time
 * @life: the object
 * @used: how often they were inside, in hard and in soft interrupt
 * @refused: how often they were not let in
 * @stop: enough
 * @cpu: by CPU
 */
struct storm {
	struct lifetime *life;
	atomic_t used[2];
	atomic_t refused;
	bool stop;
	struct storm_cpu cpu[];
};

static void storm_use(struct storm *storm, bool soft)
{
	if (!lifetime_enter(storm->life)) {
		atomic_inc(&storm->refused);
		return;
	}
	to_thing(storm->life)->value++;
	atomic_inc(&storm->used[soft]);
	lifetime_exit(storm->life);
}

static void storm_soft(struct tasklet_struct *tasklet)
{
	storm_use(container_of(tasklet, struct storm_cpu, tasklet)->storm, true);
}

static enum hrtimer_restart storm_hard(struct hrtimer *timer)
{
	struct storm_cpu *cpu = container_of(timer, struct storm_cpu, timer);

	storm_use(cpu->storm, false);
	tasklet_schedule(&cpu->tasklet);
	if (READ_ONCE(cpu->storm->stop))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(100 * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static void storm_begin(void *data)
{
	struct storm_cpu *cpu = &((struct storm *)data)->cpu[smp_processor_id()];

	hrtimer_start(&cpu->timer, ns_to_ktime(0), HRTIMER_MODE_REL_PINNED_HARD);
}

static void storm_start(struct storm *storm, struct lifetime *life)
{
	int cpu;

	storm->life = life;
	storm->stop = false;
	for_each_online_cpu(cpu) {
		storm->cpu[cpu].storm = storm;
		tasklet_setup(&storm->cpu[cpu].tasklet, storm_soft);
		hrtimer_setup(&storm->cpu[cpu].timer, storm_hard, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_HARD);
	}
	on_each_cpu(storm_begin, storm, true);
}

static void storm_stop(struct storm *storm)
{
	int cpu;

	WRITE_ONCE(storm->stop, true);
	for_each_online_cpu(cpu) {
		hrtimer_cancel(&storm->cpu[cpu].timer);
		tasklet_kill(&storm->cpu[cpu].tasklet);
	}
}

static void storm_report(struct kunit *test, struct storm *storm, int rounds, int entered)
{
	int hard = atomic_read(&storm->used[false]), soft = atomic_read(&storm->used[true]);
	int refused = atomic_read(&storm->refused);

	kunit_info(test, "%d rounds: inside %d times in tasks, %d in hard, %d in soft interrupt; %d refused\n",
		   rounds, entered, hard, soft, refused);
	KUNIT_EXPECT_GE(test, hard, rounds);
	KUNIT_EXPECT_GE(test, soft, rounds);
	KUNIT_EXPECT_GE(test, refused, rounds);
}

/* Uses by tasks and interrupts on all CPUs add up: the drain ends, and nobody is in after. */
static void interrupts_on_all_cpus_add_up(struct kunit *test)
{
	struct storm *storm = kunit_kzalloc(test, struct_size(storm, cpu, nr_cpu_ids), GFP_KERNEL);
	unsigned int round, rounds = 50, entered = 0, i;
	unsigned long value;

	KUNIT_ASSERT_NOT_NULL(test, storm);
	for (round = 0; round < rounds; round++) {
		struct scene *scene = test->priv;
		struct thing *thing = thing_new(test);

		storm_start(storm, &thing->life);
		for (i = 0; i < 500; i++)
			entered += may_enter(&thing->life);
		start_disconnect(test, 1);
		if (!crew_gone(&scene->enders)) {
			storm_stop(storm);
			KUNIT_FAIL(test, "round %u: the drain does not end\n", round);
			return;
		}
		value = READ_ONCE(thing->value);
		i = atomic_read(&storm->refused);
		KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&storm->refused) > i + 4));
		KUNIT_EXPECT_EQ(test, READ_ONCE(thing->value), value);
		storm_stop(storm);
		lifetime_end(&thing->life);
	}
	storm_report(test, storm, rounds, entered);
}

static struct kunit_case gate_irq_cases[] = {
	KUNIT_CASE(exit_in_hard_interrupt_is_the_last_access),
	KUNIT_CASE(exit_then_put_in_hard_interrupt),
	KUNIT_CASE(exit_while_the_drainer_looks_is_the_last_access),
	KUNIT_CASE(interrupts_on_all_cpus_add_up),
	{}
};

static struct kunit_suite gate_irq_suite = {
	.name = "gate_irq",
	.init = scene_init,
	.exit = scene_exit,
	.test_cases = gate_irq_cases,
};

kunit_test_suite(gate_irq_suite);

MODULE_DESCRIPTION("KUnit suite of the gate in interrupts");
MODULE_LICENSE("GPL");
