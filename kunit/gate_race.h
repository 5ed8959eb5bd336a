/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gate_race.h: disconnects against kthreads that enter all the time. A module's
 * parameters are set after its suites have run (6.1), so how many is up to who
 * includes this: SINGLE disconnects one by one, and BATCHED in halves, many at once;
 * once more for each parameter of a case, with another seed.
 */
#ifndef REFCDEV_KUNIT_GATE_RACE_H
#define REFCDEV_KUNIT_GATE_RACE_H

#include <linux/delay.h>
#include <linux/rwsem.h>

#include "helpers.h"

#define USERS	4
#define BATCH	64
#define HELD	8
/* Less than what the kernel reports as a task that hangs. */
#define LIMIT	(40 * HZ)
#define POISON	0x6b6b6b6b6b6b6b6bUL

/**
 * struct racer - an object that is entered and disconnected at the same time
 * @life: its lifetime
 * @word: one per user: odd while that user is inside, POISON after disconnect
 * @overlapped: a user saw from inside that the disconnect had begun
 * @released: counts releases
 */
struct racer {
	struct lifetime life;
	unsigned long word[USERS];
	atomic_t overlapped;
	atomic_t *released;
};

/**
 * struct race - the users, and what they use
 * @users: kthreads that enter and exit
 * @ender: the kthread that disconnects
 * @disconnects: how many it is to do
 * @done: how many it did
 * @sem: held for reading by a user in a sweep, for writing to change @racers
 * @racers: what they enter
 * @nr: how many those are
 * @stop: enough
 * @seed: of what the users do
 * @entered: how often a user was let in
 * @refused: how often not
 * @late: how often a user was let into what is disconnected
 * @overlaps: disconnects that began with somebody inside
 * @torn: words that were odd after a disconnect
 * @touched: words that were written after a disconnect
 * @released: releases
 */
struct race {
	struct crew users;
	struct crew ender;
	unsigned int disconnects;
	unsigned int done;
	struct rw_semaphore sem;
	struct racer *racers[BATCH];
	unsigned int nr;
	bool stop;
	u32 seed;
	atomic_t entered;
	atomic_t refused;
	atomic_t late;
	unsigned int overlaps;
	unsigned int torn;
	unsigned int touched;
	atomic_t released;
};

static void racer_release(struct lifetime *life)
{
	atomic_inc(container_of(life, struct racer, life)->released);
}

static const struct lifetime_ops racer_ops = {
	.owner = THIS_MODULE,
	.release = racer_release,
};

static bool racer_enter(struct race *race, struct racer *racer, unsigned int user)
{
	if (!lifetime_enter(&racer->life)) {
		atomic_inc(&race->refused);
		return false;
	}
	if (READ_ONCE(racer->word[user]) == POISON)
		atomic_inc(&race->late);
	racer->word[user]++;
	atomic_inc(&race->entered);
	return true;
}

static void racer_exit(struct racer *racer, unsigned int user)
{
	if (lifetime_disconnected(&racer->life))
		atomic_set(&racer->overlapped, 1);
	racer->word[user]++;
	lifetime_exit(&racer->life);
}

/* Be inside some of the objects for a moment. */
static void sweep(struct race *race, unsigned int user, struct rnd_state *rnd)
{
	unsigned int first = prandom_u32_state(rnd) % race->nr;
	unsigned int held = min(race->nr, 1 + prandom_u32_state(rnd) % HELD);
	unsigned long in = 0;
	unsigned int i;

	for (i = 0; i < held; i++)
		if (racer_enter(race, race->racers[(first + i) % race->nr], user))
			in |= BIT(i);
	ndelay(prandom_u32_state(rnd) % 20000);
	for (i = 0; i < held; i++)
		if (in & BIT(i))
			racer_exit(race->racers[(first + i) % race->nr], user);
}

static void race_work(struct crew *crew, unsigned int nr)
{
	struct race *race = container_of(crew, struct race, users);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, race->seed + nr);
	while (!READ_ONCE(race->stop)) {
		down_read(&race->sem);
		if (race->nr)
			sweep(race, nr, &rnd);
		up_read(&race->sem);
		cond_resched();
	}
}

/* The next generation; if there is no memory, it is empty. */
static void race_alloc(struct race *race, unsigned int nr)
{
	for (race->nr = 0; race->nr < nr; race->nr++) {
		struct racer *racer = lifetime_alloc(struct racer, life, NULL, &racer_ops);

		if (IS_ERR(racer))
			return;
		racer->released = &race->released;
		race->racers[race->nr] = racer;
	}
}

