// SPDX-License-Identifier: GPL-2.0-only
/*
 * ticker.c: the ticker sample as its tests use it, and every kind of request that can wait
 * there
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ticker.h"

#define REQUEST_LIMIT	(10 * SECOND)

const char *const request_names[NR_REQUESTS] = {
	[URING_READ] = "io_uring read",
	[URING_READV] = "io_uring readv",
	[URING_READ_FIXED] = "io_uring read, fixed buffer",
	[URING_WRITE] = "io_uring write",
	[URING_WRITEV] = "io_uring writev",
	[URING_WRITE_FIXED] = "io_uring write, fixed buffer",
	[URING_COMMAND] = "io_uring command",
	[AIO_READ] = "aio read",
	[AIO_WRITE] = "aio write",
};

void ticker_setup(void)
{
	driver_unbind(TICKER_DRIVER, TICKER);
	require(driver_bind(TICKER_DRIVER, TICKER) == 0);
}

int ticker_open(int flags)
{
	int fd = open(TICKER_NODE, O_RDWR | flags);

	require(fd >= 0);
	return fd;
}

void ticker_unbind(void)
{
	require(driver_unbind(TICKER_DRIVER, TICKER) == 0);
}

void ticker_tick(int fd)
{
	require(ioctl(fd, REFCDEV_TICKER_TICK) == 0);
}

long ticker_counter(const char *counter)
{
	long count = driver_count(TICKER_DRIVER, counter);

	require(count >= 0);
	return count;
}

int ticker_queued(int fd)
{
	struct refcdev_ticker_state state;

	return ioctl(fd, REFCDEV_TICKER_GET_STATE, &state) ? -1 : (int)state.queued;
}

void requests_open(struct requests *self, unsigned int flags)
{
	struct iovec fixed;

	memset(self, 0, sizeof(*self));
	/* A page of its own, and not of a heap that is written to otherwise. */
	self->data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(self->data != MAP_FAILED);
	fixed.iov_base = self->data;
	fixed.iov_len = 4096;
	require(uring_open(&self->ring, 2 * NR_REQUESTS, flags) == 0);
	require(uring_register_buffers(&self->ring, &fixed, 1) == 0);
	require(aio_open(&self->aio, 2 * NR_REQUESTS) == 0);
}

void requests_close(struct requests *self)
{
	uring_close(&self->ring);
	aio_close(&self->aio);
	munmap(self->data, 4096);
}

/* Eight segments of a byte each, which do not last beyond the submission. */
static void submit_vector(struct requests *self, enum request_kind kind, int fd)
{
	int i;

	for (i = 0; i < 8; i++) {
		self->segments[i].iov_base = (char *)&self->data[kind] + i;
		self->segments[i].iov_len = 1;
	}
	if (kind == URING_READV)
		uring_readv(&self->ring, kind, fd, self->segments, 8, -1);
	else
		uring_writev(&self->ring, kind, fd, self->segments, 8, -1);
	require(uring_submit(&self->ring) == 1);
	memset(self->segments, 0, sizeof(self->segments));
}

void request_submit(struct requests *self, enum request_kind kind, int fd, uint64_t tick)
{
	uint64_t *data = &self->data[kind];

	self->done[kind] = false;
	*data = request_reads(kind) ? 0 : tick;
	switch (kind) {
	case URING_READ:
		uring_read(&self->ring, kind, fd, data, 8, -1);
		break;
	case URING_WRITE:
		uring_write(&self->ring, kind, fd, data, 8, -1);
		break;
	case URING_READ_FIXED:
		uring_read_fixed(&self->ring, kind, fd, data, 8, -1, 0);
		break;
	case URING_WRITE_FIXED:
		uring_write_fixed(&self->ring, kind, fd, data, 8, -1, 0);
		break;
	case URING_COMMAND:
		uring_command(&self->ring, kind, fd, REFCDEV_TICKER_URING_WAIT, data, 8);
		break;
	case AIO_READ:
		require(aio_read(&self->aio, kind, fd, data, 8, 0) == 0);
		return;
	case AIO_WRITE:
		require(aio_write(&self->aio, kind, fd, data, 8, 0) == 0);
		return;
	default:
		submit_vector(self, kind, fd);
		return;
	}
	require(uring_submit(&self->ring) == 1);
}

static void note_result(struct requests *self, uint64_t tag, long result)
{
	/* Tags beyond are the business of the case that made them. */
	if (tag >= NR_REQUESTS)
		return;
	if (self->done[tag])
		complain("%s completed twice", request_names[tag]);
	self->done[tag] = true;
	self->result[tag] = result;
}

static int take_result(struct requests *self, enum request_kind kind, uint64_t limit_ns)
{
	struct uring_result uring;
	struct aio_result aio;
	int ret;

	if (kind >= AIO_READ) {
		ret = aio_wait(&self->aio, &aio, limit_ns);
		if (!ret)
			note_result(self, aio.tag, aio.res);
		return ret;
	}
	ret = uring_wait(&self->ring, &uring, limit_ns);
	if (ret)
		return ret;
	note_result(self, uring.tag, uring.res);
	if (uring.tag == URING_COMMAND)
		self->res2 = uring.res2;
	return 0;
}

bool request_wait(struct requests *self, enum request_kind kind)
{
	uint64_t end = now_ns() + REQUEST_LIMIT;
	int ret = 0;

	while (!self->done[kind] && !ret) {
		uint64_t now = now_ns();

		ret = take_result(self, kind, end > now ? end - now : 0);
	}
	if (ret)
		complain("%s: no result: %s", request_names[kind], strerror(-ret));
	return !ret;
}

bool request_is_done(struct requests *self, enum request_kind kind)
{
	while (!self->done[kind] && !take_result(self, kind, 0))
		;
	return self->done[kind];
}
