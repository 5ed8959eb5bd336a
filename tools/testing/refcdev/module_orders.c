// SPDX-License-Identifier: GPL-2.0-only
/*
 * module_orders.c: in every order that is possible: what can happen to an open file, a device
 * and the modules
 *
 * A scene is a set of events. All its orders that the model allows are enumerated, and each is
 * run with modules that were loaded for it; with --keep-core, the core's stays where the order
 * itself does not unload it. After each event all that can be seen is compared; after the last
 * one whatever is left is given back, and the modules must go.
 *
 * Fewer of them: one in so many, with --stride; or with --cover those in which something
 * happens, or comes of it, that did not in the ones before, and at least one of each scene.
 *
 * Each order is run by a process of its own; where that is killed, by another one from there
 * on.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apart.h"
#include "duo.h"
#include "ktap.h"
#include "module_orders.h"

#define LIMIT_MS	200000		/* of one order: late kobjects take their time */

struct scene {
	const char *name;
	const struct subject *subject;
	const char *module;
	enum event events[MAX_EVENTS];
	int count;
	int fixed;			/* so many events come first, as they stand there */
	bool anyway;			/* see struct model */
};

struct order {
	enum event events[MAX_EVENTS];
	int count;
};

#define EVENTS(...)								\
	{ __VA_ARGS__ }, sizeof((enum event[]){ __VA_ARGS__ }) / sizeof(enum event)
#define SCENE(name, subject, module, ...)					\
	{ name, subject, module, EVENTS(__VA_ARGS__), 0, false }
#define FIFO_SCENE(name, ...)	SCENE(name, &fifo_subject, "fifo", __VA_ARGS__)
#define TICKER_SCENE(name, ...)	SCENE(name, &ticker_subject, "ticker", __VA_ARGS__)
#define DUO_SCENE(name, ...)	SCENE(name, &duo_subject, "duo", __VA_ARGS__)

static const struct scene scenes[] = {
	FIFO_SCENE("a file", OPEN, CLOSE, UNBIND, RMMOD, RMMOD_CORE),
	FIFO_SCENE("a device that comes back", OPEN, CLOSE, UNBIND, BIND, OPEN, RMMOD),
	FIFO_SCENE("a driver that comes back", OPEN, CLOSE, RMMOD, RMMOD_CORE, LOAD, OPEN),
	FIFO_SCENE("a file in flight", OPEN, SEND, CLOSE, RECEIVE, UNBIND, RMMOD),
	FIFO_SCENE("a file dropped in flight", OPEN, SEND, CLOSE, DROP, UNBIND, RMMOD),
	FIFO_SCENE("a file in garbage", OPEN, CYCLE, CLOSE, ORPHAN, COLLECT, UNBIND, RMMOD),
	FIFO_SCENE("a file of a ring", OPEN, REGISTER, CLOSE, UNREGISTER, UNBIND, RMMOD),
	FIFO_SCENE("a mapping", OPEN, MAP, CLOSE, UNMAP, UNBIND, RMMOD),
	FIFO_SCENE("a mapping and a file in flight",
		   OPEN, MAP, SEND, CLOSE, UNMAP, DROP, RMMOD),
	FIFO_SCENE("files of two instances", OPEN, SEND, CLOSE, UNBIND, BIND, OPEN, RMMOD),
	FIFO_SCENE("a call that sleeps", OPEN, READ, CLOSE, WAKE, UNBIND, RMMOD),
	TICKER_SCENE("an io_uring request", OPEN, SUBMIT, CLOSE, TICK, UNBIND, RMMOD),
	TICKER_SCENE("an aio request", OPEN, SUBMIT_AIO, CLOSE, TICK, UNBIND, RMMOD),
	TICKER_SCENE("a request of nobody", OPEN, SUBMIT, CLOSE, KILL, TICK, UNBIND, RMMOD),
	FIFO_SCENE("a user in the kernel", HOLD, OPEN, UNBIND, LET_GO, RMMOD, RMMOD_CORE),
	FIFO_SCENE("a killed holder", OPEN, MAP, SEND, KILL, UNBIND, RMMOD),
	FIFO_SCENE("a killed holder of a ring", OPEN, REGISTER, READ, KILL, UNBIND, RMMOD),
	FIFO_SCENE("garbage of a killed one", OPEN, CYCLE, KILL, COLLECT, UNBIND, RMMOD),
	{ "five: both closes, a read in progress, unbind and rmmod", &duo_subject, "duo",
	  EVENTS(OPEN, OPEN_OTHER, CLOSE, CLOSE_OTHER, SHOW, UNBIND, RMMOD), 2, true },
	DUO_SCENE("both nodes and a read in progress",
		  OPEN, OPEN_OTHER, SHOW, CLOSE, CLOSE_OTHER, UNBIND, RMMOD),
	DUO_SCENE("an attribute that is told", OPEN_OTHER, SHOW, SHOWN, CLOSE_OTHER, UNBIND, RMMOD),
	DUO_SCENE("both nodes of a device that comes back",
		  OPEN, OPEN_OTHER, CLOSE, CLOSE_OTHER, UNBIND, BIND, RMMOD),
	DUO_SCENE("a read of a file and one of an attribute",
		  OPEN, READ, SHOW, CLOSE, UNBIND, RMMOD),
	DUO_SCENE("a file in flight and one of the other node",
		  OPEN, SEND, OPEN_OTHER, CLOSE, DROP, CLOSE_OTHER, UNBIND),
	DUO_SCENE("a killed holder of both", OPEN, OPEN_OTHER, SHOW, KILL, UNBIND, RMMOD),
};

