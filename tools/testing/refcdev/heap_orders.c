// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_orders.c: in every order: the ends of a buffer, of those who hold it, and of the drivers
 * that it is between
 *
 * Each event happens once, but for those that a killed process does no more. Each order is run by a
 * process of its own, and from the kill on by another one. It begins with modules that are loaded
 * and bound, those of the order before where that left them.
 *
 * The PCI device is enabled for all of that, once more than its driver does: it looks up the wire
 * of its interrupt in the firmware's tables else, each time that it is bound and unbound, which
 * takes a debug kernel half a second.
 *
 * With --cover only orders in which something comes of an event that did not in those before.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "apart.h"
#include "edu.h"
#include "harness.h"
#include "heap_orders.h"
#include "ktap.h"
#include "plug.h"
#include "util.h"

#define LIMIT_MS	100000		/* of one order */

enum { MAX_ORDERS = 2184 };

struct order {
	enum event events[NR_EVENTS];
	int count;
};

static struct order orders[MAX_ORDERS];
static int orders_count;
static int first, stride = 1, least, least_kinds;
static bool cover;
static struct before *before;		/* shared by the processes of an order */
static struct moves moves;		/* in what was run */

static void enumerate(struct order *order, unsigned int used)
{
	bool killed = used & 1u << KILL, more = false;
	int event;

	for (event = 0; event < NR_EVENTS; event++) {
		if (used & 1u << event || (killed && event_is_of_holder(event)))
			continue;
		more = true;
		order->events[order->count++] = event;
		enumerate(order, used | 1u << event);
		order->count--;
	}
	if (more)
		return;
	require(orders_count < MAX_ORDERS);
	orders[orders_count++] = *order;
}

static const char *order_text(const struct order *order)
{
	static char text[128];
	int i, len = 0;

	for (i = 0; i < order->count; i++)
		len += snprintf(text + len, sizeof(text) - len, " %s",
				event_names[order->events[i]]);
	return text;
}

/* What one process does: from the event @first on, the one after the kill, or the very first. */
struct part {
	const struct order *order;
	const char *heap;
	int first;
	struct model model;
};

static bool perform(void *data)
{
	struct part *part = data;
	const struct order *order = part->order;
	struct actor actor;
	bool good;
	int i;

	if (part->first) {
		actor_empty(&actor, part->heap, before);
		good = actor_observe(&actor, &part->model);
	} else {
		good = actor_begin(&actor, part->heap, before);
	}
	for (i = part->first; good && i < order->count; i++)
		good = actor_step(&actor, &part->model, order->events[i]);
	if (!good)
		complain("event %d of:%s; heap %s", i, order_text(order), part->heap);
	return good;
}

static bool run_order(const struct order *order, const char *heap)
{
	struct part part = { .order = order, .heap = heap };
	int tries[RMMOD_TRIES];

	model_begin(&part.model);
	if (!apart(perform, &part, LIMIT_MS))
		return false;
	do {
		model_step(&part.model, order->events[part.first], tries);
	} while (order->events[part.first++] != KILL);
	return apart(perform, &part, LIMIT_MS);
}

/* Is there anything in this order that was in none that was run? */
static bool is_new(const struct order *order)
{
	struct moves own = {};

	moves_add(&own, order->events, order->count);
	return moves_kinds(&own, &moves) > 0;
}

/* Returns how many were run, or -1. Their buffers come from both heaps in turn. */
static int run_orders(void)
{
	static const char *const heaps[] = { "system", "reserved" };
	const struct order *order;
	int run = 0, i;

	for (i = 0; i < orders_count; i += stride) {
		order = &orders[(first + i) % orders_count];
		if (cover && !is_new(order))
			continue;
		if (!run_order(order, heaps[run % 2]))
			return -1;
		moves_add(&moves, order->events, order->count);
		if (++run % 100 == 0)
			ktap_note("%d orders", run);
	}
	return run;
}

static const char usage[] =
	"usage: heap_orders [--first N] [--stride N] [--cover] [--floor ORDERS] [--kinds N]\n"
	"from order N on, one in so many, or as few as show each kind of move;\n"
	"fails if there are fewer orders or kinds";

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "first", required_argument, NULL, 'b' },
		{ "stride", required_argument, NULL, 's' },
		{ "floor", required_argument, NULL, 'f' },
		{ "kinds", required_argument, NULL, 'k' },
		{ "cover", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'b')
			first = atoi(optarg);
		else if (option == 's')
			stride = atoi(optarg);
		else if (option == 'f')
			least = atoi(optarg);
		else if (option == 'k')
			least_kinds = atoi(optarg);
		else if (option == 'c')
			cover = true;
		else if (option == 'h')
			exit(puts(usage) < 0);
		else
			give_up("%s", usage);
	}
	if (first < 0 || stride < 1)
		give_up("--first is 0 or more, --stride 1 or more");
}

int main(int argc, char **argv)
{
	struct order empty = {};
	uint64_t begun;
	double seconds;
	int run;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	before = mmap(NULL, sizeof(*before), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	require(before != MAP_FAILED);
	enumerate(&empty, 0);
	require(plug_write(edu_address(), "enable", "1") == 0);
	begun = now_ns();
	run = run_orders();
	ktap_result(run >= 0, "each order is as the model says");
	if (run < 0)
		return ktap_end();
	seconds = (double)(now_ns() - begun) / SECOND;
	ktap_result(modules_go() && plug_write(edu_address(), "enable", "0") == 0,
		    "the modules go in the end");
	ktap_note("%d of %d orders in %.1f s, floor %d", run, orders_count, seconds, least);
	ktap_result(run >= least, "enough orders");
	moves_print(&moves);
	ktap_note("%d kinds of moves, floor %d", moves_kinds(&moves, NULL), least_kinds);
	ktap_result(moves_kinds(&moves, NULL) >= least_kinds, "enough kinds of moves");
	return ktap_end();
}
