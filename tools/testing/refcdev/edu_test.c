// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_test.c: the edu sample while its device is there: what is written is what is read, in each of
 * the ways that it can be; its registers
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "edu.h"
#include "uring.h"

#define BYTES	REFCDEV_EDU_BYTES

static int fd;
static uint8_t memory[BYTES + 4096], found[BYTES + 4096];

static void setup(void)
{
	edu_setup();
	fd = edu_open(0);
}

/* The device's memory, all of it, by one transfer. */
static void expect_memory(const uint8_t *wanted, const char *what)
{
	memset(found, 0xa5, sizeof(found));
	expect_equal(pread(fd, found, BYTES, 0), BYTES);
	edu_same(found, wanted, BYTES, what);
}

/* Where a transfer may begin and end: at every edge, in between, and not aligned to anything. */
static const struct range {
	size_t at, size;
} ranges[] = {
	{ 0, 1 }, { 0, 4096 }, { 0, 4097 }, { 1, 1 }, { 1, 4095 }, { 3, 7 }, { 511, 1026 },
	{ 2047, 2 }, { 4093, 1 }, { BYTES - 1, 1 }, { BYTES - 1, 2 }, { 1234, 8192 }, { 17, 0 },
};

#define NR_RANGES	(sizeof(ranges) / sizeof(ranges[0]))

static size_t fits(const struct range *range)
{
	return range->size < BYTES - range->at ? range->size : BYTES - range->at;
}

/* What one way of writing did to the memory, read in another; nothing beside it changes. */
static void expect_ranges(ssize_t (*put)(const void *from, size_t size, off_t at),
			  ssize_t (*get)(void *to, size_t size, off_t at))
{
	uint8_t bytes[8192];
	size_t i, size;

	edu_fill(memory, BYTES, 0);
	expect_equal(pwrite(fd, memory, BYTES, 0), BYTES);
	for (i = 0; i < NR_RANGES; i++) {
		edu_fill(bytes, ranges[i].size, i + 1);
		size = fits(&ranges[i]);
		memcpy(memory + ranges[i].at, bytes, size);
		expect_equal(put(bytes, ranges[i].size, ranges[i].at), size);
		memset(bytes, 0xa5, sizeof(bytes));
		expect_equal(get(bytes, ranges[i].size, ranges[i].at), size);
		if (!edu_same(bytes, memory + ranges[i].at, size, "range"))
			note("of %zu bytes at %zu", ranges[i].size, ranges[i].at);
		/* Nothing was written beyond what was returned. */
		expect(size == sizeof(bytes) || bytes[size] == 0xa5);
	}
	expect_memory(memory, "all of it");
}

static ssize_t put_plain(const void *from, size_t size, off_t at)
{
	return pwrite(fd, from, size, at);
}

static ssize_t get_plain(void *to, size_t size, off_t at)
{
	return pread(fd, to, size, at);
}

/* In pieces that are aligned to nothing. */
static int in_pieces(struct iovec *iov, uint8_t *bytes, size_t size)
{
	size_t first = size / 3, second = size / 2 - first;

	iov[0] = (struct iovec){ bytes, first };
	iov[1] = (struct iovec){ bytes + first, second };
	iov[2] = (struct iovec){ bytes + first + second, size - first - second };
	return 3;
}

static ssize_t put_pieces(const void *from, size_t size, off_t at)
{
	struct iovec iov[3];

	return pwritev(fd, iov, in_pieces(iov, (uint8_t *)from, size), at);
}

static ssize_t get_pieces(void *to, size_t size, off_t at)
{
	struct iovec iov[3];

	return preadv(fd, iov, in_pieces(iov, to, size), at);
}

static struct uring ring;

static ssize_t uring_result(void)
{
	struct uring_result result;

	require(uring_submit(&ring) == 1);
	require(uring_wait(&ring, &result, 10 * SECOND) == 0);
	return result.res;
}

static ssize_t put_uring(const void *from, size_t size, off_t at)
{
	uring_write(&ring, 1, fd, from, size, at);
	return uring_result();
}

static ssize_t get_uring(void *to, size_t size, off_t at)
{
	struct iovec iov[3];

	/* Its vector lies on this stack: the driver has to keep it. */
	uring_readv(&ring, 2, fd, iov, in_pieces(iov, to, size), at);
	return uring_result();
}

/* Half of it by calls, half by requests, so that neither only undoes what it did itself. */
static void written_by_calls(void)
{
	require(uring_open(&ring, 8, 0) == 0);
	expect_ranges(put_plain, get_uring);
	uring_close(&ring);
}

static void read_by_calls(void)
{
	require(uring_open(&ring, 8, 0) == 0);
	expect_ranges(put_uring, get_pieces);
	uring_close(&ring);
}

static void vectors(void)
{
	edu_fill(memory, BYTES, 3);
	expect_equal(put_pieces(memory, BYTES, 0), BYTES);
	memset(found, 0xa5, BYTES);
	expect_equal(get_plain(found, BYTES, 0), BYTES);
	edu_same(found, memory, BYTES, "written in pieces");
}

