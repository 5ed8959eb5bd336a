// SPDX-License-Identifier: GPL-2.0-only
/*
 * wakeup_test.c: whoever sleeps in a driver when its device goes is woken, and told
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fifo.h"

/*
 * C3: told at once, not when somebody else moves. That the unbind has waited for the call is
 * for the kernel to show, see operations and kunit_gate_drain: here the stamp of the call may
 * be the later one, for want of a processor.
 */
static void ends_with_unbind(const char *what, struct caller *caller, long syscall_nr)
{
	uint64_t begun, ended;

	caller->realtime = true;
	require(caller_start(caller, syscall_nr));
	begun = now_ns();
	fifo_unbind();
	ended = now_ns();
	require(caller_join(caller, 5 * SECOND));
	expect_equal(caller->ret, -1);
	expect_equal(caller->error, ENXIO);
	expect(caller->returned >= begun);
	expect(caller->returned - begun < SECOND && ended - begun < SECOND);
	note("%s returned %llu us, the write to unbind %llu us after it was begun", what,
	     (unsigned long long)(caller->returned - begun) / 1000,
	     (unsigned long long)(ended - begun) / 1000);
}

static void blocked_read(void)
{
	struct caller reader = { .call = call_read, .fd = fifo_open(0) };

	ends_with_unbind("read", &reader, SYS_read);
}

static void blocked_write(void)
{
	struct caller writer = { .call = call_write, .fd = fifo_open(0) };

	expect(fifo_fill(writer.fd) > 0);
	ends_with_unbind("write", &writer, SYS_write);
}

static void blocked_ioctl(void)
{
	struct caller waiter = { .call = call_wait_empty, .fd = fifo_open(0) };

	expect(fifo_fill(waiter.fd) > 0);
	ends_with_unbind("ioctl", &waiter, SYS_ioctl);
}

/* C3: not just one of them. */
static void blocked_crowd(void)
{
	struct caller readers[8] = {};
	int fd = fifo_open(0), i;

	for (i = 0; i < 8; i++) {
		readers[i].call = call_read;
		readers[i].fd = fd;
		require(caller_start(&readers[i], SYS_read));
	}
	fifo_unbind();
	for (i = 0; i < 8; i++) {
		expect(caller_join(&readers[i], SECOND));
		expect_equal(readers[i].error, ENXIO);
	}
}

static long call_poll(struct caller *self)
{
	struct pollfd fd = { .fd = self->fd, .events = POLLIN };
	int ret = poll(&fd, 1, 10000);

	return ret == 1 ? fd.revents : -1;
}

static long call_epoll(struct caller *self)
{
	struct epoll_event event = { 0 };
	int ret = epoll_wait(self->fd, &event, 1, -1);

	return ret == 1 ? (long)event.events : -1;
}

/* C3: within a second of the unbind's begin. */
static void hangs_up(struct caller *caller, long syscall_nr, long events)
{
	uint64_t begun;

	require(caller_start(caller, syscall_nr));
	begun = now_ns();
	fifo_unbind();
	require(caller_join(caller, 5 * SECOND));
	expect_equal(caller->ret & events, events);
	expect(caller->returned - begun < SECOND);
	note("told %llu us after unbind was begun",
	     (unsigned long long)(caller->returned - begun) / 1000);
}

static void sleeping_poll(void)
{
	struct caller poller = { .call = call_poll, .fd = fifo_open(0) };

	hangs_up(&poller, SYS_poll, POLLERR | POLLHUP);
}

static int epoll_of(int fd, unsigned int events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(0);

	require(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	return epoll;
}

static void sleeping_epoll(void)
{
	struct caller poller = { .call = call_epoll, .fd = epoll_of(fifo_open(0), EPOLLIN) };

	hangs_up(&poller, SYS_epoll_wait, EPOLLERR | EPOLLHUP);
}

/* An edge-triggered set learns of it by a wake-up only: a level would be found by chance. */
static void sleeping_epoll_edge(void)
{
	struct caller poller = { .call = call_epoll };

	poller.fd = epoll_of(fifo_open(0), EPOLLIN | EPOLLET);
	hangs_up(&poller, SYS_epoll_wait, EPOLLERR | EPOLLHUP);
}

/* C3: owners of SIGIO are told by the driver's cancel hook. */
static void signal_on_unplug(void)
{
	const struct timespec limit = { .tv_sec = 2 };
	int fd = fifo_open(0);
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	require(fcntl(fd, F_SETSIG, SIGRTMIN) == 0 && fcntl(fd, F_SETOWN, getpid()) == 0);
	require(fcntl(fd, F_SETFL, O_ASYNC) == 0);
	fifo_unbind();
	expect_equal(sigtimedwait(&set, &info, &limit), SIGRTMIN);
	expect_equal(info.si_code, POLL_HUP);
	expect_equal(info.si_fd, fd);
}

/* C2: what does not block says EAGAIN while the device is there, ENXIO after. */
static void nonblocking(void)
{
	int fd = fifo_open(O_NONBLOCK);
	char byte;

	expect_errno(read(fd, &byte, 1), EAGAIN);
	fifo_unbind();
	expect_errno(read(fd, &byte, 1), ENXIO);
}

/* C3, C5: a reader that is killed while the device goes holds nothing up, and nothing leaks. */
static void killed_reader(void)
{
	long created = fifo_counter("created"), released = fifo_counter("released");
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct caller self = { .fd = fifo_open(0) };

		call_read(&self);
		_exit(0);
	}
	require(wait_until(task_sleeps_in(pid, pid, SYS_read), 5 * SECOND));
	kill(pid, SIGKILL);
	fifo_unbind();
	require(waitpid(pid, &status, 0) == pid);
	expect(wait_until(fifo_counter("released") == released + 1, 5 * SECOND));
	expect_equal(fifo_counter("created"), created);
}

static const struct test_case cases[] = {
	{ "a read that sleeps ends within a second, and the unbind too", blocked_read },
	{ "a write that sleeps ends within a second, and the unbind too", blocked_write },
	{ "an ioctl that sleeps ends within a second, and the unbind too", blocked_ioctl },
	{ "eight readers of one file are all woken", blocked_crowd },
	{ "poll is told POLLERR and POLLHUP within a second", sleeping_poll },
	{ "epoll is told EPOLLERR and EPOLLHUP within a second", sleeping_epoll },
	{ "edge-triggered epoll is told as well", sleeping_epoll_edge },
	{ "the owner of SIGIO is told POLL_HUP", signal_on_unplug },
	{ "without blocking: EAGAIN before, ENXIO after", nonblocking },
	{ "a reader killed during unbind leaves nothing behind", killed_reader },
};

int main(void)
{
	return RUN_CASES(cases, fifo_setup);
}