enum { NR_SCENES = sizeof(scenes) / sizeof(scenes[0]), MAX_ORDERS = 2000 };

static struct order *orders;
static int orders_count;
static int stride = 1, first, least;
static int least_kinds;			/* of moves */
static bool list_only, keep_core, cover;
static const char *only;		/* scenes with this in their name */
static char **modules;			/* whose scenes: up to a NULL */
static struct moves moves;		/* in what was run */

/* All that can follow, each order once: events of a kind are not told apart. */
static void enumerate(const struct scene *scene, const struct model *model, struct order *order,
		      unsigned int used)
{
	unsigned int tried = 0;
	int i;

	if (order->count == scene->count) {
		require(orders_count < MAX_ORDERS);
		orders[orders_count++] = *order;
		return;
	}
	for (i = 0; i < scene->count; i++) {
		enum event event = scene->events[i];
		struct model next = *model;

		if (used & 1u << i || tried & 1u << event || !model_allows(model, event))
			continue;
		if (order->count < scene->fixed && i != order->count)
			continue;
		tried |= 1u << event;
		model_step(&next, event);
		order->events[order->count++] = event;
		enumerate(scene, &next, order, used | 1u << i);
		order->count--;
	}
}

static const char *order_text(const struct order *order)
{
	static char text[256];
	int i, len = 0;

	for (i = 0; i < order->count; i++)
		len += snprintf(text + len, sizeof(text) - len, " %s",
				event_names[order->events[i]]);
	return text;
}

/* What one process does: from the event @first on, the one after a kill, or the very first. */
struct part {
	const struct scene *scene;
	const struct order *order;
	int first;
	struct model model;
};

static bool perform(void *data)
{
	struct part *part = data;
	const struct order *order = part->order;
	struct actor actor;
	int i;

	actor_init(&actor, part->scene->subject, part->scene->module);
	if (part->first ? !actor_resume(&actor, &part->model) :
			  !actor_step(&actor, &part->model, LOAD)) {
		complain("before event %d of:%s", part->first + 1, order_text(order));
		return false;
	}
	for (i = part->first; i < order->count; i++) {
		if (!actor_step(&actor, &part->model, order->events[i])) {
			complain("event %d of:%s", i + 1, order_text(order));
			return false;
		}
	}
	if (actor_finish(&actor, &part->model, !keep_core))
		return true;
	complain("after:%s", order_text(order));
	return false;
}

