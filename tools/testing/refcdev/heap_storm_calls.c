// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_storm_calls.c: the calls of a storm, to the heap: how their arguments are drawn, and what
 * that means for what they return
 *
 * What is wrong with an argument is known when it is drawn, so a call that passes where it must
 * not is found as well as one that fails for a reason that nobody has given it.
 */
#include <errno.h>
#include <linux/refcdev_heap.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fail_nth.h"
#include "harness.h"
#include "heap_storm.h"
#include "util.h"

#define PAGE		4096
#define STEPS		14		/* one of them is made to fail */

const char *const call_names[NR_CALLS] = {
	[CALL_INFO] = "heap: info", [CALL_ALLOCATE] = "heap: allocate",
	[CALL_HEAP_UNKNOWN] = "heap: unknown", [CALL_CONSTRAINTS] = "edu: constraints",
	[CALL_ATTACH] = "edu: attach", [CALL_DETACH] = "edu: detach",
	[CALL_TRANSFER] = "edu: transfer", [CALL_EDU_UNKNOWN] = "edu: unknown",
};

const char *const result_names[NR_RESULTS] = {
	[SUCCESS] = "0", [AGAIN] = "EAGAIN", [BAD_FD] = "EBADF", [BUSY] = "EBUSY",
	[QUOTA] = "EDQUOT", [FAULT] = "EFAULT", [INVALID] = "EINVAL", [NO_FILES] = "EMFILE",
	[NO_ENTRY] = "ENOENT", [NO_MEMORY] = "ENOMEM", [NO_CALL] = "ENOTTY", [OTHER] = "other",
};

static enum result result_of(int ret)
{
	static const int errnos[NR_RESULTS] = {
		[SUCCESS] = 0, [AGAIN] = EAGAIN, [BAD_FD] = EBADF, [BUSY] = EBUSY,
		[QUOTA] = EDQUOT, [FAULT] = EFAULT, [INVALID] = EINVAL, [NO_FILES] = EMFILE,
		[NO_ENTRY] = ENOENT, [NO_MEMORY] = ENOMEM, [NO_CALL] = ENOTTY, [OTHER] = -1,
	};
	int result;

	if (ret >= 0)
		return SUCCESS;
	for (result = 0; result < OTHER && errnos[result] != -ret; result++)
		;
	return result;
}

