/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench_memory.h: what objects, nodes and open files cost in memory, by the allocator's count
 */
#ifndef REFCDEV_BENCH_MEMORY_H
#define REFCDEV_BENCH_MEMORY_H

/* With /dev/benchdown open, and no set made. */
void measure_memory(int ctl);

#endif /* REFCDEV_BENCH_MEMORY_H */