/* Nobody is inside: no word is half done, and what is written now stays. */
static void racer_poison(struct race *race, struct racer *racer)
{
	unsigned int user;

	race->overlaps += atomic_read(&racer->overlapped);
	for (user = 0; user < USERS; user++) {
		race->torn += READ_ONCE(racer->word[user]) & 1;
		WRITE_ONCE(racer->word[user], POISON);
	}
}

static void racer_check(struct race *race, struct racer *racer)
{
	unsigned int user;

	for (user = 0; user < USERS; user++)
		race->touched += racer->word[user] != POISON;
}

/* Wait until the users have done something more. */
static void await(atomic_t *count)
{
	int before = atomic_read(count), i;

	for (i = 0; i < 1000 && atomic_read(count) == before; i++)
		usleep_range(20, 40);
}

/* Disconnect one generation while it is used, check it, and free it. */
static void race_round(struct race *race)
{
	unsigned int i;

	await(&race->entered);
	for (i = 0; race->nr > 1 && i < race->nr; i++)
		lifetime_disconnect_begin(&race->racers[i]->life);
	for (i = 0; i < race->nr; i++) {
		lifetime_disconnect(&race->racers[i]->life);
		racer_poison(race, race->racers[i]);
	}
	await(&race->refused);
	down_write(&race->sem);
	for (i = 0; i < race->nr; i++) {
		racer_check(race, race->racers[i]);
		lifetime_end(&race->racers[i]->life);
	}
	race->done += race->nr;
	race_alloc(race, race->nr);
	up_write(&race->sem);
}

static void end_work(struct crew *crew, unsigned int nr)
{
	struct race *race = container_of(crew, struct race, ender);

	while (race->nr && race->done < race->disconnects)
		race_round(race);
	WRITE_ONCE(race->stop, true);
}

static void race_report(struct kunit *test, struct race *race, ktime_t start)
{
	unsigned int disconnects = race->done;

	kunit_info(test, "seed %#x: %u disconnects in %lld ms, %u with somebody inside; %d enters, %d refused\n",
		   race->seed, disconnects, ktime_ms_delta(ktime_get(), start), race->overlaps,
		   atomic_read(&race->entered), atomic_read(&race->refused));
	KUNIT_EXPECT_EQ(test, atomic_read(&race->late), 0);
	KUNIT_EXPECT_EQ(test, race->torn, 0);
	KUNIT_EXPECT_EQ(test, race->touched, 0);
	KUNIT_EXPECT_GE(test, disconnects, race->disconnects);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->released), disconnects);
	/* Proof that there was a race at all. */
	KUNIT_EXPECT_GE(test, race->overlaps, disconnects / (race->nr > 1 ? 20 : 4));
	KUNIT_EXPECT_GE(test, atomic_read(&race->refused), disconnects / 4);
}

/*
 * If the gate lost count of a call, the drain never ends: that fails the case, and what
 * the kthread still uses is left to it.
 */
static void race_run(struct kunit *test, unsigned int disconnects, unsigned int batch)
{
	struct race *race = kzalloc(sizeof(*race), GFP_KERNEL);
	ktime_t start = ktime_get();
	unsigned int i;
	bool ended;

	KUNIT_ASSERT_NOT_NULL(test, race);
	init_rwsem(&race->sem);
	race->seed = 0x9a7e2021 + 16 * test->param_index;
	race->disconnects = disconnects;
	race_alloc(race, batch);
	race->users.work = race_work;
	crew_start(test, &race->users, USERS);
	race->ender.work = end_work;
	crew_start(test, &race->ender, 1);
	ended = wait_for_completion_timeout(&race->ender.gone, LIMIT);
	WRITE_ONCE(race->stop, true);
	KUNIT_ASSERT_TRUE(test, crew_gone(&race->users));
	KUNIT_ASSERT_TRUE_MSG(test, ended, "no end after %u disconnects", race->done);
	race_report(test, race, start);
	for (i = 0; i < race->nr; i++)
		lifetime_end(&race->racers[i]->life);
	kfree(race);
}

/* After a disconnect nobody is inside, and nobody writes to the object any more. */
static void nobody_inside_after_disconnect(struct kunit *test)
{
	race_run(test, SINGLE, 1);
}

/* The same where the CPUs are asked once for many disconnects. */
static void nobody_inside_after_disconnect_in_halves(struct kunit *test)
{
	race_run(test, BATCHED, BATCH);
}

#endif /* REFCDEV_KUNIT_GATE_RACE_H */
