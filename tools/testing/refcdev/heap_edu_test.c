// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_edu_test.c: the heap sample's buffers in the edu sample's DMA, while both are there: what is
 * transferred, and what is refused
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "heap_use.h"

enum { SIZE = 4 * 4096, BYTES = REFCDEV_EDU_BYTES, IMPORTS_MAX = 64 };

static int fd, file, buffer, id;
static uint8_t *at, wanted[SIZE], found[SIZE];

static void setup(void)
{
	id = heap_attached(SIZE, &fd, &file, &buffer, &at);
	memcpy(wanted, at, SIZE);
}

/* Where pieces of the buffer begin and end, and those of the device. */
static const struct range {
	uint32_t in_buffer, in_device, bytes;
} ranges[] = {
	{ 0, 0, BYTES }, { 1, BYTES - 1, 1 }, { 4095, 7, 2 }, { 3001, 99, 3333 },
	{ SIZE - 1, 0, 1 }, { SIZE - BYTES, 0, BYTES },
};

/* To the device as one, back to elsewhere; nothing beside it changes. */
static void there_and_back(const struct range *range)
{
	uint32_t to = range->in_buffer ? 0 : SIZE - range->bytes;

	expect_equal(edu_move(fd, id, range->in_buffer, range->in_device, range->bytes, false),
		     range->bytes);
	expect_equal(pread(fd, found, range->bytes, range->in_device), range->bytes);
	if (!edu_same(found, wanted + range->in_buffer, range->bytes, "in the device"))
		note("%u bytes from %u", range->bytes, range->in_buffer);
	expect_equal(edu_move(fd, id, to, range->in_device, range->bytes, true), range->bytes);
	memcpy(wanted + to, found, range->bytes);
	if (!edu_same(at, wanted, SIZE, "all of the buffer"))
		note("%u bytes to %u", range->bytes, to);
}

static void compares_equal(void)
{
	uint64_t transfers = edu_state(fd).transfers;
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		there_and_back(&ranges[i]);
	note("%lu transfers for %zu calls", (unsigned long)(edu_state(fd).transfers - transfers),
	     3 * i);
	edu_fill(found, 300, 2);
	expect_equal(pwrite(fd, found, 300, 5), 300);
	expect_equal(edu_move(fd, id, 4096 - 100, 5, 300, true), 300);
	expect(edu_same(at + 4096 - 100, found, 300, "what write(2) has put there"));
}

static void of_one_piece(void)
{
	int other = heap_buffer(file, true, SIZE), its;
	uint8_t *there = heap_map(other, SIZE);

	its = edu_import(fd, other);
	expect(its > id);
	expect_equal(heap_counter("mapped"), 2);
	expect_equal(edu_move(fd, id, 4090, 0, BYTES, false), BYTES);
	expect_equal(edu_move(fd, its, 2, 0, BYTES, true), BYTES);
	expect(edu_same(there + 2, wanted + 4090, BYTES, "from one buffer to the other"));
	/* No part of the file that it was: only the buffer's own. */
	close(other);
	expect_equal(edu_move(fd, its, 3, 0, 16, true), 16);
	expect(edu_same(there + 3, wanted + 4090, 16, "its file closed"));
}

static void exporter_goes(void)
{
	const int when[] = { 0, 1, 2 };
	size_t i;

	for (i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		heap_renew();
		file = heap_file();
		expect_equal(edu_release_import(fd, id), 0);
		buffer = heap_allocate(file, heap_pick(file, i % 2), SIZE, 0, 28);
		require(buffer >= 0);
		at = heap_map(buffer, SIZE);
		edu_fill(at, BYTES, 10 + i);
		memcpy(wanted, at, BYTES);
		if (when[i] == 0)
			expect_equal(heap_unbind(), 0);
		id = edu_import(fd, buffer);
		require(id > 0);
		if (when[i] == 1)
			expect_equal(heap_unbind(), 0);
		expect_equal(edu_move(fd, id, 0, 0, BYTES, false), BYTES);
		if (when[i] == 2)
			expect_equal(heap_unbind(), 0);
		expect_equal(edu_move(fd, id, SIZE - BYTES, 0, BYTES, true), BYTES);
		expect(edu_same(at + SIZE - BYTES, wanted, BYTES, "without its exporter"));
		expect_equal(heap_counter("mapped"), 1);
	}
}

