// SPDX-License-Identifier: GPL-2.0-only
/*
 * twin_others.c: the other calls that are made on each of the twins: ioctls, mappings,
 * splices, and what no device has
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "twin.h"

static void call_ioctls(struct transcript *to, int fd)
{
	CALL(to, ioctl(fd, TWIN_ADD_ONE, memory));
	CALL(to, ioctl(fd, TWIN_ADD_ONE, NULL));
	CALL(to, ioctl(fd, TWIN_ADD_ONE, ~0ul << 12));
	CALL(to, ioctl(fd, TWIN_NO_COMMAND, 0));
	CALL(to, ioctl(fd, _IO('t', 0x7f), 0));
	CALL(to, ioctl(fd, 0, 0));
	CALL(to, ioctl(fd, FIONREAD, memory));
	CALL(to, ioctl(fd, FIONREAD, NULL));
	CALL(to, ioctl(fd, FIONBIO, NULL));
	*(int *)memory = 0;
	CALL(to, ioctl(fd, FIONBIO, memory + 4096));
	CALL(to, ioctl(fd, FIOASYNC, memory + 4096));
	CALL(to, ioctl(fd, FIOASYNC, memory));
	CALL(to, ioctl(fd, FIOCLEX));
	CALL(to, ioctl(fd, FIONCLEX));
	CALL(to, ioctl(fd, FIOQSIZE, memory));
	CALL(to, ioctl(fd, FIBMAP, memory));
	CALL(to, ioctl(fd, FIGETBSZ, memory));
	CALL(to, ioctl(fd, FS_IOC_FIEMAP, memory));
	CALL(to, ioctl(fd, FS_IOC_GETFLAGS, memory));
	CALL(to, ioctl(fd, FICLONE, fd));
	CALL(to, ioctl(fd, FIFREEZE, NULL));
}

/* The ioctl of 32-bit programs, by their own way into the kernel. */
static long ioctl32(int fd, unsigned int cmd, const void *arg)
{
	int ret;

	asm volatile("int $0x80" : "=a" (ret) :
		     "a" (54), "b" (fd), "c" (cmd), "d" ((unsigned int)(uintptr_t)arg) :
		     "memory", "r8", "r9", "r10", "r11");
	if (ret >= 0 || ret < -4095)
		return ret;
	errno = -ret;
	return -1;
}

static bool has_32_bit(void)
{
	static int status = -1;
	pid_t pid;

	if (status != -1)
		return status == 0;
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(ioctl32(-1, 0, NULL) == -1 && errno == EBADF ? 0 : 1);
	}
	require(waitpid(pid, &status, 0) == pid);
	if (status)
		note("SKIPPED: compat ioctls: this kernel runs no 32-bit programs");
	return status == 0;
}

static void call_compat_ioctls(struct transcript *to, int fd)
{
	CALL(to, ioctl32(fd, TWIN_ADD_ONE, memory));
	CALL(to, ioctl32(fd, TWIN_ADD_ONE, NULL));
	CALL(to, ioctl32(fd, TWIN_NO_COMMAND, NULL));
	CALL(to, ioctl32(fd, _IO('t', 0x7f), NULL));
	CALL(to, ioctl32(fd, FIONREAD, memory));
	CALL(to, ioctl32(fd, FIONBIO, memory + 4096));
	CALL(to, ioctl32(fd, FIOCLEX, NULL));
	CALL(to, ioctl32(fd, FIOASYNC, memory + 4096));
}

static void call_mmap(struct transcript *to, int fd, size_t len, int prot, int flags, off_t offset)
{
	char *map;

	errno = 0;
	map = mmap(NULL, len, prot, flags, fd, offset);
	if (map == MAP_FAILED) {
		record(to, "mmap()", GETS_ENXIO, -1, 0);
		return;
	}
	if (prot & PROT_WRITE)
		map[17]++;
	record(to, "mmap()", GETS_ENXIO, 0, prot & PROT_READ ? sum_of(map, 64) : 0);
	munmap(map, len);
}

static void call_mmaps(struct transcript *to, int fd)
{
	static const int kinds[] = {
		0, MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_SHARED_VALIDATE | MAP_SYNC,
		MAP_SHARED_VALIDATE | 0x8000000, MAP_SHARED | MAP_POPULATE, MAP_SHARED | MAP_LOCKED,
	};
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		call_mmap(to, fd, 4096, PROT_READ, kinds[i], 0);
	for (i = 0; i < sizeof(prots) / sizeof(prots[0]); i++)
		call_mmap(to, fd, 4096, prots[i], MAP_SHARED, 4096);
	call_mmap(to, fd, 0, PROT_READ, MAP_SHARED, 0);
	call_mmap(to, fd, 16384, PROT_READ, MAP_SHARED, 0);
	call_mmap(to, fd, 16384, PROT_READ, MAP_SHARED, 4096);
	call_mmap(to, fd, 1 << 30, PROT_READ, MAP_SHARED, 0);
	call_mmap(to, fd, 4096, PROT_READ, MAP_SHARED, 1l << 40);
	call_mmap(to, fd, 4096, PROT_READ, MAP_SHARED, 123);
	call_mmap(to, fd, 4096, PROT_READ, MAP_SHARED, LLONG_MAX & ~4095l);
}

static void empty_pipe(void)
{
	char data[4096];

	while (read(pipe_out, data, sizeof(data)) > 0)
		;
}

/* From the file to a pipe. */
static void call_splice_in(struct transcript *to, int fd, loff_t *offset, size_t len, int flags)
{
	char data[64] = "";
	ssize_t got;
	long ret;

	errno = 0;
	ret = splice(fd, offset, pipe_in, NULL, len, flags);
	got = ret > 0 ? read(pipe_out, data, sizeof(data)) : 0;
	record(to, "splice() from it", GETS_ENXIO, ret, sum_of(data, got > 0 ? got : 0));
	empty_pipe();
}

