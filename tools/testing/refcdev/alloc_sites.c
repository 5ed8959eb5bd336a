// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc_sites.c: where in the kernel this task allocates, and which of these allocations have
 * been made to fail
 *
 * From the tracepoints of the slab allocator, which tell of failures too: a NULL pointer.
 * Per-CPU memory is listed, and not asked to have failed: fail-nth does not reach it. Whole
 * pages have no tracepoint that says for whom they are; each vmalloc() shows by what it
 * allocates from slabs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc_sites.h"
#include "harness.h"
#include "util.h"

#define INSTANCE	"/sys/kernel/tracing/instances/alloc_sites"
#define SITES_MAX	400

static struct site {
	char place[128];
	unsigned long bytes, failed, last_run;
	unsigned int position;		/* in that run */
	bool reachable, whole;
} sites[SITES_MAX];

static unsigned int nr_sites, position;
static unsigned long run = 1;

static bool watch_event(const char *event)
{
	char path[128];

	snprintf(path, sizeof(path), INSTANCE "/events/%s/enable", event);
	return write_text(path, "1") == 0;
}

void alloc_sites_open(void)
{
	char pid[16];

	require(mkdir(INSTANCE, 0700) == 0 || errno == EEXIST);
	snprintf(pid, sizeof(pid), "%d", getpid());
	require(write_text(INSTANCE "/set_event_pid", pid) == 0);
	require(watch_event("kmem/kmalloc") && watch_event("kmem/kmem_cache_alloc"));
	/* Newer kernels have these no more, or in the former. */
	watch_event("kmem/kmalloc_node");
	watch_event("kmem/kmem_cache_alloc_node");
	watch_event("percpu/percpu_alloc_percpu");
}

void alloc_sites_clear(void)
{
	nr_sites = 0;
	run = 1;
	alloc_sites_skip();
}

void alloc_sites_skip(void)
{
	int fd = open(INSTANCE "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	require(fd >= 0);
	close(fd);
	require(write_text(INSTANCE "/tracing_on", "1") == 0);
}

static struct site *find(const char *place)
{
	unsigned int i;

	for (i = 0; i < nr_sites; i++)
		if (!strcmp(sites[i].place, place))
			return &sites[i];
	require(nr_sites < SITES_MAX);
	memset(&sites[nr_sites], 0, sizeof(sites[0]));
	snprintf(sites[nr_sites].place, sizeof(sites[0].place), "%s", place);
	return &sites[nr_sites++];
}

/* Others are hashed, or hidden in brackets as long as there is nothing to hash them with. */
static bool is_null(const char *pointer)
{
	return strncmp(pointer, "(null)", 6) == 0 || strspn(pointer, "0") == 2 * sizeof(void *);
}

/* ...: kmalloc: call_site=foo+0x12/0x34 [module] ptr=00000000deadbeef bytes_req=12 ... */
static void count_line(char *line)
{
	char *place = strstr(line, "call_site="), *ptr, *bytes;
	bool percpu = strstr(line, "percpu_alloc_percpu:");
	struct site *site;

	if (!place)
		return;
	place += strlen("call_site=");
	bytes = strstr(place, percpu ? " size=" : " bytes_req=");
	ptr = strstr(place, " ptr=");
	if (percpu)
		place[strcspn(place, " ")] = 0;
	else
		require(ptr);
	require(bytes);
	if (!percpu)
		*ptr = 0;
	site = find(place);
	site->bytes = strtoul(strchr(bytes, '=') + 1, NULL, 10);
	position += !percpu;
	site->reachable = !percpu && !strstr(bytes, "__GFP_NOFAIL");
	if (!percpu && is_null(ptr + strlen(" ptr=")))
		site->failed++;
	else if (site->last_run != run)
		site->position = position;
	site->last_run = run;
}

void alloc_sites_count(void)
{
	char line[1024];
	FILE *trace;

	/* Or else reading it would be recorded. */
	require(write_text(INSTANCE "/tracing_on", "0") == 0);
	trace = fopen(INSTANCE "/trace", "re");
	require(trace);
	run++;
	position = 0;
	while (fgets(line, sizeof(line), trace))
		if (*line != '#')
			count_line(line);
	fclose(trace);
}

void alloc_sites_settle(void)
{
	unsigned int i;

	for (i = 0; i < nr_sites; i++)
		sites[i].whole = sites[i].last_run == run;
}

unsigned int alloc_sites_missing(unsigned int *place)
{
	unsigned int i, count = 0;

	for (i = 0; i < nr_sites; i++)
		if (sites[i].whole && sites[i].reachable && !sites[i].failed && !count++)
			*place = sites[i].position;
	return count;
}

unsigned int alloc_sites_report(const char *name)
{
	unsigned int i, count = 0;

	for (i = 0; i < nr_sites; i++) {
		const struct site *site = &sites[i];

		if (!site->whole)
			continue;
		count++;
		if (site->reachable)
			note("%s: %s, %lu bytes: failed %lu times", name, site->place,
			     site->bytes, site->failed);
		else
			note("%s: %s, %lu bytes: cannot be made to fail", name, site->place,
			     site->bytes);
	}
	return count;
}
