// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_plan.c: which way the walks go: which pairs of events can happen at all, the shortest way
 * to one that has not yet (the model's states, breadth first), and chance
 */
#include <stdio.h>
#include <string.h>

#include "bridge_walk.h"
#include "ktap.h"
#include "util.h"

enum { NR_STATES = 3 * 3 * 3 * 3 * 2 * 2, NR_NODES = NR_STATES * (NR_EVENTS + 1) };

struct node {
	struct model model;
	int last;			/* event */
	int first;			/* step that leads here; -1 at the beginning */
};

static struct {
	struct node nodes[NR_NODES];
	int count;
	bool known[NR_NODES];
} queue;

/* All that decides what can happen next; not the counts. */
static int node_key(const struct model *model, int last)
{
	int key = model->bridge;

	key = key * 3 + model->user;
	key = key * 3 + model->attached;
	key = key * 3 + model->file;
	key = key * 2 + model->holds;
	key = key * 2 + model->waiting;
	return key * (NR_EVENTS + 1) + last;
}

static void add_node(const struct model *model, int last, int first)
{
	int key = node_key(model, last);

	if (queue.known[key])
		return;
	queue.known[key] = true;
	queue.nodes[queue.count++] = (struct node){ *model, last, first };
}

/* Adds what can follow; the first step to a pair that is not in @seen, or -1. */
static int expand(const struct node *node, const struct pairs *seen, struct pairs *found)
{
	int step;

	for (step = 0; step < NR_STEPS; step++) {
		int first = node->first < 0 ? step : node->first, event = event_of(step);
		struct model next = node->model;

		if (!model_allows(&node->model, step))
			continue;
		if (event != NO_EVENT && node->last != NO_EVENT) {
			if (seen && !seen->nr[node->last][event])
				return first;
			if (found)
				found->nr[node->last][event] = 1;
		}
		model_step(&next, step);
		add_node(&next, event == NO_EVENT ? node->last : event, first);
	}
	return -1;
}

static int search(const struct model *model, int last, const struct pairs *seen,
		  struct pairs *found)
{
	int i, first = -1;

	memset(&queue.known, 0, sizeof(queue.known));
	queue.count = 0;
	add_node(model, last, -1);
	for (i = 0; i < queue.count && first < 0; i++)
		first = expand(&queue.nodes[i], seen, found);
	return first;
}

void plan_start(struct course *course, bool twice)
{
	const struct model nothing = { .twice = twice };

	memset(course, 0, sizeof(*course));
	search(&nothing, NO_EVENT, NULL, &course->possible);
}

void plan_count(struct course *course, int last, int event, bool could)
{
	struct pairs *pairs = could ? &course->seen : &course->tried;

	if (last != NO_EVENT)
		pairs->nr[last][event]++;
}

bool plan_is_complete(const struct course *course)
{
	int i, j;

	for (i = 0; i < NR_EVENTS; i++)
		for (j = 0; j < NR_EVENTS; j++)
			if (course->possible.nr[i][j] && !course->seen.nr[i][j])
				return false;
	return true;
}

/* One that can happen, of @first and later; if there is none, @first. */
static enum step any_step(const struct model *model, enum step first, uint64_t *seed)
{
	enum step chosen = first;
	int step, count = 0;

	for (step = first; step < NR_STEPS; step++)
		if (model_allows(model, step) && random_below(seed, ++count) == 0)
			chosen = step;
	return chosen;
}

/* One that never happens right after @last, and that was not tried there; or -1. */
static int untried(const struct course *course, int last)
{
	int event;

	for (event = 0; last != NO_EVENT && event < NR_EVENTS; event++)
		if (!course->possible.nr[last][event] && !course->tried.nr[last][event])
			return event;
	return -1;
}

/* What makes the events worth while: an open file, a call that sleeps. */
static int step_between(const struct model *model, uint64_t *seed)
{
	enum step between = any_step(model, OPEN, seed);

	if (model_allows(model, WAIT) && random_below(seed, 3))
		return WAIT;
	/* Seldom where it is refused. */
	if (between == DETACH && model->attached != TO_DEAD && random_below(seed, 4))
		return -1;
	return model_allows(model, between) && random_below(seed, 2) ? (int)between : -1;
}

enum step plan_step(const struct course *course, const struct model *model, int last,
		    uint64_t *seed)
{
	int step = step_between(model, seed);

	if (step < 0)
		step = untried(course, last);
	if (step < 0 && random_below(seed, 16) == 0)
		step = random_below(seed, NR_EVENTS);
	if (step < 0 && !plan_is_complete(course) && random_below(seed, 8))
		step = search(model, last, &course->seen, NULL);
	return step < 0 ? any_step(model, 0, seed) : (enum step)step;
}

int plan_report(const struct course *course, int *missing, int *not_tried)
{
	int i, j, len, able = 0;
	char line[128];

	len = sprintf(line, "%-7s", "");
	for (j = 0; j < NR_EVENTS; j++)
		len += sprintf(line + len, "%7s", step_names[j]);
	ktap_note("%s", line);
	for (*missing = 0, *not_tried = 0, i = 0; i < NR_EVENTS; i++) {
		len = sprintf(line, "%-7s", step_names[i]);
		for (j = 0; j < NR_EVENTS; j++) {
			bool possible = course->possible.nr[i][j];
			unsigned int nr = (possible ? &course->seen : &course->tried)->nr[i][j];

			able += possible;
			*missing += possible && !nr;
			*not_tried += !possible && !nr;
			len += sprintf(line + len, possible ? "%7u" : "    (%u)", nr);
		}
		ktap_note("%s", line);
	}
	return able;
}
