// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate_wait_kunit.c: calls that sleep inside an object, and what wakes them
 */
/* refcdev-test: limit=120 */

#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "helpers.h"

#define SLEEPERS	4
#define RACES		30

/* An object with a wait queue to sleep on, until a kiss. */
struct frog {
	struct lifetime life;
	wait_queue_head_t wait;
	bool kissed;
};

/* How one may sleep; all of them end when the object is disconnected. */
struct way {
	const char *name;
	long (*sleep)(struct frog *frog);
	int signal;
};

static long sleep_plain(struct frog *frog)
{
	return lifetime_wait_event(&frog->life, frog->wait, READ_ONCE(frog->kissed));
}

static long sleep_interruptible(struct frog *frog)
{
	return lifetime_wait_event_interruptible(&frog->life, frog->wait,
						 READ_ONCE(frog->kissed));
}

static long sleep_exclusive(struct frog *frog)
{
	return lifetime_wait_event_interruptible_exclusive(&frog->life, frog->wait,
							   READ_ONCE(frog->kissed));
}

static long sleep_timeout(struct frog *frog)
{
	return lifetime_wait_event_interruptible_timeout(&frog->life, frog->wait,
							 READ_ONCE(frog->kissed), 10 * SOON);
}

static long sleep_killable(struct frog *frog)
{
	return lifetime_wait_event_killable(&frog->life, frog->wait, READ_ONCE(frog->kissed));
}

static const struct way ways[] = {
	{ "wait_event", sleep_plain, 0 },
	{ "wait_event_interruptible", sleep_interruptible, SIGUSR1 },
	{ "wait_event_interruptible_exclusive", sleep_exclusive, SIGUSR1 },
	{ "wait_event_interruptible_timeout", sleep_timeout, SIGUSR1 },
	{ "wait_event_killable", sleep_killable, SIGKILL },
};

static void way_desc(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_desc);

static const struct lifetime_ops frog_ops = {
	.owner = THIS_MODULE,
};

/**
 * struct pond - what a case works with, in &kunit.priv
 * @frog: the object
 * @way: how its users sleep
 * @users: kthreads inside
 * @enders: disconnects
 * @result: what their sleep returned
 * @task: who they are
 */
struct pond {
	struct frog *frog;
	const struct way *way;
	struct crew users;
	struct crew enders;
	long result[SLEEPERS];
	struct task_struct *task[SLEEPERS];
};

static int pond_init(struct kunit *test)
{
	struct pond *pond = kzalloc(sizeof(*pond), GFP_KERNEL);
	struct frog *frog = lifetime_alloc(struct frog, life, NULL, &frog_ops);

	if (!pond || IS_ERR(frog))
		return -ENOMEM;
	init_waitqueue_head(&frog->wait);
	pond->frog = frog;
	pond->way = test->param_value;
	test->priv = pond;
	return lifetime_add_waitqueue(&frog->life, &frog->wait);
}

/* What sleepers that hang still use is left to them. */
static void pond_exit(struct kunit *test)
{
	struct pond *pond = test->priv;

	if (!pond || atomic_read(&pond->users.left))
		return;
	lifetime_end(&pond->frog->life);
	kfree(pond);
}

static void sleep_work(struct crew *crew, unsigned int nr)
{
	struct pond *pond = container_of(crew, struct pond, users);
	struct frog *frog = pond->frog;

	pond->task[nr] = current;
	if (pond->way->signal)
		allow_signal(pond->way->signal);
	if (!lifetime_enter(&frog->life)) {
		pond->result[nr] = -EPERM;
		return;
	}
	pond->result[nr] = pond->way->sleep(frog);
	lifetime_exit(&frog->life);
}

static unsigned int asleep(struct frog *frog)
{
	struct list_head *entry;
	unsigned int nr = 0;

	spin_lock_irq(&frog->wait.lock);
	list_for_each(entry, &frog->wait.head)
		nr++;
	spin_unlock_irq(&frog->wait.lock);
	return nr;
}

/* All of them inside, and on the queue. */
static void start_sleepers(struct kunit *test)
{
	struct pond *pond = test->priv;

	pond->users.work = sleep_work;
	crew_start(test, &pond->users, SLEEPERS);
	KUNIT_ASSERT_TRUE(test, eventually(asleep(pond->frog) == SLEEPERS));
}

static void end_work(struct crew *crew, unsigned int nr)
{
	struct pond *pond = container_of(crew, struct pond, enders);

	lifetime_disconnect(&pond->frog->life);
}

