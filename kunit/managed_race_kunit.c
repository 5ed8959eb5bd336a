// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_race_kunit.c: threads, an interrupt and the way down, all at one object's list:
 * nothing is lost, and nothing ends twice
 */
/* refcdev-test: limit=90 */

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>

#include "../drivers/refcdev/compat.h"
#include "managed.h"

#define SEED	0x3a9a6ed1

#define ROUNDS	30
#define ACTIONS	48

/**
 * struct meeting - a phase that takes actions from one end, and who releases from the other
 * @releaser: the latter
 * @keeper: of both
 * @hits: how often each action ran
 * @begun: the phase has
 * @released: how many actions the releaser ended
 * @missed: how many he came too late for
 * @wrong: what a call returned that it must not
 */
static struct meeting {
	struct crew releaser;
	struct keeper *keeper;
	atomic_t hits[ACTIONS];
	bool begun;
	unsigned int released, missed, wrong;
} meeting;

/* The first one of the phase waits for the other side to be at it. */
static void hit(void *data)
{
	atomic_inc((atomic_t *)data);
	if (data == &meeting.hits[ACTIONS - 1]) {
		WRITE_ONCE(meeting.begun, true);
		eventually(READ_ONCE(meeting.released));
	}
	ndelay(2000);
}

static void release_work(struct crew *crew, unsigned int nr)
{
	struct lifetime *life = &meeting.keeper->life;
	unsigned int i;
	int ret;

	eventually(READ_ONCE(meeting.begun));
	for (i = 0; i < ACTIONS; i++) {
		ret = lifetime_release_action(life, hit, &meeting.hits[i]);
		if (!ret)
			WRITE_ONCE(meeting.released, meeting.released + 1);
		else
			meeting.missed++;
		if (ret && ret != -ENOENT)
			meeting.wrong++;
	}
}

/* Returns how many actions did not run exactly once. */
static unsigned int meet(struct kunit *test, enum lifetime_phase phase)
{
	unsigned int i, bad = 0;

	memset(&meeting, 0, sizeof(meeting));
	meeting.keeper = keeper_new(test);
	for (i = 0; i < ACTIONS; i++)
		if (lifetime_add_action_at(&meeting.keeper->life, phase, hit, &meeting.hits[i]))
			return ACTIONS;
	meeting.releaser.work = release_work;
	crew_start(test, &meeting.releaser, 1);
	lifetime_disconnect(&meeting.keeper->life);
	if (!crew_gone(&meeting.releaser))
		return ACTIONS;
	lifetime_end(&meeting.keeper->life);
	for (i = 0; i < ACTIONS; i++)
		bad += atomic_read(&meeting.hits[i]) != 1;
	return bad + meeting.wrong;
}

/* An action runs once, whether its phase comes first or who releases it. */
static void release_races_with_phase(struct kunit *test)
{
	unsigned int round, released = 0, by_phase = 0, shared = 0;

	for (round = 0; round < ROUNDS; round++) {
		KUNIT_ASSERT_EQ(test, meet(test, round % 2 ? LIFETIME_AT_CANCEL :
						 LIFETIME_AT_DRAINED), 0);
		released += meeting.released;
		by_phase += meeting.missed;
		shared += meeting.released > 1 && meeting.missed > 1;
	}
	kunit_info(test, "%u actions: %u released, %u by their phase; %u rounds of %u shared\n",
		   ROUNDS * ACTIONS, released, by_phase, shared, ROUNDS);
	KUNIT_EXPECT_EQ(test, released + by_phase, ROUNDS * ACTIONS);
	KUNIT_EXPECT_GE(test, released, ROUNDS);
	KUNIT_EXPECT_GE(test, by_phase, ROUNDS);
	KUNIT_EXPECT_GE(test, shared, ROUNDS / 3);
}

#define THREADS	3
#define SLOTS	16
#define OPS	600
#define CELLS	100
#define TICKS	60
#define TICK	(500 * NSEC_PER_USEC)

/**
 * struct cell - an action of a worker
 * @hits: how often it ran
 * @added: it was added
 * @wanted: how often it is to run
 */
struct cell {
	atomic_t hits;
	bool added;
	int wanted;
};

/**
 * struct worker - a thread, or the interrupt, and what it has added
 * @memory: memory, full of the worker's number
 * @pages: pages
 * @cell: actions
 */
struct worker {
	u8 *memory[SLOTS];
	unsigned long pages[SLOTS];
	struct cell cell[CELLS];
};

/**
 * struct crowd - who uses the object at the same time
 * @threads: some of the workers
 * @timer: the last one
 * @keeper: the object
 * @ticks: how often the timer came
 * @busy: how many threads are in a call
 * @overlaps: how often one was when another came
 * @interrupted: how often one was when the timer came
 * @bad: memory of others' content, calls that failed
 * @worker: the workers
 */
static struct crowd {
	struct crew threads;
	struct hrtimer timer;
	struct keeper *keeper;
	unsigned int ticks;
	atomic_t busy, overlaps, interrupted, bad;
	struct worker worker[THREADS + 1];
} *crowd;

/* Free what is in the slot, or fill it. */
static void toggle_memory(unsigned int nr, u8 **slot, gfp_t gfp)
{
	struct lifetime *life = &crowd->keeper->life;
	size_t size = 40;

	if (*slot) {
		if (memchr_inv(*slot, nr + 1, size))
			atomic_inc(&crowd->bad);
		lifetime_kfree(life, *slot);
		*slot = NULL;
		return;
	}
	*slot = lifetime_kmalloc(life, size, gfp);
	if (*slot)
		memset(*slot, nr + 1, size);
	else if (gfp == GFP_KERNEL)
		atomic_inc(&crowd->bad);
}

