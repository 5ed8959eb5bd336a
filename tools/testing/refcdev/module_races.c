// SPDX-License-Identifier: GPL-2.0-only
/*
 * module_races.c: a module is unloaded at the very moment when what holds it goes, or when
 * somebody comes
 *
 * In each round an event happens in one thread and an rmmod in another one. Which of the two
 * comes first decides what they return; both are allowed, but only together, and what is there
 * afterwards must fit. How much later the rmmod comes is changed from round to round, so
 * that sometimes it is too early, and sometimes not.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "apart.h"
#include "ktap.h"
#include "module_orders.h"

#define LIMIT_MS	100000
#define FIRST_STEP	(200000)		/* nanoseconds */
#define LEAST_STEP	(5000)

enum contest {
	RELEASES,	/* the event succeeds; the rmmod, if it comes late enough */
	ONE_OF_TWO,	/* either the event succeeds or the rmmod does */
	MAY_BE_LATE,	/* the rmmod succeeds; the event, if it comes early enough */
};

struct race {
	const char *name;
	enum contest contest;
	bool ticker;
	bool core;			/* the rmmod is the core's */
	enum event before[6];		/* up to NR_EVENTS */
	enum event event;
};

static const struct race races[] = {
	{ "close", RELEASES, false, false, { OPEN, NR_EVENTS }, CLOSE },
	{ "munmap", RELEASES, false, false, { OPEN, MAP, CLOSE, NR_EVENTS }, UNMAP },
	{ "drop", RELEASES, false, false, { OPEN, SEND, CLOSE, NR_EVENTS }, DROP },
	{ "collect", RELEASES, false, false, { OPEN, CYCLE, CLOSE, ORPHAN, NR_EVENTS }, COLLECT },
	{ "unregister", RELEASES, false, false, { OPEN, REGISTER, CLOSE, NR_EVENTS }, UNREGISTER },
	{ "wake", RELEASES, false, false, { OPEN, READ, CLOSE, NR_EVENTS }, WAKE },
	{ "tick", RELEASES, true, false, { OPEN, SUBMIT, CLOSE, NR_EVENTS }, TICK },
	{ "unbind, with a request", RELEASES, true, false,
	  { OPEN, SUBMIT_AIO, CLOSE, NR_EVENTS }, UNBIND },
	{ "close, unbound", RELEASES, false, false, { OPEN, UNBIND, NR_EVENTS }, CLOSE },
	{ "let-go", RELEASES, false, false, { HOLD, NR_EVENTS }, LET_GO },
	{ "open", ONE_OF_TWO, false, false, { NR_EVENTS }, OPEN },
	{ "hold", ONE_OF_TWO, false, false, { NR_EVENTS }, HOLD },
	{ "unbind", MAY_BE_LATE, false, false, { NR_EVENTS }, UNBIND },
	{ "bind", MAY_BE_LATE, false, false, { UNBIND, NR_EVENTS }, BIND },
	{ "rmmod against rmmod-core", RELEASES, false, true, { NR_EVENTS }, RMMOD },
};

enum { NR_RACES = sizeof(races) / sizeof(races[0]) };

/* A call in one of the two threads. */
struct leg {
	int64_t delay;
	uint64_t begun, ended;
	int ret;
};

/* Shared with the process that runs the rounds of a race. @at_once: both ran at one time. */
static struct tally {
	unsigned int rounds, first, second, at_once;
} *tally;

static struct {
	const char *module;
	bool ready, go;
	struct leg leg;
} rival;

static unsigned int rounds = 20;
static uint64_t seed = 1;

static uint64_t below(uint64_t n)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % n;
}

/* Spins: this is about less than it takes to be woken. */
static void delay(int64_t ns)
{
	uint64_t begin = now_ns();

	while (ns > 0 && now_ns() < begin + ns)
		;
}

static void *rival_thread(void *unused)
{
	__atomic_store_n(&rival.ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&rival.go, __ATOMIC_ACQUIRE))
		;
	delay(rival.leg.delay);
	rival.leg.begun = now_ns();
	rival.leg.ret = module_unload(rival.module);
	rival.leg.ended = now_ns();
	return unused;
}

/* The rmmod comes @offset later than the event, or the event after the rmmod. */
static void run_both(struct actor *actor, const struct race *race, int64_t offset,
		     struct leg *leg)
{
	pthread_t thread;

	rival.module = race->core ? "refcdev" : actor->module;
	rival.ready = false;
	rival.go = false;
	rival.leg.delay = offset;
	leg->delay = -offset;
	require(pthread_create(&thread, NULL, rival_thread, NULL) == 0);
	require(wait_until(__atomic_load_n(&rival.ready, __ATOMIC_ACQUIRE), 10 * SECOND));
	__atomic_store_n(&rival.go, true, __ATOMIC_RELEASE);
	delay(leg->delay);
	leg->begun = now_ns();
	leg->ret = actor_act(actor, race->event);
	leg->ended = now_ns();
	pthread_join(thread, NULL);
}

