// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_calls.c: every way to ask the edu sample for a transfer, each as one call that waits for
 * the result
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "edu.h"
#include "edu_calls.h"
#include "uring.h"

#define LIMIT	(20 * SECOND)

static ssize_t or_errno(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

static ssize_t call_read(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	return or_errno(lseek(fd, at, SEEK_SET) < 0 ? -1 : read(fd, bytes, size));
}

static ssize_t call_write(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	return or_errno(lseek(fd, at, SEEK_SET) < 0 ? -1 : write(fd, bytes, size));
}

static ssize_t call_pread(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	return or_errno(pread(fd, bytes, size, at));
}

static ssize_t call_pwrite(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	return or_errno(pwrite(fd, bytes, size, at));
}

/* Two segments, neither of them aligned. */
static ssize_t call_preadv(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	const struct iovec iov[] = { { bytes, size / 3 }, { bytes + size / 3, size - size / 3 } };

	return or_errno(preadv(fd, iov, 2, at));
}

static ssize_t call_pwritev(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	const struct iovec iov[] = { { bytes, size / 3 }, { bytes + size / 3, size - size / 3 } };

	return or_errno(pwritev(fd, iov, 2, at));
}

static ssize_t uring_call(struct io_uring_sqe *(*queue)(struct uring *ring, int fd, uint8_t *bytes,
							size_t size, int64_t at),
			  int fd, uint8_t *bytes, size_t size, int64_t at)
{
	struct uring_result result;
	struct uring ring;
	ssize_t ret;

	ret = uring_open(&ring, 4, 0);
	if (ret)
		return ret;
	queue(&ring, fd, bytes, size, at);
	require(uring_submit(&ring) == 1);
	ret = uring_wait(&ring, &result, LIMIT);
	uring_close(&ring);
	return ret ?: result.res;
}

static struct io_uring_sqe *queue_read(struct uring *ring, int fd, uint8_t *bytes, size_t size,
				       int64_t at)
{
	return uring_read(ring, 1, fd, bytes, size, at);
}

static struct io_uring_sqe *queue_write(struct uring *ring, int fd, uint8_t *bytes, size_t size,
					int64_t at)
{
	return uring_write(ring, 1, fd, bytes, size, at);
}

ssize_t edu_uring_read(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	return uring_call(queue_read, fd, bytes, size, at);
}

ssize_t edu_uring_write(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	return uring_call(queue_write, fd, bytes, size, at);
}

/* Started, then taken when it is there. */
static ssize_t read_ahead(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	const struct iovec iov = { bytes, size };
	ssize_t ret = preadv2(fd, &iov, 1, at, RWF_NOWAIT);

	if (ret >= 0 || errno != EAGAIN)
		return or_errno(ret);
	if (poll(&poller, 1, LIMIT / MS) != 1)
		return -ETIME;
	return or_errno(preadv2(fd, &iov, 1, at, RWF_NOWAIT));
}

/* Accepted, and its outcome asked for. */
ssize_t edu_posted_write(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	const struct iovec iov = { bytes, size };
	ssize_t ret = or_errno(pwritev2(fd, &iov, 1, at, RWF_NOWAIT));

	return ret > 0 && fsync(fd) ? -errno : ret;
}

/* What a pipe has room for comes from the kernel's own memory. */
static ssize_t splice_in(int fd, uint8_t *bytes, size_t size, int64_t at)
{
	ssize_t ret = -EPIPE, in;
	loff_t position = at;
	int ends[2];

	require(pipe(ends) == 0);
	require(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	in = write(ends[1], bytes, size < 65536 ? size : 65536);
	if (in > 0 || !size)
		ret = or_errno(splice(ends[0], NULL, fd, &position, size, 0));
	close(ends[0]);
	close(ends[1]);
	return ret;
}

const struct edu_way edu_ways[] = {
	{ "read", false, true, call_read },
	{ "pread", false, false, call_pread },
	{ "preadv", false, false, call_preadv },
	{ "io_uring read", false, false, edu_uring_read },
	{ "RWF_NOWAIT read", false, false, read_ahead },
	{ "write", true, true, call_write },
	{ "pwrite", true, false, call_pwrite },
	{ "pwritev", true, false, call_pwritev },
	{ "io_uring write", true, false, edu_uring_write },
	{ "RWF_NOWAIT write, fsync", true, false, edu_posted_write },
	{ "splice", true, false, splice_in },
};

const size_t nr_edu_ways = sizeof(edu_ways) / sizeof(edu_ways[0]);

bool edu_works(int fd, uint32_t seed)
{
	uint8_t out[300], in[300] = "";

	edu_fill(out, sizeof(out), seed);
	return pwrite(fd, out, sizeof(out), 1001) == sizeof(out) &&
	       pread(fd, in, sizeof(in), 1001) == sizeof(in) &&
	       edu_same(in, out, sizeof(in), "read back");
}
