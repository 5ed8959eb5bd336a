// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_worker.c: maps a device and touches what it mapped, until the device is gone; then
 * reads through all of it
 *
 * A round, with a meeting of everybody after each step:
 *  1. open files, by all policies and in several places
 *  2. map, touch, unmap, fork; until the device refuses. What is mapped then stays
 *  3. read through all mappings, and write to them; so do the children
 *  4. stand still: the conductor walks through the page tables
 * and unmap, all but a few in one round of four: those are for a device that came back.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map_race.h"
#include "sigbus.h"
#include "util.h"

/* Where nothing else is mapped. */
#define ARENA	0x100000000000ul
#define SPACE	(4 * PAGE)

struct file {
	int fd;
	enum policy policy;
	enum place place;
};

struct worker {
	unsigned int number;
	uint64_t random;
	struct file files[FILES];
	struct mapping kept[KEPT];
	struct tally *tally;
	struct child *child;
	pthread_t thread;
};

/* Of this process. */
static struct worker workers[THREADS];

static uint64_t below(struct worker *self, uint64_t limit)
{
	return random_below(&self->random, limit);
}

static void fail(struct worker *self, const char *what)
{
	complain(FAILED, "%s: %s", what, strerror(errno));
	self->tally->failed++;
}

static void open_files(struct worker *self)
{
	struct file *file;
	char path[96];
	int i;

	for (i = 0; i < FILES; i++) {
		file = &self->files[i];
		file->policy = (i + self->number + shared->round) % NR_POLICIES;
		if (!driver->nodes[file->policy])
			file->policy = POLICY_SIGBUS;
		file->place = below(self, options.places);
		node_path(path, sizeof(path), file->policy, file->place, shared->device);
		file->fd = open(path, O_RDWR | O_CLOEXEC);
		if (file->fd < 0)
			fail(self, path);
	}
}

static void close_files(struct worker *self)
{
	int i;

	for (i = 0; i < FILES; i++) {
		if (self->files[i].fd >= 0)
			close(self->files[i].fd);
		self->files[i].fd = -1;
	}
}

/* Each mapping has its place: so all of them can be taken away at once, which is quick. */
static char *place_of(const struct worker *self, unsigned int i)
{
	return (char *)ARENA + (self->number * KEPT + i) * SPACE;
}

static void let_go_from(struct worker *self, unsigned int from)
{
	unsigned int i;

	for (i = from; i < KEPT; i++)
		__atomic_store_n(&self->kept[i].at, NULL, __ATOMIC_RELEASE);
	if (munmap(place_of(self, from), (KEPT - from) * SPACE))
		fail(self, "munmap");
}

/*
 * Not in every process: x86 keeps notes of what remap_pfn_range() mapped, and a fork that
 * copies them fails, or warns, where the pages were replaced or are just being zapped: see
 * get_pat_info() in the kernel. That is so with any driver.
 */
static bool forks(const struct worker *self)
{
	return self->number < THREADS;
}

static void choose_mapping(struct worker *self, const struct file *file, struct mapping *new,
			   unsigned int pages)
{
	unsigned int ways = driver->ways[file->policy];

	if (forks(self))
		ways &= ~(1u << MAPDEV_WAY_pfn | 1u << MAPDEV_WAY_pfn_access);
	memset(new, 0, sizeof(*new));
	do {
		new->way = below(self, MAPDEV_NR_WAYS);
	} while (!(ways & 1u << new->way));
	new->policy = file->policy;
	new->pages = pages;
	new->first = below(self, MAPDEV_PAGES - new->pages + 1);
	/* The driver cannot have private copies there: see mapdev_ioctl.h. */
	new->private = new->way != MAPDEV_WAY_fault_pfn && below(self, 4) == 0;
	new->writable = below(self, 4);
	new->round = shared->round;
	new->serial = shared->serial;
}

static void count_mmap(struct worker *self, const struct file *file, enum mapdev_way way,
		       uint64_t begun)
{
	unsigned int *nr = &shared->mmaps[self->number];

	shared->stamps[self->number][*nr % STAMPS] = (struct stamps) { begun, now_ns() };
	++*nr;
	self->tally->mmaps[file->policy]++;
	self->tally->places[file->place]++;
	self->tally->ways[way]++;
	if (__atomic_add_fetch(&shared->mapped, 1, __ATOMIC_RELAXED) == shared->wanted)
		announce(&shared->enough);
}

/*
 * Mostly where nothing is; else mmap itself takes away what was there, also if it fails: all
 * of it, as a part might not be allowed to be taken away.
 */
