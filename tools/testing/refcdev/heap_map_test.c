// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_map_test.c: buffers of the heap sample as programs have them: mapped, shared, passed on
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "heap_use.h"
#include "passing.h"
#include "uring.h"

enum { PAGES = 4, SIZE = PAGES * 4096 };

static int file, buffer;
static uint8_t *at, pattern[SIZE], found[SIZE];

static void setup(void)
{
	heap_renew();
	file = heap_file();
	buffer = heap_buffer(file, false, SIZE);
	at = heap_map(buffer, SIZE);
	edu_fill(pattern, SIZE, 1);
	memcpy(at, pattern, SIZE);
}

/* Told by the kernel, which gets EFAULT where a program would get a signal. */
static bool writable(uint8_t *byte)
{
	int ends[2];
	bool ret;

	require(pipe(ends) == 0);
	ret = write(ends[1], "x", 1) == 1 && read(ends[0], byte, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static void expect_no_map(size_t size, int flags, off_t offset)
{
	expect(mmap(NULL, size, PROT_READ | PROT_WRITE, flags, buffer, offset) == MAP_FAILED &&
	       errno == EINVAL);
}

static void what_is_mapped(void)
{
	uint8_t *tail;

	expect_no_map(SIZE, MAP_PRIVATE, 0);
	expect_no_map(SIZE + 4096, MAP_SHARED, 0);
	expect_no_map(4096, MAP_SHARED, SIZE);
	expect_no_map(2 * 4096, MAP_SHARED, SIZE - 4096);
	expect(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, buffer, 0) == MAP_FAILED);
	expect(mmap(NULL, 4096, PROT_READ, MAP_SHARED, buffer, -4096) == MAP_FAILED);
	tail = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, SIZE - 4096);
	require(tail != MAP_FAILED);
	expect(edu_same(tail, pattern + SIZE - 4096, 4096, "its last page alone"));
	tail[17] ^= 0xff;
	expect_equal(at[SIZE - 4096 + 17], tail[17]);
}

