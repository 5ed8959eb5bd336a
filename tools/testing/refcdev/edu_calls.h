/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu_calls.h: every way to ask the edu sample for a transfer, each as one call that waits for
 * the result
 */
#ifndef REFCDEV_TEST_EDU_CALLS_H
#define REFCDEV_TEST_EDU_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct edu_way - one of them
 * @name: of the call
 * @writes: to the device
 * @moves: goes by the file's position, as read(2) does: so no position is refused but by lseek(2)
 * @call: returns bytes, or a negative errno; @fd is not O_NONBLOCK
 */
struct edu_way {
	const char *name;
	bool writes, moves;
	ssize_t (*call)(int fd, uint8_t *bytes, size_t size, int64_t at);
};

extern const struct edu_way edu_ways[];
extern const size_t nr_edu_ways;

/* Of these, for tests that need one. */
ssize_t edu_uring_read(int fd, uint8_t *bytes, size_t size, int64_t at);
ssize_t edu_uring_write(int fd, uint8_t *bytes, size_t size, int64_t at);
ssize_t edu_posted_write(int fd, uint8_t *bytes, size_t size, int64_t at);

/* A transfer there and back, by calls that wait, with data of its own: is it right? */
bool edu_works(int fd, uint32_t seed);

#endif /* REFCDEV_TEST_EDU_CALLS_H */
