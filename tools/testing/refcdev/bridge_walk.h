/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bridge_walk.h: what can happen to a driver, and to another driver that uses its device, and
 * what must come of it
 *
 * - A user is attached if it and its bridge are bound; one that holds on stays so to a bridge
 *   that is gone, until it is told to let go, or is unbound itself.
 * - The bridge's module is held by each user that is attached; the user's by each open file.
 * - An instance was released once it is unbound and none of these has it.
 * - A call through the user's node is answered if the file's user is bound and has a bridge that
 *   is not gone; else it gets ENXIO, also one that sleeps.
 * - What the state of that side rules out, as a load of what is loaded, is refused, and changes
 *   nothing.
 */
#ifndef REFCDEV_BRIDGE_WALK_H
#define REFCDEV_BRIDGE_WALK_H

#include <stdbool.h>
#include <stdint.h>

/* The events first, which come in pairs; the others happen between them. */
enum step {
	B_LOAD, B_BIND, B_UNBIND, B_UNLOAD,
	U_LOAD, U_BIND, U_UNBIND, U_UNLOAD,
	NR_EVENTS,
	U_LOAD_HOLDS = NR_EVENTS,	/* another U_LOAD */
	OPEN, CLOSE, WAIT, DETACH,
	NR_STEPS
};

enum { NO_EVENT = NR_EVENTS };

enum where { ABSENT, UNBOUND, BOUND };
enum attached { TO_NOTHING, TO_LIVE, TO_DEAD };
enum file { NO_FILE, LIVE_FILE, DEAD_FILE };

struct model {
	enum where bridge, user;
	enum attached attached;
	enum file file;
	bool holds;			/* if the user does */
	bool waiting;			/* a call sleeps in the bridge */
	bool twice;			/* the driver core undoes each probe, and does it again */
	/* since their modules were loaded */
	int bridges, users;
	/* of the user that is bound */
	int arrived, leaving, generation;
};

extern const char *const step_names[NR_STEPS];

/* Can this happen now? */
bool model_allows(const struct model *model, enum step step);

/* It is tried; returns what it must return: 0 or a negative errno. */
int model_step(struct model *model, enum step step);

int model_bridges_released(const struct model *model);
int model_users_released(const struct model *model);

/* Which event it is; NO_EVENT if none. */
int event_of(enum step step);

/* What came after what, and how often. */
struct pairs {
	unsigned int nr[NR_EVENTS][NR_EVENTS];
};

/* Where the walks have been: */
struct course {
	struct pairs possible;		/* where @seen can be more than 0 */
	struct pairs seen;		/* of events that happened, or were refused as in use */
	struct pairs tried;		/* of an event, and one that its state then rules out */
};

/* From where nothing is loaded. */
void plan_start(struct course *course, bool twice);

/* An event took place, or was tried where it could not, after @last. */
void plan_count(struct course *course, int last, int event, bool could);

/* Was every pair seen that is possible? */
bool plan_is_complete(const struct course *course);

/* What to do next; @last: the last event that took place. */
enum step plan_step(const struct course *course, const struct model *model, int last,
		    uint64_t *seed);

/* Prints how often each pair came. Returns how many are possible; and how many are @missing. */
int plan_report(const struct course *course, int *missing, int *not_tried);

#endif /* REFCDEV_BRIDGE_WALK_H */
