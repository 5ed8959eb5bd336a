// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_nowait_test.c: the edu sample for those who do not want to wait, or not any longer
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "edu.h"

#define BYTES	REFCDEV_EDU_BYTES

static int fd;
static uint8_t found[BYTES];

static void setup(void)
{
	edu_setup();
	fd = edu_open(0);
}

static bool is_ready(int file, short events, int limit_ms)
{
	struct pollfd pollfd = { .fd = file, .events = events };

	return poll(&pollfd, 1, limit_ms) == 1 && pollfd.revents & events;
}

/* As in <linux/refcdev_edu.h>: started, EAGAIN, ready, and then the data. */
static void expect_read_ahead(int file, const uint8_t *wanted, size_t size)
{
	uint8_t bytes[BYTES];

	expect_errno(pread(file, bytes, size, 100), EAGAIN);
	expect_errno(pread(file, bytes, size, 100), EAGAIN);
	expect(is_ready(file, POLLIN, 5000));
	expect_equal(pread(file, bytes, size, 100), size);
	edu_same(bytes, wanted, size, "read ahead");
}

static void without_waiting(void)
{
	enum { SIZE = 300 };
	struct refcdev_edu_factorial factorial = { .n = 5 };
	uint8_t bytes[SIZE], other[SIZE];
	int nonblock = edu_open(O_NONBLOCK);
	uint64_t began = now_ns();

	edu_fill(bytes, SIZE, 7);
	expect_equal(pwrite(nonblock, bytes, SIZE, 100), SIZE);
	expect_errno(ioctl(nonblock, REFCDEV_EDU_FACTORIAL, &factorial), EAGAIN);
	expect(now_ns() - began < EDU_TRANSFER);
	expect_equal(edu_state(nonblock).outstanding, 1);
	/* In the queue behind the write: so it sees it. */
	expect_read_ahead(nonblock, bytes, SIZE);
	expect_equal(fsync(nonblock), 0);

	/* What was read ahead is not what is there any more. */
	expect_errno(pread(nonblock, other, SIZE, 100), EAGAIN);
	expect(is_ready(nonblock, POLLIN, 5000));
	edu_fill(bytes, SIZE, 8);
	expect_equal(pwrite(fd, bytes, SIZE, 100), SIZE);
	expect_read_ahead(nonblock, bytes, SIZE);

	/* Nor what is asked for. */
	expect_errno(pread(nonblock, other, SIZE, 100), EAGAIN);
	expect(is_ready(nonblock, POLLIN, 5000));
	expect_errno(pread(nonblock, other, SIZE - 1, 101), EAGAIN);
	expect(is_ready(nonblock, POLLIN, 5000));
	expect_equal(pread(nonblock, other, SIZE - 1, 101), SIZE - 1);
	edu_same(other, bytes + 1, SIZE - 1, "read elsewhere");
	close(nonblock);
}

/* One call, of a file that is not O_NONBLOCK. */
static void one_call_without_waiting(void)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };

	expect_errno(preadv2(fd, &iov, 1, 0, RWF_NOWAIT), EAGAIN);
	expect(is_ready(fd, POLLIN, 5000));
	expect_equal(preadv2(fd, &iov, 1, 0, RWF_NOWAIT), 1);
	byte = 'y';
	expect_equal(pwritev2(fd, &iov, 1, 0, RWF_NOWAIT), 1);
	expect_equal(fsync(fd), 0);
	byte = 'z';
	expect_equal(pread(fd, &byte, 1, 0), 1);
	expect_equal(byte, 'y');
}

/* The file is gone before the device has done what it accepted. */
static void closed_early(void)
{
	int nonblock = edu_open(O_NONBLOCK);
	char byte = 'c', ahead;

	expect_equal(pwrite(nonblock, &byte, 1, 5), 1);
	expect_errno(pread(nonblock, &ahead, 1, 5), EAGAIN);
	close(nonblock);
	byte = 0;
	expect_equal(pread(fd, &byte, 1, 5), 1);
	expect_equal(byte, 'c');
	expect_equal(edu_state(fd).outstanding, 0);
}

