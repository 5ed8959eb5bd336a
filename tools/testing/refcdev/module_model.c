// SPDX-License-Identifier: GPL-2.0-only
/*
 * module_model.c: who holds the modules, and what each event must return
 */
#include <errno.h>
#include <string.h>

#include "module_orders.h"

const char *const event_names[NR_EVENTS] = {
	[OPEN] = "open", [CLOSE] = "close",
	[SEND] = "send", [RECEIVE] = "receive", [DROP] = "drop",
	[CYCLE] = "cycle", [ORPHAN] = "orphan", [COLLECT] = "collect",
	[REGISTER] = "register", [UNREGISTER] = "unregister",
	[MAP] = "mmap", [UNMAP] = "munmap",
	[READ] = "read", [WAKE] = "wake",
	[OPEN_OTHER] = "open-other", [CLOSE_OTHER] = "close-other",
	[SHOW] = "show", [SHOWN] = "shown",
	[SUBMIT] = "submit", [SUBMIT_AIO] = "submit-aio", [TICK] = "tick",
	[HOLD] = "hold", [LET_GO] = "let-go",
	[UNBIND] = "unbind", [BIND] = "bind", [KILL] = "kill",
	[RMMOD] = "rmmod", [RMMOD_CORE] = "rmmod-core", [LOAD] = "load",
};

/*
 * Events that put the file in hand into another place, or empty a place. @live: only a file
 * of a device that is there can get there.
 */
static const struct {
	enum { OTHER, FILLS, EMPTIES } kind;
	enum place place;
	bool live;
} moves[NR_EVENTS] = {
	[CLOSE] = { EMPTIES, IN_HAND },
	[SEND] = { FILLS, IN_FLIGHT },
	[DROP] = { EMPTIES, IN_FLIGHT },
	[CYCLE] = { FILLS, IN_CYCLE },
	[REGISTER] = { FILLS, IN_TABLE },
	[UNREGISTER] = { EMPTIES, IN_TABLE },
	[MAP] = { FILLS, MAPPED, true },
	[UNMAP] = { EMPTIES, MAPPED },
	[READ] = { FILLS, READING, true },
	[WAKE] = { EMPTIES, READING },
	[CLOSE_OTHER] = { EMPTIES, IN_OTHER_HAND },
	[SUBMIT] = { FILLS, REQUESTED, true },
	[SUBMIT_AIO] = { FILLS, REQUESTED, true },
	[TICK] = { EMPTIES, REQUESTED },
	[LET_GO] = { EMPTIES, IN_KERNEL },
};

bool model_is_live(const struct model *model, enum place place)
{
	int file = model->file[place];

	return file && model->bound && model->instance[file] == model->instances;
}

/* A file counts once, in however many places it is. */
int model_module_users(const struct model *model)
{
	bool seen[MAX_FILES + 1] = {};
	int users = 0, i;

	for (i = 0; i < NR_PLACES; i++) {
		if (model->file[i] && !seen[model->file[i]])
			users++;
		seen[model->file[i]] = true;
	}
	return users;
}

int model_instances(const struct model *model)
{
	bool seen[MAX_FILES + 2] = {};
	int count = model->bound, i;

	for (i = 0; i < NR_PLACES; i++) {
		if (model->file[i] && !model_is_live(model, i) &&
		    !seen[model->instance[model->file[i]]]) {
			seen[model->instance[model->file[i]]] = true;
			count++;
		}
	}
	return count;
}

static bool has_something(const struct model *model)
{
	int i;

	for (i = 0; i < IN_KERNEL; i++)
		if (model->file[i])
			return true;
	return model->showing;
}