/* Disconnects; if that takes too long, wakes the sleepers itself, and says no. */
static bool disconnect_wakes(struct kunit *test)
{
	struct pond *pond = test->priv;
	bool woken;

	pond->enders.work = end_work;
	crew_start(test, &pond->enders, 1);
	woken = crew_gone(&pond->enders);
	if (!woken) {
		WRITE_ONCE(pond->frog->kissed, true);
		wake_up_all(&pond->frog->wait);
		KUNIT_ASSERT_TRUE(test, crew_gone(&pond->enders));
	}
	KUNIT_ASSERT_TRUE(test, crew_gone(&pond->users));
	return woken;
}

/* A disconnect wakes all sleepers of a registered queue; each returns -ENXIO. */
static void disconnect_wakes_with_enxio(struct kunit *test)
{
	struct pond *pond = test->priv;
	int i;

	start_sleepers(test);
	KUNIT_EXPECT_TRUE(test, disconnect_wakes(test));
	for (i = 0; i < SLEEPERS; i++)
		KUNIT_EXPECT_EQ(test, pond->result[i], -ENXIO);
}

/* A condition that comes true ends the sleep with success. */
static void true_condition_ends_the_sleep(struct kunit *test)
{
	struct pond *pond = test->priv;
	int i;

	start_sleepers(test);
	WRITE_ONCE(pond->frog->kissed, true);
	wake_up_all(&pond->frog->wait);
	KUNIT_ASSERT_TRUE(test, crew_gone(&pond->users));
	for (i = 0; i < SLEEPERS; i++) {
		if (pond->way->sleep == sleep_timeout)
			KUNIT_EXPECT_GE(test, pond->result[i], 1);
		else
			KUNIT_EXPECT_EQ(test, pond->result[i], 0);
	}
}

/* A signal ends the sleeps that allow it with -ERESTARTSYS, and no other. */
static void signal_ends_the_sleep(struct kunit *test)
{
	struct pond *pond = test->priv;
	int i;

	if (!pond->way->signal)
		kunit_skip(test, "no signal ends it");
	start_sleepers(test);
	for (i = 0; i < SLEEPERS; i++)
		send_sig(pond->way->signal, pond->task[i], 1);
	KUNIT_ASSERT_TRUE(test, crew_gone(&pond->users));
	for (i = 0; i < SLEEPERS; i++)
		KUNIT_EXPECT_EQ(test, pond->result[i], -ERESTARTSYS);
}

/* The disconnect wins over a condition that is true. */
static void disconnect_wins_over_the_condition(struct kunit *test)
{
	struct pond *pond = test->priv;
	struct frog *frog = pond->frog;

	KUNIT_ASSERT_TRUE(test, lifetime_enter(&frog->life));
	frog->kissed = true;
	KUNIT_EXPECT_GE(test, pond->way->sleep(frog), 0);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect_begin(&frog->life), 0);
	KUNIT_EXPECT_EQ(test, pond->way->sleep(frog), -ENXIO);
	frog->kissed = false;
	KUNIT_EXPECT_EQ(test, pond->way->sleep(frog), -ENXIO);
	lifetime_exit(&frog->life);
}

/* A sleep that begins while the disconnect comes is never missed. */
static void sleep_that_races_with_disconnect_ends(struct kunit *test)
{
	struct pond *pond = test->priv;
	unsigned int round, i, inside = 0;

	pond->users.work = sleep_work;
	for (round = 0; round < RACES; round++) {
		crew_start(test, &pond->users, SLEEPERS);
		/* From none to all of them asleep, in turn. */
		for (i = 0; i < 1000 && asleep(pond->frog) < round % (SLEEPERS + 1); i++)
			cond_resched();
		KUNIT_ASSERT_TRUE(test, disconnect_wakes(test));
		for (i = 0; i < SLEEPERS; i++)
			inside += pond->result[i] == -ENXIO;
		lifetime_end(&pond->frog->life);
		kfree(pond);
		KUNIT_ASSERT_EQ(test, pond_init(test), 0);
		pond = test->priv;
		pond->users.work = sleep_work;
	}
	kunit_info(test, "%u sleepers, %u of them inside at disconnect\n",
		   RACES * SLEEPERS, inside);
	KUNIT_EXPECT_GE(test, inside, RACES * SLEEPERS / 10);
}

