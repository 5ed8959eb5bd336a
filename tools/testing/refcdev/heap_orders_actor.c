// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_orders_actor.c: makes things happen to a buffer and the drivers that it is between, and
 * compares what can be seen with the model
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edu.h"
#include "heap.h"
#include "heap_orders.h"
#include "subject.h"

#define LATE_LIMIT	(10 * SECOND)
#define NO_BUFFER	INT32_MAX	/* nothing is called so */

/* The whole buffer, a word at the begin of each page. */
static int look_at_contents(struct actor *self)
{
	volatile uint32_t *word;
	int page, good = 0;

	for (page = 0; page < BUFFER_PAGES; page++) {
		word = (volatile uint32_t *)(self->at + page * 4096);
		good += *word == self->written + page;
		*word = self->written + BUFFER_PAGES + page;
	}
	self->written += BUFFER_PAGES;
	return good;
}

static int sync_buffer(const struct actor *self, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_RW };

	return ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

/* A line is the name, the size, and how many use it. */
static long users_in(const char *modules, const char *line)
{
	char *rest = strstr(modules, line);

	if (!rest)
		return -ENOENT;
	strtol(rest + strlen(line), &rest, 10);
	return strtol(rest, NULL, 10);
}

/* In one look: each file that is opened costs a debug kernel milliseconds. */
static void look_at_modules(long *of)
{
	char text[4096] = "\n";

	require(read_text("/proc/modules", text + 1, sizeof(text) - 1) == 0);
	of[EXPORTER_USERS] = users_in(text, "\nheap ");
	of[IMPORTER_USERS] = users_in(text, "\nedu ");
}

/* Those that were not released. The first count is of the begin: nobody binds in between. */
static long objects_of(long created, const char *driver)
{
	long released = driver_count(driver, "released");

	return released < 0 ? released : created - released;
}

/* 1; 0 if there is none; more than all of them if it leads nowhere. */
static int link_at(const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		return 0;
	return access(path, F_OK) ? 100 : 1;
}

static int links(const struct actor *self)
{
	char path[256];
	int found;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/heap:heap0-%s", edu_address(),
		 self->heap);
	found = link_at(path);
	snprintf(path, sizeof(path), HEAP_FOLDER "%s/importer:%s", self->heap, edu_address());
	return found + link_at(path);
}

static void look_at_calls(const struct actor *self, long *of)
{
	struct refcdev_edu_constraints constraints;
	struct refcdev_heap_info info;

	if (self->exporter >= 0)
		of[EXPORTER_CALL] = heap_info(self->exporter, 0, &info);
	if (self->importer < 0)
		return;
	of[IMPORTER_CALL] = ioctl(self->importer, REFCDEV_EDU_GET_CONSTRAINTS, &constraints) ?
			    -errno : 0;
	of[ATTACH_CALL] = edu_import(self->importer, -1);
	of[DETACH_CALL] = edu_release_import(self->importer, NO_BUFFER);
}

static void look(struct actor *self, struct view *view)
{
	long *of = view->of;

	memset(view, 0, sizeof(*view));
	look_at_modules(of);
	of[EXPORTER_NODE] = access(HEAP_NODE, F_OK) == 0;
	of[IMPORTER_NODE] = access(EDU_NODE, F_OK) == 0;
	of[EXPORTER_OBJECTS] = objects_of(self->before->heaps, HEAP_DRIVER);
	of[IMPORTER_OBJECTS] = objects_of(self->before->edus, EDU_DRIVER);
	of[BUFFERS] = heap_counter("buffers");
	of[DEVICE_MAPPED] = heap_counter("mapped");
	of[FILES] = heap_counter("files");
	of[LATE] = heap_counter("late");
	if (of[LATE] >= 0)
		of[LATE] -= self->before->late;
	of[IMPORTS] = edu_counter("imports");
	of[USED] = heap_used(self->heap);
	of[LINKS] = links(self);
	if (self->fd >= 0)
		of[SYNC] = sync_buffer(self, DMA_BUF_SYNC_START);
	if (self->at)
		of[CONTENTS] = look_at_contents(self);
	if (self->fd >= 0)
		of[SYNC] = of[SYNC] ?: sync_buffer(self, DMA_BUF_SYNC_END);
	look_at_calls(self, of);
}

