// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c: counts what the core says in its tracepoints
 *
 * In an instance of its own, so that nothing else is in the buffer, and nobody else empties
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace.h"
#include "util.h"

#define INSTANCE	"/sys/kernel/tracing/instances/refcdev-hammer"

static int pipe_fd = -1;
static long lost_on_the_way;

/* 0, or a negative errno, where there is no tracing, or the core is not loaded. */
int trace_start(void)
{
	int ret;

	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700))
		return -errno;
	ret = write_text(INSTANCE "/buffer_size_kb", "4096");
	if (!ret)
		ret = write_text(INSTANCE "/events/refcdev/enable", "1");
	if (ret)
		return ret;
	pipe_fd = open(INSTANCE "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return pipe_fd < 0 ? -errno : 0;
}

/* What there is no room for is in @refused all the same. */
static void count_refusal(struct trace_counts *counts, const char *line)
{
	const char *found = strstr(line, " op=");
	char op[TRACE_OP_NAME] = "";
	unsigned int i;

	counts->refused++;
	if (!found || sscanf(found, " op=%23s", op) != 1)
		return;
	for (i = 0; i < TRACE_OPS; i++) {
		if (!*counts->refusals[i].op)
			strcpy(counts->refusals[i].op, op);
		if (!strcmp(counts->refusals[i].op, op)) {
			counts->refusals[i].count++;
			return;
		}
	}
}

unsigned long trace_refused(const struct trace_counts *counts, const char *op)
{
	unsigned int i;

	for (i = 0; i < TRACE_OPS; i++)
		if (!strcmp(counts->refusals[i].op, op))
			return counts->refusals[i].count;
	return 0;
}

static void count_line(struct trace_counts *counts, const char *line)
{
	const char *drain = strstr(line, " lifetime_drain: ");
	const char *lost = strstr(line, "[LOST ");
	unsigned long long wait_ns;

	if (lost)
		lost_on_the_way += strtol(lost + 6, NULL, 10);
	counts->opens += !!strstr(line, " refcdev_open: ");
	if (strstr(line, " refcdev_refuse: "))
		count_refusal(counts, line);
	counts->releases += !!strstr(line, " lifetime_release: ");
	if (!drain)
		return;
	drain = strstr(drain, " inside=");
	if (drain && sscanf(drain, " inside=%u woken=%u wait_ns=%llu", &counts->inside,
			    &counts->woken, &wait_ns) == 3) {
		counts->wait_ns = wait_ns;
		counts->drains++;
	}
}

/* Take out all that is there; true if a disconnect was among it. */
bool trace_read(struct trace_counts *counts)
{
	unsigned long drains = counts->drains;
	char text[8192], *line, *rest;
	ssize_t len;

	/* Each read returns whole lines. */
	while (pipe_fd >= 0 && (len = read(pipe_fd, text, sizeof(text) - 1)) > 0) {
		text[len] = 0;
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			count_line(counts, line);
	}
	return counts->drains > drains;
}

/* Events that were overwritten or dropped: must be 0 for the counts to mean anything. */
long trace_lost(void)
{
	static const char *const names[] = { "\noverrun: ", "\ndropped events: ",
					     "\ncommit overrun: " };
	long lost = lost_on_the_way;
	char text[512], *found;
	glob_t files;
	size_t i, j;

	if (glob(INSTANCE "/per_cpu/cpu*/stats", 0, NULL, &files))
		return -ENOENT;
	for (i = 0; i < files.gl_pathc; i++) {
		if (read_text(files.gl_pathv[i], text, sizeof(text)))
			return -EIO;
		for (j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
			found = strstr(text, names[j]);
			if (found)
				lost += strtol(found + strlen(names[j]), NULL, 10);
		}
	}
	globfree(&files);
	return lost;
}

void trace_stop(void)
{
	if (pipe_fd >= 0)
		close(pipe_fd);
	rmdir(INSTANCE);
}
