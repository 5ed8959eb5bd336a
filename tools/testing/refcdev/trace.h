/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h: counts what the core says in its tracepoints
 */
#ifndef REFCDEV_TEST_TRACE_H
#define REFCDEV_TEST_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct trace_counts {
	unsigned long opens, refused, releases;
	unsigned long drains;		/* disconnects that were seen to their end */
	unsigned int inside, woken;	/* of the last of them */
	uint64_t wait_ns;
};

int trace_start(void);
bool trace_read(struct trace_counts *counts);
long trace_lost(void);
void trace_stop(void);

#endif /* REFCDEV_TEST_TRACE_H */
