/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bridge_look.h: what can be seen of a bridge and its user, against what must be
 */
#ifndef REFCDEV_BRIDGE_LOOK_H
#define REFCDEV_BRIDGE_LOOK_H

#include <linux/types.h>

#include "bridge_walk.h"

#define BRIDGE_DRIVER	"refcdev-bridge"
#define USER_DRIVER	"refcdev-bridge-user"
#define USER_NODE	"/dev/bridge_user0"

/* Complains, and returns false, if they differ. */
bool compare(const char *what, long found, long wanted);

/* Passes a word to the bridge; 0, or a negative errno. */
int transfer(int fd, __u32 word);

/*
 * Both modules, the node, and what the user's file @fd answers to @word; and where they may have
 * changed the modules' @counts.
 */
bool look_at_all(const struct model *model, int fd, bool counts, __u32 word);

/* No object of anybody is left; also true where a kernel does not tell. */
bool look_for_leaks(void);

/* Calls one after the other while an event happens. */
struct hammer_counts {
	unsigned int passed, refused;	/* calls */
	unsigned int changed;		/* events before which calls passed, and after not */
};

bool hammer_start(int fd);
/* False if a call got another answer, or if they did not go on. Adds to @counts. */
bool hammer_stop(struct hammer_counts *counts);

#endif /* REFCDEV_BRIDGE_LOOK_H */
