/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heap_use.h: buffers of the heap sample for tests that cannot go on without them: what fails
 * here ends the case
 */
#ifndef REFCDEV_TEST_HEAP_USE_H
#define REFCDEV_TEST_HEAP_USE_H

#include <stddef.h>

#include "heap.h"

#define HEAP_PAGE	4096u

/* Bound, and new. */
void heap_renew(void);
int heap_file(void);

/* What one open file may have, in bytes. */
uint64_t heap_limit(void);

/* A buffer of the heap that is contiguous, or is not, for any address; and a mapping of it. */
int heap_buffer(int file, bool contiguous, uint64_t bytes);
uint8_t *heap_map(int buffer, size_t bytes);

/*
 * A buffer in pieces that edu has attached, full of what edu_fill() makes of seed 1, and what it
 * was made with: its number. The heaps are new; edu need not be, as to bind it takes long.
 */
int heap_attached(size_t bytes, int *edu, int *file, int *buffer, uint8_t **at);

/* A moment may pass before the last one that had it is done with it. */
void heap_expect(const char *counter, long wanted);

#endif /* REFCDEV_TEST_HEAP_USE_H */
