// SPDX-License-Identifier: GPL-2.0-only
/*
 * twin_requests.c: the calls that are made on each of the twins: for events, and requests
 * of aio and io_uring
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <unistd.h>

#include "aio.h"
#include "harness.h"
#include "twin.h"
#include "uring.h"
#include "util.h"

#define EVENTS	(POLLIN | POLLOUT | POLLPRI)

static void call_poll(struct transcript *to, int fd, int events)
{
	struct pollfd poller = { .fd = fd, .events = events };
	int ret;

	errno = 0;
	ret = poll(&poller, 1, 0);
	record(to, "poll()", GETS_HANGUP, ret, poller.revents);
}

static void call_select(struct transcript *to, int fd)
{
	struct timeval now = {};
	fd_set reads, writes;
	int ret;

	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_SET(fd, &reads);
	FD_SET(fd, &writes);
	errno = 0;
	ret = select(fd + 1, &reads, &writes, NULL, &now);
	record(to, "select()", GETS_READY, ret,
	       (FD_ISSET(fd, &reads) ? 1 : 0) + (FD_ISSET(fd, &writes) ? 2 : 0));
}

/* A file without poll cannot be added. */
static void call_epoll(struct transcript *to, int fd, unsigned int events)
{
	struct epoll_event event = { .events = events }, found = {};
	int set = epoll_create1(0), ret;

	require(set >= 0);
	errno = 0;
	ret = epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
	record(to, "epoll_ctl(ADD)", GETS_ZERO, ret, 0);
	ret = epoll_wait(set, &found, 1, 0);
	record(to, "epoll_wait()", GETS_HANGUP, ret, found.events);
	ret = epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
	record(to, "epoll_ctl(DEL)", GETS_ZERO, ret, 0);
	close(set);
}

static void call_events(struct transcript *to, int fd)
{
	call_poll(to, fd, EVENTS);
	call_poll(to, fd, 0);
	call_select(to, fd);
	call_epoll(to, fd, EPOLLIN | EPOLLOUT);
	call_epoll(to, fd, EPOLLIN | EPOLLET | EPOLLONESHOT);
}

#define NR_REQUESTS	7		/* the last is a poll */

static int submit_nr(struct aio *aio, int nr, int fd)
{
	switch (nr) {
	case 0:
		return aio_read(aio, 1, fd, memory, 50, 0);
	case 1:
		return aio_read(aio, 1, fd, (void *)8, 50, 0);
	case 2:
		return aio_read(aio, 1, fd, memory, 50, -1);
	case 3:
		return aio_write(aio, 1, fd, memory, 50, 9);
	case 4:
		return aio_write(aio, 1, fd, memory, 50, 1l << 40);
	case 5:
		return aio_write(aio, 1, fd, memory, SIZE_MAX, 0);
	default:
		return aio_poll(aio, 1, fd, EVENTS);
	}
}

static void call_aio(struct transcript *to, int fd)
{
	struct aio_result result = {};
	static struct aio aio;
	int ret, i;

	if (!aio.context)
		require(aio_open(&aio, 8) == 0);
	for (i = 0; i < NR_REQUESTS; i++) {
		prepare_memory();
		ret = submit_nr(&aio, i, fd);
		if (ret == 0)
			require(aio_wait(&aio, &result, 5 * SECOND) == 0);
		errno = ret < 0 ? -ret : result.res < 0 ? -result.res : 0;
		if (i == NR_REQUESTS - 1)
			record(to, "aio poll", GETS_HANGUP, errno ? -1 : 1, result.res);
		else
			record(to, "aio", GETS_ENXIO, errno ? -1 : result.res, sum_memory());
	}
}

static void queue_nr(struct uring *ring, int nr, int fd)
{
	static struct iovec iov;

	iov = (struct iovec) { memory, 30 };
	switch (nr) {
	case 0:
		uring_read(ring, 1, fd, memory, 50, 0);
		break;
	case 1:
		uring_read(ring, 1, fd, memory, 50, -1);
		break;
	case 2:
		uring_read(ring, 1, fd, (void *)8, 50, 4);
		break;
	case 3:
		uring_readv(ring, 1, fd, &iov, 1, 1l << 40);
		break;
	case 4:
		uring_write(ring, 1, fd, memory, 50, 9);
		break;
	case 5:
		uring_writev(ring, 1, fd, &iov, 1, -1);
		break;
	default:
		uring_poll(ring, 1, fd, EVENTS, false);
	}
}

static void call_uring(struct transcript *to, int fd)
{
	struct uring_result result;
	static struct uring ring;
	int i;

	if (!ring.rings && uring_open(&ring, 8, 0) != 0) {
		ring.rings = MAP_FAILED;
		note("SKIPPED: io_uring: this kernel has none");
	}
	for (i = 0; i < NR_REQUESTS && ring.rings != MAP_FAILED; i++) {
		prepare_memory();
		queue_nr(&ring, i, fd);
		require(uring_submit(&ring) == 1);
		require(uring_wait(&ring, &result, 5 * SECOND) == 0);
		errno = result.res < 0 ? -result.res : 0;
		if (i == NR_REQUESTS - 1)
			record(to, "uring poll", GETS_HANGUP, errno ? -1 : 1, result.res);
		else
			record(to, "uring", GETS_ENXIO, errno ? -1 : result.res, sum_memory());
	}
}

void call_requests(struct transcript *to, int fd)
{
	call_events(to, fd);
	call_aio(to, fd);
	call_uring(to, fd);
}
