/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heap_orders.h: a buffer, who holds it, and the two drivers that it is between: what can happen,
 * what must come of it, and how it is made to happen
 *
 * The model knows who is there: modules, bindings, the open files of both nodes, and the three that
 * hold the buffer, which are its own file, a mapping and an attachment. The rest follows:
 *
 * - the buffer is there as long as one of the three is;
 * - the exporter's object is there until it is unbound and neither the open file nor the buffer
 *   is left; its module is held by each of these, and by the importer while both are bound;
 * - the importer's object is there until it is unbound and its file is closed, which holds the
 *   module; the attachment goes with the binding, with the file, or when it is asked to;
 * - a node's calls work while it is bound, and are ENXIO after that.
 */
#ifndef REFCDEV_HEAP_ORDERS_H
#define REFCDEV_HEAP_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#define BUFFER_PAGES	16
#define BUFFER_BYTES	(BUFFER_PAGES * 4096)

enum event {
	UNBIND_EXPORTER, UNBIND_IMPORTER, RMMOD, CLOSE, UNMAP, DETACH, KILL,
	NR_EVENTS
};

struct side {
	bool loaded, bound;
	bool file;			/* the node's, open */
};

struct model {
	struct side exporter, importer;
	bool fd, mapped, attached;
	bool late;			/* the buffer went when its exporter had gone */
};

/* All that can be seen. What is not there is -ENOENT, or 0 if nobody asks. */
enum sight {
	EXPORTER_USERS, IMPORTER_USERS,		/* of the modules */
	EXPORTER_NODE, IMPORTER_NODE,
	EXPORTER_OBJECTS, IMPORTER_OBJECTS,	/* created, not released */
	BUFFERS, DEVICE_MAPPED, FILES, LATE, IMPORTS,
	USED,
	LINKS,			/* in sysfs, from the device to the heap and back */
	CONTENTS,		/* of the mapping: pages that are as they were left */
	SYNC, EXPORTER_CALL, IMPORTER_CALL, ATTACH_CALL, DETACH_CALL,
	NR_SIGHTS
};

struct view {
	long of[NR_SIGHTS];
};

/* What an event does, as a set; of each set that was seen, how many there were. */
enum outcome {
	REFUSED = 1, BUFFER_GOES = 2, EXPORTER_RELEASED = 4, IMPORTER_RELEASED = 8,
	EXPORTER_UNLOADED = 16, IMPORTER_UNLOADED = 32, NR_OUTCOMES = 64
};

struct moves {
	unsigned int count[NR_EVENTS][NR_OUTCOMES];
};

extern const char *const event_names[NR_EVENTS];

/* Everything is there. */
void model_begin(struct model *model);

/*
 * It happens; returns what it must return, 0 or a negative errno. Modules are tried three times:
 * the exporter's, the importer's, and the exporter's again; what that returns is in @rmmod.
 */
enum { RMMOD_TRIES = 3 };
int model_step(struct model *model, enum event event, int rmmod[RMMOD_TRIES]);
void model_view(const struct model *model, struct view *view);

/* A process that is killed cannot do these any more. */
bool event_is_of_holder(enum event event);

void moves_add(struct moves *moves, const enum event *events, int count);
int moves_kinds(const struct moves *moves, const struct moves *known);
void moves_print(const struct moves *moves);

/* What the drivers have counted when an order begins; both its processes see it. */
struct before {
	long late;
	long heaps, edus;		/* created, this order's included */
};

/* One process, with what it has open. */
struct actor {
	const char *heap;		/* the kind, in sysfs */
	int exporter, importer, fd;
	char *at;
	uint32_t written;		/* last, in each page */
	uint32_t id;
	struct before *before;
};

/* Modules loaded and bound, all of them open, the buffer mapped and attached. */
bool actor_begin(struct actor *self, const char *heap, struct before *before);

/* For the process after one that was killed, which has nothing. */
void actor_empty(struct actor *self, const char *heap, struct before *before);

/* False if it was not what the model says, or cannot be seen to be. */
bool actor_step(struct actor *self, struct model *model, enum event event);
bool actor_observe(struct actor *self, const struct model *model);

/* The end of all orders: the modules go. */
bool modules_go(void);

#endif /* REFCDEV_HEAP_ORDERS_H */