/* May the two have returned this? */
static bool allowed(const struct race *race, int event, int rmmod)
{
	switch (race->contest) {
	case RELEASES:
		return event == 0 && (rmmod == 0 || rmmod == -EAGAIN);
	case ONE_OF_TWO:
		return (event == 0 && rmmod == -EAGAIN) || (event < 0 && rmmod == 0);
	default:
		return rmmod == 0 && (event == 0 || event == -ENODEV || event == -ENOENT);
	}
}

/* What was done is done in the model, in the order that it must have had. */
static void follow(const struct race *race, struct model *model, int event, int rmmod)
{
	if (event == 0)
		model_step(model, race->event);
	if (rmmod == 0)
		require(model_step(model, race->core ? RMMOD_CORE : RMMOD) == 0);
}

/* By what they returned. */
static bool rmmod_was_first(const struct race *race, int event, int rmmod)
{
	return race->contest == RELEASES ? rmmod < 0 : event < 0;
}

static bool prepare(struct actor *actor, const struct race *race, struct model *model)
{
	int i;

	if (race->ticker)
		actor_init(actor, &ticker_subject, "ticker");
	else
		actor_init(actor, &fifo_subject, "fifo");
	if (!actor_step(actor, model, LOAD))
		return false;
	for (i = 0; race->before[i] != NR_EVENTS; i++)
		if (!actor_step(actor, model, race->before[i]))
			return false;
	return true;
}

static bool run_round(const struct race *race, int64_t offset, bool *first)
{
	struct model model = {};
	struct actor actor;
	struct leg leg;

	if (!prepare(&actor, race, &model))
		return false;
	run_both(&actor, race, offset, &leg);
	if (!allowed(race, leg.ret, rival.leg.ret)) {
		complain("%s returned %d, and the rmmod %d", race->name, leg.ret, rival.leg.ret);
		return false;
	}
	follow(race, &model, leg.ret, rival.leg.ret);
	*first = rmmod_was_first(race, leg.ret, rival.leg.ret);
	tally->rounds++;
	tally->first += *first;
	tally->second += !*first;
	tally->at_once += leg.begun < rival.leg.ended && rival.leg.begun < leg.ended;
	return actor_observe(&actor, &model) && actor_finish(&actor, &model, false);
}

/* Looks for the moment at which the outcome changes: by ever smaller steps around it. */
static bool run_rounds(void *data)
{
	const struct race *race = data;
	int64_t offset = 0, step = FIRST_STEP;
	bool first, before = false;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		if (!run_round(race, offset, &first)) {
			complain("in round %u, the rmmod %ld ns later", i, (long)offset);
			return false;
		}
		if (i > 0)
			step = first == before ? step * 2 : step / 2;
		if (step < LEAST_STEP)
			step = LEAST_STEP;
		before = first;
		offset += (first ? 1 : -1) * (step / 2 + (int64_t)below(step));
	}
	return true;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			rounds = atoi(optarg);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			exit(2);
	}
}

/* True if the race was run, and both outcomes were seen often enough. */
static bool run_race(const struct race *race, unsigned int *at_once)
{
	bool ok;

	memset(tally, 0, sizeof(*tally));
	ok = apart(run_rounds, (void *)race, LIMIT_MS);
	/* That process went on in the sequence of a copy of the seed. */
	below(1);
	*at_once += tally->at_once;
	ktap_note("%s: rmmod first %u times, second %u times, of %u; both at once %u times",
		  race->name, tally->first, tally->second, tally->rounds, tally->at_once);
	ktap_result(ok && tally->first >= rounds / 10 && tally->second >= rounds / 10,
		    race->name);
	return ok;
}

int main(int argc, char **argv)
{
	unsigned int at_once = 0, least, i;
	uint64_t begun = now_ns();

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	require(tally != MAP_FAILED);
	least = NR_RACES * rounds / 4;
	ktap_note("seed %llu, %u rounds of each, floor of each outcome %u",
		  (unsigned long long)seed, rounds, rounds / 10);
	for (i = 0; i < NR_RACES; i++)
		if (!run_race(&races[i], &at_once))
			return ktap_end();
	ktap_note("both at once %u times in %.1f s, floor %u", at_once,
		  (double)(now_ns() - begun) / SECOND, least);
	ktap_result(at_once >= least, "often enough at once");
	ktap_result(core_goes(), "the core goes in the end");
	return ktap_end();
}