/* A wait with a time limit ends with 0 when the time is up. */
static void time_up_is_0(struct kunit *test)
{
	struct pond *pond = test->priv;
	struct frog *frog = pond->frog;

	KUNIT_ASSERT_TRUE(test, lifetime_enter(&frog->life));
	KUNIT_EXPECT_EQ(test, lifetime_wait_event_interruptible_timeout(&frog->life, frog->wait,
									READ_ONCE(frog->kissed),
									2), 0);
	lifetime_exit(&frog->life);
}

/* A queue cannot be registered once the object is disconnected. */
static void queue_is_refused_after_disconnect(struct kunit *test)
{
	struct pond *pond = test->priv;
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(late);

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&pond->frog->life), 0);
	KUNIT_EXPECT_EQ(test, lifetime_add_waitqueue(&pond->frog->life, &late), -ENXIO);
}

struct poller {
	wait_queue_entry_t entry;
	unsigned int woken;
	__poll_t events;
};

static int poller_woken(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	struct poller *poller = container_of(entry, struct poller, entry);

	/* What every way to poll does: a wake-up about something else is none. */
	if (key_to_poll(key) && !(key_to_poll(key) & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		return 0;
	poller->woken++;
	poller->events |= key_to_poll(key);
	return 1;
}

/* An object that notes how often its poller had been told when the hook came. */
struct teller {
	struct lifetime life;
	wait_queue_head_t wait;
	struct poller poller;
	int told_before;
};

static void teller_cancel(struct lifetime *life)
{
	struct teller *teller = container_of(life, struct teller, life);

	teller->told_before = teller->poller.woken;
}

static const struct lifetime_ops teller_ops = {
	.owner = THIS_MODULE,
	.cancel = teller_cancel,
};

/* The hook may wait for somebody who sleeps on a registered queue, and is not inside. */
static void pollers_are_told_before_the_hook(struct kunit *test)
{
	struct teller *teller = lifetime_alloc(struct teller, life, NULL, &teller_ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(teller));
	init_waitqueue_head(&teller->wait);
	KUNIT_EXPECT_EQ(test, lifetime_add_waitqueue(&teller->life, &teller->wait), 0);
	init_waitqueue_func_entry(&teller->poller.entry, poller_woken);
	add_wait_queue(&teller->wait, &teller->poller.entry);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&teller->life), 0);
	remove_wait_queue(&teller->wait, &teller->poller.entry);
	KUNIT_EXPECT_EQ(test, teller->told_before, 1);
	KUNIT_EXPECT_EQ(test, teller->poller.woken, 1);
	lifetime_end(&teller->life);
}

/* Who polls a registered queue, epoll for one, is told EPOLLERR and EPOLLHUP, once. */
static void pollers_are_told_once(struct kunit *test)
{
	struct pond *pond = test->priv;
	struct poller poller = { .woken = 0 };

	init_waitqueue_func_entry(&poller.entry, poller_woken);
	add_wait_queue(&pond->frog->wait, &poller.entry);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&pond->frog->life), 0);
	remove_wait_queue(&pond->frog->wait, &poller.entry);
	KUNIT_EXPECT_EQ(test, poller.woken, 1);
	KUNIT_EXPECT_EQ(test, (__force int)poller.events, (__force int)(EPOLLERR | EPOLLHUP));
}

static struct kunit_case gate_wait_cases[] = {
	KUNIT_CASE_PARAM(disconnect_wakes_with_enxio, way_gen_params),
	KUNIT_CASE_PARAM(true_condition_ends_the_sleep, way_gen_params),
	KUNIT_CASE_PARAM(signal_ends_the_sleep, way_gen_params),
	KUNIT_CASE_PARAM(disconnect_wins_over_the_condition, way_gen_params),
	KUNIT_CASE_PARAM(sleep_that_races_with_disconnect_ends, way_gen_params),
	KUNIT_CASE(time_up_is_0),
	KUNIT_CASE(queue_is_refused_after_disconnect),
	KUNIT_CASE(pollers_are_told_once),
	KUNIT_CASE(pollers_are_told_before_the_hook),
	{}
};

static struct kunit_suite gate_wait_suite = {
	.name = "gate_wait",
	.init = pond_init,
	.exit = pond_exit,
	.test_cases = gate_wait_cases,
};

kunit_test_suite(gate_wait_suite);

MODULE_DESCRIPTION("KUnit suite of the waits inside the gate");
MODULE_LICENSE("GPL");
