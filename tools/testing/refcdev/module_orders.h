/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * module_orders.h: what can happen to a driver's module, what must come of it, and how it is
 * made to happen
 *
 * A file of the driver is in places: in somebody's hand, on its way through a socket, mapped,
 * and so on. The model knows for each place which file is in it, for each file of which
 * instance of the device it is, and nothing else; the rest follows:
 *
 * - the driver's module is held by each file that is in some place, and by each user inside
 *   the kernel; not by the device being bound;
 * - the core's module is held by the driver's;
 * - an instance was released once it is unbound and none of its files is in any place;
 * - a file of an instance that is not bound any more is dead;
 * - who reads an attribute in sysfs holds nothing: the unbind wakes him, and the rmmod.
 *
 * What is not possible does not happen, but for what a program may try at any time and must
 * see fail: an open without the device, an rmmod of a module in use; where the scene says so,
 * also the read of an attribute and the unbind.
 */
#ifndef REFCDEV_MODULE_ORDERS_H
#define REFCDEV_MODULE_ORDERS_H

#include <stdbool.h>

#include "subject.h"
#include "ticker.h"

enum place {
	IN_HAND,
	IN_FLIGHT,		/* in the queue of a socket */
	IN_CYCLE,		/* in that of a socket that is in the same queue */
	IN_TABLE,		/* of an io_uring */
	MAPPED,
	READING,		/* a call that sleeps */
	REQUESTED,		/* a request that waits in the driver */
	IN_OTHER_HAND,		/* one of the device's other node */
	IN_KERNEL,		/* no file, but a reference to the object */
	NR_PLACES
};

enum event {
	OPEN, CLOSE, SEND, RECEIVE, DROP, CYCLE, ORPHAN, COLLECT, REGISTER, UNREGISTER, MAP, UNMAP,
	READ, WAKE, SUBMIT, SUBMIT_AIO, TICK, HOLD, LET_GO, OPEN_OTHER, CLOSE_OTHER, SHOW, SHOWN,
	UNBIND, BIND, KILL, RMMOD, RMMOD_CORE, LOAD,
	NR_EVENTS
};

enum { MAX_FILES = 16, MAX_EVENTS = 16 };

struct model {
	bool core, driver, bound;
	bool anyway;			/* try it where there is no device, too */
	bool showing;			/* somebody reads an attribute, and sleeps */
	bool orphaned;			/* the socket of the cycle: nobody has it open */
	int instances;			/* since the driver was loaded; the newest may be bound */
	int files;			/* that were opened, numbered from 1 */
	int file[NR_PLACES];		/* 0: none */
	int instance[MAX_FILES + 1];	/* by file */
};

extern const char *const event_names[NR_EVENTS];

/* Can this happen now? */
bool model_allows(const struct model *model, enum event event);

/* It happens; returns what it must return: 0 or a negative errno. */
int model_step(struct model *model, enum event event);

/*
 * Moves: an event, and what came of it. Of each kind, how many there were; events that belong
 * to no scene have none.
 */
enum outcome { HAS_FAILED = 1, HAS_WOKEN = 2, HAS_RELEASED = 4, NR_OUTCOMES = 8 };

struct moves {
	unsigned int count[NR_EVENTS][NR_OUTCOMES];
};

void moves_add(struct moves *moves, struct model model, const enum event *events, int count);

/* How many kinds there are in @moves and not in @known, which may be NULL. */
int moves_kinds(const struct moves *moves, const struct moves *known);

void moves_print(const struct moves *moves);

/* Is the file in this place one of the instance that is bound? */
bool model_is_live(const struct model *model, enum place place);

int model_module_users(const struct model *model);

/* Instances that were not released. */
int model_instances(const struct model *model);

extern const struct subject ticker_subject;

/* What makes the events happen: one process, with what it has open. */
struct actor {
	const struct subject *subject;
	const char *module;
	int probes;			/* that one bind takes: 2 where each is tried first */
	int hand, flight[2], cycle;
	char *map;
	struct uring ring;
	struct caller reader, shower;
	struct requests requests;
	enum request_kind request;
	bool reading, waiting, showing;
	int other;			/* the other node's file */
};

void actor_init(struct actor *self, const struct subject *subject, const char *module);

bool compare(const char *what, long found, long wanted);

/* Makes an event happen; returns 0 or a negative errno. */
int actor_act(struct actor *self, enum event event);

/* The same, and compares. False if it cannot go on. */
bool actor_step(struct actor *self, struct model *model, enum event event);

/* Compares all that can be seen with the model, once what comes late has come. */
bool actor_observe(struct actor *self, const struct model *model);

/* Goes on where another one was killed. */
bool actor_resume(struct actor *self, const struct model *model);

/* Everything that is left is given back, in one order, and both modules go. */
bool actor_finish(struct actor *self, struct model *model, bool core);

/* What only a driver with several interfaces has: duo. See module_duo.c. */
int act_open_other(struct actor *self);
int act_close_other(struct actor *self);
int act_show(struct actor *self);
int act_shown(struct actor *self);

/* 0 if there was nobody, or the read has ended as it must. */
int end_showing(struct actor *self, long ret, int error);
bool observe_duo(const struct actor *self, const struct model *model);

/* For the end of everything: the core's module goes, or has gone. */
bool core_goes(void);

#endif /* REFCDEV_MODULE_ORDERS_H */
