// SPDX-License-Identifier: GPL-2.0-only
/*
 * async_test.c: requests that wait in the driver: what they return while the device is
 * there, when it goes, and when it is gone
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ticker.h"

static struct requests requests;
static int fd;

static void setup(void)
{
	ticker_setup();
	fd = ticker_open(0);
	requests_open(&requests, 0);
}

static long good_result(enum request_kind kind)
{
	return kind == URING_COMMAND ? 0 : 8;
}

/* All of them wait in the driver when this returns: there is nobody who waits for them. */
static void submit_all(uint64_t tick)
{
	int kind;

	for (kind = 0; kind < NR_REQUESTS; kind++)
		request_submit(&requests, kind, fd, tick);
	expect_equal(ticker_queued(fd), NR_REQUESTS);
	for (kind = 0; kind < NR_REQUESTS; kind++)
		expect(!request_is_done(&requests, kind));
}

static void expect_results(int wanted_errno)
{
	int kind;

	for (kind = 0; kind < NR_REQUESTS; kind++) {
		long wanted = wanted_errno ? -wanted_errno : good_result(kind);

		if (request_wait(&requests, kind) && requests.result[kind] != wanted)
			complain("%s: %ld instead of %ld", request_names[kind],
				 requests.result[kind], wanted);
	}
}

/* Reads bring the number of the tick, to wherever their buffers are. */
static void expect_data(uint64_t tick)
{
	int kind;

	for (kind = 0; kind < NR_REQUESTS; kind++)
		if (request_reads(kind) && requests.data[kind] != tick)
			complain("%s brought %llu, not %llu", request_names[kind],
				 (unsigned long long)requests.data[kind],
				 (unsigned long long)tick);
}

static void results(void)
{
	submit_all(1);
	ticker_tick(fd);
	expect_results(0);
	expect_data(1);
	expect_equal(ticker_queued(fd), 0);
	submit_all(2);
	ticker_tick(fd);
	expect_results(0);
	expect_data(2);
}

/* What need not wait completes at once, with the same results. */
static void results_at_once(void)
{
	int kind;

	ticker_tick(fd);
	for (kind = 0; kind < NR_REQUESTS; kind++) {
		int fresh = open(TICKER_NODE, O_RDWR);

		require(fresh >= 0);
		if (request_reads(kind))
			ticker_tick(fresh);
		request_submit(&requests, kind, fresh, 1);
		expect_equal(ticker_queued(fd), 0);
		close(fresh);
	}
	expect_results(0);
}

/* C4: none is lost when the device goes, whatever it waits for; and none is left when it has. */
static void pending_at_unplug(void)
{
	long gone = ticker_counter("gone");

	submit_all(1);
	ticker_unbind();
	expect_equal(ticker_counter("gone"), gone + NR_REQUESTS);
	expect_results(ENXIO);
	expect_data(0);
}

/* C2 */
static void after_unplug(void)
{
	long queued = ticker_counter("queued");
	int kind;

	ticker_unbind();
	for (kind = 0; kind < NR_REQUESTS; kind++)
		request_submit(&requests, kind, fd, 1);
	expect_results(ENXIO);
	expect_equal(ticker_counter("queued"), queued);
}

/* The completion came first: the disconnect changes nothing about its result. */
static void completed_before_unplug(void)
{
	submit_all(1);
	ticker_tick(fd);
	expect(wait_until(ticker_queued(fd) == 0, 5 * SECOND));
	ticker_unbind();
	expect_results(0);
	expect_data(1);
}

static void big_completions(void)
{
	requests_close(&requests);
	requests_open(&requests, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
	submit_all(3);
	ticker_tick(fd);
	ticker_tick(fd);
	ticker_tick(fd);
	expect_results(0);
	expect(requests.res2 >= 3);
	request_submit(&requests, URING_COMMAND, fd, 2);
	expect(request_wait(&requests, URING_COMMAND));
	expect_equal(requests.res2, 3);
	request_submit(&requests, URING_COMMAND, fd, 4);
	ticker_unbind();
	expect(request_wait(&requests, URING_COMMAND));
	expect_equal(requests.result[URING_COMMAND], -ENXIO);
}

/* A file that does not block is polled by io_uring: nothing waits in the driver. */
static const enum request_kind polled[] = {
	URING_READ, URING_READV, URING_READ_FIXED, URING_WRITE, URING_WRITEV, URING_WRITE_FIXED,
};

#define NR_POLLED	(int)(sizeof(polled) / sizeof(polled[0]))

static void submit_polled(uint64_t tick)
{
	int i;

	fd = ticker_open(O_NONBLOCK);
	for (i = 0; i < NR_POLLED; i++)
		request_submit(&requests, polled[i], fd, tick);
	expect_equal(ticker_queued(fd), 0);
	for (i = 0; i < NR_POLLED; i++)
		expect(!request_is_done(&requests, polled[i]));
}

static void expect_polled(int kinds, long wanted)
{
	int i;

	for (i = 0; i < kinds; i++)
		if (request_wait(&requests, polled[i]) && requests.result[polled[i]] != wanted)
			complain("%s: %ld instead of %ld", request_names[polled[i]],
				 requests.result[polled[i]], wanted);
}

/* One reader per tick gets it, as they share the file: so the writers all, and a reader. */
static void polled_result(void)
{
	int i;

	submit_polled(1);
	ticker_tick(fd);
	for (i = 0; i < NR_POLLED; i++) {
		expect(wait_until(request_is_done(&requests, polled[i]) ||
				  (ticker_queued(fd) == 0 && (ticker_tick(fd), false)),
				  5 * SECOND));
	}
	expect_polled(NR_POLLED, 8);
}

static void polled_at_unplug(void)
{
	submit_polled(1);
	ticker_unbind();
	expect_polled(NR_POLLED, -ENXIO);
}

static void polled_aio(void)
{
	fd = ticker_open(O_NONBLOCK);
	request_submit(&requests, AIO_READ, fd, 1);
	request_submit(&requests, AIO_WRITE, fd, 1);
	expect(request_wait(&requests, AIO_READ) && request_wait(&requests, AIO_WRITE));
	expect_equal(requests.result[AIO_READ], -EAGAIN);
	expect_equal(requests.result[AIO_WRITE], -EAGAIN);
}

/* Punted to a worker thread, and queued from there. */
static void from_a_worker(void)
{
	uring_read(&requests.ring, URING_READ, fd, &requests.data[URING_READ], 8, -1)->flags =
		IOSQE_ASYNC;
	uring_command(&requests.ring, URING_COMMAND, fd, REFCDEV_TICKER_URING_WAIT,
		      &(uint64_t){ 1 }, 8)->flags = IOSQE_ASYNC;
	require(uring_submit(&requests.ring) == 2);
	expect(wait_until(ticker_queued(fd) == 2, 5 * SECOND));
	ticker_unbind();
	expect(request_wait(&requests, URING_READ) && request_wait(&requests, URING_COMMAND));
	expect_equal(requests.result[URING_READ], -ENXIO);
	expect_equal(requests.result[URING_COMMAND], -ENXIO);
}

static long position(void)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	require(read_text(path, text, sizeof(text)) == 0 && !strncmp(text, "pos:", 4));
	return strtol(text + 4, NULL, 10);
}

