// SPDX-License-Identifier: GPL-2.0-only
/*
 * listen.c: all the ways to wait for a device from outside, and to count what one hears
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "listen.h"
#include "util.h"

enum { LIMIT_MS = 10000, MORE_MS = 0 };

/* States, not events: what has been heard is not asked for again. */
static enum word next_poll(struct listener *self, int limit_ms)
{
	struct pollfd fds[] = {
		{ .fd = self->told ? -1 : self->fd },
		{ .fd = self->marker, .events = POLLIN },
	};

	if (poll(fds, 2, limit_ms) <= 0)
		return NOTHING;
	self->events |= fds[0].revents;
	return fds[0].revents ? DEVICE : MARKER;
}

static enum word next_select(struct listener *self, int limit_ms)
{
	struct timeval limit = { .tv_sec = limit_ms / 1000 };
	fd_set in, out;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(self->marker, &in);
	if (!self->told) {
		FD_SET(self->fd, &in);
		FD_SET(self->fd, &out);
	}
	if (select(FD_SETSIZE, &in, &out, NULL, &limit) <= 0)
		return NOTHING;
	if (self->told || !FD_ISSET(self->fd, &in))
		return MARKER;
	/* Select knows no hang-up: the file can be read, as POLLHUP; written, as POLLERR. */
	self->events |= POLLHUP | (FD_ISSET(self->fd, &out) ? POLLERR : 0);
	return DEVICE;
}

static int epoll_with(int fd, unsigned int events, enum word word)
{
	struct epoll_event event = { .events = events, .data.u32 = word };
	int set = epoll_create1(0);

	require(set >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
	return set;
}

/* The marker first: asking the device may take until it is gone. */
static void arm_epoll(struct listener *self, unsigned int flags)
{
	struct epoll_event event = { .events = flags, .data.u32 = DEVICE };

	self->set = epoll_with(self->marker, EPOLLIN | EPOLLET, MARKER);
	require(epoll_ctl(self->set, EPOLL_CTL_ADD, self->fd, &event) == 0);
}

static void arm_edge(struct listener *self)
{
	arm_epoll(self, EPOLLET);
}

static void arm_level(struct listener *self)
{
	arm_epoll(self, 0);
}

static enum word next_epoll(struct listener *self, int limit_ms)
{
	struct epoll_event event = {};

	if (epoll_wait(self->set, &event, 1, limit_ms) <= 0)
		return NOTHING;
	if (event.data.u32 == DEVICE)
		self->events |= event.events;
	return event.data.u32;
}

/*
 * Said for as long as it is so: twice at least, then not asked for any more. In between
 * the marker may have come.
 */
static enum word next_level(struct listener *self, int limit_ms)
{
	enum word word = self->marked ? MARKER : next_epoll(self, limit_ms);

	if (word != DEVICE)
		return word;
	word = next_epoll(self, LIMIT_MS);
	if (word == MARKER) {
		self->marked = true;
		word = next_epoll(self, LIMIT_MS);
	}
	expect_equal(word, DEVICE);
	epoll_ctl(self->set, EPOLL_CTL_DEL, self->fd, NULL);
	return DEVICE;
}

static void arm_nested(struct listener *self, unsigned int flags)
{
	struct epoll_event event = { .events = EPOLLIN | flags, .data.u32 = DEVICE };

	self->set = epoll_with(self->marker, EPOLLIN | EPOLLET, MARKER);
	self->inner = epoll_create1(0);
	require(epoll_ctl(self->set, EPOLL_CTL_ADD, self->inner, &event) == 0);
	event.events = flags;
	require(epoll_ctl(self->inner, EPOLL_CTL_ADD, self->fd, &event) == 0);
}

static void arm_nested_edge(struct listener *self)
{
	arm_nested(self, EPOLLET);
}

static void arm_nested_level(struct listener *self)
{
	arm_nested(self, 0);
}

/* The outer set says that the inner one has something, which that one then says. */
static enum word next_nested(struct listener *self, int limit_ms)
{
	struct epoll_event event = {};

	if (epoll_wait(self->set, &event, 1, limit_ms) <= 0)
		return NOTHING;
	if (event.data.u32 == MARKER)
		return MARKER;
	expect_equal(epoll_wait(self->inner, &event, 1, 0), 1);
	self->events |= event.events;
	return DEVICE;
}

static enum word next_nested_level(struct listener *self, int limit_ms)
{
	enum word word = next_nested(self, limit_ms);

	if (word == DEVICE)
		epoll_ctl(self->inner, EPOLL_CTL_DEL, self->fd, NULL);
	return word;
}

static void arm_aio(struct listener *self)
{
	int ret = aio_open(&self->aio, 4);

	if (ret == -ENOSYS) {
		self->skip = true;
		return;
	}
	require(ret == 0);
	require(aio_poll(&self->aio, MARKER, self->marker, POLLIN) == 0);
	require(aio_poll(&self->aio, DEVICE, self->fd, POLLERR | POLLHUP) == 0);
}

static enum word next_aio(struct listener *self, int limit_ms)
{
	struct aio_result result;

	if (aio_wait(&self->aio, &result, limit_ms * MS))
		return NOTHING;
	if (result.tag == DEVICE)
		self->events |= result.res;
	return result.tag;
}

static void arm_ring(struct listener *self, bool multishot)
{
	int ret = uring_open(&self->ring, 4, 0);

	if (ret == -ENOSYS || ret == -EPERM) {
		self->skip = true;
		return;
	}
	require(ret == 0);
	uring_poll(&self->ring, MARKER, self->marker, POLLIN, false);
	uring_poll(&self->ring, DEVICE, self->fd, POLLERR | POLLHUP, multishot);
	require(uring_submit(&self->ring) == 2);
}

static void arm_single(struct listener *self)
{
	arm_ring(self, false);
}

static void arm_multi(struct listener *self)
{
	arm_ring(self, true);
}

static enum word next_ring(struct listener *self, int limit_ms)
{
	struct uring_result result;

	if (uring_wait(&self->ring, &result, limit_ms * MS))
		return NOTHING;
	/* A kernel without multishot polls says so. */
	self->skip |= result.tag == DEVICE && result.res == -EINVAL;
	if (result.tag == DEVICE)
		self->events |= result.res;
	return result.tag;
}

static void arm_signal(struct listener *self, int signal)
{
	const struct f_owner_ex owner = { F_OWNER_TID, self->tid };

	require(fcntl(self->fd, F_SETSIG, signal) == 0);
	require(fcntl(self->fd, F_SETOWN_EX, &owner) == 0);
	require(fcntl(self->fd, F_SETFL, O_ASYNC) == 0);
}

static void arm_queued_signal(struct listener *self)
{
	arm_signal(self, DEVICE_SIGNAL);
}

static void arm_sigio(struct listener *self)
{
	arm_signal(self, 0);
}

/* Signals with lower numbers come first: those of the device before the marker's. */
static enum word next_signal(struct listener *self, int limit_ms)
{
	const struct timespec limit = { .tv_sec = limit_ms / 1000 };
	siginfo_t info = {};
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, DEVICE_SIGNAL);
	sigaddset(&set, MARKER_SIGNAL);
	do {
		signal = sigtimedwait(&set, &info, &limit);
	} while (signal < 0 && errno == EINTR);
	if (signal < 0)
		return NOTHING;
	if (signal == MARKER_SIGNAL)
		return MARKER;
	if (signal == SIGIO) {
		/* Says that there is something, not what: not even for which file. */
		expect_equal(info.si_code, SI_KERNEL);
		self->events |= POLLERR | POLLHUP;
		return DEVICE;
	}
	expect_equal(info.si_code, POLL_HUP);
	expect_equal(info.si_fd, self->fd);
	self->events |= info.si_band;
	return DEVICE;
}

