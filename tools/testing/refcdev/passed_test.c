// SPDX-License-Identifier: GPL-2.0-only
/*
 * passed_test.c: files that no process has: on their way through a socket, in the table of
 * an io_uring; and files that others look at, through fdinfo
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/refcdev_fifo.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "passing.h"
#include "subject.h"
#include "uring.h"

enum { READERS = 4, FDINFO_CYCLES = 10, FDINFO_FLOOR = 5, REGISTERED = 8 };

static void setup(void)
{
	int i;
	char device[32];

	for (i = 0; i < 3; i++) {
		snprintf(device, sizeof(device), "refcdev-fifo.%d", i);
		if (!driver_is_bound(fifo_subject.driver, device))
			require(driver_bind(fifo_subject.driver, device) == 0);
	}
	subject_renew(&fifo_subject);
	subject_renew(&wait_subject);
}

/* C8: also by another process, and when the device is back. */
static void received_after_unbind(void)
{
	int fd = subject_open(&fifo_subject, 0), sockets[2], status, i;
	pid_t pid;

	require(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) == 0);
	for (i = 0; i < 3; i++)
		send_files(sockets[0], fd, -1);
	close(fd);
	subject_unbind(&fifo_subject);
	fd = receive_file(sockets[1]);
	expect_equal(get_mark(fd), -ENXIO);
	close(fd);
	subject_bind(&fifo_subject);
	pid = fork();
	if (pid == 0) {
		expect_equal(get_mark(receive_file(sockets[1])), -ENXIO);
		_exit(case_status());
	}
	require(waitpid(pid, &status, 0) == pid);
	expect_equal(status, 0);
	/* Three devices, and the old one: its last file is in the socket still. */
	expect_equal(subject_count(&fifo_subject, "released"),
		     subject_count(&fifo_subject, "created") - 4);
	fd = receive_file(sockets[1]);
	expect_equal(get_mark(fd), -ENXIO);
	close(fd);
	expect(subject_released_all(&fifo_subject, 3));
}

/* The module goes a moment after the last file's release has said that it ran. */
static bool unloads(const char *name)
{
	return wait_until(module_unload(name) == 0, 5 * SECOND);
}

/* C5, C7: in a socket that is in its own queue, whose last user is that queue. */
static void collected(void)
{
	long released = subject_count(&fifo_subject, "released");
	long opens = subject_count(&fifo_subject, "opens");
	long closes = subject_count(&fifo_subject, "closes");
	int fd = subject_open(&fifo_subject, 0), self = socket_to_itself();

	send_files(self, fd, self);
	close(fd);
	subject_unbind(&fifo_subject);
	expect_equal(module_unload("fifo"), -EAGAIN);
	close(self);
	expect_equal(module_unload("fifo"), -EAGAIN);
	expect_equal(subject_count(&fifo_subject, "closes"), closes);
	collect_garbage();
	expect(wait_until(subject_count(&fifo_subject, "released") > released, 5 * SECOND));
	expect_equal(subject_count(&fifo_subject, "released"), released + 1);
	expect_equal(subject_count(&fifo_subject, "closes"), closes + 1);
	expect_equal(subject_count(&fifo_subject, "opens"), opens + 1);
	expect(unloads("fifo"));
	require(module_load("fifo", "devices=3") == 0);
}

/* What the readers of fdinfo have in common with the case. */
static struct {
	char path[64];
	bool stop;
	uint64_t gone;			/* when the unbind had returned; 0 before */
	long reads, crossing, alive_late;
} info;