/* io_uring takes the position over from the kiocb that it gave us, where it is done at once. */
static void positions(void)
{
	uint64_t tick = 0;

	ticker_tick(fd);
	expect_equal(read(fd, &tick, 8), 8);
	expect_equal(tick, 1);
	expect_equal(position(), 8);
	ticker_tick(fd);
	request_submit(&requests, URING_READ, fd, 0);
	expect(request_wait(&requests, URING_READ));
	expect_equal(position(), 16);
	request_submit(&requests, URING_WRITE, fd, 2);
	expect(request_wait(&requests, URING_WRITE));
	expect_equal(position(), 24);
	expect_equal(write(fd, &tick, 8), 8);
	expect_equal(position(), 32);
}

static long call_read(struct caller *self)
{
	uint64_t tick;

	return read(self->fd, &tick, 8);
}

static long call_write(struct caller *self)
{
	return write(self->fd, &(uint64_t){ 1 }, 8);
}

/* The calls that do wait, among those that do not. */
static void blocking(void)
{
	struct caller reader = { .call = call_read, .fd = fd };
	struct caller writer = { .call = call_write, .fd = fd };
	struct iovec iov = { &(uint64_t){ 1 }, 8 };

	expect_errno(preadv2(fd, &iov, 1, 0, RWF_NOWAIT), EAGAIN);
	expect_errno(pwritev2(fd, &iov, 1, 0, RWF_NOWAIT), EAGAIN);
	submit_all(1);
	require(caller_start(&reader, SYS_read) && caller_start(&writer, SYS_write));
	ticker_unbind();
	expect(caller_join(&reader, 5 * SECOND) && caller_join(&writer, 5 * SECOND));
	expect_equal(reader.error, ENXIO);
	expect_equal(writer.error, ENXIO);
	expect_results(ENXIO);
}

static long call_splice(struct caller *self)
{
	return splice(*(int *)self->data, NULL, self->fd, NULL, 8, 0);
}

/* C3: the pipe is somebody else's, and nobody may ever write to it. */
static void splice_from_an_empty_pipe(void)
{
	struct caller splicer = { .call = call_splice, .fd = fd };
	uint64_t tick = 1;
	int fds[2];

	require(pipe(fds) == 0);
	splicer.data = &fds[0];
	require(caller_start(&splicer, SYS_splice));
	ticker_unbind();
	expect_errno(splice(fds[0], NULL, fd, NULL, 8, 0), ENXIO);
	require(write(fds[1], &tick, sizeof(tick)) == sizeof(tick));
	expect(caller_join(&splicer, 5 * SECOND));
	expect_equal(splicer.error, ENXIO);
}

static const struct test_case cases[] = {
	{ "a request that waits gets its result, in both directions and all kinds of buffers",
	  results },
	{ "a request that need not wait completes at once", results_at_once },
	{ "requests that wait when the device goes complete with ENXIO, each once",
	  pending_at_unplug },
	{ "new requests get ENXIO when the device is gone", after_unplug },
	{ "a completion that comes first keeps its result", completed_before_unplug },
	{ "the second result arrives in rings that have room for it", big_completions },
	{ "requests that io_uring polls for get their results", polled_result },
	{ "requests that io_uring polls for complete with ENXIO", polled_at_unplug },
	{ "aio on a file that does not block gets EAGAIN", polled_aio },
	{ "requests queued by a worker thread of io_uring complete with ENXIO", from_a_worker },
	{ "the file's position follows the requests", positions },
	{ "calls that block and requests that wait are told at once", blocking },
	{ "a splice that waits for its pipe does not hold up the unbind",
	  splice_from_an_empty_pipe },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
