/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twin.h: what a series of calls on one of the twins came to, to be compared with the other's
 */
#ifndef REFCDEV_TWIN_H
#define REFCDEV_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/twin_ioctl.h"

#define MAX_ENTRIES	1024

/* What the call must come to once the device is gone, if it reaches the driver. */
enum entry_kind {
	GETS_ENXIO,
	GETS_HANGUP,			/* data has EPOLLERR | EPOLLHUP */
	GETS_READY,			/* data is 3: a select() for reading and for writing */
	GETS_ZERO,			/* adding to an epoll set, which asks for events */
	IS_POSITION,			/* moves with the calls before: cannot be compared then */
};

/* One call. */
struct entry {
	const char *call, *file;
	enum entry_kind kind;
	long ret;
	int error;
	uint32_t data;			/* what it read, or what became ready */
	uint32_t calls;			/* of the driver */
	uint32_t hash;			/* of what the driver was called with, so far */
};

struct transcript {
	size_t count;
	const struct twin_log *log;	/* of the driver */
	uint32_t calls;			/* of the driver, before the next entry */
	struct entry entries[MAX_ENTRIES];
};

/* Files of one twin, by how they were opened. */
enum twin_file { RDWR, RDONLY, WRONLY, APPEND, NONBLOCK, NR_FILES };
extern const int twin_file_flags[NR_FILES];
extern const char *const twin_file_names[NR_FILES];

struct twin_files {
	int fd[NR_FILES];
};

/* twin_calls.c; then twin_requests.c, twin_others.c */
void calls_init(void);
void call_opens(struct transcript *to, const char *path);
void call_all(struct transcript *to, const struct twin_files *files);
void call_requests(struct transcript *to, int fd);
void call_others(struct transcript *to, int fd);

/* For those: memory that calls read to and write from, a pipe and a file that are empty. */
#define MEMORY_SIZE	(64 * 1024)
extern char *memory;
extern int pipe_in, pipe_out, scratch;
extern const char *file_name;

void record(struct transcript *to, const char *call, enum entry_kind kind, long ret,
	    uint32_t data);
void prepare_memory(void);
uint32_t sum_memory(void);
uint32_t sum_of(const void *data, size_t size);

/* A call that may read to the memory. */
#define CALL(to, call)								\
({										\
	long __ret;								\
										\
	prepare_memory();							\
	errno = 0;								\
	__ret = (long)(call);							\
	record(to, #call, GETS_ENXIO, __ret, sum_memory());			\
	__ret;									\
})

#endif /* REFCDEV_TWIN_H */
