// SPDX-License-Identifier: GPL-2.0-only
/*
 * fileops_test.c: the less usual file operations, each by the system call that reaches it,
 * before and after the device is unbound; and locks that outlive their device
 *
 * The usual ones are in testdev_test.c; all of them by themselves in kunit/fops_walk_kunit.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "harness.h"
#include "util.h"

#define DRIVER	"refcdev-test"
#define DEVICE	"refcdev-test.0"
#define PLAIN	"/dev/testdev0"
#define ITER	"/dev/testiter0"
/* A node that nobody removes with the device: locks belong to its inode. */
#define STATIC	"/dev/static-testdev0"

static int plain, iter, pipe_fds[2];
static char page[4096];

static void setup(void)
{
	struct stat stat;

	driver_unbind(DRIVER, DEVICE);
	require(driver_bind(DRIVER, DEVICE) == 0);
	require(lstat(PLAIN, &stat) == 0);
	unlink(STATIC);
	require(mknod(STATIC, S_IFCHR | 0600, stat.st_rdev) == 0);
	plain = open(PLAIN, O_RDWR);
	iter = open(ITER, O_RDWR);
	require(plain >= 0 && iter >= 0 && pipe(pipe_fds) == 0);
}

static void unbind(void)
{
	require(driver_unbind(DRIVER, DEVICE) == 0);
}

static long count_of(const char *counter)
{
	long count = driver_count(DRIVER, counter);

	require(count >= 0);
	return count;
}

static long do_fsync(void)
{
	return fsync(plain);
}

static long do_fdatasync(void)
{
	return fdatasync(plain);
}

static long do_fadvise(void)
{
	errno = posix_fadvise(plain, 0, 4096, POSIX_FADV_DONTNEED);
	return errno ? -1 : 0;
}

static long do_splice_read(void)
{
	return splice(plain, NULL, pipe_fds[1], NULL, 1, SPLICE_F_NONBLOCK);
}

static long do_splice_write(void)
{
	require(write(pipe_fds[1], page, 8) == 8);
	return splice(pipe_fds[0], NULL, iter, NULL, 8, 0);
}

/* From a file of 10 bytes, of which it finds the end: 20 are asked for. */
static long do_sendfile(void)
{
	int file = syscall(SYS_memfd_create, "ten", 0);
	long ret;

	require(file >= 0 && pwrite(file, page, 10, 0) == 10);
	ret = sendfile(iter, file, NULL, 20);
	close(file);
	return ret;
}

static long do_flock(void)
{
	return flock(plain, LOCK_EX | LOCK_NB);
}

static long do_set_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	return fcntl(plain, F_SETLK, &lock);
}

static long do_get_lock(void)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };

	return fcntl(plain, F_GETLK, &lock);
}

static long do_getdents(void)
{
	return syscall(SYS_getdents64, plain, page, sizeof(page));
}

/* Where the driver would have it: where it is asked for. */
static long do_mmap(void)
{
	void *wish = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *map;

	require(wish != MAP_FAILED && munmap(wish, 4096) == 0);
	map = mmap(wish, 4096, PROT_READ, MAP_SHARED, iter, 0);
	if (map == MAP_FAILED)
		return -1;
	expect(map == wish);
	return munmap(map, 4096);
}

static long do_fasync(void)
{
	return fcntl(plain, F_SETFL, O_ASYNC);
}

static const struct call {
	const char *operation;
	long (*call)(void);
	long answer;
} calls[] = {
	{ "fsync", do_fsync, 0 },
	{ "fsync", do_fdatasync, 0 },
	{ "fadvise", do_fadvise, 0 },
	{ "splice_read", do_splice_read, 0 },
	{ "splice_write", do_splice_write, 8 },
	{ "write_iter", do_splice_write, 8 },
	{ "splice_write", do_sendfile, 10 },
	{ "flock", do_flock, 0 },
	{ "lock", do_set_lock, 0 },
	{ "lock", do_get_lock, 0 },
	{ "iterate", do_getdents, 0 },
	{ "get_unmapped_area", do_mmap, 0 },
	{ "mmap", do_mmap, 0 },
	{ "fasync", do_fasync, 0 },
};

