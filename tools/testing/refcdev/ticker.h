/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticker.h: the ticker sample as its tests use it, and every kind of request that can wait
 * there
 */
#ifndef REFCDEV_TEST_TICKER_H
#define REFCDEV_TEST_TICKER_H

#include <linux/refcdev_ticker.h>
#include <stdbool.h>
#include <stdint.h>

#include "aio.h"
#include "harness.h"
#include "uring.h"
#include "util.h"

#define TICKER_DRIVER	"refcdev-ticker"
#define TICKER		"refcdev-ticker.0"
#define TICKER_NODE	"/dev/ticker0"

/* Every case begins with the device bound and new: no tick has come. */
void ticker_setup(void);
int ticker_open(int flags);
void ticker_unbind(void);
void ticker_tick(int fd);
long ticker_counter(const char *counter);

/* Requests that wait in the driver now; -1 if the device is gone. */
int ticker_queued(int fd);

enum request_kind {
	URING_READ, URING_READV, URING_READ_FIXED, URING_WRITE, URING_WRITEV, URING_WRITE_FIXED,
	URING_COMMAND, AIO_READ, AIO_WRITE,
	NR_REQUESTS
};

extern const char *const request_names[NR_REQUESTS];

/* The same for the kernel: those that it has no memory of the submitter for. */
static inline bool request_reads(enum request_kind kind)
{
	return kind <= URING_READ_FIXED || kind == AIO_READ;
}

/* One request of each kind at most at a time; each has a buffer of its own. */
struct requests {
	struct uring ring;
	struct aio aio;
	uint64_t *data;			/* by kind */
	struct iovec segments[8];	/* of the vectored ones */
	bool done[NR_REQUESTS];
	long result[NR_REQUESTS];
	uint64_t res2;
};

/* @flags: of the ring, see uring_open(). */
void requests_open(struct requests *self, unsigned int flags);
void requests_close(struct requests *self);

/* Wait for that tick; a read, for any that is new. */
void request_submit(struct requests *self, enum request_kind kind, int fd, uint64_t tick);

/* False if it does not complete in time, in which case that is a complaint. */
bool request_wait(struct requests *self, enum request_kind kind);

/* Has it completed? Asks, and does not wait. */
bool request_is_done(struct requests *self, enum request_kind kind);

#endif /* REFCDEV_TEST_TICKER_H */
