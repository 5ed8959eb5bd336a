/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticker_io.h: a read or a write of the ticker sample that waits, and what it keeps of its
 * submitter until then
 */
#ifndef _REFCDEV_SAMPLES_TICKER_IO_H
#define _REFCDEV_SAMPLES_TICKER_IO_H

#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "ticker_queue.h"

/* An open file: the newest tick it has read, and the next that it is to be polled for. */
struct ticker_file {
	atomic64_t seen;
	u64 alarm;			/* under the queue's lock */
};

struct ticker_io {
	struct ticker_wait wait;
	struct kiocb *iocb;
	/* of a read */
	struct iov_iter to;
	const void *segments;
	struct mm_struct *mm;
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

/*
 * In the memory of the submitter, if that is still there: neither a ring nor its requests
 * keep it. mmput() would not do: it may be the last, and wait for all aio of that memory,
 * which only our own caller can complete.
 */
static inline ssize_t ticker_give_later(struct ticker_io *io, u64 now)
{
	ssize_t ret;

	if (!io->mm)
		return ticker_give(io->iocb, &io->to, now);
	if (!mmget_not_zero(io->mm)) {
		atomic_inc(&ticker_stats.orphans);
		return -EFAULT;
	}
	kthread_use_mm(io->mm);
	ret = ticker_give(io->iocb, &io->to, now);
	kthread_unuse_mm(io->mm);
	mmput_async(io->mm);
	return ret;
}

static inline void ticker_free_io(struct ticker_io *io)
{
	if (io->mm)
		mmdrop(io->mm);
	kfree(io->segments);
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

/* The iterator is the caller's, and its segments may be on his stack. */
static inline int ticker_keep_iter(struct ticker_io *io, struct iov_iter *to, gfp_t gfp)
{
	io->segments = dup_iter(&io->to, to, gfp);
	if (!io->segments && !iter_is_ubuf(to))
		return -ENOMEM;
	if (user_backed_iter(to)) {
		io->mm = current->mm;
		mmgrab(io->mm);
	}
	return 0;
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
	if (to && ticker_keep_iter(io, to, gfp)) {
		ticker_free_io(io);
		return NULL;
	}
	return io;
}

#endif /* _REFCDEV_SAMPLES_TICKER_IO_H */
