// SPDX-License-Identifier: GPL-2.0-only
/*
 * consumer_race_kunit.c: providers that come and go, against consumers that use them, hold
 * them, and come and go themselves
 */
/* refcdev-test: limit=120 */

#include <linux/delay.h>
#include <linux/lifetime_consumer.h>

#include "helpers.h"

#define NAME		"kunit:race"
#define USERS		3
#define ROUNDS		50
/* Less than what the kernel reports as a task that hangs. */
#define LIMIT		(40 * HZ)
#define POISON		0x6b6b6b6b6b6b6b6bUL

/* What each user does besides entering. */
enum { STAYS, HOLDS, COMES_AND_GOES };

/**
 * struct player - a consumer, and the thread that it belongs to
 * @consumer: the consumer
 * @rnd: its choices
 * @calls: callbacks that are running
 * @attached: the last one was arrived
 * @arrived: how often it was called
 * @leaving: the same
 * @late: how often arrived came for a provider that was gone again
 * @odd: callbacks at the same time, or twice the same
 * @detached: providers it let go
 * @removed: how often it was removed while it was attached
 */
struct player {
	struct lifetime_consumer consumer;
	struct rnd_state rnd;
	atomic_t calls;
	bool attached;
	unsigned int arrived, leaving, late, odd, detached, removed;
};

/**
 * struct rally - the users, and what they use
 * @crew: the users' threads
 * @ender: the thread that provides and disconnects
 * @users: the users
 * @stop: enough
 * @seed: of all choices
 * @done: rounds
 * @entered: how often a user was let in
 * @refused: how often not
 * @wrong: how often into what is disconnected
 * @overlaps: disconnects that began with somebody inside
 * @torn: words that were odd after a disconnect
 * @touched: words that were written after a disconnect
 * @busy: names that could not be provided
 * @released: releases
 */
static struct rally {
	struct crew crew;
	struct crew ender;
	struct player users[USERS];
	bool stop;
	u32 seed;
	unsigned int done;
	atomic_t entered, refused, wrong, overlaps, released;
	unsigned int torn, touched, busy;
} rally;

/* One word per user: odd while that user is inside, POISON after the disconnect. */
struct prize {
	struct lifetime life;
	struct lifetime_provider provider;
	unsigned long word[USERS];
	atomic_t overlapped;
};

static void prize_release(struct lifetime *life)
{
	struct prize *prize = container_of(life, struct prize, life);
	unsigned int i;

	for (i = 0; i < USERS; i++)
		rally.touched += READ_ONCE(prize->word[i]) != POISON;
	atomic_inc(&rally.released);
}

static const struct lifetime_ops prize_ops = {
	.owner = THIS_MODULE,
	.release = prize_release,
};

static void user_called(struct lifetime_consumer *consumer, bool arrived)
{
	struct player *user = container_of(consumer, struct player, consumer);
	struct lifetime *life = lifetime_consumer_enter(consumer);

	user->odd += atomic_inc_return(&user->calls) > 1;
	user->odd += user->attached == arrived;
	if (life)
		lifetime_exit(life);
	if (arrived)
		user->late += !life;
	else
		user->odd += !!life;
	/* Now and then long enough for the others to do something meanwhile. */
	if ((user->arrived + user->leaving) % 4 == 0)
		usleep_range(50, 100);
	user->attached = arrived;
	if (arrived)
		user->arrived++;
	else
		user->leaving++;
	atomic_dec(&user->calls);
}

static void user_arrived(struct lifetime_consumer *consumer)
{
	user_called(consumer, true);
}

static void user_leaving(struct lifetime_consumer *consumer)
{
	user_called(consumer, false);
}

/* False if there is nothing to use. */
static bool user_use(struct player *user, unsigned int nr)
{
	struct lifetime *life = lifetime_consumer_enter(&user->consumer);
	struct prize *prize;

	if (!life) {
		atomic_inc(&rally.refused);
		return false;
	}
	prize = container_of(life, struct prize, life);
	if (READ_ONCE(prize->word[nr]) == POISON)
		atomic_inc(&rally.wrong);
	prize->word[nr]++;
	atomic_inc(&rally.entered);
	ndelay(prandom_u32_state(&user->rnd) % 20000);
	if (lifetime_disconnected(life))
		atomic_set(&prize->overlapped, 1);
	prize->word[nr]++;
	lifetime_exit(life);
	return true;
}

static void user_remove(struct player *user)
{
	lifetime_consumer_remove(&user->consumer);
	user->removed += user->attached;
	user->attached = false;
}

/* As if they were another module's, but for one. */
static void user_work(struct crew *crew, unsigned int nr)
{
	struct module *owner = nr == STAYS ? THIS_MODULE : NULL;
	struct player *user = &rally.users[nr];
	unsigned int i;

	prandom_seed_state(&user->rnd, rally.seed + nr);
	user->consumer.name = "kunit:user";
	user->consumer.wants = NAME;
	user->consumer.arrived = user_arrived;
	user->consumer.leaving = user_leaving;
	user->consumer.hold = nr == HOLDS;
	__lifetime_consumer_add(&user->consumer, owner);
	while (!READ_ONCE(rally.stop)) {
		for (i = prandom_u32_state(&user->rnd) % 40; i && user_use(user, nr); i--)
			;
		/* Who was refused leaves the processor to who provides the next one. */
		if (i)
			usleep_range(50, 100);
		if (nr == HOLDS && !lifetime_consumer_detach(&user->consumer))
			user->detached++;
		if (nr == COMES_AND_GOES) {
			user_remove(user);
			__lifetime_consumer_add(&user->consumer, owner);
		}
		cond_resched();
	}
	user_remove(user);
}

