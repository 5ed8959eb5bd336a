// SPDX-License-Identifier: GPL-2.0-only
/*
 * module_moves.c: which events there were in a number of orders, and what came of them
 */
#include <stdio.h>

#include "ktap.h"
#include "module_orders.h"

static bool sleeps(const struct model *model)
{
	return model->showing || model->file[READING] || model->file[REQUESTED];
}

void moves_add(struct moves *moves, struct model model, const enum event *events, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		struct model before = model;
		int outcome = model_step(&model, events[i]) ? HAS_FAILED : 0;

		if (sleeps(&before) && !sleeps(&model))
			outcome |= HAS_WOKEN;
		if (model_instances(&model) < model_instances(&before))
			outcome |= HAS_RELEASED;
		moves->count[events[i]][outcome]++;
	}
}

int moves_kinds(const struct moves *moves, const struct moves *known)
{
	int kinds = 0, event, outcome;

	for (event = 0; event < NR_EVENTS; event++)
		for (outcome = 0; outcome < NR_OUTCOMES; outcome++)
			if (moves->count[event][outcome] &&
			    !(known && known->count[event][outcome]))
				kinds++;
	return kinds;
}

void moves_print(const struct moves *moves)
{
	static const char *const outcomes[NR_OUTCOMES] = {
		"", " fail", " wake", "", " release", "", " wake and release",
	};
	int event, outcome, len;
	char text[200];

	for (event = 0; event < NR_EVENTS; event++) {
		len = snprintf(text, sizeof(text), "%s:", event_names[event]);
		for (outcome = 0; outcome < NR_OUTCOMES; outcome++)
			if (moves->count[event][outcome])
				len += snprintf(text + len, sizeof(text) - len, " %u%s,",
						moves->count[event][outcome], outcomes[outcome]);
		if (text[len - 1] == ',')
			ktap_note("%.*s", len - 1, text);
	}
}
