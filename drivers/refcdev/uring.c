// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring.c: uring_cmd, which may return before the command is done
 *
 * Nothing can be put between a driver and the completion of a command: the driver calls
 * us instead of io_uring. If it does not, the command stays counted, and the disconnect
 * that waits for it says so.
 *
 * As in async.c there is one count for the call that submits a command and for the
 * command. The call hands it over when it returns and has queued the command; if that
 * has completed by then, it keeps it. Whether it has cannot be written into the command,
 * which is io_uring's and the driver's, and is gone once it has completed. So commands
 * whose call has not returned yet are in a table here, where a completion looks.
 */

#include <linux/export.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "inode.h"
#include "lifetime.h"

/* On the stack of the call. */
struct submission {
	struct hlist_node node;
	struct io_uring_cmd *ioucmd;	/* as a name only */
	bool completed;
};

/* Neither rings nor devices are to share a lock more than by accident. */
#define TABLE_BITS	6

static struct {
	raw_spinlock_t lock;
	struct hlist_head submissions;
} ____cacheline_aligned_in_smp table[1 << TABLE_BITS];

#define bucket_of(ioucmd)	(&table[hash_ptr(ioucmd, TABLE_BITS)])

static void submission_begin(struct submission *self, struct io_uring_cmd *ioucmd)
{
	unsigned long flags;

	self->ioucmd = ioucmd;
	self->completed = false;
	raw_spin_lock_irqsave(&bucket_of(ioucmd)->lock, flags);
	hlist_add_head(&self->node, &bucket_of(ioucmd)->submissions);
	raw_spin_unlock_irqrestore(&bucket_of(ioucmd)->lock, flags);
}

/*
 * The call has returned. If the command goes on, it is left the call's count under the
 * lock: once a completion gets past that, the object may be gone. If there is none to be
 * left, as the call has unbound its own device, the object is leaked; so the exit too
 * many, which will come, does no harm.
 *
 * Returns true if the command goes on; else the call is still inside.
 */
static bool submission_end(struct submission *self, struct lifetime *life,
			   struct gate_frame *frame, bool queued)
{
	bool goes_on, counted = true;
	unsigned long flags;

	raw_spin_lock_irqsave(&bucket_of(self->ioucmd)->lock, flags);
	hlist_del(&self->node);
	goes_on = queued && !self->completed;
	if (goes_on)
		counted = gate_hand_over(life, frame);
	if (!counted)
		lifetime_get_bare(life, HOLDER_leaked);
	raw_spin_unlock_irqrestore(&bucket_of(self->ioucmd)->lock, flags);
	if (counted)
		return goes_on;
	/* It does not keep the driver's module, which the dump reads. */
	lifetime_dump_remove(life);
	WARN_ONCE(1, "refcdev: %s: a command was queued by a call that unbound the device\n",
		  life->name);
	return goes_on;
}

/*
 * If the call has not returned, it will give its count back without waiting for us; so
 * the completion gets one of its own. The call is still inside, hence that succeeds, but
 * for a call that has unbound its own device: nobody waits for that one, nor for us.
 * Returns true if there is a count to be given back.
 */
static bool submission_complete(struct io_uring_cmd *ioucmd, struct lifetime *life)
{
	struct submission *self;
	unsigned long flags;
	bool counted = true;

	raw_spin_lock_irqsave(&bucket_of(ioucmd)->lock, flags);
	hlist_for_each_entry(self, &bucket_of(ioucmd)->submissions, node) {
		if (self->ioucmd != ioucmd || self->completed)
			continue;
		self->completed = true;
		counted = __lifetime_enter(life, REFCDEV_OP_uring_cmd) ||
			  gate_enter_late(life, REFCDEV_OP_uring_cmd);
		break;
	}
	raw_spin_unlock_irqrestore(&bucket_of(ioucmd)->lock, flags);
	return counted;
}

static int submit(struct refcdev *cdev, struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct lifetime *life = cdev->life;
	struct submission submission;
	struct gate_frame frame __uninitialized;
	int ret;

	if (!gate_enter(life, REFCDEV_OP_uring_cmd, &frame)) {
		refcdev_refused(life, REFCDEV_OP_uring_cmd);
		return LIFETIME_GONE;
	}
	submission_begin(&submission, ioucmd);
	ret = cdev->fops->uring_cmd(ioucmd, issue_flags);
	if (!submission_end(&submission, life, &frame, ret == -EIOCBQUEUED))
		gate_exit(life, REFCDEV_OP_uring_cmd, &frame);
	return ret;
}

/*
 * The ring goes, or the task, and io_uring asks for the command back: let through as
 * long as somebody is inside, so that the driver hears of it as it would without us.
 * Later there is nothing to cancel.
 */
static int cancel(struct refcdev *cdev, struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct lifetime *life = cdev->life;
	struct gate_frame frame __uninitialized;
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

	if (issue_flags & IO_URING_F_CANCEL)
		return cancel(cdev, ioucmd, issue_flags);
	return submit(cdev, ioucmd, issue_flags);
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
 * Do not leave the completion to task work of the submitter, where the cancel hook has to
 * end the command: a submitter that is stopped, or whose ring is never entered again, would
 * hold up the disconnect for as long as it likes.
 *
 * Context: as io_uring_cmd_done(). For a command that was marked cancelable that takes the
 *	ring's lock, unless @issue_flags say that it is held: so a uring_cmd that may
 *	disconnect its own device returns -EAGAIN first where IO_URING_F_NONBLOCK is set,
 *	and is called again without that lock. The caller's own text must be kept by
 *	something else once this has returned: cancel or stop what calls it before its
 *	module goes.
 */
void refcdev_uring_cmd_done(struct io_uring_cmd *ioucmd, ssize_t ret, u64 res2,
			    unsigned int issue_flags)
{
	struct lifetime *life = refcdev_of(ioucmd->file)->life;
	bool counted = submission_complete(ioucmd, life);

	uring_cmd_done_compat(ioucmd, ret, res2, issue_flags);
	refcdev_delay(async_completed);
	/* The file may be closed now; the count is what keeps the object. */
	if (counted)
		__lifetime_exit(life, REFCDEV_OP_uring_cmd);
}
EXPORT_SYMBOL_GPL(refcdev_uring_cmd_done);

void __init refcdev_init_uring(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		raw_spin_lock_init(&table[i].lock);
}
