/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * delay.h: named points between the steps of open, disconnect and release where a
 * debug build can be told to wait, so that a race of nanoseconds becomes one of
 * milliseconds. Each is a file in debugfs, refcdev/delay/, in microseconds.
 */
#ifndef REFCDEV_DELAY_H
#define REFCDEV_DELAY_H

#include <linux/types.h>

struct dentry;

/*     name               may sleep   between what and what */
#define REFCDEV_DELAYS(X) \
	X(exit_flag,		false)	/* flag read, and the count given back */ \
	X(exit_woken,		false)	/* drainer woken, and the lock released */ \
	X(async_completed,	false)	/* submitter told, and the count given back */ \
	X(open_found,		false)	/* node found, and its gate entered */	\
	X(open_entered,		true)	/* gate entered, and reference taken */	\
	X(open_ready,		true)	/* reference taken, and driver's open */ \
	X(open_done,		true)	/* driver's open, and gate left */	\
	X(close_driver,		true)	/* driver's release, and reference put */ \
	X(mmap_linked,		true)	/* driver's mmap, and kernel's link */	\
	X(register_live,	true)	/* minor reachable, and device there */	\
	X(disconnect_flag,	true)	/* flag set, and minors erased */	\
	X(disconnect_erased,	true)	/* minors erased, and CPUs asked */	\
	X(quiesce_asked,	true)	/* CPUs asked, and the round over */	\
	X(disconnect_fold,	true)	/* CPUs asked, and counters folded */	\
	X(disconnect_cancel,	true)	/* folded, and the cancel hook */	\
	X(disconnect_drained,	true)	/* nobody inside, and mappings zapped */ \
	X(disconnect_zapped,	true)	/* mappings zapped, and nodes removed */ \
	X(release_last,		true)	/* last put, and driver's release */

#define REFCDEV_DELAY_ENUM(name, sleeps)	REFCDEV_DELAY_##name,
enum refcdev_delay {
	REFCDEV_DELAYS(REFCDEV_DELAY_ENUM)
	REFCDEV_NR_DELAYS
};

#ifdef CONFIG_REFCDEV_DEBUG
void __refcdev_delay(enum refcdev_delay where);
void refcdev_delay_set(enum refcdev_delay where, unsigned int us);
void refcdev_delay_init(struct dentry *parent);
#define refcdev_delay(name)	__refcdev_delay(REFCDEV_DELAY_##name)
#else
#define refcdev_delay(name)	do { } while (0)
static inline void refcdev_delay_init(struct dentry *parent) { }
#endif

#endif /* REFCDEV_DELAY_H */
