/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticker_io.h: a read or a write of the ticker sample that waits, and what it keeps of its
 * submitter until then
 */
#ifndef _REFCDEV_SAMPLES_TICKER_IO_H
#define _REFCDEV_SAMPLES_TICKER_IO_H

#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "sample_iter.h"
#include "ticker_queue.h"

/* An open file: the newest tick it has read, and the next that it is to be polled for. */
struct ticker_file {
	atomic64_t seen;
	u64 alarm;			/* under the queue's lock */
};

struct ticker_io {
	struct ticker_wait wait;
	struct kiocb *iocb;
	struct sample_iter read;	/* of a read */
};

static inline ssize_t ticker_give(struct kiocb *iocb, struct iov_iter *to, u64 now)
{
	struct ticker_file *self = iocb->ki_filp->private_data;

	if (copy_to_iter(&now, sizeof(now), to) != sizeof(now))
		return -EFAULT;
	atomic64_set(&self->seen, now);
	iocb->ki_pos += sizeof(now);
	return sizeof(now);
}

static inline ssize_t ticker_give_later(struct ticker_io *io, u64 now)
{
	ssize_t ret;

	if (!sample_iter_enter(&io->read)) {
		atomic_inc(&ticker_stats.orphans);
		return -EFAULT;
	}
	ret = ticker_give(io->iocb, &io->read.to, now);
	sample_iter_leave(&io->read);
	return ret;
}

static inline void ticker_free_io(struct ticker_io *io)
{
	sample_iter_drop(&io->read);
	kfree(io);
}

/* After ki_complete() there is no request any more, and maybe no file. */
static void ticker_read_done(struct ticker_wait *wait, int error, u64 now)
{
	struct ticker_io *io = container_of(wait, struct ticker_io, wait);
	struct kiocb *iocb = io->iocb;
	ssize_t ret = error ?: ticker_give_later(io, now);

	ticker_free_io(io);
	iocb->ki_complete(iocb, ret);
}

static void ticker_write_done(struct ticker_wait *wait, int error, u64 now)
{
	struct ticker_io *io = container_of(wait, struct ticker_io, wait);
	struct kiocb *iocb = io->iocb;

	ticker_free_io(io);
	if (!error)
		iocb->ki_pos += sizeof(now);
	iocb->ki_complete(iocb, error ?: sizeof(now));
}

/* NULL if there is no memory. @to: of a read. */
static inline struct ticker_io *ticker_new_io(struct kiocb *iocb, struct iov_iter *to, u64 tick)
{
	gfp_t gfp = iocb->ki_flags & IOCB_NOWAIT ? GFP_NOWAIT | __GFP_NOWARN : GFP_KERNEL;
	struct ticker_io *io = kzalloc(sizeof(*io), gfp);

	if (!io)
		return NULL;
	io->iocb = iocb;
	io->wait.tick = tick;
	io->wait.done = to ? ticker_read_done : ticker_write_done;
	if (to && sample_iter_keep(&io->read, to, gfp)) {
		ticker_free_io(io);
		return NULL;
	}
	return io;
}

#endif /* _REFCDEV_SAMPLES_TICKER_IO_H */
