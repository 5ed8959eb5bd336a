// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_test.c: what the heap sample tells of its heaps, and what it gives out and refuses
 */
#include <errno.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edu.h"
#include "heap_frames.h"
#include "heap_use.h"

static int file;

static void setup(void)
{
	heap_renew();
	file = heap_file();
}

/* All of the heaps of an open file, by whether they are contiguous. */
static struct refcdev_heap_info info_of(int of, bool contiguous)
{
	struct refcdev_heap_info info;
	unsigned int i;

	for (i = 0; heap_info(of, i, &info) == 0; i++)
		if (!!(info.flags & REFCDEV_HEAP_CONTIGUOUS) == contiguous)
			return info;
	give_up("no such heap");
}

static void expect_described(const char *name, bool contiguous)
{
	struct refcdev_heap_info info = info_of(file, contiguous);

	expect_equal(info.size, heap_attr(name, "size"));
	expect_equal(info.left, heap_attr(name, "size") - heap_used(name));
	expect_equal(info.address_bits, heap_attr(name, "address_bits"));
	expect_equal(!!(info.flags & REFCDEV_HEAP_CONTIGUOUS), heap_attr(name, "contiguous"));
	expect_equal(!!(info.flags & REFCDEV_HEAP_FIXED), contiguous);
	expect_equal(info.reserved, 0);
	expect(info.size > 0 && info.largest > 0 && info.largest <= info.left);
}

static void enumeration(void)
{
	const unsigned int beyond[] = { 2, 3, 1000, 0x7fffffff, 0x80000000, 0xffffffff };
	struct refcdev_heap_info info;
	int buffer;
	size_t i;

	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		expect_equal(heap_info(file, beyond[i], &info), -ENOENT);
	expect_described("system", false);
	expect_described("reserved", true);
	buffer = heap_buffer(file, true, 3 * HEAP_PAGE);
	expect_described("reserved", true);
	expect_equal(heap_used("reserved"), 3 * HEAP_PAGE);
	/* What is an answer was not looked at as a question. */
	memset(&info, 0xff, sizeof(info));
	info.index = 1;
	expect_equal(ioctl(file, REFCDEV_HEAP_GET_INFO, &info), 0);
	expect(info.index == 1 && info.reserved == 0);
	close(buffer);
	expect_errno(ioctl(file, _IO('R', 0x30), &info), ENOTTY);
	expect_errno(read(file, &info, sizeof(info)), EINVAL);
	expect_errno(lseek(file, 0, SEEK_SET), ESPIPE);
}

enum { OPENS = 64 };

static void handles_differ(void)
{
	uint64_t seen[2 * OPENS];
	struct refcdev_heap_info first, second, again;
	unsigned int i, j, system_first = 0, twice = 0;
	int of;

	for (i = 0; i < OPENS; i++) {
		if (i == OPENS / 2)
			heap_renew();
		of = heap_file();
		expect_equal(heap_info(of, 0, &first), 0);
		expect_equal(heap_info(of, 1, &second), 0);
		expect_equal(heap_info(of, 0, &again), 0);
		expect(memcmp(&first, &again, sizeof(first)) == 0);
		system_first += !(first.flags & REFCDEV_HEAP_CONTIGUOUS);
		seen[2 * i] = first.handle;
		seen[2 * i + 1] = second.handle;
		close(of);
	}
	for (i = 0; i < 2 * OPENS; i++) {
		expect(seen[i] != 0);
		for (j = 0; j < i; j++)
			twice += seen[i] == seen[j];
	}
	expect_equal(twice, 0);
	note("%u handles; one heap came first in %u of %u files", 2 * OPENS, system_first, OPENS);
	expect(system_first > 0 && system_first < OPENS);
}

static void handles_of_others(void)
{
	uint64_t own = heap_pick(file, false), foreign, earlier = own;
	int other = heap_file();

	foreign = heap_pick(other, false);
	expect_equal(heap_allocate(file, foreign, HEAP_PAGE, 0, 0), -EINVAL);
	expect_equal(heap_allocate(other, own, HEAP_PAGE, 0, 0), -EINVAL);
	expect_equal(heap_allocate(file, 0, HEAP_PAGE, 0, 0), -EINVAL);
	expect_equal(heap_allocate(file, own + 1, HEAP_PAGE, 0, 0), -EINVAL);
	expect_equal(heap_allocate(file, ~0ull, HEAP_PAGE, 0, 0), -EINVAL);
	expect_equal(heap_allocate(file, 1, HEAP_PAGE, 0, 0), -EINVAL);
	expect(heap_allocate(file, own, HEAP_PAGE, 0, 0) >= 0);
	heap_renew();
	expect_equal(heap_allocate(file, own, HEAP_PAGE, 0, 0), -ENXIO);
	other = heap_file();
	expect_equal(heap_allocate(other, earlier, HEAP_PAGE, 0, 0), -EINVAL);
	expect_equal(heap_allocate(other, foreign, HEAP_PAGE, 0, 0), -EINVAL);
}

static void refuse_sizes(bool contiguous)
{
	struct refcdev_heap_info info = info_of(file, contiguous);
	const uint64_t sizes[] = {
		0, ~0ull, -4095ull, -4096ull, -4097ull, 1ull << 63, 1ull << 44, 1ull << 32,
		info.size + 1, heap_limit() + 1,
	};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (heap_allocate(file, info.handle, sizes[i], 0, 0) != -EINVAL)
			complain("%#lx bytes were not refused", sizes[i]);
}

