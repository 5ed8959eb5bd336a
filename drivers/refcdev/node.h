/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * node.h: the nodes of an object, as its lifetime sees them
 */
#ifndef REFCDEV_NODE_H
#define REFCDEV_NODE_H

#include <linux/refcdev.h>

/* Called with life->list_lock held: no open finds the nodes any more. */
void refcdev_erase_nodes(struct lifetime *life);
/* After the drain: devices and registrations go. */
void refcdev_remove_nodes(struct lifetime *life);
/* With the last reference: what open files needed goes. */
void refcdev_release_nodes(struct lifetime *life);

int refcdev_init_nodes(void);
void refcdev_exit_nodes(void);

#endif /* REFCDEV_NODE_H */
