// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_io.c: read and write, in the three ways that a caller may want them
 *
 * Waiting: the transfer is the caller's, see edu_transfer(). Not waiting: it is the open file's,
 * which may be closed before it is done, and keeps what is to be told of it. Asynchronous: it
 * is the request's, which the core counts as in flight until it is completed.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "edu.h"

struct edu_file *edu_new_file(void)
{
	struct edu_file *self = kzalloc(sizeof(*self), GFP_KERNEL);

	if (!self)
		return NULL;
	kref_init(&self->ref);
	spin_lock_init(&self->lock);
	return self;
}

static void edu_free_file(struct kref *ref)
{
	kfree(container_of(ref, struct edu_file, ref));
}

void edu_close_file(struct edu_file *self)
{
	kref_put(&self->ref, edu_free_file);
}

static bool edu_must_not_wait(const struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
}

/* For a range of the device's memory, and not submitted. */
static struct edu_transfer *edu_new_io(struct edu *edu, const struct kiocb *iocb, u32 bytes,
				       bool from_device)
{
	struct edu_transfer *transfer = edu_get_transfer(edu, !edu_must_not_wait(iocb));

	if (IS_ERR(transfer))
		return transfer;
	transfer->from_device = from_device;
	transfer->offset = iocb->ki_pos;
	transfer->bytes = bytes;
	return transfer;
}

static void edu_written(struct edu_transfer *transfer, int error)
{
	struct kiocb *iocb = transfer->iocb;
	ssize_t ret = error ?: (ssize_t)transfer->bytes;

	edu_put_transfer(transfer);
	if (ret > 0)
		iocb->ki_pos += ret;
	iocb->ki_complete(iocb, ret);
}

static void edu_posted(struct edu_transfer *transfer, int error)
{
	struct edu_file *self = transfer->file;

	if (error)
		atomic_cmpxchg(&self->error, 0, error);
	/* Ordered: who finds that it has ended finds the error. edu_put_transfer() wakes him. */
	atomic_inc_return(&self->ended);
	edu_put_transfer(transfer);
	edu_close_file(self);
}

static ssize_t edu_post(struct edu_file *self, struct edu_transfer *transfer)
{
	struct edu *edu = transfer->edu;
	u32 bytes = transfer->bytes;
	int ret;

	transfer->file = self;
	transfer->done = edu_posted;
	kref_get(&self->ref);
	atomic_inc(&self->posted);
	ret = edu_submit(transfer);
	if (!ret)
		return bytes;
	/* Whoever has seen it above waits for it. */
	atomic_inc(&self->ended);
	wake_up_all(&edu->events);
	edu_close_file(self);
	return ret;
}

static ssize_t edu_write(struct kiocb *iocb, struct edu_transfer *transfer)
{
	u32 bytes = transfer->bytes;
	int ret;

	if (!is_sync_kiocb(iocb)) {
		transfer->iocb = iocb;
		transfer->done = edu_written;
		return edu_submit(transfer) ?: -EIOCBQUEUED;
	}
	if (edu_must_not_wait(iocb))
		return edu_post(iocb->ki_filp->private_data, transfer);
	ret = edu_transfer(transfer);
	if (ret)
		return ret;
	edu_put_transfer(transfer);
	return bytes;
}

ssize_t edu_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct edu *edu = edu_of(iocb->ki_filp);
	struct edu_transfer *transfer;
	ssize_t ret;
	u32 bytes;

	if (!iov_iter_count(from))
		return 0;
	if (iocb->ki_pos >= REFCDEV_EDU_BYTES)
		return -ENOSPC;
	bytes = min_t(size_t, iov_iter_count(from), REFCDEV_EDU_BYTES - iocb->ki_pos);
	transfer = edu_new_io(edu, iocb, bytes, false);
	if (IS_ERR(transfer))
		return PTR_ERR(transfer);
	if (copy_from_iter(transfer->buffer, bytes, from) != bytes) {
		edu_put_transfer(transfer);
		return -EFAULT;
	}
	ret = edu_write(iocb, transfer);
	if (ret > 0)
		iocb->ki_pos += ret;
	return ret;
}

/* In the work: it may sleep for as long as the submitter's memory lets it. */
static void edu_give(struct work_struct *work)
{
	struct edu_transfer *transfer = container_of(work, struct edu_transfer, work);
	struct kiocb *iocb = transfer->iocb;
	ssize_t ret = -EFAULT;

	if (sample_iter_enter(&transfer->read)) {
		ret = copy_to_iter(transfer->buffer, transfer->bytes, &transfer->read.to);
		ret = ret ?: -EFAULT;
		sample_iter_leave(&transfer->read);
	} else {
		atomic_inc(&edu_stats.orphans);
	}
	sample_iter_drop(&transfer->read);
	edu_put_transfer(transfer);
	if (ret > 0)
		iocb->ki_pos += ret;
	iocb->ki_complete(iocb, ret);
}

static void edu_was_read(struct edu_transfer *transfer, int error)
{
	struct kiocb *iocb = transfer->iocb;

	if (!error) {
		queue_work(transfer->edu->workqueue, &transfer->work);
		return;
	}
	sample_iter_drop(&transfer->read);
	edu_put_transfer(transfer);
	iocb->ki_complete(iocb, error);
}

