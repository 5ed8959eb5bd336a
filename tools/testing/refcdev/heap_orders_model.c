// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_orders_model.c: who holds a buffer and the drivers that it is between, and what must be seen
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heap_orders.h"
#include "ktap.h"

const char *const event_names[NR_EVENTS] = {
	[UNBIND_EXPORTER] = "unbind-exporter", [UNBIND_IMPORTER] = "unbind-importer",
	[RMMOD] = "rmmod", [CLOSE] = "close", [UNMAP] = "munmap", [DETACH] = "detach",
	[KILL] = "kill",
};

void model_begin(struct model *model)
{
	*model = (struct model){
		.exporter = { true, true, true }, .importer = { true, true, true },
		.fd = true, .mapped = true, .attached = true,
	};
}

bool event_is_of_holder(enum event event)
{
	return event == CLOSE || event == UNMAP || event == DETACH;
}

static bool has_buffer(const struct model *model)
{
	return model->fd || model->mapped || model->attached;
}

/* The buffer has the exporter's module by its object, and as a dma-buf has. */
static int exporter_users(const struct model *model)
{
	return model->exporter.file + 2 * has_buffer(model) +
	       (model->exporter.bound && model->importer.bound);
}

static bool exporter_is_there(const struct model *model)
{
	return model->exporter.bound || model->exporter.file || has_buffer(model);
}

static bool importer_is_there(const struct model *model)
{
	return model->importer.bound || model->importer.file;
}

static int unbind(struct side *side)
{
	if (!side->bound)
		return side->loaded ? -ENODEV : -ENOENT;
	side->bound = false;
	return 0;
}

static int rmmod(struct side *side, int users)
{
	if (!side->loaded)
		return -ENOENT;
	if (users)
		return -EWOULDBLOCK;
	side->loaded = false;
	side->bound = false;
	return 0;
}

static void rmmod_all(struct model *model, int tries[RMMOD_TRIES])
{
	tries[0] = rmmod(&model->exporter, exporter_users(model));
	tries[1] = rmmod(&model->importer, model->importer.file);
	tries[2] = rmmod(&model->exporter, exporter_users(model));
}

static int happen(struct model *model, enum event event, int tries[RMMOD_TRIES])
{
	switch (event) {
	case UNBIND_EXPORTER:
		return unbind(&model->exporter);
	case UNBIND_IMPORTER:
		return unbind(&model->importer);
	case RMMOD:
		rmmod_all(model, tries);
		return 0;
	case CLOSE:
		model->fd = false;
		return 0;
	case UNMAP:
		model->mapped = false;
		return 0;
	case DETACH:
		if (!model->attached)
			return -ENXIO;
		model->attached = false;
		return 0;
	default:
		model->fd = false;
		model->mapped = false;
		model->exporter.file = false;
		model->importer.file = false;
		return 0;
	}
}

int model_step(struct model *model, enum event event, int tries[RMMOD_TRIES])
{
	bool had = has_buffer(model), bound = model->exporter.bound;
	int ret = happen(model, event, tries);

	model->attached = model->attached && model->importer.bound && model->importer.file;
	model->late |= had && !has_buffer(model) && !bound;
	return ret;
}

static void view_exporter(const struct model *model, long *of)
{
	bool there = model->exporter.loaded;

	of[EXPORTER_USERS] = there ? exporter_users(model) : -ENOENT;
	of[EXPORTER_NODE] = model->exporter.bound;
	of[EXPORTER_OBJECTS] = there ? exporter_is_there(model) : -ENOENT;
	of[BUFFERS] = there ? has_buffer(model) : -ENOENT;
	of[DEVICE_MAPPED] = there ? model->attached : -ENOENT;
	of[FILES] = there ? model->exporter.file || has_buffer(model) : -ENOENT;
	of[LATE] = there ? model->late : -ENOENT;
	of[USED] = model->exporter.bound ? has_buffer(model) * BUFFER_BYTES : -ENOENT;
	if (model->exporter.file)
		of[EXPORTER_CALL] = model->exporter.bound ? 0 : -ENXIO;
}

static void view_importer(const struct model *model, long *of)
{
	bool there = model->importer.loaded;

	of[IMPORTER_USERS] = there ? model->importer.file : -ENOENT;
	of[IMPORTER_NODE] = model->importer.bound;
	of[IMPORTER_OBJECTS] = there ? importer_is_there(model) : -ENOENT;
	of[IMPORTS] = there ? model->attached : -ENOENT;
	if (!model->importer.file)
		return;
	of[IMPORTER_CALL] = model->importer.bound ? 0 : -ENXIO;
	/* Of no file at all; and of what is not attached. */
	of[ATTACH_CALL] = model->importer.bound ? -EBADF : -ENXIO;
	of[DETACH_CALL] = model->importer.bound ? -EINVAL : -ENXIO;
}

void model_view(const struct model *model, struct view *view)
{
	memset(view, 0, sizeof(*view));
	view_exporter(model, view->of);
	view_importer(model, view->of);
	view->of[LINKS] = model->exporter.bound && model->importer.bound ? 2 : 0;
	view->of[CONTENTS] = model->mapped ? BUFFER_PAGES : 0;
}

static int refused(const int tries[RMMOD_TRIES])
{
	return tries[0] == -EWOULDBLOCK || tries[1] == -EWOULDBLOCK || tries[2] == -EWOULDBLOCK;
}

static int outcome_of(const struct model *before, const struct model *after)
{
	int outcome = 0;

	if (has_buffer(before) && !has_buffer(after))
		outcome |= BUFFER_GOES;
	if (exporter_is_there(before) && !exporter_is_there(after))
		outcome |= EXPORTER_RELEASED;
	if (importer_is_there(before) && !importer_is_there(after))
		outcome |= IMPORTER_RELEASED;
	if (before->exporter.loaded && !after->exporter.loaded)
		outcome |= EXPORTER_UNLOADED;
	if (before->importer.loaded && !after->importer.loaded)
		outcome |= IMPORTER_UNLOADED;
	return outcome;
}

void moves_add(struct moves *moves, const enum event *events, int count)
{
	struct model model, before;
	int i;

	model_begin(&model);
	for (i = 0; i < count; i++) {
		int tries[RMMOD_TRIES] = {}, ret;

		before = model;
		ret = model_step(&model, events[i], tries);
		moves->count[events[i]][outcome_of(&before, &model) |
					(ret || refused(tries) ? REFUSED : 0)]++;
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
	static const char *const names[] = {
		"refused", "buffer goes", "exporter released", "importer released",
		"exporter unloaded", "importer unloaded",
	};
	int event, outcome, len;
	unsigned int i;
	char text[200];

	for (event = 0; event < NR_EVENTS; event++) {
		for (outcome = 0; outcome < NR_OUTCOMES; outcome++) {
			if (!moves->count[event][outcome])
				continue;
			len = 0;
			text[0] = 0;
			for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
				if (outcome & 1 << i)
					len += snprintf(text + len, sizeof(text) - len, ", %s",
							names[i]);
			ktap_note("%s%s: %u", event_names[event], text,
				  moves->count[event][outcome]);
		}
	}
}
