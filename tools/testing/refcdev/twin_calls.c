// SPDX-License-Identifier: GPL-2.0-only
/*
 * twin_calls.c: the calls that are made on each of the twins: transfers, positions, opens
 *
 * Each call stands by itself: none needs another one to have succeeded, as after the
 * unplug it will not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness.h"
#include "twin.h"
#include "util.h"

const int twin_file_flags[NR_FILES] = {
	O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_NONBLOCK,
};

const char *const twin_file_names[NR_FILES] = {
	"O_RDWR", "O_RDONLY", "O_WRONLY", "O_RDWR|O_APPEND", "O_RDWR|O_NONBLOCK",
};

char *memory;
int pipe_in, pipe_out, scratch;
const char *file_name;

static struct iovec good[3], bad[3], huge[2];

/* Wrong on purpose; volatile, for a compiler that would say so. */
static void *volatile kernels_own = (void *)0xffff888000000000ul;
static void *volatile not_mapped = (void *)8;
static void *volatile null;
static volatile size_t too_much = SIZE_MAX, most = SSIZE_MAX;
static volatile int minus_one = -1, too_many = 1025;

uint32_t sum_of(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint32_t sum = 2166136261u;
	size_t i;

	for (i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * 16777619u;
	return sum;
}

/* The beginning is enough: the twins' data are compared whole, at the end. */
#define SUMMED		256

void prepare_memory(void)
{
	memset(memory, 0x5a, SUMMED);
}

uint32_t sum_memory(void)
{
	return sum_of(memory, SUMMED);
}

void record(struct transcript *to, const char *call, enum entry_kind kind, long ret, uint32_t data)
{
	struct entry *entry = &to->entries[to->count++];

	require(to->count <= MAX_ENTRIES);
	*entry = (struct entry) {
		.call = call, .file = file_name, .kind = kind, .ret = ret,
		.error = ret < 0 ? errno : 0, .data = data,
		.calls = to->log->calls - to->calls, .hash = to->log->hash,
	};
	to->calls = to->log->calls;
}

void calls_init(void)
{
	int fds[2], i;

	memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	require(memory != MAP_FAILED);
	require(pipe2(fds, O_NONBLOCK) == 0);
	pipe_out = fds[0];
	pipe_in = fds[1];
	scratch = syscall(SYS_memfd_create, "scratch", 0);
	require(scratch >= 0);
	for (i = 0; i < 3; i++)
		good[i] = (struct iovec) { memory + 16 * i, 10 + i };
	memcpy(bad, good, sizeof(bad));
	bad[1].iov_base = kernels_own;
	huge[0] = (struct iovec) { memory, SSIZE_MAX };
	huge[1] = (struct iovec) { memory, SSIZE_MAX };
}

static void call_reads(struct transcript *to, int fd)
{
	CALL(to, read(fd, memory, 0));
	CALL(to, read(fd, memory, 1));
	CALL(to, read(fd, memory, 100));
	CALL(to, read(fd, memory, 20000));
	CALL(to, read(fd, memory, most));
	CALL(to, read(fd, memory, too_much));
	CALL(to, read(fd, null, 0));
	CALL(to, read(fd, null, 5));
	CALL(to, read(fd, not_mapped, 5));
	CALL(to, read(fd, kernels_own, 5));
	CALL(to, pread(fd, memory, 100, 0));
	CALL(to, pread(fd, memory, 100, 16380));
	CALL(to, pread(fd, memory, 100, 1l << 40));
	CALL(to, pread(fd, memory, 100, -1));
	CALL(to, pread(fd, memory, 100, LLONG_MAX));
	CALL(to, pread(fd, memory, 0, LLONG_MAX));
	CALL(to, readv(fd, good, 3));
	CALL(to, readv(fd, good, 0));
	CALL(to, readv(fd, good, minus_one));
	CALL(to, readv(fd, good, too_many));
	CALL(to, readv(fd, bad, 3));
	CALL(to, readv(fd, bad + 1, 1));
	CALL(to, readv(fd, huge, 2));
	CALL(to, readv(fd, null, 1));
	CALL(to, preadv(fd, good, 3, 5));
	CALL(to, preadv2(fd, good, 3, 5, 0));
	CALL(to, preadv2(fd, good, 3, -1, 0));
	CALL(to, preadv2(fd, good, 3, -2, 0));
	CALL(to, preadv2(fd, good, 3, 5, RWF_NOWAIT));
	CALL(to, preadv2(fd, good, 3, 5, RWF_HIPRI));
	CALL(to, preadv2(fd, good, 3, 5, RWF_DSYNC));
	CALL(to, preadv2(fd, good, 3, 5, RWF_APPEND));
	CALL(to, preadv2(fd, good, 3, 5, 0x40000000));
}

static void call_writes(struct transcript *to, int fd)
{
	CALL(to, write(fd, memory, 0));
	CALL(to, write(fd, memory, 1));
	CALL(to, write(fd, memory, 100));
	CALL(to, write(fd, memory, 20000));
	CALL(to, write(fd, memory, most));
	CALL(to, write(fd, memory, too_much));
	CALL(to, write(fd, null, 0));
	CALL(to, write(fd, null, 5));
	CALL(to, write(fd, not_mapped, 5));
	CALL(to, write(fd, kernels_own, 5));
	CALL(to, pwrite(fd, memory, 100, 3));
	CALL(to, pwrite(fd, memory, 100, 16380));
	CALL(to, pwrite(fd, memory, 100, 1l << 40));
	CALL(to, pwrite(fd, memory, 100, -1));
	CALL(to, pwrite(fd, memory, 100, LLONG_MAX));
	CALL(to, writev(fd, good, 3));
	CALL(to, writev(fd, good, 0));
	CALL(to, writev(fd, good, minus_one));
	CALL(to, writev(fd, bad, 3));
	CALL(to, writev(fd, bad + 1, 1));
	CALL(to, writev(fd, huge, 2));
	CALL(to, pwritev2(fd, good, 3, 5, 0));
	CALL(to, pwritev2(fd, good, 3, -1, 0));
	CALL(to, pwritev2(fd, good, 3, -2, 0));
	CALL(to, pwritev2(fd, good, 3, 5, RWF_NOWAIT));
	CALL(to, pwritev2(fd, good, 3, 5, RWF_HIPRI));
	CALL(to, pwritev2(fd, good, 3, 5, RWF_DSYNC));
	CALL(to, pwritev2(fd, good, 3, 5, RWF_SYNC));
	CALL(to, pwritev2(fd, good, 3, 5, RWF_APPEND));
	CALL(to, pwritev2(fd, good, 3, 5, 0x40000000));
}

static void call_seeks(struct transcript *to, int fd)
{
	static const long offsets[] = { 0, 7, -1, 20000, LLONG_MAX, LLONG_MIN };
	size_t i;
	int whence;

	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		for (whence = SEEK_SET; whence <= SEEK_HOLE; whence++)
			CALL(to, lseek(fd, offsets[i], whence));
	CALL(to, lseek(fd, 0, 5));
	CALL(to, lseek(fd, 0, -1));
	CALL(to, lseek(fd, 0, INT_MAX));
	CALL(to, lseek(fd, 3, SEEK_SET));
}

static uint32_t fdinfo_line(int fd, const char *name)
{
	char path[64], text[1024], *line;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	require(read_text(path, text, sizeof(text)) == 0);
	line = strstr(text, name);
	return line ? sum_of(line, strcspn(line, "\n")) : 0;
}

static void call_status(struct transcript *to, int fd)
{
	static const int flags[] = { O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME, 0 };
	int before = fcntl(fd, F_GETFL);
	size_t i;

	CALL(to, fcntl(fd, F_GETFL));
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		CALL(to, fcntl(fd, F_SETFL, flags[i]));
		CALL(to, fcntl(fd, F_GETFL));
	}
	fcntl(fd, F_SETFL, before);
	record(to, "fdinfo: flags", GETS_ENXIO, 0, fdinfo_line(fd, "flags:"));
	record(to, "fdinfo: pos", IS_POSITION, 0, fdinfo_line(fd, "pos:"));
}