static ssize_t edu_read_later(struct kiocb *iocb, struct iov_iter *to,
			      struct edu_transfer *transfer)
{
	gfp_t gfp = iocb->ki_flags & IOCB_NOWAIT ? GFP_NOWAIT | __GFP_NOWARN : GFP_KERNEL;
	struct sample_iter read;
	int ret;

	transfer->iocb = iocb;
	transfer->done = edu_was_read;
	INIT_WORK(&transfer->work, edu_give);
	if (sample_iter_keep(&read, to, gfp)) {
		edu_put_transfer(transfer);
		return iocb->ki_flags & IOCB_NOWAIT ? -EAGAIN : -ENOMEM;
	}
	transfer->read = read;
	ret = edu_submit(transfer);
	if (!ret)
		return -EIOCBQUEUED;
	sample_iter_drop(&read);
	return ret;
}

static void edu_read_ahead_done(struct edu_transfer *transfer, int error)
{
	struct edu_file *self = transfer->file;

	/* The transfer's alone, until it is ready. */
	if (!error)
		memcpy(self->ahead, transfer->buffer, transfer->bytes);
	spin_lock(&self->lock);
	self->ahead_error = error;
	self->writes = transfer->writes;
	self->state = EDU_AHEAD_READY;
	spin_unlock(&self->lock);
	edu_put_transfer(transfer);
	edu_close_file(self);
}

/* Another read may start; who polls for that does not know it otherwise. */
static void edu_end_ahead(struct edu *edu, struct edu_file *self)
{
	spin_lock(&self->lock);
	self->state = EDU_AHEAD_NONE;
	spin_unlock(&self->lock);
	wake_up_all(&edu->events);
}

static ssize_t edu_start_ahead(struct edu *edu, const struct kiocb *iocb, u32 bytes)
{
	struct edu_file *self = iocb->ki_filp->private_data;
	struct edu_transfer *transfer = edu_new_io(edu, iocb, bytes, true);
	ssize_t ret;

	if (IS_ERR(transfer)) {
		ret = PTR_ERR(transfer);
	} else {
		transfer->file = self;
		transfer->done = edu_read_ahead_done;
		kref_get(&self->ref);
		ret = edu_submit(transfer);
		if (!ret)
			return -EAGAIN;
		edu_close_file(self);
	}
	edu_end_ahead(edu, self);
	return ret;
}

/* Takes what was read ahead, if it is what is asked for and nobody has written since. */
static ssize_t edu_read_ahead(struct edu *edu, struct kiocb *iocb, struct iov_iter *to, u32 bytes)
{
	struct edu_file *self = iocb->ki_filp->private_data;
	enum edu_ahead before;
	ssize_t ret;
	bool fits;

	spin_lock(&self->lock);
	before = self->state;
	fits = before == EDU_AHEAD_READY && self->offset == iocb->ki_pos &&
	       self->bytes == bytes && self->writes == atomic_read(&edu->writes);
	if (fits) {
		self->state = EDU_AHEAD_TAKEN;
	} else if (before == EDU_AHEAD_NONE || before == EDU_AHEAD_READY) {
		self->state = EDU_AHEAD_RUNS;
		self->offset = iocb->ki_pos;
		self->bytes = bytes;
	}
	spin_unlock(&self->lock);
	if (!fits)
		return before == EDU_AHEAD_NONE || before == EDU_AHEAD_READY ?
		       edu_start_ahead(edu, iocb, bytes) : -EAGAIN;
	ret = self->ahead_error ?: copy_to_iter(self->ahead, bytes, to) ?: -EFAULT;
	edu_end_ahead(edu, self);
	return ret;
}

ssize_t edu_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct edu *edu = edu_of(iocb->ki_filp);
	struct edu_transfer *transfer;
	ssize_t ret;
	u32 bytes;

	if (!iov_iter_count(to) || iocb->ki_pos >= REFCDEV_EDU_BYTES)
		return 0;
	bytes = min_t(size_t, iov_iter_count(to), REFCDEV_EDU_BYTES - iocb->ki_pos);
	if (is_sync_kiocb(iocb) && edu_must_not_wait(iocb)) {
		ret = edu_read_ahead(edu, iocb, to, bytes);
	} else {
		transfer = edu_new_io(edu, iocb, bytes, true);
		if (IS_ERR(transfer))
			return PTR_ERR(transfer);
		if (!is_sync_kiocb(iocb))
			return edu_read_later(iocb, to, transfer);
		ret = edu_transfer(transfer);
		if (!ret) {
			ret = copy_to_iter(transfer->buffer, bytes, to) ?: -EFAULT;
			edu_put_transfer(transfer);
		}
	}
	if (ret > 0)
		iocb->ki_pos += ret;
	return ret;
}

int edu_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct edu_file *self = file->private_data;
	struct edu *edu = edu_of(file);
	/* Not for those that others post meanwhile: that might have no end. */
	int posted = atomic_read(&self->posted), ret;

	ret = lifetime_wait_event_interruptible(&edu->life, edu->events,
						atomic_read(&self->ended) - posted >= 0);
	return ret ?: atomic_xchg(&self->error, 0);
}

__poll_t edu_poll_io(struct edu *edu, struct edu_file *self)
{
	enum edu_ahead state = READ_ONCE(self->state);
	bool room = edu_has_room(edu);
	__poll_t mask = 0;

	if (room)
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (state == EDU_AHEAD_READY || (state == EDU_AHEAD_NONE && room))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (atomic_read(&self->error))
		mask |= EPOLLERR;
	return mask;
}
