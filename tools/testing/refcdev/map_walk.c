// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_walk.c: walks through the page tables of a process: is a page of a device that has
 * gone still mapped?
 *
 * All it goes by is what the kernel tells of a mapping: its path, page offset and kind. No
 * device may be bound that one of them is of. /proc/PID/pagemap has nothing to say of
 * mappings by frame number; whoever has one of these reads through it (map_touch.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "map_race.h"
#include "util.h"

#define ENTRY_PRESENT	(1ull << 63)
#define ENTRY_SWAPPED	(1ull << 62)
#define ENTRY_PFN(e)	((e) & ((1ull << 55) - 1))

#define REMEMBERED	8

struct area {
	unsigned long start, end;
	enum policy policy;
	enum place place;
	unsigned int device;
	enum mapdev_way way;
	unsigned int first;
	bool private, writable;
	char perms[5];
	pid_t pid;
};

struct walk walked;

/* The newest is that of this round. */
static struct instance instances[REMEMBERED];
static unsigned int newest;

static bool read_entries(int fd, unsigned long address, uint64_t *entries, unsigned int count)
{
	ssize_t size = count * sizeof(*entries);

	return pread(fd, entries, size, address / PAGE * sizeof(*entries)) == size;
}

/* 0 if it is not there. */
uint64_t own_pfn(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (fd < 0 || !read_entries(fd, (unsigned long)page, &entry, 1))
		entry = 0;
	close(fd);
	return entry & ENTRY_PRESENT ? ENTRY_PFN(entry) : 0;
}

void walk_new(const struct mapdev_pages *pages)
{
	newest = (newest + 1) % REMEMBERED;
	instances[newest] = (struct instance) { .pages = *pages };
}

void walk_zero_page(uint64_t pfn)
{
	instances[newest].zero_pfn = pfn;
}

static bool has(const __u64 *pfns, uint64_t pfn)
{
	int i;

	for (i = 0; i < MAPDEV_PAGES; i++)
		if (pfns[i] == pfn)
			return true;
	return false;
}

static bool is_zero_page(uint64_t pfn)
{
	int i;

	for (i = 0; i < REMEMBERED; i++)
		if (instances[i].zero_pfn == pfn)
			return pfn;
	return false;
}

static bool is_kept_page(const struct area *area, unsigned int page, uint64_t pfn)
{
	int i;

	for (i = 0; i < REMEMBERED; i++)
		if (page < MAPDEV_PAGES && instances[i].pages.pfn[MAPDEV_RAM][page] == pfn)
			return !way_is_register(area->way);
	return false;
}

/*
 * May a page be mapped there now? The registers may be anything by now, so their frames
 * mean something only where registers were mapped. A private mapping that can be written
 * to may have copies of its own; those of registers were made while the device was there,
 * so they lie elsewhere.
 */
static bool may_be_mapped(const struct area *area, unsigned int page, uint64_t pfn)
{
	const struct mapdev_pages *pages = &instances[newest].pages;
	enum mapdev_kind kind = way_is_register(area->way) ? MAPDEV_REGISTERS : MAPDEV_RAM;

	if (area->policy == POLICY_KEEP && is_kept_page(area, page, pfn))
		return true;
	if (area->policy == POLICY_ZERO && is_zero_page(pfn))
		return true;
	return area->private && area->writable && !has(pages->pfn[kind], pfn);
}

static void walk_area(const struct area *area, int pagemap)
{
	unsigned int count = (area->end - area->start) / PAGE, i;
	uint64_t entries[MAPDEV_PAGES];

	walked.mappings++;
	if (count > MAPDEV_PAGES || !read_entries(pagemap, area->start, entries, count)) {
		complain(FAILED, "cannot read the page table at %#lx", area->start);
		walked.failed++;
		return;
	}
	for (i = 0; i < count; i++) {
		walked.pages++;
		if (!(entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED)) ||
		    may_be_mapped(area, area->first + i, ENTRY_PFN(entries[i])))
			continue;
		walked.stale[area->place]++;
		complain(STALE, "process %d has frame %#llx of device %u mapped, by %s%s%u, %s, %s",
			 area->pid, (unsigned long long)ENTRY_PFN(entries[i]), area->device,
			 place_dirs[area->place], driver->nodes[area->policy], area->device,
			 way_names[area->way], area->perms);
	}
}

/* As a debugger would; only what is to be kept, and a process's own copies, may be found. */
static void peek(const struct area *area, int mem)
{
	struct mapdev_words words;

	if (area->policy == POLICY_KEEP || (area->private && area->writable))
		return;
	if (pread(mem, &words, sizeof(words), area->start) != sizeof(words))
		return;
	if (area->policy == POLICY_ZERO && !words.magic && !words.serial)
		return;
	walked.reached++;
	complain(STALE, "/proc/%d/mem has %#llx of device %u, %s", area->pid,
		 (unsigned long long)words.magic, area->device, way_names[area->way]);
}

static bool parse_path(struct area *area, const char *path)
{
	int place, policy;
	const char *name = path;
	size_t length;

	for (place = 0; place < NR_PLACES; place++) {
		length = strlen(place_dirs[place]);
		if (strncmp(path, place_dirs[place], length) == 0)
			break;
	}
	if (place == NR_PLACES)
		return false;
	name += length;
	for (policy = 0; policy < NR_POLICIES; policy++) {
		if (!driver->nodes[policy])
			continue;
		length = strlen(driver->nodes[policy]);
		if (strncmp(name, driver->nodes[policy], length) == 0 &&
		    sscanf(name + length, "%u", &area->device) == 1)
			break;
	}
	area->place = place;
	area->policy = policy;
	return policy < NR_POLICIES;
}

/*
 * remap_pfn_range() makes the page offset of a private mapping that may be written to the
 * frame's number, which is beyond all ways.
 */
static bool parse(struct area *area, const char *line)
{
	unsigned long offset;
	int path = 0;

	if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &area->start, &area->end, area->perms,
		   &offset, &path) != 4 || !path || !parse_path(area, line + path))
		return false;
	area->private = area->perms[3] == 'p';
	area->writable = area->perms[1] == 'w';
	area->way = offset / PAGE / MAPDEV_WAY_PAGES;
	area->first = offset / PAGE % MAPDEV_WAY_PAGES;
	if (area->way >= MAPDEV_NR_WAYS)
		area->way = MAPDEV_WAY_pfn;
	return true;
}

unsigned long walk_stale(void)
{
	return walked.stale[PLACE_DEV] + walked.stale[PLACE_MKNOD] + walked.stale[PLACE_BIND];
}

static int open_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void walk_process(pid_t pid, uint64_t *random)
{
	int maps = open_of(pid, "maps"), pagemap = open_of(pid, "pagemap");
	int mem = open_of(pid, "mem");
	FILE *lines = maps < 0 ? NULL : fdopen(maps, "r");
	struct area area = { .pid = pid };
	char line[512];

	if (!lines || pagemap < 0 || mem < 0) {
		complain(FAILED, "cannot look into process %d: %s", pid, strerror(errno));
		walked.failed++;
	}
	while (lines && fgets(line, sizeof(line), lines)) {
		if (!parse(&area, line))
			continue;
		walk_area(&area, pagemap);
		if (random_below(random, 4) == 0)
			peek(&area, mem);
	}
	walked.processes++;
	if (lines)
		fclose(lines);
	close(pagemap);
	close(mem);
}