static void toggle_pages(unsigned long *slot)
{
	struct lifetime *life = &crowd->keeper->life;

	if (*slot)
		lifetime_free_pages(life, *slot);
	*slot = *slot ? 0 : lifetime_get_free_pages(life, GFP_KERNEL, 0);
}

static void count(void *data)
{
	atomic_inc(&((struct cell *)data)->hits);
}

/* Add it; or end it in one of two ways. */
static void use_cell(struct cell *cell, bool remove)
{
	struct lifetime *life = &crowd->keeper->life;
	int ret;

	if (!cell->added) {
		ret = lifetime_add_action(life, count, cell);
		cell->added = true;
		cell->wanted = 1;
	} else if (!cell->wanted || atomic_read(&cell->hits)) {
		return;
	} else if (remove) {
		ret = lifetime_remove_action(life, count, cell);
		cell->wanted = 0;
	} else {
		ret = lifetime_release_action(life, count, cell);
	}
	if (ret)
		atomic_inc(&crowd->bad);
}

static void use_one(struct worker *worker, unsigned int nr, struct rnd_state *rnd)
{
	u32 what = prandom_u32_state(rnd), which = prandom_u32_state(rnd);

	if (atomic_inc_return(&crowd->busy) > 1)
		atomic_inc(&crowd->overlaps);
	if (what % 4 == 0)
		toggle_memory(nr, &worker->memory[which % SLOTS], GFP_KERNEL);
	else if (what % 4 == 1)
		toggle_pages(&worker->pages[which % SLOTS]);
	else
		use_cell(&worker->cell[which % CELLS], what & 4);
	atomic_dec(&crowd->busy);
}

static void crowd_work(struct crew *crew, unsigned int nr)
{
	unsigned long deadline = jiffies + SOON / 2;
	struct rnd_state rnd;
	unsigned int op = 0;

	prandom_seed_state(&rnd, SEED + nr);
	do {
		use_one(&crowd->worker[nr], nr, &rnd);
		cond_resched();
	} while (++op < OPS ||
		 (READ_ONCE(crowd->ticks) < TICKS && time_before(jiffies, deadline)));
}

static enum hrtimer_restart crowd_tick(struct hrtimer *timer)
{
	u8 **slot = &crowd->worker[THREADS].memory[crowd->ticks++ % SLOTS];

	if (atomic_read(&crowd->busy))
		atomic_inc(&crowd->interrupted);
	toggle_memory(THREADS, slot, GFP_ATOMIC);
	hrtimer_forward_now(timer, ns_to_ktime(TICK));
	return HRTIMER_RESTART;
}

/* What was left went with the object; what was ended before did not run again. */
static void expect_ends(struct kunit *test)
{
	unsigned int nr, i, left = 0, lost = 0, wrong = 0, actions = 0;

	for (nr = 0; nr <= THREADS; nr++) {
		struct worker *worker = &crowd->worker[nr];

		for (i = 0; i < SLOTS; i++) {
			left += !!worker->memory[i];
			lost += CAN_TELL_FREED && worker->memory[i] && !is_freed(worker->memory[i]);
		}
		for (i = 0; i < CELLS; i++) {
			actions += worker->cell[i].added;
			wrong += atomic_read(&worker->cell[i].hits) != worker->cell[i].wanted;
		}
	}
	kunit_info(test, "%u actions, %u times memory left at the end\n", actions, left);
	KUNIT_EXPECT_EQ(test, lost, 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_GT(test, left, SLOTS / 2);
	KUNIT_EXPECT_GT(test, actions, CELLS);
}

/* Threads and an interrupt add and free: each finds what it has added, and only that. */
static void adds_and_frees_race(struct kunit *test)
{
	crowd = kvcalloc(1, sizeof(*crowd), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->keeper = keeper_new(test);
	crowd->threads.work = crowd_work;
	hrtimer_setup(&crowd->timer, crowd_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	hrtimer_start(&crowd->timer, ns_to_ktime(TICK), HRTIMER_MODE_REL);
	crew_start(test, &crowd->threads, THREADS);
	KUNIT_ASSERT_TRUE(test, crew_gone(&crowd->threads));
	hrtimer_cancel(&crowd->timer);
	lifetime_end(&crowd->keeper->life);
	kunit_info(test, "seed %#x: %d overlaps of threads; %u interrupts, %d of them in a call\n",
		   SEED, atomic_read(&crowd->overlaps), crowd->ticks,
		   atomic_read(&crowd->interrupted));
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->bad), 0);
	expect_ends(test);
	KUNIT_EXPECT_GE(test, atomic_read(&crowd->overlaps), OPS / 20);
	KUNIT_EXPECT_GE(test, atomic_read(&crowd->interrupted), TICKS / 6);
	kvfree(crowd);
}

static struct kunit_case managed_race_cases[] = {
	KUNIT_CASE(release_races_with_phase),
	KUNIT_CASE(adds_and_frees_race),
	{}
};

static struct kunit_suite managed_race_suite = {
	.name = "managed_race",
	.init = story_init,
	.test_cases = managed_race_cases,
};

kunit_test_suite(managed_race_suite);

MODULE_DESCRIPTION("KUnit suite of races for managed resources");
MODULE_LICENSE("GPL");
