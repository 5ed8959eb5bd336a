/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample_iter.h: where an asynchronous read is to put its data, kept beyond the call
 *
 * The iterator is the caller's, with segments on his stack perhaps, and its addresses are of the
 * submitter's memory. Neither a ring nor its requests keep that memory; so it is looked for when
 * the data is there, and may be gone.
 */
#ifndef _REFCDEV_SAMPLES_SAMPLE_ITER_H
#define _REFCDEV_SAMPLES_SAMPLE_ITER_H

#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

struct sample_iter {
	struct iov_iter to;
	const void *segments;
	struct mm_struct *mm;		/* NULL: the addresses are the kernel's */
};

/* In the submitter's context. 0, or -ENOMEM. */
static inline int sample_iter_keep(struct sample_iter *self, struct iov_iter *to, gfp_t gfp)
{
	self->mm = NULL;
	self->segments = dup_iter(&self->to, to, gfp);
	if (!self->segments && !iter_is_ubuf(to))
		return -ENOMEM;
	if (user_backed_iter(to)) {
		self->mm = current->mm;
		mmgrab(self->mm);
	}
	return 0;
}

/* In a kernel thread: until sample_iter_leave() the addresses mean what they did. */
static inline bool __must_check sample_iter_enter(struct sample_iter *self)
{
	if (self->mm && !mmget_not_zero(self->mm))
		return false;
	if (self->mm)
		kthread_use_mm(self->mm);
	return true;
}

/*
 * mmput() would not do: it may be the last, and wait for all aio of that memory, which only our
 * own caller can complete.
 */
static inline void sample_iter_leave(struct sample_iter *self)
{
	if (!self->mm)
		return;
	kthread_unuse_mm(self->mm);
	mmput_async(self->mm);
}

static inline void sample_iter_drop(struct sample_iter *self)
{
	if (self->mm)
		mmdrop(self->mm);
	kfree(self->segments);
}

#endif /* _REFCDEV_SAMPLES_SAMPLE_ITER_H */
