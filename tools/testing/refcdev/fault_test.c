// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault_test.c: every allocation and every copy to and from user space fails once: in bind,
 * open, each call and unbind; what fails leaves nothing behind, and the device goes on
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/refcdev_fifo.h>

#include "fail_nth.h"
#include "modules/waitdev_ioctl.h"
#include "subject.h"

static const struct subject many = { "manynodes", "manynodes.0", "/dev/manynodes/0" };
static const struct subject *subject;
static int file;
static void *map;
static unsigned int stride = 1, first = 1;

/* Operations: 0 or a negative errno; and what makes it as if it had not been done. */
static int do_bind(void)
{
	return driver_bind(subject->driver, subject->device);
}

/* Bound in spite of a failure: who waits is told of the end all the same, both ways. */
static void unbind_and_be_told(void)
{
	const struct timespec now = {};
	struct epoll_event event = { .events = EPOLLET };
	int fd = subject_open(subject, 0), set = epoll_create1(0);
	sigset_t sigio;

	sigemptyset(&sigio);
	sigaddset(&sigio, SIGIO);
	sigprocmask(SIG_BLOCK, &sigio, NULL);
	require(fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_SETFL, O_ASYNC) == 0);
	require(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
	subject_unbind(subject);
	expect_equal(epoll_wait(set, &event, 1, 0), 1);
	expect_equal(sigtimedwait(&sigio, NULL, &now), SIGIO);
	close(set);
	close(fd);
}

static void undo_bind(int ret)
{
	if (ret == 0 && subject == &wait_subject)
		unbind_and_be_told();
	else if (ret == 0)
		subject_unbind(subject);
}

/* The file in sysfs says that the write failed, or the device has gone; nothing between. */
static int do_unbind(void)
{
	return driver_unbind(subject->driver, subject->device);
}

static void undo_unbind(int ret)
{
	expect_equal(driver_is_bound(subject->driver, subject->device), ret != 0);
	if (ret == 0)
		subject_bind(subject);
}

static int do_open(void)
{
	file = open(subject->node, O_RDWR | O_NONBLOCK);
	return file < 0 ? -errno : 0;
}

static void undo_open(int ret)
{
	if (ret == 0)
		close(file);
}

static int do_write(void)
{
	return write(file, "fault", 5) < 0 ? -errno : 0;
}

static int do_read(void)
{
	char message[REFCDEV_FIFO_MESSAGE_MAX];

	return read(file, message, sizeof(message)) < 0 ? -errno : 0;
}

static int do_ioctl(void)
{
	struct refcdev_fifo_state state;

	return ioctl(file, REFCDEV_FIFO_GET_STATE, &state) ? -errno : 0;
}

static int do_poll(void)
{
	struct pollfd fds = { .fd = file, .events = POLLOUT };

	return poll(&fds, 1, 0) < 0 ? -errno : 0;
}

static int do_async(void)
{
	return fcntl(file, F_SETFL, O_NONBLOCK | O_ASYNC) ? -errno : 0;
}

static void undo_async(int ret)
{
	expect_equal(!!(fcntl(file, F_GETFL) & O_ASYNC), ret == 0);
	require(fcntl(file, F_SETFL, O_NONBLOCK) == 0);
}

static int do_mmap(void)
{
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
	return map == MAP_FAILED ? -errno : 0;
}

static void undo_mmap(int ret)
{
	if (ret == 0)
		require(munmap(map, 4096) == 0);
}

/* A message there to be read, none in the way of one to be written. */
static void undo_message(int ret)
{
	(void)ret;
	require(ioctl(file, REFCDEV_FIFO_FLUSH) >= 0);
	require(write(file, "message", 7) == 7);
}

static void undo_nothing(int ret)
{
	(void)ret;
}

/* As new: it can be bound, if it is not; opened, used and closed. */
static void expect_usable(void)
{
	char message[REFCDEV_FIFO_MESSAGE_MAX];
	bool bound = driver_is_bound(subject->driver, subject->device);
	int fd;

	if (!bound)
		subject_bind(subject);
	fd = subject_open(subject, O_NONBLOCK);
	if (subject == &fifo_subject)
		expect_equal(write(fd, "usable", 6), 6);
	if (subject == &wait_subject)
		expect_equal(ioctl(fd, WAITDEV_TELL), 0);
	else
		expect(read(fd, message, sizeof(message)) > 0);
	close(fd);
	if (!bound)
		subject_unbind(subject);
}

/* Returns how many steps were made to fail. */
static unsigned int sweep(const char *name, int (*op)(void), void (*undo)(int ret))
{
	const struct fail_plan plan = {
		.name = name, .op = op, .undo = undo, .usable = expect_usable,
		.first = first, .stride = stride,
	};

	return fail_nth_sweep(&plan);
}

/* The samples are fault_probe's. */
static void sweep_binding(const struct subject *which, long others)
{
	subject = which;
	driver_unbind(subject->driver, subject->device);
	expect(sweep("bind", do_bind, undo_bind) > 10);
	expect(subject_released_all(subject, others));
	subject_bind(subject);
	expect(sweep("unbind", do_unbind, undo_unbind) > 0);
	expect(subject_released_all(subject, others + 1));
}

static void binding_with_waiters(void)
{
	sweep_binding(&wait_subject, 1);
}

static void binding_of_many(void)
{
	sweep_binding(&many, 0);
}

static void calls(void)
{
	long opens, closes;

	subject = &fifo_subject;
	subject_renew(subject);
	/* Few steps each: none is left out. */
	first = 1;
	stride = 1;
	expect(sweep("open", do_open, undo_open) > 0);
	require(do_open() == 0);
	undo_message(0);
	expect(sweep("write", do_write, undo_message) > 0);
	expect(sweep("read", do_read, undo_message) > 0);
	expect(sweep("ioctl", do_ioctl, undo_nothing) > 0);
	expect(sweep("poll", do_poll, undo_nothing) > 0);
	expect(sweep("O_ASYNC", do_async, undo_async) > 0);
	expect(sweep("mmap", do_mmap, undo_mmap) > 0);
	close(file);
	opens = subject_count(subject, "opens");
	closes = subject_count(subject, "closes");
	expect_equal(opens, closes);
	subject_unbind(subject);
	expect(subject_released_all(subject, 0));
}

static const struct test_case cases[] = {
	{ "bind and unbind of a device with wait queues and SIGIO", binding_with_waiters },
	{ "bind and unbind of a device with three nodes", binding_of_many },
	{ "open and the calls on a file", calls },
};

static int explain(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: fault_test [--stride N [--first N]]\n"
		"Binds: each N-th step from the first on, instead of all.\n");
	return status;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--stride") && i + 1 < argc)
			stride = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--first") && i + 1 < argc)
			first = strtoul(argv[++i], NULL, 0);
		else
			return explain(strcmp(argv[i], "--help") ? 2 : 0);
	}
	if (!stride || !first)
		return explain(2);
	case_seconds = 300;
	return RUN_CASES(cases, fail_nth_open);
}
