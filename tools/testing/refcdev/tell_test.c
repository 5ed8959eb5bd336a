// SPDX-License-Identifier: GPL-2.0-only
/*
 * tell_test.c: whoever waits outside of the driver is told exactly once when the device
 * goes, in whichever way he waits and whatever goes on inside
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "listen.h"
#include "modules/waitdev_ioctl.h"
#include "subject.h"

#define TELL_AGAIN	"/sys/module/waitdev/parameters/tell_again"

/* Longer than two rounds of the drain, which calls the cancel hook in each. */
enum { LINGER_ROUNDS = 3, PROCESSES = 3, FILES = 2 };

/* What goes on inside the driver when the device goes. */
enum inside {
	NOBODY,
	SOMEBODY_LINGERS,		/* so the drain calls the cancel hook several times */
	ASKS_BEFORE,			/* the asking itself: before it has joined who is told */
	ASKS_AFTER,			/* and after */
};

static void setup(void)
{
	block_signals();
	require(write_text(TELL_AGAIN, "N") == 0);
	subject_renew(&wait_subject);
	if (!driver_is_bound(plain_subject.driver, plain_subject.device))
		subject_bind(&plain_subject);
}

static long call_linger(struct caller *self)
{
	return ioctl(self->fd, WAITDEV_LINGER, LINGER_ROUNDS);
}

static bool somebody_is_inside(void)
{
	return subject_count(&wait_subject, "lingering") == 1;
}

/* Someone who is to be told when the subject's device goes, and has been: or not. */
static struct listener listen_to_end(const struct subject *subject, const struct way *way,
				     enum inside inside)
{
	struct caller lingerer = { .call = call_linger };
	struct listener listener;
	int fd = subject_open(subject, 0);

	if (inside == SOMEBODY_LINGERS) {
		lingerer.fd = subject_open(subject, 0);
		require(caller_start(&lingerer, SYS_ioctl));
	} else if (inside != NOBODY) {
		require(ioctl(fd, way->signals ? WAITDEV_FASYNC_LINGERS : WAITDEV_POLL_LINGERS,
			      inside == ASKS_BEFORE ? WAITDEV_BEFORE_IT_JOINS :
			      WAITDEV_AFTER_IT_JOINED) == 0);
	}
	listener_start(&listener, way, fd);
	if (inside == NOBODY || inside == SOMEBODY_LINGERS)
		require(wait_until(listener.skip || listener_sleeps(&listener), 5 * SECOND));
	else
		require(wait_until(listener.skip || somebody_is_inside(), 5 * SECOND));
	subject_unbind(subject);
	listener_finish(&listener);
	if (listener.skip)
		skip("not in this kernel");
	if (lingerer.call && inside == SOMEBODY_LINGERS) {
		expect(caller_join(&lingerer, 5 * SECOND));
		close(lingerer.fd);
	}
	close(fd);
	subject_bind(subject);
	return listener;
}

static void expect_once(const struct way *way, enum inside inside)
{
	struct listener listener = listen_to_end(&wait_subject, way, inside);

	if (listener.told != 1)
		complain("%s: told %d times, case %d", way->name, listener.told, inside);
	expect_equal(listener.events & (POLLERR | POLLHUP), POLLERR | POLLHUP);
}

static void told_once(const struct way *way)
{
	long cancels;

	expect_once(way, NOBODY);
	expect_once(way, ASKS_BEFORE);
	expect_once(way, ASKS_AFTER);
	if (way->queues) {
		cancels = subject_count(&wait_subject, "cancels");
		expect_once(way, SOMEBODY_LINGERS);
		expect(subject_count(&wait_subject, "cancels") >= cancels + LINGER_ROUNDS);
	}
	expect(subject_released_all(&wait_subject, 2));
	/* The controls: one who is told too often counts it; one whom nobody tells, too. */
	if (way->queues) {
		require(write_text(TELL_AGAIN, "Y") == 0);
		expect(listen_to_end(&wait_subject, way, SOMEBODY_LINGERS).told > 1);
		require(write_text(TELL_AGAIN, "N") == 0);
	}
	expect_equal(listen_to_end(&plain_subject, way, NOBODY).told, 0);
}