#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

/* C1, C2. */
static void every_call(void)
{
	const struct call *call;
	long before, ret;

	for (call = calls; call < calls + NR_CALLS; call++) {
		before = count_of(call->operation);
		ret = call->call();
		if (ret != call->answer || count_of(call->operation) != before + 1)
			complain("%s: %ld, %s; called %ld times", call->operation, ret,
				 strerror(errno), count_of(call->operation) - before);
		fcntl(plain, F_SETFL, 0);
	}
	unbind();
	for (call = calls; call < calls + NR_CALLS; call++) {
		before = count_of(call->operation);
		errno = 0;
		ret = call->call();
		if (ret != -1 || errno != ENXIO || count_of(call->operation) != before)
			complain("%s after the unbind: %ld, %s; called %ld times",
				 call->operation, ret, strerror(errno),
				 count_of(call->operation) - before);
	}
	note("%zu kinds of calls", NR_CALLS);
}

/* Is the driver's line there? */
static bool fdinfo_has_it(void)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", plain);
	require(read_text(path, text, sizeof(text)) == 0);
	expect(strstr(text, "flags:"));
	return strstr(text, "testdev:");
}

/* C1: these have nothing to return: the file's other lines stay, the copy goes on. */
static void void_operations(void)
{
	long shown = count_of("show_fdinfo"), ended = count_of("splice_eof");
	long has_eof;

	expect(fdinfo_has_it());
	expect_equal(count_of("show_fdinfo"), shown + 1);
	expect_equal(do_sendfile(), 10);
	has_eof = count_of("splice_eof") - ended;
	note("splice_eof: called %ld times", has_eof);
	expect(has_eof == 1);
	unbind();
	expect(!fdinfo_has_it());
	expect_equal(count_of("show_fdinfo"), shown + 1);
	expect_errno(do_sendfile(), ENXIO);
	expect_equal(count_of("splice_eof"), ended + has_eof);
}

/* The reason why there is no proxy: neither before nor after does anybody ask the driver. */
static void never_called(void)
{
	long fallocated = count_of("fallocate"), copied = count_of("copy_file_range");
	int again = open(PLAIN, O_RDWR), i;

	require(again >= 0);
	for (i = 0; i < 2; i++) {
		expect_errno(fallocate(plain, 0, 0, 4096), ENODEV);
		expect_errno(copy_file_range(plain, NULL, again, NULL, 4096, 0), EINVAL);
		if (i == 0)
			unbind();
	}
	expect_equal(count_of("fallocate"), fallocated);
	expect_equal(count_of("copy_file_range"), copied);
}

/* Some kernels have leases on regular files only, and do not ask the driver. */
static void leases(void)
{
	long before = count_of("setlease");
	int file = open(PLAIN, O_RDONLY), wanted;

	require(file >= 0);
	if (fcntl(file, F_SETLEASE, F_RDLCK) != 0) {
		expect_equal(errno, EINVAL);
		expect_equal(count_of("setlease"), before);
		wanted = EINVAL;
	} else {
		expect_equal(count_of("setlease"), before + 1);
		wanted = ENXIO;
	}
	unbind();
	before = count_of("setlease");
	expect_errno(fcntl(file, F_SETLEASE, F_RDLCK), wanted);
	expect_equal(count_of("setlease"), before);
	/* Giving one back gets through. */
	if (wanted == EINVAL) {
		expect_errno(fcntl(file, F_SETLEASE, F_UNLCK), EINVAL);
	} else {
		expect_equal(fcntl(file, F_SETLEASE, F_UNLCK), 0);
		expect_equal(count_of("setlease"), before + 1);
	}
}

static int lock_all(int fd, short type)
{
	struct flock own = { .l_type = type, .l_whence = SEEK_SET, .l_len = 1 };
	struct flock open_file = { .l_type = type, .l_whence = SEEK_SET, .l_start = 8, .l_len = 1 };
	int failed = 0;

	failed += flock(fd, type == F_UNLCK ? LOCK_UN : LOCK_EX | LOCK_NB) != 0;
	failed += fcntl(fd, F_SETLK, &own) != 0;
	failed += fcntl(fd, F_OFD_SETLK, &open_file) != 0;
	return failed;
}

