/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lifetime.h: what lifetime.c and disconnect.c offer the rest of the core
 */
#ifndef REFCDEV_LIFETIME_H
#define REFCDEV_LIFETIME_H

#include <linux/lifetime.h>
#include <linux/module.h>

#include "debug.h"

/* Either of the two; on the object's list of waiters. */
struct lifetime_waiter {
	struct list_head list;
	wait_queue_head_t *wq;
	struct fasync_struct **fasync;
};

/* Whoever finds a device still connected may not be refused: it goes anyway. */
void lifetime_disconnect_forced(struct lifetime *life);
void lifetime_refuse(struct lifetime *life);
/* One that is bound to @dev, with its lock held: live, or not yet dead; or NULL. */
struct lifetime *lifetime_find(struct device *dev, bool live);

/*
 * References that need no reference to the owner's module, because something else
 * holds the module: an open file its operations, a registration its own unbind.
 */
static inline void lifetime_get_bare(struct lifetime *life, enum lifetime_holder holder)
{
	lifetime_note_held(life, holder, 1);
	refcount_inc(&life->ref);
}

void __lifetime_put(struct lifetime *life);

static inline void lifetime_put_bare(struct lifetime *life, enum lifetime_holder holder)
{
	lifetime_note_held(life, holder, -1);
	__lifetime_put(life);
}

/* References with one. Whose they are only debug builds note; inline, it costs others nothing. */
static inline bool lifetime_tryget_for(struct lifetime *life, enum lifetime_holder holder)
{
	if (!try_module_get(life->ops->owner))
		return false;
	lifetime_get_bare(life, holder);
	return true;
}

static inline void lifetime_put_for(struct lifetime *life, enum lifetime_holder holder)
{
	struct module *owner = life->ops->owner;

	lifetime_put_bare(life, holder);
	module_put(owner);
}

unsigned int lifetime_wake_sleepers(struct lifetime *life);
void lifetime_tell_hangup(struct lifetime *life);
void lifetime_free_waiters(struct lifetime *life);

int lifetime_init_core(void);
void lifetime_exit_core(void);

#endif /* REFCDEV_LIFETIME_H */
