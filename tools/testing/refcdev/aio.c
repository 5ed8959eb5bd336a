// SPDX-License-Identifier: GPL-2.0-only
/*
 * aio.c: io_submit(2) and its relatives by their system calls
 */
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "aio.h"
#include "util.h"

int aio_open(struct aio *aio, unsigned int requests)
{
	aio->context = 0;
	return syscall(SYS_io_setup, requests, &aio->context) ? -errno : 0;
}

void aio_close(struct aio *aio)
{
	syscall(SYS_io_destroy, aio->context);
}

static int submit(struct aio *aio, uint64_t tag, int op, int fd, const void *buffer, size_t size,
		  int64_t position)
{
	struct iocb iocb = {
		.aio_data = tag,
		.aio_lio_opcode = op,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = size,
		.aio_offset = position,
	};
	struct iocb *iocbs[] = { &iocb };

	return syscall(SYS_io_submit, aio->context, 1, iocbs) == 1 ? 0 : -errno;
}

int aio_read(struct aio *aio, uint64_t tag, int fd, void *buffer, size_t size, int64_t position)
{
	return submit(aio, tag, IOCB_CMD_PREAD, fd, buffer, size, position);
}

int aio_write(struct aio *aio, uint64_t tag, int fd, const void *buffer, size_t size,
	      int64_t position)
{
	return submit(aio, tag, IOCB_CMD_PWRITE, fd, buffer, size, position);
}

int aio_poll(struct aio *aio, uint64_t tag, int fd, unsigned int events)
{
	/* The kernel wants the events where other commands have the address. */
	return submit(aio, tag, IOCB_CMD_POLL, fd, (void *)(uintptr_t)events, 0, 0);
}

int aio_wait(struct aio *aio, struct aio_result *result, uint64_t limit_ns)
{
	uint64_t end = now_ns() + limit_ns;
	struct io_event event;
	long ret;

	do {
		uint64_t now = now_ns(), left = end > now ? end - now : 0;
		struct timespec limit = { left / SECOND, left % SECOND };

		ret = syscall(SYS_io_getevents, aio->context, 1, 1, &event, &limit);
	} while (ret < 0 && errno == EINTR);
	if (ret < 1)
		return ret ? -errno : -ETIME;
	result->tag = event.data;
	result->res = event.res;
	return 0;
}