static bool map_one(struct worker *self, const struct file *file, unsigned int i)
{
	struct mapping *to = &self->kept[i], new;
	uint64_t begun;
	char *at;

	choose_mapping(self, file, &new, to->at ? to->pages : 1 + below(self, 2));
	__atomic_store_n(&to->at, NULL, __ATOMIC_RELEASE);
	begun = now_ns();
	at = mmap(place_of(self, i), new.pages * PAGE, PROT_READ | (new.writable ? PROT_WRITE : 0),
		  (new.private ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED, file->fd,
		  (new.way * MAPDEV_WAY_PAGES + new.first) * PAGE);
	if (at != MAP_FAILED) {
		count_mmap(self, file, new.way, begun);
		*to = new;
		__atomic_store_n(&to->at, at, __ATOMIC_RELEASE);
		return true;
	}
	if (errno == ENXIO && __atomic_load_n(&shared->going, __ATOMIC_ACQUIRE))
		self->tally->refused++;
	else
		fail(self, way_names[new.way]);
	return false;
}

/* A child has what both threads had mapped; the pages it may have to fault in anew. */
static void touch_inherited(struct worker *self, bool forget)
{
	struct mapping *mapping;
	int i, j;

	for (i = 0; i < THREADS; i++) {
		for (j = 0; j < KEPT; j++) {
			mapping = &workers[i].kept[j];
			if (forget)
				mapping->touched = 0;
			if (__atomic_load_n(&mapping->at, __ATOMIC_ACQUIRE))
				touch(mapping, !mapping->private, TALLY_CHILD(self->number));
		}
	}
}

static void child_process(struct worker *self)
{
	uint32_t round = shared->round;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_files(self);
	touch_inherited(self, true);
	await(&shared->look, round);
	touch_inherited(self, false);
	announce(&self->child->looked);
	await(&shared->walked, round);
	_exit(0);
}

/* At most one in a round. */
static void fork_one(struct worker *self)
{
	pid_t pid;

	if (self->child->pid)
		return;
	pid = fork();
	if (pid == 0)
		child_process(self);
	if (pid < 0) {
		fail(self, "fork");
		return;
	}
	self->tally->forks++;
	self->child->pid = pid;
}

static void reap_child(struct worker *self)
{
	int status;

	if (!self->child->pid)
		return;
	if (waitpid(self->child->pid, &status, 0) < 0 || status) {
		complain(FAILED, "a child ended with status %#x", status);
		self->tally->failed++;
	}
	self->child->pid = 0;
}

/* Those that are left over from an earlier device are at the beginning, and stay. */
static void race(struct worker *self, unsigned int from)
{
	unsigned int refused = 0, i = from;
	uint64_t end = now_ns() + LIMIT;

	while (refused < 2 && now_ns() < end) {
		if (i == KEPT) {
			let_go_from(self, from);
			i = from;
		}
		if (!map_one(self, &self->files[below(self, FILES)], i)) {
			refused++;
			continue;
		}
		touch(&self->kept[i], below(self, 2), self->number);
		/* Once in a while the next takes the place of this one. */
		i += below(self, 8) > 0;
		if (forks(self) && below(self, 128) == 0)
			fork_one(self);
	}
	if (refused < 2)
		fail(self, "the device goes on and on");
	/* Against the zap, too. */
	for (i = 0; i < KEPT; i++)
		if (self->kept[i].at)
			touch(&self->kept[i], below(self, 2), self->number);
}

static void read_through(struct worker *self)
{
	unsigned int i;

	/* A mapping alone holds what there is to be held. */
	if (below(self, 2))
		close_files(self);
	for (i = 0; i < KEPT; i++)
		if (self->kept[i].at)
			touch(&self->kept[i], true, self->number);
}

static void *worker_thread(void *data)
{
	struct worker *self = data;
	unsigned int left = 0;

	for (;;) {
		meet();
		if (shared->end)
			return NULL;
		open_files(self);
		meet();
		race(self, left);
		meet();
		read_through(self);
		meet();
		/* The conductor walks. */
		meet();
		reap_child(self);
		close_files(self);
		left = left || below(self, 4) ? 0 : 2;
		let_go_from(self, left);
	}
}

void worker_process(unsigned int number)
{
	unsigned int threads = number ? 1 : THREADS, i;
	struct worker *self;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	sigbus_init();
	for (i = 0; i < threads; i++) {
		self = &workers[i];
		self->number = number ? THREADS - 1 + number : i;
		self->random = options.seed * 0x2545f4914f6cdd1d + self->number;
		self->tally = &shared->tallies[self->number];
		self->child = &shared->children[self->number];
		if (pthread_create(&self->thread, NULL, worker_thread, self))
			_exit(1);
	}
	for (i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	_exit(0);
}
