/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hammer.h: what the parts of the hammer share
 *
 * Three kinds of processes, all made by hammer.c:
 *  - workers use the device, each with threads that share one file (worker.c, ops.c);
 *  - the conductor takes the device away and gives it back (conductor.c);
 *  - the supervisor, which never touches the device and so cannot hang with it, watches
 *    the time and the kernel's state, and prints the report (report.c).
 */
#ifndef REFCDEV_HAMMER_H
#define REFCDEV_HAMMER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_SLOTS	256
#define MAX_CYCLES	100000

enum op {
	OP_READ, OP_WRITE, OP_IOCTL, OP_POLL, OP_OPEN, OP_MMAP, OP_DUP, OP_FORK, OP_ASYNC,
	NR_OPS
};

extern const char *const op_names[NR_OPS];

struct options {
	const char *device;		/* node */
	const char *driver;		/* its name on the platform bus */
	const char *unbind;		/* name of the device there */
	unsigned int threads, procs;
	unsigned int duration, cycles, limit;
	unsigned int floor_inflight, floor_sleeper;
	uint64_t seed;
	unsigned int ops;		/* bits */
};

/* Of one thread; written by it alone. */
struct slot {
	unsigned long calls;		/* let through */
	unsigned long refused;		/* ENXIO */
	unsigned long reopened;
	unsigned long revived;		/* an old file that answered again: must be 0 */
	unsigned long unexpected;	/* errors that no call may return */
	int last_error, last_op;
	pid_t pid, tid;
	bool passing;			/* in a call that ends once there is no message */
} __attribute__((aligned(64)));

/* In memory that all processes share. */
struct shared {
	bool stop;			/* workers: come to an end */
	bool hold;			/* workers: write no messages, nor wait for room */
	bool finished;			/* the conductor has */
	uint32_t generation;		/* of the device; a futex */
	unsigned int cycles, drained, inflight_cycles, sleeper_cycles;
	unsigned long inflight, woken, refused, opens;
	uint64_t unbind_worst_ns;
	long lost;
	int conductor_error;
	const char *conductor_step;
	struct slot slots[MAX_SLOTS];
	uint32_t drain_us[MAX_CYCLES];
};

/* One process of workers. */
struct process {
	int fd;				/* shared by its threads; its number never changes */
	int nonblock_fd;
	pthread_mutex_t lock;		/* who replaces them */
};

struct worker {
	struct process *process;
	struct slot *slot;
	uint64_t random;
	bool may_sleep;			/* without limit, until another thread wakes it */
};

extern struct options options;
extern struct shared *shared;

int parse_options(int argc, char **argv);
void run_conductor(void);
void run_workers(unsigned int process_nr);
void run_op(struct worker *self, enum op op);
bool still_dead(int fd);
int report(bool hung, unsigned long taint);
unsigned long total_calls(void);
unsigned long total_attempts(void);
void wait_for_generation(uint32_t seen, unsigned int ms);
uint32_t draw(struct worker *self, uint32_t below);

#endif /* REFCDEV_HAMMER_H */
