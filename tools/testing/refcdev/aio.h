/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * aio.h: io_submit(2) and its relatives by their system calls
 *
 *	struct aio aio;
 *	struct aio_result result;
 *
 *	require(aio_open(&aio, 8) == 0);
 *	require(aio_read(&aio, TAG, fd, buffer, size, 0) == 0);
 *	require(aio_wait(&aio, &result, SECOND) == 0);
 *	expect(result.tag == TAG && result.res == size);
 *	aio_close(&aio);
 */
#ifndef REFCDEV_AIO_H
#define REFCDEV_AIO_H

#include <linux/aio_abi.h>
#include <stddef.h>
#include <stdint.h>

struct aio {
	aio_context_t context;
};

struct aio_result {
	uint64_t tag;
	int64_t res;
};

/* For so many requests at once. 0 or a negative errno; -ENOSYS where there is no aio. */
int aio_open(struct aio *aio, unsigned int requests);

/* Waits until all requests have completed: there may be some that nobody can cancel. */
void aio_close(struct aio *aio);

/* Each submits one request. 0, or what the submission itself failed with, negative. */
int aio_read(struct aio *aio, uint64_t tag, int fd, void *buffer, size_t size, int64_t position);
int aio_write(struct aio *aio, uint64_t tag, int fd, const void *buffer, size_t size,
	      int64_t position);
int aio_poll(struct aio *aio, uint64_t tag, int fd, unsigned int events);

/* Takes the oldest result. 0; -ETIME if there is none in time; or another errno. */
int aio_wait(struct aio *aio, struct aio_result *result, uint64_t limit_ns);

#endif /* REFCDEV_AIO_H */