/* Wait until the users have done something more. */
static void await(atomic_t *count)
{
	int before = atomic_read(count), i;

	for (i = 0; i < 1000 && atomic_read(count) == before; i++)
		usleep_range(20, 40);
}

static bool rally_round(void)
{
	struct prize *prize = lifetime_alloc(struct prize, life, NULL, &prize_ops);
	unsigned int i;

	if (IS_ERR(prize))
		return false;
	rally.busy += lifetime_provide(&prize->life, &prize->provider, NAME) != 0;
	await(&rally.entered);
	lifetime_disconnect(&prize->life);
	atomic_add(atomic_read(&prize->overlapped), &rally.overlaps);
	for (i = 0; i < USERS; i++) {
		rally.torn += READ_ONCE(prize->word[i]) & 1;
		WRITE_ONCE(prize->word[i], POISON);
	}
	if (rally.done % 4 == 0)
		await(&rally.refused);
	lifetime_end(&prize->life);
	rally.done++;
	return true;
}

static void end_work(struct crew *crew, unsigned int nr)
{
	while (rally.done < ROUNDS && rally_round())
		;
	WRITE_ONCE(rally.stop, true);
}

static void rally_report(struct kunit *test, ktime_t start)
{
	struct player *stays = &rally.users[STAYS], *holds = &rally.users[HOLDS],
		    *goes = &rally.users[COMES_AND_GOES];
	unsigned int i;

	kunit_info(test, "seed %#x: %u providers in %lld ms, %d with somebody inside; %d enters, %d refused\n",
		   rally.seed, rally.done, ktime_ms_delta(ktime_get(), start),
		   atomic_read(&rally.overlaps), atomic_read(&rally.entered),
		   atomic_read(&rally.refused));
	kunit_info(test, "held and let go %u; removed while attached %u; arrived %u, %u and %u, too late %u, %u and %u\n",
		   holds->detached, goes->removed, stays->arrived, holds->arrived, goes->arrived,
		   stays->late, holds->late, goes->late);
	KUNIT_EXPECT_EQ(test, atomic_read(&rally.wrong), 0);
	KUNIT_EXPECT_EQ(test, rally.torn, 0);
	KUNIT_EXPECT_EQ(test, rally.touched, 0);
	KUNIT_EXPECT_EQ(test, rally.busy, 0);
	KUNIT_EXPECT_EQ(test, rally.done, ROUNDS);
	KUNIT_EXPECT_EQ(test, atomic_read(&rally.released), ROUNDS);
	for (i = 0; i < USERS; i++) {
		struct player *user = &rally.users[i];

		KUNIT_EXPECT_EQ(test, user->odd, 0);
		KUNIT_EXPECT_EQ(test, user->arrived, user->leaving + user->removed);
	}
	/* Who stays misses none. */
	KUNIT_EXPECT_EQ(test, stays->arrived, ROUNDS);
	/* Proof that there was a race at all. */
	KUNIT_EXPECT_GE(test, atomic_read(&rally.overlaps), ROUNDS / 10);
	KUNIT_EXPECT_GE(test, holds->detached, ROUNDS / 10);
	KUNIT_EXPECT_GE(test, goes->removed, ROUNDS / 10);
}

/* Nobody is let in too late, told twice or out of order, and all of it is released once. */
static void providers_race_with_consumers(struct kunit *test)
{
	int modules = module_refcount(THIS_MODULE);
	ktime_t start = ktime_get();
	bool ended;

	rally.seed = 0xb21d6e01;
	rally.crew.work = user_work;
	crew_start(test, &rally.crew, USERS);
	rally.ender.work = end_work;
	crew_start(test, &rally.ender, 1);
	ended = wait_for_completion_timeout(&rally.ender.gone, LIMIT);
	WRITE_ONCE(rally.stop, true);
	KUNIT_ASSERT_TRUE(test, crew_gone(&rally.crew));
	KUNIT_ASSERT_TRUE_MSG(test, ended, "no end after %u rounds", rally.done);
	KUNIT_EXPECT_TRUE(test, eventually(module_refcount(THIS_MODULE) == modules));
	rally_report(test, start);
}

static struct kunit_case consumer_race_cases[] = {
	KUNIT_CASE(providers_race_with_consumers),
	{}
};

static struct kunit_suite consumer_race_suite = {
	.name = "consumer_race",
	.test_cases = consumer_race_cases,
};

kunit_test_suite(consumer_race_suite);

MODULE_DESCRIPTION("KUnit suite of races between providers and consumers");
MODULE_LICENSE("GPL");