const struct way ways[] = {
	{ "poll", NULL, next_poll, SYS_poll, false, false },
	{ "select", NULL, next_select, SYS_pselect6, false, false },
	{ "epoll, level", arm_level, next_level, SYS_epoll_wait, false, false },
	{ "epoll, edge", arm_edge, next_epoll, SYS_epoll_wait, true, false },
	{ "epoll in epoll, level", arm_nested_level, next_nested_level, SYS_epoll_wait,
	  false, false },
	{ "epoll in epoll, edge", arm_nested_edge, next_nested, SYS_epoll_wait, true, false },
	{ "aio poll", arm_aio, next_aio, SYS_io_getevents, false, false },
	{ "io_uring poll", arm_single, next_ring, SYS_io_uring_enter, false, false },
	{ "io_uring poll, multishot", arm_multi, next_ring, SYS_io_uring_enter, true, false },
	{ "SIGIO", arm_sigio, next_signal, SYS_rt_sigtimedwait, true, true },
	{ "queued signal", arm_queued_signal, next_signal, SYS_rt_sigtimedwait, true, true },
};

const unsigned int nr_ways = sizeof(ways) / sizeof(ways[0]);

static void *listen_thread(void *data)
{
	struct listener *self = data;
	enum word word;

	__atomic_store_n(&self->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (self->way->arm)
		self->way->arm(self);
	if (self->skip)
		return NULL;
	while ((word = self->way->next(self, LIMIT_MS)) == DEVICE)
		self->told++;
	if (word == NOTHING)
		complain("%s: heard neither device nor marker", self->way->name);
	/* What came together with the marker may stand behind it. */
	while (self->way->next(self, MORE_MS) == DEVICE)
		self->told++;
	return NULL;
}

void listener_start(struct listener *self, const struct way *way, int fd)
{
	memset(self, 0, sizeof(*self));
	self->way = way;
	self->fd = fd;
	self->marker = eventfd(0, 0);
	require(self->marker >= 0);
	require(pthread_create(&self->thread, NULL, listen_thread, self) == 0);
}

bool listener_sleeps(const struct listener *self)
{
	return task_sleeps_in(getpid(), __atomic_load_n(&self->tid, __ATOMIC_ACQUIRE),
			      self->way->syscall_nr);
}

void listener_finish(struct listener *self)
{
	const uint64_t one = 1;

	if (self->way->signals)
		syscall(SYS_tgkill, getpid(), self->tid, MARKER_SIGNAL);
	else
		require(write(self->marker, &one, sizeof(one)) == sizeof(one));
	pthread_join(self->thread, NULL);
	close(self->marker);
	if (self->way->arm == arm_single || self->way->arm == arm_multi)
		uring_close(&self->ring);
	if (self->way->arm == arm_aio)
		aio_close(&self->aio);
	if (self->set)
		close(self->set);
	if (self->inner)
		close(self->inner);
}

void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, DEVICE_SIGNAL);
	sigaddset(&set, MARKER_SIGNAL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
