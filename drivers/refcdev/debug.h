/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debug.h: what debug builds know of an object beyond what it takes to work; nothing at
 * all otherwise
 *
 * It lies in front of the driver's structure, so that struct lifetime is the same with
 * and without, and core and drivers may be built apart.
 */
#ifndef REFCDEV_DEBUG_H
#define REFCDEV_DEBUG_H

#include <linux/cache.h>
#include <linux/instruction_pointer.h>
#include <linux/lifetime.h>

#ifdef CONFIG_REFCDEV_DEBUG

struct lifetime_debug {
	struct list_head frames;	/* who is inside; under life->lock */
};

#define LIFETIME_DEBUG_SIZE		ALIGN(sizeof(struct lifetime_debug), SMP_CACHE_BYTES)

static inline struct lifetime_debug *lifetime_debug(struct lifetime *life)
{
	return life->memory;
}

static inline void lifetime_debug_init(struct lifetime *life)
{
	INIT_LIST_HEAD(&lifetime_debug(life)->frames);
}

/* Of a resource: what, how large, by whom, and in which state of the object. */
struct managed_note {
	const char *kind;
	size_t size;
	const void *action;
	unsigned long caller;
	bool live;
};

#define managed_note(name)		struct managed_note name;
#define managed_describe(managed, what, bytes, fn, ip)				\
	((managed)->note = (struct managed_note) {				\
		.kind = (what), .size = (bytes), .action = (fn), .caller = (ip),	\
	})

#else

#define LIFETIME_DEBUG_SIZE		0
static inline void lifetime_debug_init(struct lifetime *life) { }
#define managed_note(name)
#define managed_describe(managed, what, bytes, fn, ip)	((void)(ip))

#endif

#endif /* REFCDEV_DEBUG_H */
