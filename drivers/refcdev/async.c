// SPDX-License-Identifier: GPL-2.0-only
/*
 * async.c: calls that may return before they are done: read_iter, write_iter, uring_cmd
 *
 * Such a call is two things inside the gate. The call itself enters and exits like any
 * other. The request that it may leave behind has a count of its own, taken before the
 * driver sees it and given back when it completes: the completion may come first, from
 * another CPU, and must not let the drain believe that the call has returned.
 *
 * Neither holds a reference. Whoever waits for the request keeps the file open until it
 * completes; after that only the count is left, and a disconnect waits for it before it
 * drops the reference of the binding.
 *
 * Requests that come as a kiocb are handed to the driver as a clone, whose completion
 * is ours; the idea is fs/overlayfs/file.c's. Nothing can be put between a driver and
 * the completion of a uring_cmd: the driver calls us instead of io_uring. If it does
 * not, the count stays, and the disconnect says so.
 */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "inode.h"

/*
 * @ref: the submitting call and the completion: the driver may complete a request and
 * look at it once more before its call returns, as it may with any other kiocb.
 */
struct refcdev_async {
	struct kiocb clone;
	struct kiocb *orig;
	enum refcdev_op op;
	refcount_t ref;
};

/*
 * Not for the clone: it is no part of a struct aio_kiocb, where kiocb_set_cancel_fn()
 * would look; and its completion does all there is to do, inside the gate.
 */
#define NOT_CLONED	(IOCB_AIO_RW | IOCB_DIO_CALLER_COMP)

static struct kmem_cache *async_cache;

static void async_put(struct refcdev_async *async)
{
	if (refcount_dec_and_test(&async->ref))
		kmem_cache_free(async_cache, async);
}

/* Called by the driver, in any context that it completes requests in. */
static void async_complete(struct kiocb *clone, long res)
{
	struct refcdev_async *async = container_of(clone, struct refcdev_async, clone);
	struct kiocb *orig = async->orig;
	struct lifetime *life = refcdev_of(orig->ki_filp)->life;
	enum refcdev_op op = async->op;

	orig->ki_pos = clone->ki_pos;
	async_put(async);
	orig->ki_complete(orig, res);
	/* The file may be closed now; the count is what keeps the object. */
	refcdev_delay(async_completed);
	__lifetime_exit(life, op);
}

static struct refcdev_async *async_new(struct kiocb *orig, enum refcdev_op op)
{
	gfp_t gfp = orig->ki_flags & IOCB_NOWAIT ? GFP_NOWAIT | __GFP_NOWARN : GFP_KERNEL;
	struct refcdev_async *async = kmem_cache_alloc(async_cache, gfp);

	if (!async)
		return NULL;
	async->clone = *orig;
	async->clone.ki_complete = async_complete;
	async->clone.ki_flags &= ~NOT_CLONED;
	async->orig = orig;
	async->op = op;
	refcount_set(&async->ref, 2);
	return async;
}

typedef ssize_t iter_fn(struct kiocb *iocb, struct iov_iter *iter);

static noinline ssize_t call_async(struct lifetime *life, enum refcdev_op op, iter_fn *fn,
				   struct kiocb *orig, struct iov_iter *iter)
{
	struct refcdev_async *async = async_new(orig, op);
	ssize_t ret;

	if (!async)
		return orig->ki_flags & IOCB_NOWAIT ? -EAGAIN : -ENOMEM;
	if (!__lifetime_enter(life, op)) {
		refcdev_refused(life, op);
		kmem_cache_free(async_cache, async);
		return LIFETIME_GONE;
	}
	ret = fn(&async->clone, iter);
	if (ret != -EIOCBQUEUED) {
		orig->ki_pos = async->clone.ki_pos;
		__lifetime_exit(life, op);
		async_put(async);
	}
	async_put(async);
	return ret;
}

