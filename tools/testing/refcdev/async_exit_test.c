// SPDX-License-Identifier: GPL-2.0-only
/*
 * async_exit_test.c: requests whose submitter goes before they complete: closes the file,
 * forks, cancels, closes the ring, exits, is killed
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ticker.h"

#define NR_URING	AIO_READ	/* those of io_uring come first */
#define LIMIT		(10 * SECOND)

static struct requests requests;
static long queued, settled, opens, closes, released, orphans;
static int fd;				/* to tick by */

/* Requests that waited and do not any more. */
static long count_settled(void)
{
	return ticker_counter("ticked") + ticker_counter("gone") + ticker_counter("cancelled");
}

static void setup(void)
{
	/* An earlier case may have left some to the kernel. */
	require(wait_until(ticker_counter("opens") == ticker_counter("closes"), LIMIT));
	ticker_setup();
	fd = ticker_open(0);
	queued = ticker_counter("queued");
	settled = count_settled();
	opens = ticker_counter("opens");
	closes = ticker_counter("closes");
	released = ticker_counter("released");
	orphans = ticker_counter("orphans");
}

/* io_uring asks drivers for their commands back since Linux 6.7. */
static bool commands_are_cancelled(void)
{
	struct utsname name;
	int major, minor;

	uname(&name);
	require(sscanf(name.release, "%d.%d", &major, &minor) == 2);
	return major > 6 || (major == 6 && minor >= 7);
}

static bool all_settled(void)
{
	return count_settled() - settled == ticker_counter("queued") - queued;
}

/* Each file that was opened since is closed, by the last of its requests. */
static void expect_closed(void)
{
	expect(wait_until(all_settled(), LIMIT));
	expect(wait_until(ticker_counter("closes") - closes ==
			  ticker_counter("opens") - opens, LIMIT));
}

static void expect_released(void)
{
	close(fd);
	expect(wait_until(ticker_counter("released") == released + 1, LIMIT));
}

static void submit(int file, int from, int to)
{
	int kind;

	requests_open(&requests, 0);
	for (kind = from; kind < to; kind++)
		request_submit(&requests, kind, file, 1);
}

/* All kinds wait; the only file they came through is closed. */
static void submit_and_close(void)
{
	int file = ticker_open(0);

	submit(file, 0, NR_REQUESTS);
	close(file);
	expect_equal(ticker_queued(fd), NR_REQUESTS);
	expect_equal(ticker_counter("closes"), closes);
}

static void expect_all(long error)
{
	int kind;

	for (kind = 0; kind < NR_REQUESTS; kind++)
		if (request_wait(&requests, kind))
			expect_equal(requests.result[kind],
				     error ? -error : kind == URING_COMMAND ? 0 : 8);
}

static void closed_then_tick(void)
{
	submit_and_close();
	ticker_tick(fd);
	expect_all(0);
	expect_closed();
}

static void closed_then_unplug(void)
{
	submit_and_close();
	ticker_unbind();
	expect_all(ENXIO);
	expect_closed();
	expect_released();
}