#define WAY(nr)	static void way_##nr(void) { told_once(&ways[nr]); }
WAY(0) WAY(1) WAY(2) WAY(3) WAY(4) WAY(5) WAY(6) WAY(7) WAY(8) WAY(9) WAY(10)

/* Select's third set is for urgent data: the device's end is none, and wakes nobody there. */
static void exceptional_set(void)
{
	int fd = subject_open(&wait_subject, 0), marker = eventfd(1, 0);
	struct timeval now = {};
	fd_set in, except;

	subject_unbind(&wait_subject);
	FD_ZERO(&in);
	FD_ZERO(&except);
	FD_SET(marker, &in);
	FD_SET(fd, &except);
	expect_equal(select(FD_SETSIZE, &in, NULL, &except, NULL), 1);
	expect(FD_ISSET(marker, &in) && !FD_ISSET(fd, &except));
	FD_ZERO(&in);
	FD_SET(fd, &in);
	expect_equal(select(FD_SETSIZE, &in, NULL, NULL, &now), 1);
}

/* Waits for what the parent and the devices send; returns how many came before the parent's. */
static int signals_before_marker(void)
{
	const struct timespec limit = { .tv_sec = 10 };
	sigset_t set;
	int count = 0, signal;

	sigemptyset(&set);
	sigaddset(&set, DEVICE_SIGNAL);
	sigaddset(&set, MARKER_SIGNAL);
	while ((signal = sigtimedwait(&set, NULL, &limit)) == DEVICE_SIGNAL)
		count++;
	expect_equal(signal, MARKER_SIGNAL);
	return count;
}

static void own_files(int ready)
{
	int fds[FILES], i;

	for (i = 0; i < FILES; i++) {
		fds[i] = subject_open(&wait_subject, 0);
		require(fcntl(fds[i], F_SETSIG, DEVICE_SIGNAL) == 0);
		require(fcntl(fds[i], F_SETOWN, getpid()) == 0);
		require(fcntl(fds[i], F_SETFL, O_ASYNC) == 0);
	}
	require(write(ready, "x", 1) == 1);
	expect_equal(signals_before_marker(), FILES);
	for (i = 0; i < FILES; i++)
		close(fds[i]);
}

/* C3: each owner, for each of his files. */
static void several_owners(void)
{
	pid_t pids[PROCESSES];
	int ready[2], i, status;
	char byte;

	require(pipe(ready) == 0);
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			own_files(ready[1]);
			_exit(case_status());
		}
	}
	for (i = 0; i < PROCESSES; i++)
		require(read(ready[0], &byte, 1) == 1);
	subject_unbind(&wait_subject);
	for (i = 0; i < PROCESSES; i++) {
		kill(pids[i], MARKER_SIGNAL);
		require(waitpid(pids[i], &status, 0) == pids[i]);
		expect_equal(status, 0);
	}
	expect(subject_released_all(&wait_subject, 1));
}

