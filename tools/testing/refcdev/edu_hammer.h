/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu_hammer.h: what the parts of edu_hammer share
 *
 * Three kinds of processes, all made by edu_hammer.c:
 *  - workers use the device, each with threads that have files of their own
 *    (edu_hammer_worker.c, _calls.c, _async.c, _map.c);
 *  - the conductor takes the device away and gives it back (edu_hammer_conduct.c, _ways.c);
 *  - the supervisor, which never touches the device and so cannot hang with it, watches the
 *    time, and prints the report (edu_hammer_report.c).
 *
 * A cycle has phases, which the conductor begins one after the other, and in which all workers
 * follow: it waits until each has come to its end, but for PHASE_RUN, which the next one ends.
 */
#ifndef REFCDEV_EDU_HAMMER_H
#define REFCDEV_EDU_HAMMER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "aio.h"
#include "edu.h"
#include "uring.h"

#define MAX_WORKERS	32
/*
 * For whoever is to come back. The firmware's tables are interpreted when the device is plugged in
 * and when it is enabled: a sanitized kernel on a busy machine takes ten seconds and more for it.
 */
#define LIMIT		(60 * SECOND)
#define PAGE		4096

enum phase {
	PHASE_CHECK,		/* the device has gone: what is left of it? */
	PHASE_COME,		/* open it, as soon as it is there */
	PHASE_RUN,
	PHASE_END,		/* what was under way comes back */
	NR_PHASES
};

/* Kinds of calls, by what the core calls the operation. */
enum group { GROUP_IOCTL, GROUP_READ, GROUP_WRITE, GROUP_FSYNC, GROUP_MMAP, NR_GROUPS };

extern const char *const group_ops[NR_GROUPS];

enum kind {
	KIND_INVERT, KIND_STATE, KIND_FACTORIAL, KIND_READ, KIND_WRITE, KIND_POST, KIND_AHEAD,
	KIND_FSYNC, KIND_URING_READ, KIND_URING_WRITE, KIND_AIO_READ, KIND_AIO_WRITE, KIND_MMAP,
	KIND_POLL, KIND_OPEN, NR_KINDS
};

struct kind_info {
	const char *name;
	enum group group;	/* NR_GROUPS: it is not refused with ENXIO */
	bool sleeps;		/* so a signal may end it */
	bool may_try_again;	/* EAGAIN */
};

extern const struct kind_info kinds[NR_KINDS];

struct options {
	unsigned int procs, threads, cycles, limit, floor;
	unsigned int ways;		/* bits */
	uint64_t seed;
};

/* What came of the calls of one kind. */
struct tally {
	unsigned long begun, done, enxio, interrupted, again;
};

/* Of one thread; written by it alone. */
struct slot {
	pid_t pid, tid;
	uint32_t phase;			/* the last it came to the end of */
	const char *at;			/* in this call, */
	uint64_t since;			/* since then; NULL: none */
	struct tally tallies[NR_KINDS];
	unsigned long checked;		/* bytes that were read back and compared */
	unsigned long factorials;	/* that were compared */
	unsigned long signals;
	unsigned long touches, sigbus;	/* of mappings */
	unsigned long dead_calls, dead_pages;	/* that were tried on what has gone */
	/* What must be 0. */
	unsigned long odd;		/* ended in a way that it must not */
	unsigned long wrong;		/* data */
	unsigned long revived;		/* an old file that answered */
	unsigned long stale;		/* an old mapping that could be read */
	char why[160];			/* the first of those */
} __attribute__((aligned(64)));

#define LOG_LINES	24
#define MAX_WAYS	4

/* What was in flight when the device went, by cycles and in all. */
struct flight {
	unsigned int transfer_cycles, factorial_cycles, overlapped;
	unsigned long inside[NR_GROUPS];
	unsigned long gone;		/* transfers, by the driver's count */
	unsigned long woken;
	unsigned long unaccounted;	/* refusals that nobody got */
};