void call_all(struct transcript *to, const struct twin_files *files)
{
	int i;

	for (i = 0; i < NR_FILES; i++) {
		file_name = twin_file_names[i];
		call_reads(to, files->fd[i]);
		call_writes(to, files->fd[i]);
		call_status(to, files->fd[i]);
		if (i == RDWR || i == APPEND)
			call_seeks(to, files->fd[i]);
	}
	file_name = twin_file_names[RDWR];
	call_requests(to, files->fd[RDWR]);
	call_others(to, files->fd[RDWR]);
}

/* An open, and what can be done with the file then. */
static void call_open(struct transcript *to, const char *path, int flags)
{
	int fd = CALL(to, open(path, flags, 0600));

	if (fd < 0)
		return;
	/* Numbers of files are the process's business. */
	to->entries[to->count - 1].ret = 0;
	CALL(to, write(fd, memory, 1));
	CALL(to, read(fd, memory, 1));
	CALL(to, fcntl(fd, F_GETFL));
	CALL(to, close(fd));
}

void call_opens(struct transcript *to, const char *path)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE, O_RDWR | O_DIRECT, O_RDWR | O_APPEND,
		O_RDWR | O_TRUNC, O_RDONLY | O_TRUNC, O_RDONLY | O_DIRECTORY, O_RDWR | O_TMPFILE,
		O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_PATH, O_RDWR | O_NOFOLLOW,
		O_RDWR | O_NOATIME, O_RDWR | O_SYNC, O_RDWR | O_DSYNC, O_RDWR | O_ASYNC,
		O_RDWR | O_NOCTTY | O_CLOEXEC,
	};
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		file_name = "open";
		call_open(to, path, flags[i]);
	}
}
