/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h: the nodes of the module bench, and what can be called on them
 */
#ifndef REFCDEV_BENCH_H
#define REFCDEV_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_MAX_NODES	32
#define BENCH_SIZE	64		/* bytes of a read or write */

/* A line of /dev/bench-control. */
struct bench_node {
	char name[32], technique[16], form[8], user[48];
	bool calls, mappings;		/* are guarded */
	int error, error_open;		/* what each refuses with */
	short events;
	unsigned int index;		/* for the control node */
	dev_t number;
};

/* All of them, in the module's order; how many there are, or a negative errno. */
int bench_nodes(struct bench_node nodes[BENCH_MAX_NODES]);

/* BENCH_DISCONNECT; 0 or a negative errno. */
int bench_disconnect(const struct bench_node *node);

/*
 * Makes BENCH_PATH a file of that node, in a folder that becomes the present one. What an open
 * costs depends on the length of each name on the way, and on what else has the hash of one; so
 * all nodes are opened by the same name, the newest of its hash. 0 or a negative errno.
 */
#define BENCH_FOLDER	"/tmp"
#define BENCH_PATH	"bench.node"
int bench_place(const struct bench_node *node);

/* bench_count.c: counts every operation of every node; exit status of the program. */
int bench_instructions(const struct bench_node *nodes, int count, unsigned int calls);

/* bench_refuse.c: every guarded operation is let through, and after a disconnect refused. */
int bench_refuses(const struct bench_node *nodes, int count);

#endif /* REFCDEV_BENCH_H */