/* In memory that all processes share. */
struct shared {
	uint32_t phase;			/* a futex */
	bool stop;			/* workers: end, instead of PHASE_COME */
	bool going;			/* the device is to go, or away */
	bool finished;			/* the conductor has */
	unsigned int cycles;
	unsigned int ways[MAX_WAYS];	/* how many of each */
	unsigned long drains;
	long lost;
	uint64_t out_worst_ns, in_worst_ns, took_ns;
	struct flight flight;
	char failed[200];		/* the conductor: in what, and why */
	char log[LOG_LINES][160];
	unsigned int logged;
	struct slot slots[MAX_WORKERS];
};

/* A part of the device's memory that one worker has for itself, and one kind of calls. */
enum { AREA_SYNC, AREA_ASYNC, AREA_POSTED, NR_AREAS };
#define AREA_BYTES	(REFCDEV_EDU_BYTES / NR_AREAS)

struct area {
	uint32_t start, size;
	uint8_t bytes[AREA_BYTES];
	bool known[AREA_BYTES];
};

/* Within an area. */
struct range {
	uint32_t first, bytes;
};

enum async_way { ASYNC_NONE, ASYNC_URING, ASYNC_AIO_READ, ASYNC_AIO_WRITE };

/* One at a time: io_uring's write with a read linked to it, or one request of aio. */
struct async {
	enum async_way pending;
	struct uring ring;
	struct aio aio;
	struct range range;
	uint8_t written[AREA_BYTES], found[AREA_BYTES];
};

struct mapping {
	const volatile uint8_t *at;	/* NULL: none */
	unsigned int pages;
	bool first;			/* page of the registers is its first one */
};

enum { MAPPINGS = 3, RELICS = 3 };

/* What a worker keeps of a device that has gone. */
struct relic {
	int fd;
	struct mapping mapping;
};

struct worker {
	struct slot *slot;
	uint64_t random;
	bool transfers;			/* its calls are mostly such */
	bool refused;			/* one of its calls, so the device is going */
	int fd, nonblock_fd;
	struct area areas[NR_AREAS];
	struct async async;
	struct mapping mappings[MAPPINGS];
	struct relic relics[RELICS];
	unsigned int next_relic;
};

extern struct options options;
extern struct shared *shared;

static inline unsigned int workers(void)
{
	return options.procs * options.threads;
}

/* edu_hammer_options.c */
int parse_options(int argc, char **argv);

/* edu_hammer_ways.c: 0 or a negative errno. */
struct way {
	const char *name;
	int (*out)(void);
	int (*in)(void);
};

extern const struct way ways[MAX_WAYS];

int open_ways(void);

/* edu_hammer_conduct.c */
void run_conductor(unsigned int nr);

/* edu_hammer_worker.c */
void run_workers(unsigned int process_nr);
uint32_t below(struct worker *self, uint32_t limit);
bool still_running(uint32_t phase);
void find_wrong(struct worker *self, unsigned long *count, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void begin_call(struct worker *self, enum kind kind);
/* Counts what a call returned, 0 or more, or a negative errno; and returns it. */
long end_call(struct worker *self, enum kind kind, long ret);

#define CALL(self, kind, call)							\
({										\
	long __ret;								\
										\
	begin_call(self, kind);							\
	__ret = (call);								\
	end_call(self, kind, __ret < 0 ? -errno : __ret);			\
})

/* edu_hammer_calls.c */
void run_call(struct worker *self);
struct range choose_range(struct worker *self, const struct area *area);
void area_wrote(struct area *area, struct range range, const uint8_t *bytes);
void area_forget(struct area *area, struct range range);
void area_compare(struct worker *self, const struct area *area, struct range range,
		  const uint8_t *found, const char *what);
void forget_all(struct worker *self);
void check_dead_file(struct worker *self, int fd);

/* edu_hammer_async.c: collect waits for what is pending. */
bool async_open(struct async *async);
void run_async(struct worker *self);
void collect_async(struct worker *self);

/* edu_hammer_map.c */
void run_map(struct worker *self);
void unmap(struct mapping *mapping);
void check_dead_mapping(struct worker *self, const struct mapping *mapping);

/* edu_hammer_report.c */
void tell_stuck(void);
void tell_conductor(pid_t pid);
int report(bool in_time);

#endif /* REFCDEV_EDU_HAMMER_H */