static void moved(void)
{
	uint8_t *to = mmap(NULL, 4 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect(mremap(at, SIZE, 2 * SIZE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
	expect(mremap(at, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	expect(edu_same(to, pattern, SIZE, "moved"));
	expect(!writable(at));
	expect(mremap(to, SIZE, 4096, 0) == to);
	expect(!writable(to + 4096));
	expect(edu_same(to, pattern, 4096, "and shrunk"));
}

static void in_parts(void)
{
	close(buffer);
	close(file);
	expect_equal(munmap(at + 4096, 2 * 4096), 0);
	expect(!writable(at + 4096));
	expect(edu_same(at, pattern, 4096, "before the gap"));
	expect(edu_same(at + 3 * 4096, pattern + 3 * 4096, 4096, "after the gap"));
	expect_equal(munmap(at, 4096), 0);
	expect_equal(heap_counter("buffers"), 1);
	expect_equal(heap_used("system"), SIZE);
	expect(edu_same(at + 3 * 4096, pattern + 3 * 4096, 4096, "what is left"));
	expect_equal(munmap(at + 3 * 4096, 4096), 0);
	heap_expect("buffers", 0);
	heap_expect("files", 0);
	expect_equal(heap_used("system"), 0);
}

static void protected(void)
{
	uint8_t *only = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, buffer, 0);

	require(only != MAP_FAILED);
	expect_equal(only[5], pattern[5]);
	expect(!writable(only));
	expect_equal(mprotect(only, SIZE, PROT_READ | PROT_WRITE), 0);
	expect(writable(only));
	expect_equal(at[0], 'x');
	only[5] = 0x5a;
	expect_equal(at[5], 0x5a);
	/* There is nothing behind frames that they could come from again. */
	expect_errno(madvise(only, SIZE, MADV_DONTNEED), EINVAL);
}

static void child_and_parent(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		expect(edu_same(at, pattern, SIZE, "in the child"));
		at[1] = 0x77;
		munmap(at, SIZE);
		_exit(case_status());
	}
	require(waitpid(pid, &status, 0) == pid);
	expect_equal(status, 0);
	expect_equal(at[1], 0x77);
}

/* The kernel, asked for the pages themselves, has none to give. */
static void pages_refused(void)
{
	struct iovec iov = { at, 4096 }, own = { found, 4096 };
	struct uring ring;
	int ends[2], memory;

	require(pipe(ends) == 0);
	expect_errno(vmsplice(ends[1], &iov, 1, 0), EFAULT);
	if (process_vm_readv(getpid(), &own, 1, &iov, 1, 0) != -1 ||
	    (errno != EFAULT && errno != ENOSYS))
		complain("process_vm_readv: %s", strerror(errno));
	if (uring_open(&ring, 4, 0) == 0) {
		expect_equal(uring_register_buffers(&ring, &iov, 1), -EFAULT);
		uring_close(&ring);
	}
	memory = open("/proc/self/mem", O_RDWR);
	require(memory >= 0);
	expect_errno(pread(memory, found, 16, (uintptr_t)at), EIO);
	/* What copies is as with any memory. */
	expect_equal(write(ends[1], at, 4096), 4096);
	expect_equal(read(ends[0], at + 4096, 4096), 4096);
	expect(edu_same(at + 4096, pattern, 4096, "by a pipe"));
}

/* Past the page cache; where that takes pages they are refused, else it has copied. */
static void direct_refused(void)
{
	int fd = open("/dev/shm/direct", O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	ssize_t ret;

	if (fd < 0)
		skip("no O_DIRECT here");
	ret = pwrite(fd, at, 4096, 0);
	if (ret == 4096 && pread(fd, found, 4096, 0) == 4096)
		expect(edu_same(found, pattern, 4096, "copied"));
	else
		expect(ret == -1 && errno == EFAULT);
	unlink("/dev/shm/direct");
}

static int sync_it(uint64_t flags)
{
	struct dma_buf_sync sync = { flags };

	return ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync);
}

static void synchronized(void)
{
	expect_equal(sync_it(DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW), 0);
	memcpy(at, pattern + 4096, 4096);
	expect_equal(sync_it(DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW), 0);
	expect_equal(sync_it(DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ), 0);
	expect(edu_same(at, pattern + 4096, 4096, "in between"));
	expect_equal(sync_it(DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ), 0);
	expect_errno(sync_it(DMA_BUF_SYNC_START), EINVAL);
	expect_errno(sync_it(1u << 31), EINVAL);
}

static void its_size(void)
{
	expect_equal(lseek(buffer, 0, SEEK_END), SIZE);
	expect_equal(lseek(buffer, 0, SEEK_SET), 0);
	expect_errno(lseek(buffer, 1, SEEK_SET), EINVAL);
	expect_equal(fcntl(buffer, F_GETFD), FD_CLOEXEC);
	expect_equal(fcntl(buffer, F_GETFL) & O_ACCMODE, O_RDWR);
	expect_errno(read(buffer, found, 1), EINVAL);
	expect_errno(write(buffer, found, 1), EINVAL);
}

/* To a process that has it from a message, and nothing else. */
static void passed_on(void)
{
	int ends[2], received, status;
	uint8_t *there, byte;
	pid_t pid;

	require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	pid = fork();
	if (pid == 0) {
		munmap(at, SIZE);
		close(buffer);
		close(file);
		close(ends[0]);
		received = receive_file(ends[1]);
		there = heap_map(received, SIZE);
		expect(read(ends[1], &byte, 1) == 1);
		close(received);
		expect(edu_same(there, pattern, SIZE, "what was passed on"));
		expect_equal(heap_counter("buffers"), 1);
		_exit(case_status());
	}
	close(ends[1]);
	send_files(ends[0], buffer, -1);
	close(buffer);
	munmap(at, SIZE);
	close(file);
	require(write(ends[0], "x", 1) == 1);
	require(waitpid(pid, &status, 0) == pid);
	expect_equal(status, 0);
	heap_expect("buffers", 0);
	expect_equal(heap_used("system"), 0);
}

static const struct test_case cases[] = {
	{ "mappings are shared, and of what there is", what_is_mapped },
	{ "one may be moved and shrunk, and does not grow", moved },
	{ "and go in parts: the last one lets the buffer go", in_parts },
	{ "may be protected", protected },
	{ "are one memory in parent and child", child_and_parent },
	{ "give no pages to vmsplice, io_uring and other processes", pages_refused },
	{ "nor to O_DIRECT", direct_refused },
	{ "the processor's access may be announced", synchronized },
	{ "a buffer's file tells its size, and no more", its_size },
	{ "a process that was handed the file alone has the buffer", passed_on },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
