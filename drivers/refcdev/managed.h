/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * managed.h: what an object manages: an entry per resource, and what managed.c offers to
 * the makers of resources
 */
#ifndef REFCDEV_MANAGED_H
#define REFCDEV_MANAGED_H

#include <linux/lifetime_managed.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "debug.h"

struct managed;
typedef void (*managed_end_t)(struct managed *managed);

/*
 * In front of the memory, as with devres: who gives that to kfree() is told by the
 * allocator. Of the object's list, under its managed_lock, until somebody takes it off, who
 * ends it then.
 */
struct managed {
	struct list_head list;
	managed_end_t end;		/* says what it is, as well; NULL: memory only */
	enum lifetime_phase phase;
	struct managed_note note;
	u8 data[] __aligned(__alignof__(unsigned long long));
};

struct managed_action {
	void (*action)(void *data);
	void *data;
};

/* Inlined, so that the allocator names the driver as the one who allocated. */
static __always_inline struct managed *managed_alloc(size_t size, gfp_t gfp)
{
	struct managed *managed;
	size_t bytes;

	if (check_add_overflow(size, sizeof(*managed), &bytes))
		return NULL;
	managed = kmalloc_track_caller(bytes, gfp);
	if (managed) {
		managed->end = NULL;
		managed->phase = LIFETIME_AT_RELEASE;
	}
	return managed;
}

static inline struct managed *managed_of(const void *data)
{
	return container_of((void *)data, struct managed, data);
}

int managed_add(struct lifetime *life, struct managed *managed);
struct managed *managed_take(struct lifetime *life, managed_end_t end,
			     bool (*match)(struct managed *managed, const void *data),
			     const void *data);
void managed_end(struct managed *managed);
/* Of entries that are taken off the list to be run: how many a phase waits for. */
unsigned int managed_claimed(struct lifetime *life, const struct managed *managed);
void managed_released(struct lifetime *life, unsigned int count);
struct managed_action *managed_action(struct managed *managed);

/* For disconnect.c and lifetime.c. */
void lifetime_init_managed(struct lifetime *life);
void lifetime_run_phase(struct lifetime *life, enum lifetime_phase phase);
void lifetime_close_managed(struct lifetime *life);
void lifetime_free_managed(struct lifetime *life);

#endif /* REFCDEV_MANAGED_H */