bool model_allows(const struct model *model, enum event event)
{
	const int *file = model->file;

	if (moves[event].kind == FILLS)
		return file[IN_HAND] && !file[moves[event].place] &&
		       (!moves[event].live || model_is_live(model, IN_HAND));
	if (moves[event].kind == EMPTIES)
		return file[moves[event].place];
	switch (event) {
	case OPEN:	/* which must fail where nothing is bound */
		return !file[IN_HAND] && model->files < MAX_FILES;
	case OPEN_OTHER:
		return !file[IN_OTHER_HAND] && model->files < MAX_FILES;
	case SHOW:
		return (model->bound || model->anyway) && !model->showing;
	case SHOWN:	/* somebody has to make it happen */
		return model->showing && model->bound;
	case RECEIVE:
		return file[IN_FLIGHT] && !file[IN_HAND];
	case ORPHAN:
		return file[IN_CYCLE] && !model->orphaned;
	case COLLECT:	/* before, it might do so later, or not: it is a work item */
		return model->orphaned;
	case HOLD:
		return model->bound && !file[IN_KERNEL] && model->files < MAX_FILES;
	case UNBIND:
		return model->bound || model->anyway;
	case BIND:
		return model->driver && !model->bound;
	case KILL:
		return has_something(model);
	case RMMOD:
		return model->driver;
	case RMMOD_CORE:
		return model->core;
	default:
		return !model->driver;
	}
}

static int new_file(struct model *model, enum place place)
{
	if (!model->bound)
		return -ENXIO;
	model->file[place] = ++model->files;
	model->instance[model->files] = model->instances;
	return 0;
}

static int unbind(struct model *model)
{
	if (!model->bound)
		return model->driver ? -ENODEV : -ENOENT;
	model->bound = false;
	model->showing = false;
	model->file[READING] = 0;
	model->file[REQUESTED] = 0;
	return 0;
}

static int bind(struct model *model)
{
	model->bound = true;
	model->instances++;
	return 0;
}

/* What was given to the kernel stays: a request, a reference, a socket in its own queue. */
static int killed(struct model *model)
{
	int i;

	for (i = 0; i < NR_PLACES; i++)
		if (i != REQUESTED && i != IN_KERNEL && i != IN_CYCLE)
			model->file[i] = 0;
	model->orphaned = model->file[IN_CYCLE];
	model->showing = false;
	return 0;
}

static int rmmod(struct model *model)
{
	if (model_module_users(model))
		return -EAGAIN;
	unbind(model);
	model->driver = false;
	return 0;
}

static int rmmod_core(struct model *model)
{
	if (model->driver)
		return -EAGAIN;
	model->core = false;
	return 0;
}

static int load(struct model *model)
{
	model->core = true;
	model->driver = true;
	model->instances = 0;
	return bind(model);
}

static int receive(struct model *model)
{
	model->file[IN_HAND] = model->file[IN_FLIGHT];
	model->file[IN_FLIGHT] = 0;
	return 0;
}

static int collect(struct model *model)
{
	model->file[IN_CYCLE] = 0;
	model->orphaned = false;
	return 0;
}

int model_step(struct model *model, enum event event)
{
	if (moves[event].kind != OTHER) {
		model->file[moves[event].place] =
			moves[event].kind == FILLS ? model->file[IN_HAND] : 0;
		return 0;
	}
	switch (event) {
	case OPEN:
		return new_file(model, IN_HAND);
	case OPEN_OTHER:
		return new_file(model, IN_OTHER_HAND);
	case SHOW:
		model->showing = model->bound;
		return model->bound ? 0 : -ENOENT;
	case SHOWN:
		model->showing = false;
		return 0;
	case RECEIVE:
		return receive(model);
	case ORPHAN:
		model->orphaned = true;
		return 0;
	case COLLECT:
		return collect(model);
	case HOLD:
		return new_file(model, IN_KERNEL);
	case UNBIND:
		return unbind(model);
	case BIND:
		return bind(model);
	case KILL:
		return killed(model);
	case RMMOD:
		return rmmod(model);
	case RMMOD_CORE:
		return rmmod_core(model);
	default:
		return load(model);
	}
}