/* C1: what would outlive the file is undone, by the owner or by the close; asked for: no. */
static void async_after_the_end(void)
{
	long fasyncs, closes = subject_count(&wait_subject, "closes");
	int off = subject_open(&wait_subject, 0), on = subject_open(&wait_subject, 0);
	int never = subject_open(&wait_subject, 0);

	require(fcntl(off, F_SETFL, O_ASYNC) == 0 && fcntl(on, F_SETFL, O_ASYNC) == 0);
	fasyncs = subject_count(&wait_subject, "fasyncs");
	subject_unbind(&wait_subject);
	expect_errno(fcntl(never, F_SETFL, O_ASYNC), ENXIO);
	expect_equal(fcntl(never, F_GETFL) & O_ASYNC, 0);
	expect_equal(subject_count(&wait_subject, "fasyncs"), fasyncs);
	expect_equal(fcntl(off, F_SETFL, 0), 0);
	expect_equal(subject_count(&wait_subject, "fasyncs"), fasyncs + 1);
	close(off);
	close(never);
	expect_equal(subject_count(&wait_subject, "fasyncs"), fasyncs + 1);
	close(on);
	expect_equal(subject_count(&wait_subject, "fasyncs"), fasyncs + 2);
	expect_equal(subject_count(&wait_subject, "closes"), closes + 3);
	expect(subject_released_all(&wait_subject, 1));
}

/* The core adds no queue: aio takes a driver with one, and none with two, as ever. */
static void no_queue_added(void)
{
	int two = subject_open(&fifo_subject, 0), one = subject_open(&wait_subject, 0);
	struct aio_result result;
	struct aio aio;
	int ret = aio_open(&aio, 4);

	if (ret == -ENOSYS)
		skip("no aio in this kernel");
	require(ret == 0);
	expect_equal(aio_poll(&aio, 1, two, POLLPRI), -EINVAL);
	expect_equal(aio_poll(&aio, 2, one, POLLPRI), 0);
	subject_unbind(&wait_subject);
	require(aio_wait(&aio, &result, 5 * SECOND) == 0);
	expect_equal(result.tag, 2);
	expect_equal(result.res & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	aio_close(&aio);
}

static long call_completion(struct caller *self)
{
	return ioctl(self->fd, WAITDEV_COMPLETION);
}

/* C3: what a call waits for by itself is the driver's to complete, in its cancel hook. */
static void own_completion(void)
{
	struct caller callers[2] = {};
	int i;

	for (i = 0; i < 2; i++) {
		callers[i].call = call_completion;
		callers[i].fd = subject_open(&wait_subject, 0);
		require(caller_start(&callers[i], SYS_ioctl));
	}
	subject_unbind(&wait_subject);
	for (i = 0; i < 2; i++) {
		expect(caller_join(&callers[i], 5 * SECOND));
		expect_equal(callers[i].error, ENXIO);
	}
}

static const struct test_case cases[] = {
	{ "poll is told once", way_0 },
	{ "select is told once, as readable and writable", way_1 },
	{ "level-triggered epoll is told once, and for as long as it asks", way_2 },
	{ "edge-triggered epoll is told once", way_3 },
	{ "a level-triggered epoll set in another is told once", way_4 },
	{ "an edge-triggered epoll set in another is told once", way_5 },
	{ "aio's poll is told once", way_6 },
	{ "io_uring's poll is told once", way_7 },
	{ "io_uring's multishot poll is told once", way_8 },
	{ "the thread that owns SIGIO is told once", way_9 },
	{ "the thread that owns a queued signal is told once, POLL_HUP", way_10 },
	{ "select's exceptional set is not told: it never was for this", exceptional_set },
	{ "several owners of several files are told once for each", several_owners },
	{ "SIGIO off and close undo O_ASYNC after the end; on is refused", async_after_the_end },
	{ "polls gain no wait queue: aio takes a driver that has one", no_queue_added },
	{ "calls that wait for a completion of their own are cancelled", own_completion },
};

/* A call takes a lock, the end of its device holds it: lockdep knows, though nobody hangs. */
static void lock_order(void)
{
	int fd = subject_open(&wait_subject, 0);

	expect_equal(ioctl(fd, WAITDEV_TELL), 0);
	close(fd);
	subject_unbind(&wait_subject);
	subject_bind(&wait_subject);
}

static const struct test_case lock_cases[] = {
	{ "call and disconnect in the wrong order", lock_order },
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--lock-order"))
		return RUN_CASES(lock_cases, NULL);
	return RUN_CASES(cases, setup);
}