static void wrong_names(void)
{
	int other = edu_open(0), its = edu_import(other, buffer);
	const uint32_t wrong[] = { 0, id + 1000, its, ~0u, 0x80000000, 1u << 16 };
	size_t i;

	require(its > 0 && its != id);
	/* It is the same memory, mapped once. */
	expect_equal(edu_counter("imports"), 1);
	expect_equal(heap_counter("mapped"), 1);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		expect_equal(edu_move(fd, wrong[i], 0, 0, 1, false), -EINVAL);
		expect_equal(edu_release_import(fd, wrong[i]), -EINVAL);
	}
	expect_equal(edu_move(other, id, 0, 0, 1, false), -EINVAL);
	expect_equal(edu_release_import(other, id), -EINVAL);
	expect_equal(edu_release_import(fd, id), 0);
	expect_equal(edu_release_import(fd, id), -EINVAL);
	expect_equal(edu_move(fd, id, 0, 0, 1, false), -EINVAL);
	/* And is not the next one's. */
	expect(edu_import(fd, buffer) != id);
	expect_equal(edu_import(fd, -1), -EBADF);
	expect_equal(edu_import(fd, 1000), -EBADF);
	expect_equal(edu_import(fd, fd), -EINVAL);
	expect_equal(edu_import(fd, file), -EINVAL);
	expect_errno(ioctl(fd, REFCDEV_EDU_ATTACH, NULL), EFAULT);
	expect_errno(ioctl(fd, REFCDEV_EDU_DETACH, NULL), EFAULT);
	expect_errno(ioctl(fd, REFCDEV_EDU_TRANSFER, NULL), EFAULT);
}

static void wrong_ranges(void)
{
	static const struct { uint64_t in_buffer; uint32_t in_device, bytes; } wrong[] = {
		{ 0, 0, 0 }, { 0, 0, BYTES + 1 }, { 0, 1, BYTES }, { 0, BYTES, 1 }, { 0, ~0u, 1 },
		{ 0, ~0u, ~0u }, { 0, 1, ~0u }, { 0, 0, 0x80000000 }, { SIZE, 0, 1 },
		{ SIZE - 1, 0, 2 }, { ~0ull, 0, 1 }, { -1ull, 0, 2 }, { 1ull << 32, 0, 1 },
		{ 1ull << 63, 0, BYTES }, { -(uint64_t)BYTES, 0, BYTES },
	};
	struct refcdev_edu_transfer transfer = { .id = id, .bytes = 1 };
	long done = edu_counter("done");
	size_t i;
	int way;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (way = 0; way < 2; way++)
			if (edu_move(fd, id, wrong[i].in_buffer, wrong[i].in_device,
				     wrong[i].bytes, way) != -EINVAL)
				complain("%zu: not refused", i);
	for (i = 1; i < 32; i++) {
		transfer.flags = 1u << i;
		expect_errno(ioctl(fd, REFCDEV_EDU_TRANSFER, &transfer), EINVAL);
	}
	expect_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	expect_equal(edu_move(fd, id, 0, 0, 1, false), -EAGAIN);
	expect_equal(edu_move(fd, id, 0, 0, 0, false), -EINVAL);
	expect_equal(fcntl(fd, F_SETFL, 0), 0);
	/* The device has heard of none of them. */
	expect_equal(edu_counter("done"), done);
	expect(edu_same(at, wanted, SIZE, "after that"));
}

static void too_many(void)
{
	struct refcdev_edu_attachment *answer;
	int ids[IMPORTS_MAX] = { id }, i, other = edu_open(0);

	/* An answer that has nowhere to go keeps nothing, nor counts. */
	answer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(answer != MAP_FAILED);
	answer->fd = buffer;
	require(mprotect(answer, 4096, PROT_READ) == 0);
	for (i = 0; i < IMPORTS_MAX; i++)
		expect_errno(ioctl(fd, REFCDEV_EDU_ATTACH, answer), EFAULT);
	expect_equal(edu_counter("imports"), 1);
	for (i = 1; i < IMPORTS_MAX; i++) {
		ids[i] = edu_import(fd, buffer);
		require(ids[i] > ids[i - 1]);
	}
	expect_equal(edu_import(fd, buffer), -EMFILE);
	expect(edu_import(other, buffer) > 0);
	expect_equal(edu_counter("imports"), 1);
	expect_equal(edu_release_import(fd, ids[17]), 0);
	expect(edu_import(fd, buffer) > 0);
	expect_equal(edu_import(fd, buffer), -EMFILE);
	close(fd);
	expect_equal(edu_counter("imports"), 1);
	expect_equal(heap_counter("mapped"), 1);
	close(other);
	expect_equal(edu_counter("imports"), 0);
	expect_equal(heap_counter("mapped"), 0);
	expect_equal(heap_counter("buffers"), 1);
}

