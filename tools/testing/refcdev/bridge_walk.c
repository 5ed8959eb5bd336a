// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_walk.c: a driver and a user of its device are loaded, bound, unbound and unloaded in
 * seeded walks, with calls in progress; after each step all that can be seen is compared
 *
 * A walk opens the user's node and has calls sleep there when it can. Of the events it prefers
 * those that lead to a pair that was not seen yet, on the shortest way, but for one in eight, which
 * is any that can happen; and all are, when every pair was seen. The last walk goes on until then.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/refcdev_bridge.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apart.h"
#include "bridge_look.h"
#include "bridge_walk.h"
#include "ktap.h"
#include "subject.h"

#define LATE		(10 * SECOND)
#define LIMIT_MS	(1500 * 1000)
#define POSSIBLE	52	/* of 64: see main() */

/* Shared with the process that walks. */
static struct tally {
	struct course course;
	struct hammer_counts hammer;
	unsigned int walks, events, in_use, ruled_out, woken;
} *tally;

static struct walk {
	struct model model;
	int file, last;
	struct caller sleeper;
} walk;

static unsigned int walks = 4, events = 16;
static uint64_t seed = 1;
static bool twice;

/* Until the bridge or its user goes. */
static long sleep_in_bridge(struct caller *self)
{
	long ret;

	do
		ret = ioctl(self->fd, REFCDEV_BRIDGE_WAIT);
	while (ret == 0);
	return ret;
}

static long waiting_calls(void)
{
	struct refcdev_bridge_state state;

	return ioctl(walk.file, REFCDEV_BRIDGE_GET_STATE, &state) ? -errno : (long)state.waiting;
}

static int act_wait(void)
{
	walk.sleeper.call = sleep_in_bridge;
	walk.sleeper.fd = walk.file;
	if (!caller_start(&walk.sleeper, SYS_ioctl))
		return -ETIME;
	return wait_until(waiting_calls() == 1, LATE) ? 0 : -ETIME;
}

static int act_open(void)
{
	walk.file = open(USER_NODE, O_RDWR);
	return walk.file < 0 ? -errno : 0;
}

static int act_close(void)
{
	int ret = close(walk.file) ? -errno : 0;

	walk.file = -1;
	return ret;
}

static int act(enum step step)
{
	switch (step) {
	case B_LOAD:
		return module_load("bridge", "devices=1");
	case B_BIND:
		return driver_bind(BRIDGE_DRIVER, BRIDGE_DRIVER ".0");
	case B_UNBIND:
		return driver_unbind(BRIDGE_DRIVER, BRIDGE_DRIVER ".0");
	case B_UNLOAD:
		return module_unload("bridge");
	case U_LOAD:
		return module_load("bridge_user", "devices=1");
	case U_LOAD_HOLDS:
		return module_load("bridge_user", "devices=1 hold=1");
	case U_BIND:
		return driver_bind(USER_DRIVER, USER_DRIVER ".0");
	case U_UNBIND:
		return driver_unbind(USER_DRIVER, USER_DRIVER ".0");
	case U_UNLOAD:
		return module_unload("bridge_user");
	case OPEN:
		return act_open();
	case CLOSE:
		return act_close();
	case WAIT:
		return act_wait();
	default:
		return ioctl(walk.file, REFCDEV_BRIDGE_DETACH) ? -errno : 0;
	}
}

static bool sleeper_has_gone(void)
{
	tally->woken++;
	return compare("the call that slept ended in time", caller_join(&walk.sleeper, LATE), 1) &&
	       compare("the call that slept", -walk.sleeper.error, -ENXIO);
}

static void count_event(int event, bool could, int ret)
{
	plan_count(&tally->course, walk.last, event, could);
	if (!could) {
		tally->ruled_out++;
		return;
	}
	tally->events++;
	tally->in_use += ret == -EAGAIN;
	walk.last = event;
}

/* During each event that they may notice, and half of the others. */
static bool shall_hammer(enum step step)
{
	if (event_of(step) == NO_EVENT || !model_allows(&walk.model, step))
		return false;
	return walk.model.file == LIVE_FILE &&
	       (walk.model.attached == TO_LIVE || random_below(&seed, 2));
}