void tally_add(unsigned int *count)
{
	__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

uint64_t draw(struct worker *worker, uint64_t below)
{
	return random_below(&worker->random, below);
}

bool one_in(struct worker *worker, unsigned int many)
{
	return draw(worker, many) == 0;
}

int issue(struct worker *worker, enum call call, int fd, unsigned long cmd,
	  const struct target *target, unsigned int may)
{
	struct tally *tally = worker->storm->tally;
	unsigned int step = one_in(worker, 10) ? 1 + draw(worker, 1 + draw(worker, STEPS)) : 0;
	bool injected = false;
	enum result result;
	int ret;

	tally_add(&tally->begun);
	if (step) {
		tally_add(&tally->armed);
		fail_nth_arm(step);
	}
	ret = ioctl(fd, cmd, target->kernels);
	ret = ret < 0 ? -errno : ret;
	if (step)
		injected = fail_nth_disarm();
	result = result_of(ret);
	tally_add(&tally->results[call][result]);
	if (injected) {
		tally_add(&tally->injected);
		may |= MAY(NO_MEMORY) | MAY(FAULT);
		if (result == NO_MEMORY || result == FAULT)
			tally_add(&tally->failed);
	}
	if (result == OTHER || !(may & MAY(result))) {
		tally_add(&tally->wrong);
		complain("%s: %d (%s), with step %u made to fail: %d; may be %#x",
			 call_names[call], ret, ret < 0 ? strerror(-ret) : "success", step,
			 injected, may);
	}
	tally_add(&tally->ended);
	return ret;
}

/* Numbers that mean nothing, and those of known calls with another size or direction. */
void call_unknown(struct worker *worker, enum call call, int fd, const unsigned long *known)
{
	unsigned long cmd = _IOC(draw(worker, 4), 'R', draw(worker, 64), draw(worker, 64));
	struct target target;

	for (; *known; known++)
		if (cmd == *known)
			return;
	target_draw(worker, 64, &target);
	issue(worker, call, fd, cmd, &target, MAY(NO_CALL));
}

void call_info(struct worker *worker)
{
	struct storm *storm = worker->storm;
	struct refcdev_heap_info info = { .index = draw(worker, 2) };
	unsigned int may = MAY(SUCCESS);
	struct target target;

	target_draw(worker, sizeof(info), &target);
	if (one_in(worker, 3))
		info.index = one_in(worker, 2) ? 2 : draw(worker, UINT32_MAX - 2) + 2;
	if (target.readable < sizeof(info.index))
		may = MAY(FAULT);
	else if (info.index > 1)
		may = MAY(NO_ENTRY);
	else if (target.writable < sizeof(info))
		may = MAY(FAULT);
	memcpy(target.ours, &info, sizeof(info));
	issue(worker, CALL_INFO, storm->heap[draw(worker, 2)], REFCDEV_HEAP_GET_INFO, &target, may);
}

struct buffer *find_buffer(struct worker *worker, bool there)
{
	unsigned int start = draw(worker, KEPT), i;
	struct buffer *buffer;
	bool open;

	for (i = 0; i < KEPT; i++) {
		buffer = &worker->buffers[(start + i) % KEPT];
		open = buffer->fd >= 0;
		if (open == there)
			return buffer;
	}
	return NULL;
}

static uint64_t round_to_pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* What cannot be: returns true. @wanted is good, and is not any more then. */
static bool spoil(struct worker *worker, struct refcdev_heap_allocation *wanted)
{
	static const uint64_t sizes[] = {
		0, UINT64_MAX, UINT64_MAX - PAGE + 1, UINT64_MAX - PAGE, 1ull << 63, 1ull << 44,
		(uint64_t)INT32_MAX * PAGE + 1, 1ull << 32,
	};
	struct storm *storm = worker->storm;

	switch (draw(worker, 20)) {
	case 0:
		wanted->handle = storm->handle[1][draw(worker, 2)];
		return true;
	case 1:
		wanted->handle = one_in(worker, 2) ? storm->stale : 0;
		return true;
	case 2:
		wanted->handle ^= 1ull << draw(worker, 64);
		return true;
	case 3:
		wanted->bytes = sizes[draw(worker, sizeof(sizes) / sizeof(sizes[0]))];
		return true;
	case 4:
		wanted->bytes = storm->limit + 1 + draw(worker, UINT64_MAX / 2);
		return true;
	case 5:
		wanted->flags |= 2u << draw(worker, 31);
		return true;
	case 6:
		wanted->address_bits = one_in(worker, 2) ? 1 + draw(worker, 12) :
							   65 + draw(worker, UINT32_MAX - 65);
		return true;
	case 7:
		wanted->reserved = 1u << draw(worker, 32);
		return true;
	default:
		return false;
	}
}

/* Sizes are small, or a good part of what a file may have. */
static bool draw_allocation(struct worker *worker, struct refcdev_heap_allocation *wanted)
{
	static const uint32_t bits[] = { 0, EDU_BITS, EDU_BITS, 32, 64 };
	struct storm *storm = worker->storm;
	unsigned int which = draw(worker, 2);
	uint64_t most = one_in(worker, 5) ? storm->limit / 2 : 16 * PAGE;

	*wanted = (struct refcdev_heap_allocation){
		.handle = storm->handle[0][which],
		.bytes = 1 + draw(worker, most),
		.address_bits = bits[draw(worker, sizeof(bits) / sizeof(bits[0]))],
	};
	if (storm->contiguous[0][which] && one_in(worker, 2))
		wanted->flags = REFCDEV_HEAP_CONTIGUOUS;
	return !spoil(worker, wanted);
}

/* A lower bound of what the file has: less before it is given back, more when it is there. */
static void count_live(struct worker *worker, struct buffer *buffer)
{
	struct storm *storm = worker->storm;
	uint64_t live = __atomic_add_fetch(&storm->live, buffer->bytes, __ATOMIC_RELAXED);

	buffer->counted = true;
	if (live > storm->limit) {
		tally_add(&storm->tally->wrong);
		complain("an open file has %llu bytes, of %llu", (unsigned long long)live,
			 (unsigned long long)storm->limit);
	}
	if (live > storm->tally->most)
		storm->tally->most = live;
}

void count_dead(struct worker *worker, struct buffer *buffer)
{
	if (buffer->counted)
		__atomic_sub_fetch(&worker->storm->live, buffer->bytes, __ATOMIC_RELAXED);
	buffer->counted = false;
}

/* Memory that was somebody else's would show. What is mapped stays so, for whoever kills us. */
static void touch(struct worker *worker, struct buffer *buffer)
{
	char *at = mmap(NULL, buffer->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->fd, 0);

	if (at == MAP_FAILED)
		return;
	if (at[0] || at[buffer->bytes - 1]) {
		tally_add(&worker->storm->tally->wrong);
		complain("a new buffer is not zeroed");
	}
	memset(at, 0x5a, buffer->bytes);
	tally_add(&worker->storm->tally->mapped);
	if (!one_in(worker, 8))
		munmap(at, buffer->bytes);
}

void call_allocate(struct worker *worker)
{
	struct buffer *buffer = find_buffer(worker, false);
	unsigned int may = MAY(SUCCESS) | MAY(QUOTA) | MAY(NO_MEMORY);
	struct storm *storm = worker->storm;
	struct refcdev_heap_allocation wanted;
	struct target target;
	bool good;

	if (!buffer)
		return;
	target_draw(worker, sizeof(wanted), &target);
	good = draw_allocation(worker, &wanted);
	if (storm->tight)
		may |= MAY(NO_FILES);
	if (target.readable < sizeof(wanted))
		may = MAY(FAULT);
	else if (!good)
		may = MAY(INVALID);
	else if (target.writable < offsetof(struct refcdev_heap_allocation, fd) + sizeof(int))
		may = (may & ~MAY(SUCCESS)) | MAY(FAULT);
	memcpy(target.ours, &wanted, sizeof(wanted));
	if (issue(worker, CALL_ALLOCATE, storm->heap[0], REFCDEV_HEAP_ALLOCATE, &target, may))
		return;
	memcpy(&wanted, target.ours, sizeof(wanted));
	*buffer = (struct buffer){
		.fd = wanted.fd, .bytes = round_to_pages(wanted.bytes),
		.reachable = wanted.address_bits == EDU_BITS,
	};
	count_live(worker, buffer);
	if (one_in(worker, 4))
		touch(worker, buffer);
}

void call_heap_unknown(struct worker *worker)
{
	static const unsigned long known[] = {
		REFCDEV_HEAP_GET_INFO, REFCDEV_HEAP_ALLOCATE, 0,
	};

	call_unknown(worker, CALL_HEAP_UNKNOWN, worker->storm->heap[draw(worker, 2)], known);
}

void call_close(struct worker *worker)
{
	struct buffer *buffer = find_buffer(worker, true);
	unsigned int edu;

	if (!buffer)
		return;
	/* Else it stays until the file is closed that it was attached to. */
	for (edu = 0; edu < 2 && !one_in(worker, 8); edu++)
		if (buffer->id[edu])
			forget(worker, edu, buffer->id[edu]);
	count_dead(worker, buffer);
	close(buffer->fd);
	buffer->fd = -1;
}
