/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heap_frames.h: which frames a call took for user space's data, from the tracepoints of the
 * kernel's page allocator: mappings of frames hide theirs
 */
#ifndef REFCDEV_TEST_HEAP_FRAMES_H
#define REFCDEV_TEST_HEAP_FRAMES_H

#include <stdint.h>

/* What this thread takes is noted. Skips the case where there is no tracing. */
void frames_watch(void);
void frames_unwatch(void);

/* Between these two: how many were taken, and kept; and where the highest of them ends. */
void frames_begin(void);
unsigned int frames_end(uint64_t *highest);

#endif /* REFCDEV_TEST_HEAP_FRAMES_H */