/* A read that ended before the unbind did may have asked the driver; one begun after: no. */
static void *read_info(void *unused)
{
	char text[512];
	uint64_t begun, gone;

	while (!__atomic_load_n(&info.stop, __ATOMIC_ACQUIRE)) {
		begun = now_ns();
		gone = __atomic_load_n(&info.gone, __ATOMIC_ACQUIRE);
		require(read_text(info.path, text, sizeof(text)) == 0);
		__atomic_fetch_add(&info.reads, 1, __ATOMIC_RELAXED);
		if (gone && begun > gone && strstr(text, "waitdev:"))
			__atomic_fetch_add(&info.alive_late, 1, __ATOMIC_RELAXED);
		if (!gone && __atomic_load_n(&info.gone, __ATOMIC_ACQUIRE))
			__atomic_fetch_add(&info.crossing, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

static void wait_for_reads(long more)
{
	long reads = __atomic_load_n(&info.reads, __ATOMIC_RELAXED);

	require(wait_until(__atomic_load_n(&info.reads, __ATOMIC_RELAXED) >= reads + more,
			   5 * SECOND));
}

/* One unbind with readers at it; returns whether a read was in flight when it returned. */
static bool info_cycle(void)
{
	int fd = subject_open(&wait_subject, 0), i;
	pthread_t readers[READERS];
	long called;

	memset(&info, 0, sizeof(info));
	snprintf(info.path, sizeof(info.path), "/proc/%d/fdinfo/%d", getpid(), fd);
	for (i = 0; i < READERS; i++)
		require(pthread_create(&readers[i], NULL, read_info, NULL) == 0);
	wait_for_reads(READERS);
	called = subject_count(&wait_subject, "fdinfos");
	expect(called > 0);
	subject_unbind(&wait_subject);
	called = subject_count(&wait_subject, "fdinfos");
	__atomic_store_n(&info.gone, now_ns(), __ATOMIC_RELEASE);
	wait_for_reads(3 * READERS);
	expect_equal(subject_count(&wait_subject, "fdinfos"), called);
	__atomic_store_n(&info.stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	expect_equal(info.alive_late, 0);
	close(fd);
	subject_bind(&wait_subject);
	return info.crossing > 0;
}

/* C1: the operation is refused, the rest of the file is shown. */
static void fdinfo(void)
{
	int i, crossed = 0;

	for (i = 0; i < FDINFO_CYCLES; i++)
		crossed += info_cycle();
	note("reads in flight when the unbind returned: in %d of %d cycles, floor %d", crossed,
	     FDINFO_CYCLES, FDINFO_FLOOR);
	expect(crossed >= FDINFO_FLOOR);
	expect(subject_released_all(&wait_subject, 2));
}

static int result_of(struct uring *ring)
{
	struct uring_result result;

	require(uring_submit(ring) == 1);
	require(uring_wait(ring, &result, 5 * SECOND) == 0);
	return result.res;
}

static int fixed_write(struct uring *ring, int slot)
{
	uring_write(ring, 1, slot, "x", 1, -1)->flags |= IOSQE_FIXED_FILE;
	return result_of(ring);
}

/* C5, C8: the ring is the only one that has the files. */
static void registered_files(void)
{
	long closes = subject_count(&fifo_subject, "closes");
	int fds[REGISTERED], i, ret;
	struct uring ring;

	ret = uring_open(&ring, 8, 0);
	if (ret == -ENOSYS || ret == -EPERM)
		skip("no io_uring in this kernel");
	require(ret == 0);
	for (i = 0; i < REGISTERED; i++)
		fds[i] = subject_open(&fifo_subject, O_NONBLOCK);
	require(uring_register_files(&ring, fds, REGISTERED) == 0);
	for (i = 0; i < REGISTERED; i++)
		close(fds[i]);
	expect_equal(subject_count(&fifo_subject, "closes"), closes);
	expect_equal(fixed_write(&ring, 0), 1);
	subject_unbind(&fifo_subject);
	for (i = 0; i < REGISTERED; i++)
		expect_equal(fixed_write(&ring, i), -ENXIO);
	expect_equal(module_unload("fifo"), -EAGAIN);
	subject_bind(&fifo_subject);
	expect_equal(fixed_write(&ring, REGISTERED - 1), -ENXIO);
	expect_equal(subject_count(&fifo_subject, "closes"), closes);
	uring_close(&ring);
	expect(wait_until(subject_count(&fifo_subject, "closes") == closes + REGISTERED,
			  5 * SECOND));
	expect(subject_released_all(&fifo_subject, 3));
	expect(unloads("fifo"));
	require(module_load("fifo", "devices=3") == 0);
}

static const struct test_case cases[] = {
	{ "a file received after the unbind is dead, whoever receives it", received_after_unbind },
	{ "a file that only a socket's garbage collector can close is released once", collected },
	{ "fdinfo is read while the device goes, and does not call the driver after", fdinfo },
	{ "files in the table of an io_uring are dead, and released with the ring",
	  registered_files },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
