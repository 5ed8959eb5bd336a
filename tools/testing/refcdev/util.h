/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * util.h: time, random numbers, files of sysfs and procfs, threads that are to be caught asleep
 */
#ifndef REFCDEV_UTIL_H
#define REFCDEV_UTIL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MS	1000000ull		/* nanoseconds */
#define SECOND	(1000 * MS)

uint64_t now_ns(void);

/* The same choices, below a limit, from the same state. */
uint64_t random_below(uint64_t *state, uint64_t below);

/* All return 0 or more, or a negative errno. */
int write_text(const char *path, const char *text);
int read_text(const char *path, char *text, size_t size);
long read_number(const char *path);

/* One driver of the platform bus: its folder in sysfs, its counters in debugfs. */
int driver_unbind(const char *driver, const char *device);
int driver_bind(const char *driver, const char *device);
bool driver_is_bound(const char *driver, const char *device);
long driver_count(const char *driver, const char *counter);

/* Yields the processor until a condition holds; false when the time is up. */
#define wait_until(condition, limit_ns)						\
({										\
	uint64_t __end = now_ns() + (limit_ns);					\
	bool __held;								\
										\
	while (!(__held = (condition)) && now_ns() < __end)			\
		sched_yield();							\
	__held;									\
})

/* A system call in a thread of its own: what it returned, and when. */
struct caller {
	long (*call)(struct caller *self);
	int fd;
	void *data;
	bool realtime;
	long ret;
	int error;
	uint64_t returned;
	pthread_t thread;
	pid_t tid;
};

bool caller_start(struct caller *self, long syscall_nr);
bool caller_join(struct caller *self, uint64_t limit_ns);
bool task_sleeps_in(pid_t pid, pid_t tid, long syscall_nr);

#endif /* REFCDEV_UTIL_H */
