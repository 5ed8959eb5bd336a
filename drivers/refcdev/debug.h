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

struct dentry;
struct file;
struct refcdev;
struct seq_file;

/* Who can have a reference; and what the dump calls them. */
#define LIFETIME_HOLDERS(X)							\
	X(binding)		/* lifetime_alloc(), until the device is unbound */	\
	X(node)			/* one per node that is registered */		\
	X(registration)		/* devm_refcdev_register(), as the binding */	\
	X(file)			/* an open file; its mappings hold the file */	\
	X(consumer)		/* a driver that has found it by name */	\
	X(kernel)		/* lifetime_get() and lifetime_tryget() */	\
	X(leaked)		/* on purpose, after a driver's mistake */

#define LIFETIME_HOLDER_ENUM(name)	HOLDER_##name,
enum lifetime_holder {
	LIFETIME_HOLDERS(LIFETIME_HOLDER_ENUM)
	LIFETIME_NR_HOLDERS
};

#ifdef CONFIG_REFCDEV_DEBUG

/* A function that has taken or put references. */
struct reference_site {
	unsigned long caller;
	unsigned int gets, puts;
};

#define REFERENCE_SITES		16	/* the last one is for all others */

struct lifetime_debug {
	struct lifetime *life;
	struct dentry *folder;
	struct list_head frames;	/* who is inside; under life->lock */
	atomic_t held[LIFETIME_NR_HOLDERS];
	raw_spinlock_t sites_lock;
	struct reference_site sites[REFERENCE_SITES];
	/* under files_lock, in holders.c */
	struct list_head files;
	unsigned int files_unknown;	/* there was no memory to remember them */
};

#define LIFETIME_DEBUG_SIZE		ALIGN(sizeof(struct lifetime_debug), SMP_CACHE_BYTES)

static inline struct lifetime_debug *lifetime_debug(struct lifetime *life)
{
	return life->memory;
}

/* holders.c */
void lifetime_debug_init(struct lifetime *life);
void lifetime_note_held(struct lifetime *life, enum lifetime_holder holder, int change);
void lifetime_note_site(struct lifetime *life, unsigned long caller, bool get);
void refcdev_note_file(struct refcdev *cdev, struct file *file);
void refcdev_forget_file(struct lifetime *life, struct file *file);
void lifetime_show_holders(struct lifetime *life);
void lifetime_each_file(struct lifetime *life,
			void (*show)(struct file *file, const struct refcdev *cdev, void *data),
			void *data);
void lifetime_dump_comm(struct seq_file *seq, const char *comm);
int lifetime_dump_files(struct seq_file *seq, void *data);
int lifetime_dump_holders(struct seq_file *seq, void *data);

/* dump.c */
void refcdev_dump_init(struct dentry *parent);
void lifetime_dump_add(struct lifetime *life);
void lifetime_dump_remove(struct lifetime *life);

/* consumer.c */
void lifetime_each_consumer(struct lifetime *life,
			    void (*show)(const char *name, void *data), void *data);

/* Of a resource: what, how large, by whom, and in which state of the object. */
struct managed_note {
	const char *kind;
	size_t size;
	const void *action;
	unsigned long caller;
	const char *state;
};

#define managed_describe(managed, what, bytes, fn, ip)				\
	((managed)->note = (struct managed_note) {				\
		.kind = (what), .size = (bytes), .action = (fn), .caller = (ip),	\
	})
#define managed_note_state(managed, life)					\
	((managed)->note.state = lifetime_disconnected(life) ? "gone" :		\
	 list_empty(&(life)->nodes) ? "probe" : "live")

#else

#define LIFETIME_DEBUG_SIZE		0
static inline void lifetime_debug_init(struct lifetime *life) { }
static inline void lifetime_note_held(struct lifetime *life, enum lifetime_holder holder,
				      int change) { }
static inline void lifetime_note_site(struct lifetime *life, unsigned long caller, bool get) { }
static inline void refcdev_note_file(struct refcdev *cdev, struct file *file) { }
static inline void refcdev_forget_file(struct lifetime *life, struct file *file) { }
static inline void lifetime_show_holders(struct lifetime *life) { }
static inline void refcdev_dump_init(struct dentry *parent) { }
static inline void lifetime_dump_add(struct lifetime *life) { }
static inline void lifetime_dump_remove(struct lifetime *life) { }
struct managed_note { };
#define managed_describe(managed, what, bytes, fn, ip)	((void)(ip))
#define managed_note_state(managed, life)		do { } while (0)

#endif

#endif /* REFCDEV_DEBUG_H */
