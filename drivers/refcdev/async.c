// SPDX-License-Identifier: GPL-2.0-only
/*
 * async.c: read_iter and write_iter, which may return before they are done
 *
 * Who submits a kiocb need not wait for it: the driver may return -EIOCBQUEUED and
 * complete it later, from anywhere. To see that, the driver is handed a clone, whose
 * completion is ours; the idea is fs/overlayfs/file.c's. Requests that somebody waits
 * for, which is what read(2) makes, are passed on as they are.
 *
 * A request that was queued counts as a call in flight until it has completed. There
 * is one count for the call that submits it and for the request: whoever of the two
 * ends last gives it back. The completion may come first, on another CPU, and must not
 * let the drain believe that the call has returned.
 *
 * Neither holds a reference. Whoever waits for the request keeps the file open until it
 * completes. After that only the count is left, and a disconnect waits for it before it
 * drops the reference of the binding.
 */

#include <linux/kernel.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "inode.h"

/*
 * @clone: what the driver gets
 * @orig: what we got
 * @op: as what it is counted
 * @counted: there is a count to be given back; written by the call before it ends
 * @ref: the call that submits it, and its completion. The driver may look at the clone
 *	after it has completed it, until its call returns, as with any kiocb.
 */
struct refcdev_async {
	struct kiocb clone;
	struct kiocb *orig;
	enum refcdev_op op;
	bool counted;
	refcount_t ref;
};

/*
 * Not for the clone: it is no part of a struct aio_kiocb, where kiocb_set_cancel_fn()
 * would look; and its completion does all there is to do, inside the gate.
 */
#define NOT_CLONED	(IOCB_AIO_RW | IOCB_DIO_CALLER_COMP)

static struct kmem_cache *async_cache;

static void async_put(struct refcdev_async *async, struct lifetime *life)
{
	enum refcdev_op op = async->op;
	bool counted;

	if (!refcount_dec_and_test(&async->ref))
		return;
	counted = async->counted;
	kmem_cache_free(async_cache, async);
	if (counted)
		__lifetime_exit(life, op);
}

/* Called by the driver, in any context that it completes requests in. */
static void async_complete(struct kiocb *clone, long res)
{
	struct refcdev_async *async = container_of(clone, struct refcdev_async, clone);
	struct kiocb *orig = async->orig;
	struct lifetime *life = refcdev_of(orig->ki_filp)->life;

	orig->ki_pos = clone->ki_pos;
	orig->ki_complete(orig, res);
	/* The file may be closed now; the count is what keeps the object. */
	refcdev_delay(async_completed);
	async_put(async, life);
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
	/* It would not be completed but retried, by a callback that is not ours. */
	if (async->clone.ki_flags & IOCB_WAITQ) {
		async->clone.ki_flags &= ~IOCB_WAITQ;
		async->clone.ki_flags |= IOCB_NOWAIT;
	}
	async->orig = orig;
	async->op = op;
	async->counted = true;
	refcount_set(&async->ref, 2);
	return async;
}

typedef ssize_t iter_fn(struct kiocb *iocb, struct iov_iter *iter);

/* Inside the gate by @frame, and leaves it. */
static noinline ssize_t call_async(struct lifetime *life, enum refcdev_op op, iter_fn *fn,
				   struct kiocb *orig, struct iov_iter *iter,
				   struct gate_frame *frame)
{
	struct refcdev_async *async = async_new(orig, op);
	ssize_t ret = orig->ki_flags & IOCB_NOWAIT ? -EAGAIN : -ENOMEM;

	if (async) {
		ret = fn(&async->clone, iter);
		if (ret == -EIOCBQUEUED) {
			/* @orig may be gone. Seen by the completion, if that is the last. */
			async->counted = gate_hand_over(life, frame);
			async_put(async, life);
			return ret;
		}
		orig->ki_pos = async->clone.ki_pos;
		kmem_cache_free(async_cache, async);
	}
	gate_exit(life, op, frame);
	return ret;
}

#define ASYNC_PROXY(member)							\
__gate_proxy ssize_t refcdev_##member(struct kiocb *iocb, struct iov_iter *iter)	\
{										\
	const struct refcdev_inode *node = refcdev_inode_of(iocb->ki_filp);	\
	struct lifetime *life = node->life;					\
	struct gate_frame frame __uninitialized;					\
	ssize_t ret;								\
										\
	if (!gate_enter(life, REFCDEV_OP_##member, &frame)) {			\
		refcdev_refused(life, REFCDEV_OP_##member);			\
		return LIFETIME_GONE;						\
	}									\
	if (unlikely(!is_sync_kiocb(iocb)))					\
		return call_async(life, REFCDEV_OP_##member, node->fops->member,	\
				  iocb, iter, &frame);				\
	ret = node->fops->member(iocb, iter);					\
	gate_exit(life, REFCDEV_OP_##member, &frame);				\
	return ret;								\
}

ASYNC_PROXY(read_iter)
ASYNC_PROXY(write_iter)

int __init refcdev_init_async(void)
{
	async_cache = KMEM_CACHE(refcdev_async, 0);
	return async_cache ? 0 : -ENOMEM;
}

void refcdev_exit_async(void)
{
	kmem_cache_destroy(async_cache);
}
