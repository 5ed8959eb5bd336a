// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_async.c: requests of io_uring and aio, left pending while their worker does
 * other things, also when the device goes
 */
#include <errno.h>
#include <unistd.h>

#include "edu_hammer.h"

enum { TAG_WRITE = 1, TAG_READ };

bool async_open(struct async *async)
{
	return uring_open(&async->ring, 8, 0) == 0 && aio_open(&async->aio, 4) == 0;
}

/* What was written is to be read back by a request that begins when that is done. */
static void submit_uring(struct worker *self, struct area *area)
{
	struct async *async = &self->async;
	uint64_t position = area->start + async->range.first;
	struct io_uring_sqe *sqe;

	begin_call(self, KIND_URING_WRITE);
	begin_call(self, KIND_URING_READ);
	sqe = uring_write(&async->ring, TAG_WRITE, self->fd, async->written, async->range.bytes,
			  position);
	sqe->flags |= IOSQE_IO_LINK;
	uring_read(&async->ring, TAG_READ, self->fd, async->found, async->range.bytes, position);
	if (uring_submit(&async->ring) != 2)
		find_wrong(self, &self->slot->odd, "io_uring: not submitted");
	self->slot->since = 0;
	async->pending = ASYNC_URING;
}

static void submit_aio(struct worker *self, struct area *area, bool reads)
{
	struct async *async = &self->async;
	uint64_t position = area->start + async->range.first;
	int ret;

	begin_call(self, reads ? KIND_AIO_READ : KIND_AIO_WRITE);
	if (reads)
		ret = aio_read(&async->aio, TAG_READ, self->fd, async->found,
			       async->range.bytes, position);
	else
		ret = aio_write(&async->aio, TAG_WRITE, self->fd, async->written,
				async->range.bytes, position);
	self->slot->since = 0;
	if (ret)
		find_wrong(self, &self->slot->odd, "aio: not submitted: %d", ret);
	else
		async->pending = reads ? ASYNC_AIO_READ : ASYNC_AIO_WRITE;
}

/* Any result must be all of it; returns whether it is one. */
static bool ended(struct worker *self, enum kind kind, long res)
{
	const struct async *async = &self->async;

	if (res >= 0 && res != async->range.bytes)
		find_wrong(self, &self->slot->odd, "%s: %ld of %u bytes", kinds[kind].name, res,
			   async->range.bytes);
	return end_call(self, kind, res) == async->range.bytes;
}

static void write_ended(struct worker *self, enum kind kind, long res)
{
	if (ended(self, kind, res))
		area_wrote(&self->areas[AREA_ASYNC], self->async.range, self->async.written);
	else
		area_forget(&self->areas[AREA_ASYNC], self->async.range);
}

static void read_ended(struct worker *self, enum kind kind, long res)
{
	if (ended(self, kind, res))
		area_compare(self, &self->areas[AREA_ASYNC], self->async.range,
			     self->async.found, kinds[kind].name);
}

/* The write completes first; where it fails the read was never begun. */
static bool collect_uring(struct worker *self)
{
	struct uring_result result;
	bool written;

	if (uring_wait(&self->async.ring, &result, LIMIT / 2) || result.tag != TAG_WRITE)
		return false;
	written = result.res >= 0;
	write_ended(self, KIND_URING_WRITE, result.res);
	if (uring_wait(&self->async.ring, &result, LIMIT / 2) || result.tag != TAG_READ)
		return false;
	if (!written && result.res == -ECANCELED)
		self->slot->tallies[KIND_URING_READ].again++;
	else
		read_ended(self, KIND_URING_READ, result.res);
	return true;
}

static bool collect_aio(struct worker *self, bool reads)
{
	struct aio_result result;

	if (aio_wait(&self->async.aio, &result, LIMIT / 2))
		return false;
	if (reads)
		read_ended(self, KIND_AIO_READ, result.res);
	else
		write_ended(self, KIND_AIO_WRITE, result.res);
	return true;
}

void collect_async(struct worker *self)
{
	enum async_way way = self->async.pending;
	bool all = true;

	if (way == ASYNC_URING)
		all = collect_uring(self);
	else if (way != ASYNC_NONE)
		all = collect_aio(self, way == ASYNC_AIO_READ);
	if (!all)
		find_wrong(self, &self->slot->odd, "%s: a request did not complete in order",
			   way == ASYNC_URING ? "io_uring" : "aio");
	self->async.pending = ASYNC_NONE;
}

void run_async(struct worker *self)
{
	struct async *async = &self->async;
	struct area *area = &self->areas[AREA_ASYNC];

	if (async->pending != ASYNC_NONE) {
		collect_async(self);
		return;
	}
	async->range = choose_range(self, area);
	edu_fill(async->written, async->range.bytes, below(self, UINT32_MAX));
	switch (below(self, 4)) {
	case 0:
		submit_aio(self, area, true);
		break;
	case 1:
		submit_aio(self, area, false);
		break;
	default:
		submit_uring(self, area);
	}
}