/* A child with requests of some kinds that wait, and which then ends. */
static pid_t child(int from, int to, bool exits)
{
	int ready[2];
	pid_t pid;
	char byte;

	require(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		submit(ticker_open(0), from, to);
		if (exits)
			_exit(case_status());
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	expect_equal(read(ready[0], &byte, 1), exits ? 0 : 1);
	close(ready[0]);
	expect_equal(ticker_counter("queued") - queued, to - from);
	return pid;
}

static void reap(pid_t pid, int wanted)
{
	int status;

	expect(wait_until(waitpid(pid, &status, WNOHANG) == pid, LIMIT));
	expect_equal(status, wanted);
}

/* The tick comes to requests that nobody waits for, and to memory that is gone. */
static void exited_then_tick(void)
{
	reap(child(0, NR_URING, true), 0);
	if (commands_are_cancelled())
		expect(wait_until(ticker_queued(fd) == NR_URING - 1, LIMIT));
	else
		expect_equal(ticker_queued(fd), NR_URING);
	ticker_tick(fd);
	expect_closed();
	/* read and readv; fixed buffers are there as long as the request is */
	expect_equal(ticker_counter("orphans") - orphans, 2);
	ticker_unbind();
	expect_released();
}

static void exited_then_unplug(void)
{
	reap(child(0, NR_URING, true), 0);
	ticker_unbind();
	expect_closed();
	expect_released();
}

/* aio makes its submitter wait at exit: somebody has to complete it. */
static void killed_then_tick(void)
{
	pid_t pid = child(AIO_READ, NR_REQUESTS, false);

	kill(pid, SIGKILL);
	ticker_tick(fd);
	reap(pid, SIGKILL);
	expect_closed();
}

static void killed_then_unplug(void)
{
	pid_t pid = child(0, NR_REQUESTS, false);

	kill(pid, SIGKILL);
	ticker_unbind();
	reap(pid, SIGKILL);
	expect_closed();
	expect_released();
}

/* The request is the parent's, and its memory too, whoever has a copy of either. */
static void forked(void)
{
	int file = ticker_open(0), status;
	pid_t pid;

	submit(file, 0, NR_REQUESTS);
	pid = fork();
	if (pid == 0) {
		memset(requests.data, 0xee, 4096);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid);
	ticker_tick(fd);
	expect_all(0);
	expect_equal(requests.data[URING_READ], 1);
	expect_equal(requests.data[URING_READV], 1);
	expect_equal(requests.data[AIO_READ], 1);
}

static int cancel(int target)
{
	struct uring_result result;

	uring_cancel(&requests.ring, 100, target);
	require(uring_submit(&requests.ring) == 1);
	do {
		require(uring_wait(&requests.ring, &result, LIMIT) == 0);
		if (result.tag < NR_REQUESTS) {
			requests.done[result.tag] = true;
			requests.result[result.tag] = result.res;
		}
	} while (result.tag != 100);
	return result.res;
}

/* Who cancels is told that it did not work, and the request goes on; or it did. */
static void cancelled(void)
{
	int waits = ticker_open(0), polls = ticker_open(O_NONBLOCK), ret, kind;

	submit(waits, 0, NR_URING);
	ret = cancel(URING_READ);
	expect(ret == -ENOENT || ret == -EALREADY);
	expect_equal(ticker_queued(fd), NR_URING);
	ticker_tick(fd);
	for (kind = 0; kind < NR_URING; kind++)
		expect(request_wait(&requests, kind));
	expect_equal(requests.result[URING_READ], 8);
	request_submit(&requests, URING_WRITE_FIXED, polls, 9);
	expect_equal(cancel(URING_WRITE_FIXED), 0);
	expect(request_wait(&requests, URING_WRITE_FIXED));
	expect_equal(requests.result[URING_WRITE_FIXED], -ECANCELED);
}

static void ring_closed(void)
{
	int file = ticker_open(0);

	submit(file, URING_COMMAND, NR_URING);
	close(file);
	uring_close(&requests.ring);
	if (commands_are_cancelled()) {
		expect(wait_until(ticker_queued(fd) == 0, LIMIT));
		expect_closed();
	}
	ticker_unbind();
	expect_closed();
	expect_released();
}

/* For the script: what is left of this program are requests, and the file that they hold. */
static int abandon(void)
{
	ticker_setup();
	submit(ticker_open(0), 0, NR_URING);
	return 0;
}

static const struct test_case cases[] = {
	{ "requests get their results although the file was closed", closed_then_tick },
	{ "requests whose file was closed complete with ENXIO, and let the file go",
	  closed_then_unplug },
	{ "a tick completes what an ended process has left", exited_then_tick },
	{ "an unplug completes what an ended process has left", exited_then_unplug },
	{ "a tick lets a killed process end", killed_then_tick },
	{ "an unplug lets a killed process end", killed_then_unplug },
	{ "after a fork the requests are the parent's", forked },
	{ "what waits in the driver is not cancelled, what is polled for is", cancelled },
	{ "a command whose ring was closed holds up nothing", ring_closed },
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--abandon"))
		return abandon();
	return RUN_CASES(cases, setup);
}
