// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_memory.c: what objects, nodes and open files cost in memory: sizes of the structures,
 * and what the slab allocator and the per-CPU allocator count for a thousand of each
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench_memory.h"
#include "harness.h"
#include "modules/benchdown_ioctl.h"
#include "util.h"

#define MANY		1000
#define MANY_FILES	10000
#define MAX_CACHES	512
#define NODE		"/dev/benchdown0"

struct cache {
	char name[64];
	long objects, size;
};

struct count {
	struct cache caches[MAX_CACHES];
	int nr;
	long percpu_kb;
};

static long percpu_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	require(file);
	while (kb < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "Percpu: %ld kB", &kb);
	fclose(file);
	require(kb >= 0);
	return kb;
}

/* The allocator counts a slab that a CPU works on as full: so a slab more or less. */
static void take_count(int ctl, struct count *count)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	struct cache *cache = count->caches;
	char line[256];

	require(file);
	/* What was freed a moment ago may still wait for a grace period. */
	require(ioctl(ctl, BENCHDOWN_SETTLE) == 0);
	while (fgets(line, sizeof(line), file) && cache < count->caches + MAX_CACHES)
		if (sscanf(line, "%63s %ld %*d %ld", cache->name, &cache->objects,
			   &cache->size) == 3)
			cache++;
	fclose(file);
	count->nr = cache - count->caches;
	require(count->nr > 0);
	count->percpu_kb = percpu_kb();
}

static const struct cache *cache_of(const struct count *count, const char *name)
{
	int i;

	for (i = 0; i < count->nr; i++)
		if (!strcmp(count->caches[i].name, name))
			return &count->caches[i];
	return NULL;
}

/* What is there after that was not before, for each of @each; half an object is noise. */
static void compare(const char *what, const struct count *before, const struct count *after,
		    int each)
{
	long bytes = 0;
	int i;

	for (i = 0; i < after->nr; i++) {
		const struct cache *new = &after->caches[i];
		const struct cache *old = cache_of(before, new->name);
		long more = new->objects - (old ? old->objects : 0);

		if (more < each / 2)
			continue;
		printf("# slab: %s %s %ld.%02ld %ld\n", what, new->name, more / each,
		       more % each * 100 / each, new->size);
		bytes += more * new->size;
	}
	printf("# memory: %s %ld %ld\n", what, bytes / each,
	       (after->percpu_kb - before->percpu_kb) * 1024 / each);
}

static void make(int ctl, unsigned int kind, unsigned int devices, unsigned int nodes)
{
	struct benchdown_make set = { kind, devices, nodes };

	require(ioctl(ctl, BENCHDOWN_MAKE, &set) == 0);
}

static void measure_set(int ctl, const char *what, unsigned int kind, unsigned int devices,
			unsigned int nodes)
{
	static struct count before, after;

	/* The first of a kind makes what all share. */
	make(ctl, kind, 1, devices == 1 ? 0 : nodes);
	take_count(ctl, &before);
	require(ioctl(ctl, BENCHDOWN_FREE) == 0);
	make(ctl, kind, devices, nodes);
	take_count(ctl, &after);
	compare(what, &before, &after, MANY);
	require(ioctl(ctl, BENCHDOWN_FREE) == 0);
}

static void measure_files(int ctl, const char *what, const char *path)
{
	static struct count before, after;
	static int files[MANY_FILES];
	int i;

	take_count(ctl, &before);
	for (i = 0; i < MANY_FILES; i++) {
		files[i] = open(path, O_RDONLY);
		require(files[i] >= 0);
	}
	take_count(ctl, &after);
	compare(what, &before, &after, MANY_FILES);
	while (i)
		close(files[--i]);
}

void measure_memory(int ctl)
{
	struct benchdown_sizes sizes;

	require(ioctl(ctl, BENCHDOWN_SIZES, &sizes) == 0);
	printf("# sizes: %u %u %u %u %u\n", sizes.cpus, sizes.lifetime, sizes.counts,
	       sizes.refcdev, sizes.inode);
	measure_set(ctl, "lifetime", BENCHDOWN_REFCDEV, MANY, 0);
	measure_set(ctl, "node", BENCHDOWN_REFCDEV, 1, MANY);
	measure_set(ctl, "plain_node", BENCHDOWN_SRCU, MANY, 1);
	measure_files(ctl, "plain_file", "/dev/null");
	make(ctl, BENCHDOWN_REFCDEV, 1, 1);
	measure_files(ctl, "file", NODE);
	require(ioctl(ctl, BENCHDOWN_FREE) == 0);
}
