// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_storm_args.c: where hostile arguments lie: nowhere, where nothing can be written, across the
 * end of what can
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "heap_storm.h"
#include "util.h"

#define PAGE	4096
#define PAGES	4
#define ALL	SIZE_MAX

/*
 * Two views of the same pages. In the kernel's, nothing is allowed in the second page, and only
 * reading in the fourth.
 */
void arena_init(struct arena *arena)
{
	int fd = memfd_create("arena", MFD_CLOEXEC);

	require(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
	arena->ours = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	arena->kernels = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(arena->ours != MAP_FAILED && arena->kernels != MAP_FAILED);
	require(mprotect(arena->kernels + PAGE, PAGE, PROT_NONE) == 0);
	require(mprotect(arena->kernels + 3 * PAGE, PAGE, PROT_READ) == 0);
	close(fd);
}

static void place(struct worker *worker, struct target *target, size_t at, size_t readable,
		  size_t writable)
{
	target->kernels = worker->arena.kernels + at;
	target->ours = worker->arena.ours + at;
	target->readable = readable;
	target->writable = writable;
}

/* NULL, addresses of nobody, of the kernel's, and one that no processor has. */
static void nowhere(struct worker *worker, struct target *target)
{
	static const uintptr_t addresses[] = {
		0, 8, 0x7ffffffff000, 0xffff888000001000, 0xffffffff81000000, 0xdead000000000000,
		-4096ul, -8ul,
	};
	unsigned int which = random_below(&worker->random,
					  sizeof(addresses) / sizeof(addresses[0]));

	place(worker, target, 0, 0, 0);
	target->kernels = (void *)addresses[which];
}

/* Most of them are good, and some of these misaligned. */
void target_draw(struct worker *worker, size_t size, struct target *target)
{
	unsigned int kind = random_below(&worker->random, 15);
	size_t within = random_below(&worker->random, size);

	if (kind == 0)
		nowhere(worker, target);
	else if (kind == 1)
		place(worker, target, PAGE - within, within, within);
	else if (kind == 2)
		place(worker, target, 3 * PAGE - within, ALL, within);
	else if (kind == 3)
		place(worker, target, 3 * PAGE + within, ALL, 0);
	else if (kind == 4)
		place(worker, target, within, ALL, ALL);
	else
		place(worker, target, 64, ALL, ALL);
}
