// SPDX-License-Identifier: GPL-2.0-only
/*
 * ops.c: the operations that the hammer calls, and what they may return
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/refcdev_fifo.h>

#include "hammer.h"

#define POLL_MS		500
#define NO_CALL		LONG_MIN	/* the choice fell on nothing */

/* Let through, refused, or wrong: by what a call returned. */
static void count(struct worker *self, enum op op, long ret)
{
	static const int allowed[] = { EAGAIN, EINTR, EBUSY, EMSGSIZE, ESPIPE };
	struct slot *slot = self->slot;
	int error = errno;
	size_t i;

	if (ret >= 0) {
		slot->calls++;
		return;
	}
	if (error == ENXIO || (error == ENOENT && op == OP_OPEN)) {
		slot->refused++;
		return;
	}
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (error == allowed[i]) {
			slot->calls++;
			return;
		}
	}
	slot->unexpected++;
	slot->last_error = error;
	slot->last_op = op;
}

/* One in two sleeps until there is a message, or no device; if this thread may sleep. */
static long op_read(struct worker *self)
{
	char text[2][REFCDEV_FIFO_MESSAGE_MAX];
	struct iovec iov[2] = { { text[0], sizeof(text[0]) }, { text[1], sizeof(text[1]) } };
	struct process *process = self->process;

	switch (draw(self, self->may_sleep ? 4 : 2)) {
	case 0:
		return readv(process->nonblock_fd, iov, 2);
	case 1:
		return preadv2(process->nonblock_fd, iov, 1, -1, 0);
	default:
		return read(process->fd, text[0], sizeof(text[0]));
	}
}

/*
 * Begin a call that writes, or sleeps while there are messages; not while the conductor holds.
 * It sets its flag and then reads ours, we set ours and then read its: one of us sees the other.
 */
static bool begin_passing(struct worker *self)
{
	__atomic_store_n(&self->slot->passing, true, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&shared->hold, __ATOMIC_SEQ_CST))
		return true;
	__atomic_store_n(&self->slot->passing, false, __ATOMIC_RELEASE);
	return false;
}

static long end_passing(struct worker *self, long ret)
{
	__atomic_store_n(&self->slot->passing, false, __ATOMIC_RELEASE);
	return ret;
}

/* One in eight may sleep, as the FIFO is small. */
static long write_message(struct worker *self)
{
	char text[REFCDEV_FIFO_MESSAGE_MAX + 1];
	unsigned int size = draw(self, sizeof(text)) + 1;
	struct iovec iov = { text, size };
	struct process *process = self->process;

	memset(text, 'x', sizeof(text));
	switch (draw(self, 8)) {
	case 0:
		if (!self->may_sleep)
			return NO_CALL;
		return write(process->fd, text, size);
	case 1:
		return writev(process->nonblock_fd, &iov, 1);
	default:
		return write(process->nonblock_fd, text, size);
	}
}

static long op_write(struct worker *self)
{
	return begin_passing(self) ? end_passing(self, write_message(self)) : NO_CALL;
}

static long op_ioctl(struct worker *self)
{
	struct refcdev_fifo_state state;
	uint32_t capacity = draw(self, REFCDEV_FIFO_CAPACITY_MAX) + 1;
	int fd = self->process->fd;

	switch (draw(self, 8)) {
	case 0:
		if (!self->may_sleep || !begin_passing(self))
			return NO_CALL;
		return end_passing(self, ioctl(fd, REFCDEV_FIFO_WAIT_EMPTY));
	case 1:
		return ioctl(fd, REFCDEV_FIFO_FLUSH);
	case 2:
		return ioctl(fd, REFCDEV_FIFO_SET_CAPACITY, &capacity);
	default:
		return ioctl(fd, REFCDEV_FIFO_GET_STATE, &state);
	}
}

/* A poll has no errno: the device gone is an event. */
static long poll_result(int ret, unsigned int events)
{
	if (ret == 1 && events & POLLERR) {
		errno = ENXIO;
		return -1;
	}
	return ret;
}

static long op_poll(struct worker *self)
{
	struct pollfd poller = { .fd = self->process->fd, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN };
	int epoll, ret;

	if (draw(self, 2)) {
		ret = poll(&poller, 1, draw(self, 4) ? 0 : POLL_MS);
		return poll_result(ret, poller.revents);
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return -1;
	ret = epoll_ctl(epoll, EPOLL_CTL_ADD, self->process->fd, &event);
	if (!ret)
		ret = epoll_wait(epoll, &event, 1, draw(self, 4) ? 0 : POLL_MS);
	close(epoll);
	return poll_result(ret, event.events);
}

static long op_open(struct worker *self)
{
	char byte[REFCDEV_FIFO_MESSAGE_MAX];
	int fd = open(options.device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	long ret = fd;

	if (fd < 0)
		return fd;
	if (draw(self, 2))
		ret = read(fd, byte, sizeof(byte));
	close(fd);
	return ret;
}

static long op_mmap(struct worker *self)
{
	const size_t size = REFCDEV_FIFO_CAPACITY_MAX * REFCDEV_FIFO_MESSAGE_MAX;
	volatile char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, self->process->fd, 0);
	long sum = 0;
	size_t i;

	if (map == MAP_FAILED)
		return -1;
	for (i = 0; i < size; i += 64)
		sum += map[i];
	munmap((void *)map, size);
	return sum >= 0 ? 0 : 1;
}

static long op_dup(struct worker *self)
{
	char byte[REFCDEV_FIFO_MESSAGE_MAX];
	int fd = dup(self->process->nonblock_fd);
	long ret;

	if (fd < 0)
		return fd;
	ret = read(fd, byte, sizeof(byte));
	close(fd);
	return ret;
}

/* The child uses the parent's file, and is the last to close it if the parent reopens. */
static long op_fork(struct worker *self)
{
	struct refcdev_fifo_state state;
	pid_t pid;

	if (draw(self, 8))
		return NO_CALL;		/* dear, and by itself of little use */
	pid = fork();
	if (pid == 0) {
		alarm(5);
		ioctl(self->process->fd, REFCDEV_FIFO_GET_STATE, &state);
		_exit(0);
	}
	return pid;
}

/* Off always gets through, on does not. */
static long op_async(struct worker *self)
{
	int fd = self->process->nonblock_fd;
	long ret = fcntl(fd, F_SETFL, O_NONBLOCK | (draw(self, 2) ? O_ASYNC : 0));

	return ret;
}

void run_op(struct worker *self, enum op op)
{
	static long (*const ops[NR_OPS])(struct worker *self) = {
		[OP_READ] = op_read, [OP_WRITE] = op_write, [OP_IOCTL] = op_ioctl,
		[OP_POLL] = op_poll, [OP_OPEN] = op_open, [OP_MMAP] = op_mmap,
		[OP_DUP] = op_dup, [OP_FORK] = op_fork, [OP_ASYNC] = op_async,
	};
	long ret;

	errno = 0;
	ret = ops[op](self);
	if (ret != NO_CALL)
		count(self, op, ret);
}