/* The model goes along here as well, from one kill to the next. */
static bool run_order(const struct scene *scene, const struct order *order)
{
	struct part part = { .scene = scene, .order = order, .model.anyway = scene->anyway };
	bool killed;
	int i = 0;

	do {
		part.first = i;
		if (!apart(perform, &part, LIMIT_MS))
			return false;
		if (i == 0)
			model_step(&part.model, LOAD);
		for (killed = false; i < order->count && !killed; i++) {
			model_step(&part.model, order->events[i]);
			killed = order->events[i] == KILL;
		}
	} while (killed);
	return true;
}

/* Is there anything in this order that was in none that was run? */
static bool is_new(const struct model *model, const struct order *order)
{
	struct moves own = {};

	moves_add(&own, *model, order->events, order->count);
	return moves_kinds(&own, &moves) > 0;
}

/* Returns how many orders were run, or -1. */
static int run_scene(const struct scene *scene, int *found)
{
	struct order empty = {}, *order;
	struct model model = { .anyway = scene->anyway };
	int begin, run = 0, i;

	model_step(&model, LOAD);
	orders_count = 0;
	enumerate(scene, &model, &empty, 0);
	*found = orders_count;
	begin = first % (cover ? orders_count : stride) % orders_count;
	for (i = begin; i < orders_count + (cover ? begin : 0); i += stride) {
		order = &orders[i % orders_count];
		if (cover && run && !is_new(&model, order))
			continue;
		if (list_only)
			ktap_note("%s:%s", scene->name, order_text(order));
		else if (!run_order(scene, order))
			return -1;
		moves_add(&moves, model, order->events, order->count);
		run++;
	}
	return run;
}

static bool chosen(const struct scene *scene)
{
	char **module;

	if (only && !strstr(scene->name, only))
		return false;
	for (module = modules; *module; module++)
		if (!strcmp(*module, scene->module))
			return true;
	return false;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "stride", required_argument, NULL, 's' },
		{ "first", required_argument, NULL, 'b' },
		{ "floor", required_argument, NULL, 'f' },
		{ "kinds", required_argument, NULL, 'm' },
		{ "cover", no_argument, NULL, 'c' },
		{ "scene", required_argument, NULL, 'o' },
		{ "keep-core", no_argument, NULL, 'k' },
		{ "list", no_argument, NULL, 'l' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			stride = atoi(optarg);
		else if (option == 'b')
			first = atoi(optarg);
		else if (option == 'f')
			least = atoi(optarg);
		else if (option == 'c')
			cover = true;
		else if (option == 'm')
			least_kinds = atoi(optarg);
		else if (option == 'o')
			only = optarg;
		else if (option == 'k')
			keep_core = true;
		else if (option == 'l')
			list_only = true;
		else
			exit(2);
	}
	modules = argv + optind;
}

int main(int argc, char **argv)
{
	int all = 0, total = 0, found, run, i;
	uint64_t begun = now_ns();

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	orders = calloc(MAX_ORDERS, sizeof(*orders));
	require(orders && stride > 0);
	for (i = 0; i < NR_SCENES; i++) {
		if (!chosen(&scenes[i]))
			continue;
		run = run_scene(&scenes[i], &found);
		if (run >= 0)
			ktap_note("%s: %d of %d orders", scenes[i].name, run, found);
		ktap_result(run > 0, scenes[i].name);
		if (run < 0)
			return ktap_end();
		total += run;
		all += found;
	}
	if (keep_core && !list_only)
		ktap_result(core_goes(), "the core goes in the end");
	ktap_note("%d of %d orders in %.1f s, floor %d", total, all,
		  (double)(now_ns() - begun) / SECOND, least);
	ktap_result(total >= least, "enough orders");
	moves_print(&moves);
	ktap_note("%d kinds of moves, floor %d", moves_kinds(&moves, NULL), least_kinds);
	ktap_result(moves_kinds(&moves, NULL) >= least_kinds, "enough kinds of moves");
	return ktap_end();
}
