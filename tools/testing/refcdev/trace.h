/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h: counts what the core says in its tracepoints
 */
#ifndef REFCDEV_TEST_TRACE_H
#define REFCDEV_TEST_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_OPS = 16, TRACE_OP_NAME = 24 };

struct trace_counts {
	unsigned long opens, refused, releases;
	/* of @refused: by the operation's name, as it was met first */
	struct {
		char op[TRACE_OP_NAME];
		unsigned long count;
	} refusals[TRACE_OPS];
	unsigned long drains;		/* disconnects that were seen to their end */
	unsigned int inside, woken;	/* of the last of them */
	uint64_t wait_ns;
};

int trace_start(void);
bool trace_read(struct trace_counts *counts);
unsigned long trace_refused(const struct trace_counts *counts, const char *op);
long trace_lost(void);
void trace_stop(void);

#endif /* REFCDEV_TEST_TRACE_H */
