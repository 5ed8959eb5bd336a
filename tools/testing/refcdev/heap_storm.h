/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heap_storm.h: calls of the heap sample and of edu with arguments that are drawn, most of them
 * hostile, and what each of them may return
 */
#ifndef REFCDEV_HEAP_STORM_H
#define REFCDEV_HEAP_STORM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDU_BITS	28		/* of address */

/* What a call can return, by what the headers for user space say. */
enum result {
	SUCCESS, AGAIN, BAD_FD, BUSY, QUOTA, FAULT, INVALID, NO_FILES, NO_ENTRY, NO_MEMORY, NO_CALL,
	OTHER,				/* which is always wrong */
	NR_RESULTS
};

#define MAY(result)	(1u << (result))

enum call {
	CALL_INFO, CALL_ALLOCATE, CALL_HEAP_UNKNOWN,
	CALL_CONSTRAINTS, CALL_ATTACH, CALL_DETACH, CALL_TRANSFER, CALL_EDU_UNKNOWN,
	NR_CALLS
};

/* Shared by all processes. */
struct tally {
	unsigned int begun, ended;
	unsigned int results[NR_CALLS][NR_RESULTS];
	unsigned int armed;		/* calls in which a step was to fail, and */
	unsigned int injected;		/* those that came to it */
	unsigned int failed;		/* of them, that said so */
	unsigned int wrong;
	unsigned int mapped, transferred;
	unsigned int processes, killed;
	uint64_t most;			/* bytes, of one open file's */
};

/* What one process has, for its threads. */
struct storm {
	struct tally *tally;
	int heap[2], edu[2];		/* names of the one are foreign to the other; edu[1] */
					/* has O_NONBLOCK */
	int not_dmabuf[2];
	int udmabuf;			/* -1: there is none */
	uint64_t handle[2][2];		/* of each heap file; 0: no such heap */
	uint64_t stale;			/* of a file that was closed */
	bool contiguous[2][2];
	bool tight;			/* numbers of files run out */
	pthread_barrier_t ready;	/* all threads have theirs */
	uint64_t limit;			/* bytes for an open file */
	uint64_t live;			/* at least so many are in use, through the first */
};

/*
 * Where an argument lies. The kernel may read and write so many bytes there; we may write to all
 * of it, at @ours.
 */
struct target {
	void *kernels, *ours;
	size_t readable, writable;
};

struct arena {
	char *kernels, *ours;
};

enum { KEPT = 24 };

struct buffer {
	int fd;				/* -1: none */
	uint64_t bytes;
	bool reachable;			/* by edu */
	bool counted;			/* in storm->live */
	uint32_t id[2];			/* attached, through each of edu's files; 0: not */
};

/* One thread. */
struct worker {
	struct storm *storm;
	uint64_t random;
	struct arena arena;
	struct buffer buffers[KEPT];
};

void arena_init(struct arena *arena);
void target_draw(struct worker *worker, size_t size, struct target *target);

/* What the calls share: choices, counts, buffers. */
uint64_t draw(struct worker *worker, uint64_t below);
bool one_in(struct worker *worker, unsigned int many);
void tally_add(unsigned int *count);
struct buffer *find_buffer(struct worker *worker, bool there);
void count_dead(struct worker *worker, struct buffer *buffer);
/* Detach it, which must work. */
void forget(struct worker *worker, unsigned int edu, uint32_t id);

/*
 * ioctl(), counted, and complained of if its result is none of @may. A tenth of all have a step
 * that fails. Returns a negative errno where that does.
 */
int issue(struct worker *worker, enum call call, int fd, unsigned long cmd,
	  const struct target *target, unsigned int may);

/* Each does one; or none, for want of a buffer. */
void call_info(struct worker *worker);
void call_allocate(struct worker *worker);
void call_heap_unknown(struct worker *worker);
void call_constraints(struct worker *worker);
void call_attach(struct worker *worker);
void call_detach(struct worker *worker);
void call_transfer(struct worker *worker);
void call_edu_unknown(struct worker *worker);
void call_close(struct worker *worker);

/* @known ends with 0. */
void call_unknown(struct worker *worker, enum call call, int fd, const unsigned long *known);

extern const char *const call_names[NR_CALLS];
extern const char *const result_names[NR_RESULTS];

#endif /* REFCDEV_HEAP_STORM_H */