/* For any address: one of them will not be where the device can reach, as most memory is not. */
static void out_of_reach(void)
{
	long imports = edu_counter("imports");
	int far, ret = 0, tries;

	for (tries = 0; tries < 48 && ret >= 0; tries++) {
		far = heap_allocate(file, heap_pick(file, false), 64 * HEAP_PAGE, 0, 0);
		require(far >= 0);
		ret = edu_import(fd, far);
		if (ret >= 0)
			expect_equal(edu_release_import(fd, ret), 0);
	}
	note("number %d is out of reach", tries);
	expect_equal(ret, -EBUSY);
	expect_equal(edu_counter("imports"), imports);
	expect_equal(heap_counter("mapped"), 1);
	at = heap_map(far, 64 * HEAP_PAGE);
	expect_equal(at[64 * HEAP_PAGE - 1], 0);
	ret = heap_allocate(file, heap_pick(file, false), 64 * HEAP_PAGE, 0, 28);
	expect(ret >= 0 && edu_import(fd, ret) > 0);
}

static long move_all(struct caller *self)
{
	return edu_move(self->fd, *(int *)self->data, 0, 0, BYTES, true);
}

/* Looked at while it is under way, and that is known only afterwards: a machine may be slow. */
enum { TRIES = 5 };

static bool detached_in_time(void)
{
	struct caller caller = { .call = move_all, .fd = fd, .data = &id };
	uint64_t transfers = edu_state(fd).transfers;
	long imports, mapped;
	bool in_time;

	require(caller_start(&caller, SYS_ioctl));
	expect_equal(edu_release_import(fd, id), 0);
	imports = edu_counter("imports");
	mapped = heap_counter("mapped");
	in_time = edu_state(fd).transfers == transfers;
	require(caller_join(&caller, 10 * SECOND));
	expect_equal(caller.ret, BYTES);
	if (in_time) {
		expect_equal(imports, 1);
		expect_equal(mapped, 1);
	}
	expect_equal(edu_counter("imports"), 0);
	expect_equal(heap_counter("mapped"), 0);
	return in_time;
}

static void detached_meanwhile(void)
{
	int tries;

	edu_fill(found, BYTES, 7);
	expect_equal(pwrite(fd, found, BYTES, 0), BYTES);
	for (tries = 1; !detached_in_time(); tries++) {
		require(tries < TRIES);
		id = edu_import(fd, buffer);
	}
	expect(edu_same(at, found, BYTES, "detached meanwhile"));
}

/* Forks a process, that is killed while the device writes to a buffer that nobody else has. */
static void kill_one(uint64_t size)
{
	long accepted = edu_counter("accepted");
	pid_t pid = fork();
	int its;

	if (pid == 0) {
		fd = edu_open(0);
		its = edu_import(fd, heap_buffer(file, true, size));
		edu_move(fd, its, 0, 0, BYTES, true);
		_exit(0);
	}
	require(wait_until(edu_counter("accepted") == accepted + 1, 5 * SECOND));
	kill(pid, SIGKILL);
	require(waitpid(pid, NULL, 0) == pid);
}

/* Until the device is done with it, it is no one's to have; and then nothing is written there. */
static bool killed_in_time(uint64_t size)
{
	uint64_t transfers = edu_state(fd).transfers;
	int now = -1, used, ret;
	bool in_time;
	uint8_t *there;

	kill_one(size);
	used = heap_used("reserved");
	ret = heap_allocate(file, heap_pick(file, true), 4096, 0, 0);
	in_time = edu_state(fd).transfers == transfers;
	if (in_time) {
		expect_equal(used, size);
		expect_equal(ret, -ENOMEM);
	}
	if (ret >= 0)
		close(ret);
	require(wait_until((now = heap_allocate(file, heap_pick(file, true), size, 0, 0)) >= 0,
			   5 * SECOND));
	there = heap_map(now, size);
	memset(there, 0, size);
	usleep(2 * EDU_TRANSFER / 1000);
	expect(!there[0] && !memcmp(there, there + 1, size - 1));
	munmap(there, size);
	close(now);
	return in_time;
}

static void killed_meanwhile(void)
{
	uint64_t size = heap_attr("reserved", "size");
	int tries;

	edu_fill(found, BYTES, 8);
	expect_equal(pwrite(fd, found, BYTES, 0), BYTES);
	for (tries = 1; !killed_in_time(size); tries++)
		require(tries < TRIES);
	expect_equal(edu_counter("imports"), 1);
}

static const struct test_case cases[] = {
	{ "there and back compares equal, in pieces", compares_equal },
	{ "and in one", of_one_piece },
	{ "and without the exporter, whenever it goes", exporter_goes },
	{ "names that are nobody's are refused", wrong_names },
	{ "ranges that are not within are refused", wrong_ranges },
	{ "a file has so many, and what it has goes with it", too_many },
	{ "what the device cannot reach is refused", out_of_reach },
	{ "detached in the middle of a transfer, that is not disturbed", detached_meanwhile },
	{ "killed in the middle of one, its memory stays until that is over", killed_meanwhile },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
