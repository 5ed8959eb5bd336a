// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_frames.c: which frames a call took for user space's data, from the tracepoints of the
 * kernel's page allocator
 *
 * What is meant are single pages that were asked for with GFP_USER; what the kernel takes for
 * itself, or for a process's own memory, has other flags.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "heap_frames.h"
#include "util.h"

#define TRACING		"/sys/kernel/tracing/"

enum { FRAMES = 4096, PAGE = 4096 };

static void watch(const char *event, const char *filter, const char *on)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "events/kmem/%s/filter", event);
	require(write_text(path, filter) == 0);
	snprintf(path, sizeof(path), TRACING "events/kmem/%s/enable", event);
	require(write_text(path, on) == 0);
}

void frames_watch(void)
{
	char filter[64];

	if (access(TRACING "events/kmem", F_OK))
		skip("no tracing here");
	snprintf(filter, sizeof(filter), "common_pid == %ld", syscall(SYS_gettid));
	watch("mm_page_alloc", filter, "1");
	watch("mm_page_free", filter, "1");
}

void frames_unwatch(void)
{
	watch("mm_page_alloc", "0", "0");
	watch("mm_page_free", "0", "0");
	frames_begin();
}

/* What was noted before is forgotten. */
void frames_begin(void)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	require(fd >= 0);
	close(fd);
}

static unsigned int forget(unsigned long *frames, unsigned int count, unsigned long frame)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (frames[i] == frame) {
			frames[i] = frames[--count];
			break;
		}
	return count;
}

unsigned int frames_end(uint64_t *highest)
{
	static unsigned long frames[FRAMES];
	unsigned int count = 0, i;
	char line[512], *pfn;
	FILE *trace;

	trace = fopen(TRACING "trace", "r");
	require(trace);
	while (fgets(line, sizeof(line), trace)) {
		pfn = strstr(line, " pfn=");
		if (!pfn)
			continue;
		if (strstr(line, " mm_page_alloc: ") && strstr(line, "=GFP_USER") &&
		    strstr(line, " order=0 ") && count < FRAMES)
			frames[count++] = strtoul(pfn + 5, NULL, 0);
		else if (strstr(line, " mm_page_free"))
			count = forget(frames, count, strtoul(pfn + 5, NULL, 0));
	}
	fclose(trace);
	for (*highest = 0, i = 0; i < count; i++)
		if ((frames[i] + 1ull) * PAGE - 1 > *highest)
			*highest = (frames[i] + 1ull) * PAGE - 1;
	return count;
}