/* As many as the device takes, and then EAGAIN until there is room. */
static void full_queue(void)
{
	int nonblock = edu_open(O_NONBLOCK), accepted = 0;
	char byte = 'f';

	while (pwrite(nonblock, &byte, 1, 0) == 1)
		accepted++;
	expect_equal(errno, EAGAIN);
	note("%d writes accepted without waiting", accepted);
	expect(accepted >= 64 && accepted <= 70);
	expect(!is_ready(nonblock, POLLOUT, 0) || edu_state(fd).outstanding < 64);
	expect(is_ready(nonblock, POLLOUT, 5000));
	expect_equal(pwrite(nonblock, &byte, 1, 0), 1);
	/* What waits in the queue ends with the device, and nobody was told that it was done. */
	expect_equal(edu_unbind(), 0);
	expect_errno(fsync(nonblock), ENXIO);
	close(nonblock);
}

static void ignore(int signal __attribute__((unused)))
{
}

static long call_pread(struct caller *self)
{
	return pread(self->fd, self->data, BYTES, 0);
}

static long call_fsync(struct caller *self)
{
	return fsync(self->fd);
}

/* Whoever waits for others' transfers, or for his own, leaves while they go on. */
static void signals(void)
{
	struct caller reader = { .call = call_pread, .fd = fd, .data = found };
	struct caller syncer = { .call = call_fsync, .fd = edu_open(O_NONBLOCK) };
	struct sigaction action = { .sa_handler = ignore };
	long withdrawn = edu_counter("withdrawn");
	int i;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < 20; i++)
		expect_equal(pwrite(syncer.fd, "signal", 6, i), 6);
	require(caller_start(&reader, SYS_pread64) && caller_start(&syncer, SYS_fsync));
	require(pthread_kill(reader.thread, SIGUSR1) == 0);
	require(pthread_kill(syncer.thread, SIGUSR1) == 0);
	require(caller_join(&reader, 5 * SECOND) && caller_join(&syncer, 5 * SECOND));
	expect_equal(reader.error, EINTR);
	expect_equal(syncer.error, EINTR);
	expect(edu_state(fd).outstanding > 0);
	expect_equal(edu_counter("withdrawn"), withdrawn + 1);
	expect_equal(fsync(syncer.fd), 0);
	expect_equal(pread(fd, found, 6, 19), 6);
	edu_same(found, (const uint8_t *)"signal", 6, "the last of them");
	expect_equal(edu_state(fd).outstanding, 0);
}

/*
 * Suspended to idle, by the kernel's test mode, with a full queue: the bus takes away what
 * transfers need, and gives it back. What was accepted is done, before or after.
 */
static void across_suspend(void)
{
	enum { WRITES = 20 };
	int nonblock = edu_open(O_NONBLOCK), i;
	uint8_t bytes[WRITES];

	if (write_text("/sys/power/pm_test", "platform"))
		skip("this kernel has no suspend to idle, or no test mode of it");
	write_text("/sys/module/suspend/parameters/pm_test_delay", "0");
	edu_fill(bytes, WRITES, 11);
	for (i = 0; i < WRITES; i++)
		expect_equal(pwrite(nonblock, &bytes[i], 1, i), 1);
	expect_equal(write_text("/sys/power/state", "freeze"), 0);
	expect(edu_state(fd).outstanding > 0);
	expect_equal(write_text("/sys/power/state", "freeze"), 0);
	expect_equal(fsync(nonblock), 0);
	expect_equal(pread(fd, found, WRITES, 0), WRITES);
	edu_same(found, bytes, WRITES, "written across two suspends");
	expect_equal(edu_counter("failed"), 0);
	expect_equal(edu_factorial(fd, 6), 720);
	close(nonblock);
}

static const struct test_case cases[] = {
	{ "O_NONBLOCK: accepted or started, and the result later", without_waiting },
	{ "RWF_NOWAIT: the same", one_call_without_waiting },
	{ "closed before it is done: done all the same", closed_early },
	{ "a full queue is EAGAIN, then POLLOUT", full_queue },
	{ "a signal ends any wait, and the device goes on", signals },
	{ "suspended and resumed with a full queue: nothing is lost", across_suspend },
};

int main(void)
{
	/* Binding alone may take ten, see edu_hammer.h. */
	case_seconds = 90;
	return RUN_CASES(cases, setup);
}