static void sizes(void)
{
	const struct { uint64_t wanted, had; } good[] = {
		{ 1, 4096 }, { 4095, 4096 }, { 4096, 4096 }, { 4097, 8192 }, { 12289, 16384 },
	};
	int buffer;
	size_t i;

	refuse_sizes(false);
	refuse_sizes(true);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buffer = heap_buffer(file, i % 2, good[i].wanted);
		expect_equal(lseek(buffer, 0, SEEK_END), good[i].had);
		expect_equal(heap_used(i % 2 ? "reserved" : "system"), good[i].had);
		close(buffer);
	}
	expect_equal(heap_used("system") + heap_used("reserved"), 0);
}

static void unknown_bits(void)
{
	struct refcdev_heap_info system = info_of(file, false), reserved = info_of(file, true);
	struct refcdev_heap_allocation wanted = {
		.handle = system.handle, .bytes = 1, .reserved = 1,
	};

	expect_errno(ioctl(file, REFCDEV_HEAP_ALLOCATE, &wanted), EINVAL);
	expect_equal(heap_allocate(file, system.handle, 1, 2, 0), -EINVAL);
	expect_equal(heap_allocate(file, system.handle, 1, 0x80000000, 0), -EINVAL);
	expect_equal(heap_allocate(file, system.handle, 1, 0, 65), -EINVAL);
	expect_equal(heap_allocate(file, system.handle, 1, 0, ~0u), -EINVAL);
	expect_equal(heap_allocate(file, system.handle, 1, 0, system.address_bits - 1), -EINVAL);
	expect_equal(heap_allocate(file, reserved.handle, 1, 0, reserved.address_bits - 1),
		     -EINVAL);
	expect(heap_allocate(file, system.handle, 1, 0, system.address_bits) >= 0);
	expect(heap_allocate(file, reserved.handle, 1, 0, reserved.address_bits) >= 0);
	expect(heap_allocate(file, system.handle, 1, 0, 64) >= 0);
	/* One page is always of one piece; more of them are where the heap is. */
	expect(heap_allocate(file, system.handle, 1, REFCDEV_HEAP_CONTIGUOUS, 0) >= 0);
	expect_equal(heap_allocate(file, system.handle, 4097, REFCDEV_HEAP_CONTIGUOUS, 0), -EINVAL);
	expect(heap_allocate(file, reserved.handle, 4097, REFCDEV_HEAP_CONTIGUOUS, 0) >= 0);
}

/* How far up a buffer of 16 pages lies: the kernel's own allocator says where they are from. */
static uint64_t highest_frame(uint64_t handle, uint32_t bits)
{
	uint64_t highest;

	frames_begin();
	expect(heap_allocate(file, handle, 16 * HEAP_PAGE, 0, bits) >= 0);
	expect_equal(frames_end(&highest), 16);
	note("with %u bits up to %#lx", bits, highest);
	return highest;
}

static void few_bits(void)
{
	struct refcdev_heap_info info = info_of(file, false);

	frames_watch();
	expect(highest_frame(info.handle, 28) >> 28 == 0);
	expect(highest_frame(info.handle, info.address_bits) >> info.address_bits == 0);
	/* Else that was no proof: with any address they lie elsewhere. */
	expect(highest_frame(info.handle, 0) >> 28);
	frames_unwatch();
}

/* A reserve of which every other page is taken: much is left, and none of it in one piece. */
static void in_one_piece(void)
{
	struct refcdev_heap_info info = info_of(file, true);
	unsigned int pages = info.size / HEAP_PAGE, i;
	int buffers[pages];

	expect_equal(info.largest, info.size);
	for (i = 0; i < pages; i++)
		buffers[i] = heap_buffer(file, true, HEAP_PAGE);
	for (i = 1; i < pages; i += 2)
		close(buffers[i]);
	info = info_of(file, true);
	expect_equal(info.left, info.size / 2);
	expect_equal(info.largest, HEAP_PAGE);
	expect_equal(heap_allocate(file, info.handle, 2 * HEAP_PAGE, 0, 0), -ENOMEM);
	close(buffers[10]);
	info = info_of(file, true);
	expect_equal(info.largest, 3 * HEAP_PAGE);
	expect_equal(heap_allocate(file, info.handle, 4 * HEAP_PAGE, 0, 0), -ENOMEM);
	expect(heap_allocate(file, info.handle, 3 * HEAP_PAGE, 0, 0) >= 0);
	expect_equal(heap_used("reserved"), (pages / 2 + 2) * HEAP_PAGE);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

/* The reserve whole, so that there is no other page; of the system's, what came back last. */
static void zeroed(void)
{
	size_t size;
	uint8_t *at;
	int round, buffer;

	for (round = 0; round < 6; round++) {
		size = round % 2 ? info_of(file, true).size : 64 * HEAP_PAGE;
		buffer = heap_buffer(file, round % 2, size);
		at = heap_map(buffer, size);
		if (!all_zero(at, size))
			complain("round %d: somebody else's bytes", round);
		memset(at, 0xa5, size);
		munmap(at, size);
		close(buffer);
	}
}

static const struct test_case cases[] = {
	{ "each heap is described, and as in sysfs", enumeration },
	{ "handles and their order differ from file to file", handles_differ },
	{ "a handle of anybody else is refused", handles_of_others },
	{ "sizes that cannot be are refused, others rounded up", sizes },
	{ "bits that are unknown, and what a heap cannot do, are refused", unknown_bits },
	{ "frames lie where they were asked for", few_bits },
	{ "what is of one piece takes one piece", in_one_piece },
	{ "memory is zeroed, whoever had it before", zeroed },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