/* From a pipe with 40 bytes to the file; what is left in the pipe counts. */
static void call_splice_out(struct transcript *to, int fd, loff_t *offset, size_t len, int flags)
{
	int left = 0;
	long ret;

	require(write(pipe_in, memory, 40) == 40);
	errno = 0;
	ret = splice(pipe_out, NULL, fd, offset, len, flags);
	ioctl(pipe_out, FIONREAD, &left);
	record(to, "splice() to it", GETS_ENXIO, ret, left);
	empty_pipe();
}

/* Both ways; @out is the one that is written to. */
static void call_sendfile(struct transcript *to, int out, int in, loff_t *offset, size_t len)
{
	long ret;

	require(ftruncate(scratch, 0) == 0 && pwrite(scratch, "some data", 9, 0) == 9);
	lseek(scratch, 0, SEEK_SET);
	errno = 0;
	ret = sendfile(out, in, offset, len);
	record(to, out == scratch ? "sendfile() from it" : "sendfile() to it", GETS_ENXIO, ret,
	       lseek(scratch, 0, SEEK_CUR));
}

static void call_splices(struct transcript *to, int fd)
{
	loff_t at, minus = -1, far = 1l << 40;

	call_splice_in(to, fd, NULL, 0, 0);
	call_splice_in(to, fd, NULL, 10, 0);
	call_splice_in(to, fd, NULL, 100000, SPLICE_F_NONBLOCK);
	call_splice_in(to, fd, NULL, 10, 0x80);
	at = 5;
	call_splice_in(to, fd, &at, 10, SPLICE_F_MOVE | SPLICE_F_MORE);
	call_splice_in(to, fd, &minus, 10, 0);
	call_splice_in(to, fd, &far, 10, 0);
	call_splice_out(to, fd, NULL, 0, 0);
	call_splice_out(to, fd, NULL, 10, 0);
	call_splice_out(to, fd, NULL, 100, SPLICE_F_NONBLOCK);
	at = 5;
	call_splice_out(to, fd, &at, 10, SPLICE_F_MORE);
	call_splice_out(to, fd, &minus, 10, 0);
	call_splice_out(to, fd, &far, 10, 0);
	call_sendfile(to, scratch, fd, NULL, 10);
	at = 5;
	call_sendfile(to, scratch, fd, &at, 10);
	call_sendfile(to, scratch, fd, &minus, 10);
	call_sendfile(to, fd, scratch, NULL, 9);
	call_sendfile(to, fd, scratch, NULL, 20);
	CALL(to, splice(fd, NULL, fd, NULL, 10, 0));
	CALL(to, tee(fd, pipe_in, 10, 0));
	CALL(to, tee(pipe_out, fd, 10, 0));
	CALL(to, copy_file_range(fd, NULL, scratch, NULL, 10, 0));
	CALL(to, copy_file_range(scratch, NULL, fd, NULL, 10, 0));
}

/* What no device has, and what every file has. */
static void call_the_rest(struct transcript *to, int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };

	CALL(to, fsync(fd));
	CALL(to, fdatasync(fd));
	CALL(to, sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WRITE));
	CALL(to, fallocate(fd, 0, 0, 4096));
	CALL(to, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	CALL(to, fallocate(fd, 0, -1, 4096));
	CALL(to, ftruncate(fd, 10));
	CALL(to, ftruncate(fd, -1));
	CALL(to, syscall(SYS_fadvise64, fd, 0, 10, POSIX_FADV_WILLNEED));
	CALL(to, syscall(SYS_fadvise64, fd, 0, 10, POSIX_FADV_DONTNEED));
	CALL(to, syscall(SYS_fadvise64, fd, 0, -1, POSIX_FADV_RANDOM));
	CALL(to, syscall(SYS_fadvise64, fd, 0, 10, 99));
	CALL(to, readahead(fd, 0, 4096));
	CALL(to, flock(fd, LOCK_EX | LOCK_NB));
	CALL(to, flock(fd, LOCK_UN));
	CALL(to, flock(fd, 99));
	CALL(to, fcntl(fd, F_GETLK, &lock));
	lock.l_type = F_WRLCK;
	CALL(to, fcntl(fd, F_SETLK, &lock));
	CALL(to, fcntl(fd, F_OFD_SETLK, &lock));
	lock.l_type = F_UNLCK;
	CALL(to, fcntl(fd, F_SETLK, &lock));
	CALL(to, fcntl(fd, F_OFD_SETLK, &lock));
	CALL(to, fcntl(fd, F_SETLEASE, F_WRLCK));
	CALL(to, fcntl(fd, F_SETLEASE, F_RDLCK));
	CALL(to, fcntl(fd, F_SETLEASE, F_UNLCK));
	CALL(to, fcntl(fd, F_GETLEASE));
	CALL(to, fcntl(fd, F_SETOWN, getpid()));
	CALL(to, fcntl(fd, F_SETPIPE_SZ, 4096));
	CALL(to, fcntl(fd, F_ADD_SEALS, 1));
	CALL(to, syscall(SYS_getdents64, fd, memory, 4096));
	CALL(to, fchdir(fd));
	CALL(to, isatty(fd) ? 0 : -1);
}

void call_others(struct transcript *to, int fd)
{
	call_ioctls(to, fd);
	if (has_32_bit())
		call_compat_ioctls(to, fd);
	call_mmaps(to, fd);
	call_splices(to, fd);
	call_the_rest(to, fd);
}