#define ASYNC_ITER_PROXY(member)						\
ssize_t refcdev_##member(struct kiocb *iocb, struct iov_iter *iter)		\
{										\
	struct refcdev *cdev = refcdev_of(iocb->ki_filp);			\
	struct lifetime *life = cdev->life;					\
	struct gate_frame frame;						\
	ssize_t ret;								\
										\
	if (!gate_enter(life, REFCDEV_OP_##member, &frame)) {			\
		refcdev_refused(life, REFCDEV_OP_##member);			\
		return LIFETIME_GONE;						\
	}									\
	if (likely(is_sync_kiocb(iocb)))					\
		ret = cdev->fops->member(iocb, iter);				\
	else									\
		ret = call_async(life, REFCDEV_OP_##member, cdev->fops->member,	\
				 iocb, iter);					\
	gate_exit(life, REFCDEV_OP_##member, &frame);				\
	return ret;								\
}

ASYNC_ITER_PROXY(read_iter)
ASYNC_ITER_PROXY(write_iter)

/*
 * The ring goes, or the task, and io_uring asks for the request back: let through as
 * long as somebody is inside, so that the driver hears of it as it would without us.
 * Later there is nothing to cancel.
 */
static int uring_cmd_cancel(struct refcdev *cdev, struct io_uring_cmd *ioucmd,
			    unsigned int issue_flags)
{
	struct lifetime *life = cdev->life;
	struct gate_frame frame;
	int ret;

	if (!gate_enter_draining(life, REFCDEV_OP_uring_cmd, &frame)) {
		refcdev_refused(life, REFCDEV_OP_uring_cmd);
		return LIFETIME_GONE;
	}
	ret = cdev->fops->uring_cmd(ioucmd, issue_flags);
	gate_exit(life, REFCDEV_OP_uring_cmd, &frame);
	return ret;
}

int refcdev_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct refcdev *cdev = refcdev_of(ioucmd->file);
	struct lifetime *life = cdev->life;
	struct gate_frame frame;
	int ret = LIFETIME_GONE;

	if (issue_flags & IO_URING_F_CANCEL)
		return uring_cmd_cancel(cdev, ioucmd, issue_flags);
	if (!gate_enter(life, REFCDEV_OP_uring_cmd, &frame)) {
		refcdev_refused(life, REFCDEV_OP_uring_cmd);
		return LIFETIME_GONE;
	}
	if (__lifetime_enter(life, REFCDEV_OP_uring_cmd)) {
		ret = cdev->fops->uring_cmd(ioucmd, issue_flags);
		if (ret != -EIOCBQUEUED)
			__lifetime_exit(life, REFCDEV_OP_uring_cmd);
	} else {
		refcdev_refused(life, REFCDEV_OP_uring_cmd);
	}
	gate_exit(life, REFCDEV_OP_uring_cmd, &frame);
	return ret;
}

/**
 * refcdev_uring_cmd_done() - complete a command that was queued
 * @ioucmd: the command; the driver's uring_cmd returned -EIOCBQUEUED for it, or is
 *	about to
 * @ret: the result, a count or a negative errno
 * @res2: the second result, for rings with large completions
 * @issue_flags: as io_uring gave them to the caller's function
 *
 * In place of io_uring_cmd_done(), in a driver whose type has %REFCDEV_URING_CMD. Until
 * then the command counts as a call in flight: a disconnect waits for it. So the
 * driver's cancel hook completes what is queued, with -ENXIO.
 *
 * Context: as io_uring_cmd_done(). The caller's own text must be kept by something else
 *	once this has returned: cancel or stop what calls it before its module goes.
 */
void refcdev_uring_cmd_done(struct io_uring_cmd *ioucmd, ssize_t ret, u64 res2,
			    unsigned int issue_flags)
{
	struct lifetime *life = refcdev_of(ioucmd->file)->life;

	uring_cmd_done_compat(ioucmd, ret, res2, issue_flags);
	refcdev_delay(async_completed);
	__lifetime_exit(life, REFCDEV_OP_uring_cmd);
}
EXPORT_SYMBOL_GPL(refcdev_uring_cmd_done);

int __init refcdev_async_init(void)
{
	async_cache = KMEM_CACHE(refcdev_async, 0);
	return async_cache ? 0 : -ENOMEM;
}

void refcdev_async_exit(void)
{
	kmem_cache_destroy(async_cache);
}