bool actor_observe(struct actor *self, const struct model *model)
{
	static const char *const names[NR_SIGHTS] = {
		[EXPORTER_USERS] = "users of module heap", [IMPORTER_USERS] = "users of module edu",
		[EXPORTER_NODE] = HEAP_NODE, [IMPORTER_NODE] = EDU_NODE,
		[EXPORTER_OBJECTS] = "heap's objects", [IMPORTER_OBJECTS] = "edu's objects",
		[BUFFERS] = "buffers", [DEVICE_MAPPED] = "mapped by a device",
		[FILES] = "heap's files", [LATE] = "buffers that went late",
		[IMPORTS] = "imports", [USED] = "bytes used", [LINKS] = "links in sysfs",
		[CONTENTS] = "pages as they were left", [SYNC] = "DMA_BUF_IOCTL_SYNC",
		[EXPORTER_CALL] = "a call of heap's", [IMPORTER_CALL] = "a call of edu's",
		[ATTACH_CALL] = "attaching no file", [DETACH_CALL] = "detaching what is not",
	};
	struct view wanted, found;
	bool same;
	int i;

	model_view(model, &wanted);
	same = wait_until((look(self, &found),
			   !memcmp(&found, &wanted, sizeof(found))), LATE_LIMIT);
	for (i = 0; i < NR_SIGHTS && !same; i++)
		if (found.of[i] != wanted.of[i])
			complain("%s: %ld, not %ld", names[i], found.of[i], wanted.of[i]);
	return same;
}

static int rmmod_all(int wanted[RMMOD_TRIES])
{
	static const char *const modules[RMMOD_TRIES] = { "heap", "edu", "heap" };
	int i, ret;

	for (i = 0; i < RMMOD_TRIES; i++) {
		ret = module_unload(modules[i]);
		if (ret == wanted[i])
			continue;
		complain("rmmod %s: %d, not %d", modules[i], ret, wanted[i]);
		return -EIO;
	}
	return 0;
}

static int act(struct actor *self, enum event event, int tries[RMMOD_TRIES])
{
	int ret;

	switch (event) {
	case UNBIND_EXPORTER:
		return heap_unbind();
	case UNBIND_IMPORTER:
		return edu_unbind();
	case RMMOD:
		return rmmod_all(tries);
	case CLOSE:
		ret = close(self->fd) ? -errno : 0;
		self->fd = -1;
		return ret;
	case UNMAP:
		ret = munmap(self->at, BUFFER_BYTES) ? -errno : 0;
		self->at = NULL;
		return ret;
	case DETACH:
		return edu_release_import(self->importer, self->id);
	default:
		return raise(SIGKILL);
	}
}

bool actor_step(struct actor *self, struct model *model, enum event event)
{
	int tries[RMMOD_TRIES] = {};
	int wanted = model_step(model, event, tries), found = act(self, event, tries);

	if (found != wanted)
		complain("%s: %d, not %d", event_names[event], found, wanted);
	return found == wanted && actor_observe(self, model);
}

void actor_empty(struct actor *self, const char *heap, struct before *before)
{
	*self = (struct actor){
		.heap = heap, .before = before, .exporter = -1, .importer = -1, .fd = -1,
	};
}

/* A module that is loaded binds what is there. */
static bool there(const char *module, bool (*is_bound)(void), int (*bind)(void))
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (access(path, F_OK))
		return module_load(module, "") == 0 && is_bound();
	return is_bound() || bind() == 0;
}

bool actor_begin(struct actor *self, const char *heap, struct before *before)
{
	struct model model;

	actor_empty(self, heap, before);
	if (!there("heap", heap_is_bound, heap_bind) || !there("edu", edu_is_bound, edu_bind))
		return false;
	before->late = heap_counter("late");
	before->heaps = heap_counter("created");
	before->edus = edu_counter("created");
	if (heap_used("system") || heap_used("reserved"))
		return false;
	self->exporter = heap_open();
	self->importer = edu_open(0);
	self->fd = heap_allocate(self->exporter, heap_pick(self->exporter, *heap == 'r'),
				 BUFFER_BYTES, 0, 28);
	if (self->fd < 0)
		return false;
	self->at = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	self->id = edu_import(self->importer, self->fd);
	if (self->at == MAP_FAILED || (int)self->id < 0)
		return false;
	memset(self->at, 0, BUFFER_BYTES);
	look_at_contents(self);
	model_begin(&model);
	return actor_observe(self, &model);
}

static bool goes(const char *module)
{
	int ret = module_unload(module);

	return ret == 0 || ret == -ENOENT;
}

bool modules_go(void)
{
	return goes("edu") && goes("heap");
}