static int open_static(void)
{
	int fd = open(STATIC, O_RDWR);

	require(fd >= 0);
	return fd;
}

/* C1: all three kinds can be given up when the device has gone, and are free then. */
static void unlocking(void)
{
	long flocks = count_of("flock"), locks = count_of("lock");
	int holder = open_static(), other;

	expect_equal(lock_all(holder, F_WRLCK), 0);
	unbind();
	expect_equal(count_of("flock"), flocks + 1);
	expect_equal(count_of("lock"), locks + 2);
	expect_equal(lock_all(holder, F_WRLCK), 3);
	expect_equal(errno, ENXIO);
	expect_equal(count_of("lock"), locks + 2);
	expect_equal(lock_all(holder, F_UNLCK), 0);
	expect_equal(count_of("flock"), flocks + 2);
	expect_equal(count_of("lock"), locks + 4);
	require(driver_bind(DRIVER, DEVICE) == 0);
	other = open_static();
	expect_equal(lock_all(other, F_WRLCK), 0);
	close(other);
	close(holder);
}

/* The last close gives them up, also where the device has gone: no lock leaks. */
static void closing_with_locks_held(void)
{
	int holder = open_static(), other;

	expect_equal(lock_all(holder, F_WRLCK), 0);
	other = open_static();
	/* A process never waits for its own: only the other two are in the way. */
	expect_equal(lock_all(other, F_WRLCK), 2);
	close(other);
	expect_equal(lock_all(holder, F_WRLCK), 0);
	unbind();
	expect_equal(close(holder), 0);
	require(driver_bind(DRIVER, DEVICE) == 0);
	other = open_static();
	expect_equal(lock_all(other, F_WRLCK), 0);
	expect_equal(close(other), 0);
}

static long call_flock(struct caller *self)
{
	return flock(self->fd, LOCK_EX);
}

static long call_setlkw(struct caller *self)
{
	struct flock open_file = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 8, .l_len = 1,
	};

	return fcntl(self->fd, F_OFD_SETLKW, &open_file);
}

/* C3: they sleep in the driver, on queues of the VFS; the holder does not move. */
static void waiting_for_locks(void)
{
	struct caller flocker = { .call = call_flock }, locker = { .call = call_setlkw };
	int holder = open_static();

	expect_equal(lock_all(holder, F_WRLCK), 0);
	flocker.fd = open_static();
	locker.fd = open_static();
	require(caller_start(&flocker, SYS_flock) && caller_start(&locker, SYS_fcntl));
	unbind();
	expect(caller_join(&flocker, 5 * SECOND) && caller_join(&locker, 5 * SECOND));
	expect_equal(flocker.ret, -1);
	expect_equal(flocker.error, ENXIO);
	expect_equal(locker.ret, -1);
	expect_equal(locker.error, ENXIO);
	close(holder);
}

/* Newer kernels let a query ask about unlocking; it gives up nothing. */
static void query_of_unlocking(void)
{
	struct flock query = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int file = open_static();
	long locks;

	unbind();
	locks = count_of("lock");
	expect_equal(fcntl(file, F_OFD_GETLK, &query), -1);
	expect(errno == ENXIO || errno == EINVAL);
	expect_equal(count_of("lock"), locks);
}

static const struct test_case cases[] = {
	{ "each call reaches its operation once, and gets ENXIO after the unbind", every_call },
	{ "operations that return nothing are left out after the unbind", void_operations },
	{ "fallocate and copy_file_range never reach a device", never_called },
	{ "a lease can be given back after the unbind, and not be taken", leases },
	{ "locks can be given up after the unbind, and not be taken", unlocking },
	{ "a file may be closed after the unbind with locks held", closing_with_locks_held },
	{ "who waits for a lock is woken by the unbind", waiting_for_locks },
	{ "a query is refused after the unbind, whatever it asks about", query_of_unlocking },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
