/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * map_race.h: what the parts of map_race share
 *
 * The conductor (map_race.c) unbinds and binds devices. Workers (map_worker.c), threads of
 * several processes, map them and touch what they have mapped (map_touch.c). When all of
 * them stand still the conductor walks through everybody's page tables (map_walk.c).
 */
#ifndef REFCDEV_MAP_RACE_H
#define REFCDEV_MAP_RACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "modules/mapdev_ioctl.h"

/* The first process has two threads, which get into each other's way; the others one. */
enum { DEVICES = 3, PROCESSES = 3, THREADS = 2, WORKERS = PROCESSES - 1 + THREADS };
enum { FILES = 2, KEPT = 8, STAMPS = 16 };

#define PAGE		4096ul
#define LIMIT		(30 * SECOND)

enum policy { POLICY_SIGBUS, POLICY_ZERO, POLICY_KEEP, NR_POLICIES };

enum complaint { STALE, ODD, FAILED, NR_COMPLAINTS };

/* How a worker gets at the device: three inodes, or paths, that lead there. */
enum place { PLACE_DEV, PLACE_MKNOD, PLACE_BIND, NR_PLACES };

extern const char *const place_dirs[NR_PLACES];
extern const char *const way_names[MAPDEV_NR_WAYS];

/* What the race is run on. */
struct driver {
	const char *name;		/* on the platform bus */
	const char *nodes[NR_POLICIES];	/* without the index; NULL: it has none of that policy */
	unsigned int ways[NR_POLICIES];	/* bits */
	const char *delay;		/* file: how long a mapping is populated and not linked */
};

extern const struct driver *driver;

struct options {
	unsigned long disconnects, mmaps, floor, limit;
	unsigned int places;
	uint64_t seed;
	bool expect_stale;
};

extern struct options options;

/* Whose counts they are: a worker's, those of a process that it forked, the conductor's. */
#define TALLY_CHILD(worker)	(WORKERS + (worker))
#define TALLY_CONDUCTOR		(2 * WORKERS)
#define NR_TALLIES		(2 * WORKERS + 1)

struct tally {
	unsigned long mmaps[NR_POLICIES], places[NR_PLACES], ways[MAPDEV_NR_WAYS];
	unsigned long touches, sigbus, zeroes, refused, forks;
	unsigned long stale;		/* touches that found the device after it was gone */
	unsigned long odd;		/* contents that nothing explains */
	unsigned long failed;		/* calls that must not fail */
} __attribute__((aligned(64)));

struct stamps {
	uint64_t begun, ended;
};

/* A process that a worker has forked, and the round in which it has read through. */
struct child {
	pid_t pid;
	uint32_t looked;
};

/* What all processes share. */
struct shared {
	pthread_barrier_t meeting;
	bool end;
	uint32_t round;			/* counts from 1 */
	unsigned int device;
	uint64_t serial;		/* of its instance */
	bool going, gone;		/* it is being unbound; that has returned */
	uint32_t look, walked;		/* rounds; futexes, for the children */
	unsigned int mapped, wanted;	/* how often, in this round; and to unbind */
	uint32_t enough;		/* round in which it is; a futex, for the conductor */
	struct tally tallies[NR_TALLIES];
	struct child children[WORKERS];
	unsigned int mmaps[WORKERS];	/* of this round; the last of them: */
	struct stamps stamps[WORKERS][STAMPS];
	unsigned int complaints[NR_COMPLAINTS];
};

/* An instance of a device, and where in memory it was. */
struct instance {
	struct mapdev_pages pages;
	uint64_t zero_pfn;		/* of the page that took its place; 0: none */
};

extern struct shared *shared;

/* One mapping of a worker, in memory of its process: a fork takes along what it inherits. */
struct mapping {
	char *at;			/* NULL: none. Set last, cleared first */
	unsigned int first, pages;
	enum policy policy;
	enum mapdev_way way;
	bool private, writable;
	bool written;			/* private: there may be copies of one's own */
	unsigned int touched;		/* pages that were there when the device was: bits */
	uint32_t round;
	uint64_t serial;
};

/* Without a fault handler: what is not there at once never will be. */
static inline bool way_is_at_once(enum mapdev_way way)
{
	return way == MAPDEV_WAY_pages || way == MAPDEV_WAY_pages_plain ||
	       way == MAPDEV_WAY_pfn || way == MAPDEV_WAY_pfn_access;
}

static inline bool way_is_register(enum mapdev_way way)
{
	return way == MAPDEV_WAY_pfn || way == MAPDEV_WAY_fault_pfn ||
	       way == MAPDEV_WAY_pfn_access;
}

/* Only the first of many of a kind: they would all say the same. */
__attribute__((format(printf, 2, 3)))
void complain(enum complaint kind, const char *format, ...);
void meet(void);
/* A word says which round it is; announce() and await() make it a futex. */
void announce(uint32_t *word);
bool await(uint32_t *word, uint32_t round);

/* map_places.c */
void make_places(void);
void remove_places(void);
void node_path(char *path, size_t size, enum policy policy, enum place place,
	       unsigned int device);

/* map_worker.c */
void worker_process(unsigned int number);

/* map_touch.c */
bool read_words(const char *page, struct mapdev_words *words);
void touch(struct mapping *mapping, bool writes, unsigned int who);

/* What the conductor counts. */
struct totals {
	unsigned long disconnects, mmaps, delayed;
	unsigned long in_flight;	/* disconnects that found calls inside */
	unsigned long overlapped;	/* disconnects while somebody was in mmap, and got it */
	unsigned long overlaps;		/* such mmaps */
	unsigned long inside;
	unsigned long failed;
	uint64_t unbind_ns, worst_ns, ns;	/* an average of late, not delayed */
};

extern struct totals totals;

/* map_report.c */
void parse_options(int argc, char **argv);
struct tally sum_up(void);
int report(void);

/* map_walk.c */
struct walk {
	unsigned long processes, mappings, pages;
	unsigned long stale[NR_PLACES];
	unsigned long reached;		/* through /proc/PID/mem */
	unsigned long failed;
};

extern struct walk walked;

uint64_t own_pfn(const void *page);
void walk_new(const struct mapdev_pages *pages);
void walk_zero_page(uint64_t pfn);
void walk_process(pid_t pid, uint64_t *random);
unsigned long walk_stale(void);

#endif /* REFCDEV_MAP_RACE_H */
