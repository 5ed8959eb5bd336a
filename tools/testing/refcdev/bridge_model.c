// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_model.c: who has whom, of a driver and a user of its device, and what each event must
 * return
 */
#include <errno.h>

#include "bridge_walk.h"

const char *const step_names[NR_STEPS] = {
	[B_LOAD] = "load", [B_BIND] = "bind", [B_UNBIND] = "unbind", [B_UNLOAD] = "unload",
	[U_LOAD] = "LOAD", [U_BIND] = "BIND", [U_UNBIND] = "UNBIND", [U_UNLOAD] = "UNLOAD",
	[U_LOAD_HOLDS] = "LOAD-hold",
	[OPEN] = "open", [CLOSE] = "close", [WAIT] = "wait", [DETACH] = "detach",
};

int event_of(enum step step)
{
	if (step == U_LOAD_HOLDS)
		return U_LOAD;
	return step < NR_EVENTS ? (int)step : NO_EVENT;
}

bool model_allows(const struct model *model, enum step step)
{
	switch (step) {
	case B_LOAD:
		return model->bridge == ABSENT;
	case B_BIND:
		return model->bridge == UNBOUND;
	case B_UNBIND:
		return model->bridge == BOUND;
	case B_UNLOAD:
		return model->bridge != ABSENT;
	case U_LOAD:
	case U_LOAD_HOLDS:
		return model->user == ABSENT;
	case U_BIND:
		return model->user == UNBOUND;
	case U_UNBIND:
		return model->user == BOUND;
	case U_UNLOAD:
		return model->user != ABSENT;
	case OPEN:
		return model->user == BOUND && model->file == NO_FILE;
	case CLOSE:	/* who waits has it open as well */
		return model->file != NO_FILE && !model->waiting;
	case WAIT:
		return model->file == LIVE_FILE && model->attached == TO_LIVE && !model->waiting;
	default:
		return model->file != NO_FILE;
	}
}

static void attach(struct model *model)
{
	if (model->bridge != BOUND || model->user != BOUND || model->attached != TO_NOTHING)
		return;
	model->attached = TO_LIVE;
	model->arrived++;
	model->generation = model->bridges;
}

static void bridge_comes(struct model *model)
{
	model->bridge = BOUND;
	model->bridges++;
	attach(model);
}

static int bridge_unbinds(struct model *model)
{
	model->bridge = UNBOUND;
	if (model->attached != TO_LIVE)
		return 0;
	model->leaving++;
	model->attached = model->holds ? TO_DEAD : TO_NOTHING;
	model->waiting = false;
	return 0;
}

static int bridge_binds(struct model *model)
{
	bridge_comes(model);
	if (model->twice) {
		bridge_unbinds(model);
		bridge_comes(model);
	}
	return 0;
}

static int bridge_loads(struct model *model)
{
	model->bridges = 0;
	return bridge_binds(model);
}

static int bridge_unloads(struct model *model)
{
	if (model->attached != TO_NOTHING)
		return -EAGAIN;
	model->bridge = ABSENT;
	return 0;
}

static void user_comes(struct model *model)
{
	model->user = BOUND;
	model->users++;
	model->arrived = 0;
	model->leaving = 0;
	model->generation = 0;
	attach(model);
}

static int user_goes(struct model *model, enum where where)
{
	model->user = where;
	model->attached = TO_NOTHING;
	model->waiting = false;
	if (model->file == LIVE_FILE)
		model->file = DEAD_FILE;
	return 0;
}

static int user_binds(struct model *model)
{
	user_comes(model);
	if (model->twice) {
		user_goes(model, UNBOUND);
		user_comes(model);
	}
	return 0;
}

static int user_loads(struct model *model, bool holds)
{
	model->holds = holds;
	model->users = 0;
	return user_binds(model);
}

static int detach(struct model *model)
{
	if (model->file == DEAD_FILE)
		return -ENXIO;
	if (model->attached == TO_NOTHING)
		return -ENOENT;
	if (model->attached == TO_LIVE)
		return -EBUSY;
	model->attached = TO_NOTHING;
	attach(model);
	return 0;
}

/* What the kernel says to what cannot happen. */
static int refusal(enum where where, enum step step)
{
	switch (step) {
	case B_LOAD:
	case U_LOAD:
	case U_LOAD_HOLDS:
		return -EEXIST;
	case B_BIND:
	case U_BIND:
		return where == ABSENT ? -ENOENT : -EBUSY;
	case B_UNBIND:
	case U_UNBIND:
		return where == ABSENT ? -ENOENT : -ENODEV;
	default:
		return -ENOENT;
	}
}

int model_step(struct model *model, enum step step)
{
	if (!model_allows(model, step))
		return refusal(step < U_LOAD ? model->bridge : model->user, step);
	switch (step) {
	case B_LOAD:
		return bridge_loads(model);
	case B_BIND:
		return bridge_binds(model);
	case B_UNBIND:
		return bridge_unbinds(model);
	case B_UNLOAD:
		return bridge_unloads(model);
	case U_LOAD:
	case U_LOAD_HOLDS:
		return user_loads(model, step == U_LOAD_HOLDS);
	case U_BIND:
		return user_binds(model);
	case U_UNBIND:
		return user_goes(model, UNBOUND);
	case U_UNLOAD:
		return model->file == NO_FILE ? user_goes(model, ABSENT) : -EAGAIN;
	case OPEN:
		model->file = LIVE_FILE;
		return 0;
	case CLOSE:
		model->file = NO_FILE;
		return 0;
	case WAIT:
		model->waiting = true;
		return 0;
	default:
		return detach(model);
	}
}

int model_bridges_released(const struct model *model)
{
	return model->bridges - (model->bridge == BOUND) - (model->attached == TO_DEAD);
}

int model_users_released(const struct model *model)
{
	return model->users - (model->user == BOUND) - (model->file == DEAD_FILE);
}