static bool take(enum step step)
{
	bool slept = walk.model.waiting, could = model_allows(&walk.model, step);
	bool hammers = shall_hammer(step);
	int event = event_of(step), wanted, found;

	wanted = model_step(&walk.model, step);
	if (hammers && !compare("transfers", hammer_start(walk.file), true))
		return false;
	found = act(step);
	if (hammers && !compare("transfers went on, and well", hammer_stop(&tally->hammer), true))
		return false;
	if (event != NO_EVENT)
		count_event(event, could, found);
	return compare(step_names[step], found, wanted) &&
	       (!slept || walk.model.waiting || sleeper_has_gone()) &&
	       look_at_all(&walk.model, walk.file, step != OPEN && step != WAIT, tally->events);
}

/* Everything goes, in an order that is always possible. */
static bool give_back(void)
{
	static const enum step steps[] = { U_UNBIND, CLOSE, U_UNLOAD, B_UNLOAD };
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (model_allows(&walk.model, steps[i]) &&
		    (steps[i] != U_UNBIND || walk.model.waiting) && !take(steps[i]))
			return false;
	return look_for_leaks();
}

/* The last one takes as long as it takes, within reason. */
static bool walk_is_over(unsigned int begun)
{
	unsigned int done = tally->events - begun;

	if (done < events)
		return false;
	return tally->walks + 1 < walks || plan_is_complete(&tally->course) || done > 10 * events;
}

static bool go_for_a_walk(void)
{
	unsigned int begun = tally->events;

	walk = (struct walk){ .model.twice = twice, .file = -1, .last = walk.last };
	while (!walk_is_over(begun)) {
		enum step step = plan_step(&tally->course, &walk.model, walk.last, &seed);

		if (take(step))
			continue;
		complain("at %s, event %u of walk %u", step_names[step], tally->events,
			 tally->walks + 1);
		return false;
	}
	if (!give_back())
		return false;
	tally->walks++;
	return true;
}

static bool perform(void *unused)
{
	(void)unused;
	walk.last = NO_EVENT;
	while (tally->walks < walks)
		if (!go_for_a_walk())
			return false;
	return true;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "walks", required_argument, NULL, 'w' },
		{ "events", required_argument, NULL, 'e' },
		{ "seed", required_argument, NULL, 's' },
		{ "twice", no_argument, NULL, 't' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'w')
			walks = atoi(optarg);
		else if (option == 'e')
			events = atoi(optarg);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 't')
			twice = true;
		else
			exit(2);
	}
}

/*
 * Of the 64 pairs twelve cannot happen, six on each side: after a load or a bind neither can
 * follow on the same side, as the device is bound; after an unbind neither can a load, as the
 * module is there, nor an unbind. These are tried, and must be refused.
 */
int main(int argc, char **argv)
{
	uint64_t begun = now_ns();
	int able, missing, not_tried;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	require(tally != MAP_FAILED);
	ktap_note("seed %#llx", (unsigned long long)seed);
	plan_start(&tally->course, twice);
	ktap_result(apart(perform, NULL, LIMIT_MS), "each step came out as it must");
	ktap_note("after each (small: the bridge, capital: its user), what came next;");
	ktap_note("in brackets: what its state rules out, which was tried and refused:");
	able = plan_report(&tally->course, &missing, &not_tried);
	ktap_result(able == POSSIBLE && !missing, "each pair of events that can happen did");
	ktap_result(!not_tried, "each that cannot was tried, and refused");
	ktap_note("%u walks, %u events in %.1f s, and %u that were ruled out", tally->walks,
		  tally->events, (double)(now_ns() - begun) / SECOND, tally->ruled_out);
	ktap_note("refused as in use %u; sleepers woken %u", tally->in_use, tally->woken);
	ktap_note("transfers during events: %u passed, %u refused; answer changed by %u events",
		  tally->hammer.passed, tally->hammer.refused, tally->hammer.changed);
	ktap_result(tally->walks >= walks && tally->in_use >= walks / 2 &&
		    tally->woken >= walks / 4 && tally->hammer.changed >= walks / 4,
		    "enough of each");
	return ktap_end();
}