/* Queued at once, done in order: each read sees the write before it and not the one after. */
static void order_of_requests(void)
{
	enum { PAIRS = 8, SIZE = 64 };
	static uint8_t out[PAIRS][SIZE], in[PAIRS][SIZE];
	struct uring_result result;
	int i;

	require(uring_open(&ring, 2 * PAIRS, 0) == 0);
	for (i = 0; i < PAIRS; i++) {
		edu_fill(out[i], SIZE, 100 + i);
		uring_write(&ring, i, fd, out[i], SIZE, 1000);
		uring_read(&ring, i, fd, in[i], SIZE, 1000);
	}
	require(uring_submit(&ring) == 2 * PAIRS);
	expect(edu_state(fd).outstanding > PAIRS);
	for (i = 0; i < 2 * PAIRS; i++) {
		require(uring_wait(&ring, &result, 10 * SECOND) == 0);
		expect_equal(result.res, SIZE);
	}
	for (i = 0; i < PAIRS; i++)
		edu_same(in[i], out[i], SIZE, "a read in the queue");
	expect_equal(edu_state(fd).outstanding, 0);
	uring_close(&ring);
}

static void position(void)
{
	char bytes[10] = "";

	expect_equal(lseek(fd, -5, SEEK_END), BYTES - 5);
	expect_equal(write(fd, bytes, sizeof(bytes)), 5);
	expect_errno(write(fd, bytes, sizeof(bytes)), ENOSPC);
	expect_equal(write(fd, bytes, 0), 0);
	expect_equal(read(fd, bytes, sizeof(bytes)), 0);
	expect_equal(lseek(fd, 0, SEEK_CUR), BYTES);
	expect_errno(lseek(fd, BYTES + 1, SEEK_SET), EINVAL);
	expect_equal(lseek(fd, 4090, SEEK_SET), 4090);
	expect_equal(read(fd, bytes, sizeof(bytes)), 5);
	expect_equal(pread(fd, bytes, sizeof(bytes), 1ll << 40), 0);
	expect_errno(pwrite(fd, bytes, sizeof(bytes), 1ll << 40), ENOSPC);
	expect_errno(pread(fd, bytes, sizeof(bytes), -1), EINVAL);
}

static void bad_memory(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(page != MAP_FAILED && munmap(page + 4096, 4096) == 0);
	expect_errno(pwrite(fd, page + 4096, 16, 0), EFAULT);
	expect_errno(pread(fd, page + 4096, 16, 0), EFAULT);
	/* What there was room for was read. */
	expect_equal(pread(fd, page + 4080, 32, 0), 16);
	expect_equal(edu_state(fd).outstanding, 0);
}

static void factorials(void)
{
	static const struct {
		unsigned int n;
		uint32_t result;
	} known[] = {
		{ 0, 1 }, { 1, 1 }, { 5, 120 }, { 12, 479001600 }, { 13, 1932053504 },
		{ 33, 2147483648u }, { 34, 0 }, { 100000, 0 },
	};
	struct refcdev_edu_factorial factorial = { .n = REFCDEV_EDU_FACTORIAL_MAX + 1 };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		expect_equal(edu_factorial(fd, known[i].n), known[i].result);
	expect_errno(ioctl(fd, REFCDEV_EDU_FACTORIAL, &factorial), EINVAL);
	expect_errno(ioctl(fd, REFCDEV_EDU_FACTORIAL, NULL), EFAULT);
}

static void registers(void)
{
	uint32_t number = 0x12345678;

	expect_equal(ioctl(fd, REFCDEV_EDU_INVERT, &number), 0);
	expect_equal(number, ~0x12345678u);
	number = 0;
	expect_equal(ioctl(fd, REFCDEV_EDU_INVERT, &number), 0);
	expect_equal(number, 0xffffffffu);
	expect_equal(edu_state(fd).identification & 0xff, 0xed);
	expect_errno(ioctl(fd, 0x5219, 0), ENOTTY);
}

/* Readable; and nobody writes to it, whichever way he tries. */
static void mapping(void)
{
	volatile uint32_t *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	uint32_t number = 0xcafe;

	require(page != MAP_FAILED);
	expect_equal(page[0], edu_state(fd).identification);
	expect_equal(ioctl(fd, REFCDEV_EDU_INVERT, &number), 0);
	expect_equal(page[1], number);
	expect_errno(mprotect((void *)page, 4096, PROT_READ | PROT_WRITE), EACCES);
	expect(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	expect_equal(errno, EACCES);
	expect(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	expect_equal(errno, EACCES);
	/* Not beyond the registers. */
	expect(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 1 << 20) == MAP_FAILED);
	expect(mmap(NULL, (1 << 20) + 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	expect(edu_unbind() == 0);
}

static const struct test_case cases[] = {
	{ "what was written by calls is read by requests", written_by_calls },
	{ "what was written by requests is read by calls", read_by_calls },
	{ "what was written in pieces is read", vectors },
	{ "requests are done in the order in which they were accepted", order_of_requests },
	{ "the file ends where the device's memory does", position },
	{ "a buffer that is not there is EFAULT, and no transfer is left over", bad_memory },
	{ "factorials", factorials },
	{ "registers", registers },
	{ "registers in user space, to be read only", mapping },
};

int main(void)
{
	case_seconds = 40;
	return RUN_CASES(cases, setup);
}
