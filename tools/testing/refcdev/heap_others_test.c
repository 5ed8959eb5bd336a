// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_others_test.c: edu as an importer of what is not just memory of the heap sample: buffers
 * of the kernel's own exporters, and memory that the kernel would copy for it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "edu_calls.h"
#include "heap_use.h"

enum { SIZE = 4 * 4096, BYTES = REFCDEV_EDU_BYTES };

static int fd;
static uint8_t wanted[SIZE], found[BYTES];

static void setup(void)
{
	edu_setup();
	fd = edu_open(0);
	edu_fill(wanted, SIZE, 1);
}

static void sync_it(int buffer, uint64_t flags)
{
	struct dma_buf_sync sync = { flags | DMA_BUF_SYNC_RW };

	expect_equal(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync), 0);
}

/* There and back, by whatever mapping there is of it. */
static void expect_usable(int buffer, uint8_t *at)
{
	int id = edu_import(fd, buffer);

	require(id > 0);
	sync_it(buffer, DMA_BUF_SYNC_START);
	memcpy(at, wanted, SIZE);
	sync_it(buffer, DMA_BUF_SYNC_END);
	expect_equal(edu_move(fd, id, 4000, 0, BYTES, false), BYTES);
	expect_equal(edu_move(fd, id, SIZE - BYTES, 0, BYTES, true), BYTES);
	sync_it(buffer, DMA_BUF_SYNC_START);
	memcpy(wanted + SIZE - BYTES, memcpy(found, wanted + 4000, BYTES), BYTES);
	expect(edu_same(at, wanted, SIZE, "there and back"));
	sync_it(buffer, DMA_BUF_SYNC_END);
	close(buffer);
	expect_equal(edu_unbind(), 0);
	expect_equal(edu_counter("imports"), 0);
	expect(edu_same(at, wanted, SIZE, "when edu has gone"));
}

/* A file of memory, as udmabuf has it. */
static void of_udmabuf(void)
{
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memory = memfd_create("heap_others", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	struct udmabuf_create create = { .memfd = memory, .flags = UDMABUF_FLAGS_CLOEXEC,
					 .size = SIZE };
	int buffer;

	if (device < 0)
		skip("no udmabuf here");
	require(ftruncate(memory, SIZE) == 0);
	require(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
	buffer = ioctl(device, UDMABUF_CREATE, &create);
	require(buffer >= 0);
	expect_usable(buffer, heap_map(memory, SIZE));
}

static int of_system_heap(uint32_t flags)
{
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	struct dma_heap_allocation_data data = { .len = SIZE, .fd_flags = flags | O_CLOEXEC };

	if (heap < 0)
		skip("no heap of the kernel's own here");
	require(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) == 0);
	close(heap);
	return data.fd;
}

static void of_dma_heap(void)
{
	int buffer = of_system_heap(O_RDWR);

	expect_usable(buffer, heap_map(buffer, SIZE));
}

/* The importer writes to it on behalf of whoever has the file. */
static void for_reading(void)
{
	int id = edu_import(fd, of_system_heap(O_RDONLY));

	require(id > 0);
	edu_fill(found, 100, 3);
	expect_equal(pwrite(fd, found, 100, 0), 100);
	expect_equal(edu_move(fd, id, 0, 0, 100, true), -EACCES);
	expect_equal(edu_move(fd, id, 0, 0, 100, false), 100);
	expect_equal(edu_release_import(fd, id), 0);
}

static const struct test_case others[] = {
	{ "of udmabuf", of_udmabuf },
	{ "of the kernel's heap", of_dma_heap },
	{ "what is for reading is not written to", for_reading },
};

static void copies_refused(void)
{
	int file = heap_file(), way;

	for (way = 0; way < 2; way++) {
		int buffer = heap_allocate(file, heap_pick(file, way), SIZE, 0, 28);

		require(buffer >= 0);
		expect_equal(edu_import(fd, buffer), -EBUSY);
		expect_equal(edu_counter("imports"), 0);
		expect_equal(heap_counter("mapped"), 0);
	}
	/* It is not that nothing works here. */
	expect(edu_works(fd, 1));
}

static const struct test_case bounce[] = {
	{ "a buffer that would be copied is refused", copies_refused },
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "bounce"))
		return RUN_CASES(bounce, setup);
	return RUN_CASES(others, setup);
}
