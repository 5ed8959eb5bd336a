/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * alloc_sites.h: where in the kernel this task allocates, and which of these allocations have
 * been made to fail
 */
#ifndef REFCDEV_TEST_ALLOC_SITES_H
#define REFCDEV_TEST_ALLOC_SITES_H

/* A record of its own for this task, from now on. */
void alloc_sites_open(void);

/* Forget everything. */
void alloc_sites_clear(void);

/* The next run begins: what was done since the last one ended does not count. */
void alloc_sites_skip(void);

/* A run has ended: count what it has allocated, and what it was refused. */
void alloc_sites_count(void);

/* A run that passed whole has ended: its sites are those that matter. */
void alloc_sites_settle(void);

/*
 * How many of these were never made to fail; and of the first of them the place in the run: so
 * many allocations come before it, and steps that are none.
 */
unsigned int alloc_sites_missing(unsigned int *place);

/* List those of the run that passed whole. Returns how many there are. */
unsigned int alloc_sites_report(const char *name);

#endif /* REFCDEV_TEST_ALLOC_SITES_H */
