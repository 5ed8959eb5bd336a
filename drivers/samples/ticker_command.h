/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticker_command.h: an io_uring command of the ticker sample that waits
 */
#ifndef _REFCDEV_SAMPLES_TICKER_COMMAND_H
#define _REFCDEV_SAMPLES_TICKER_COMMAND_H

#include <linux/refcdev.h>

#include "../refcdev/compat.h"
#include "ticker_queue.h"

/*
 * A command has room for its driver in itself, and keeps it until it is completed. Work
 * item and hook run outside of io_uring's locks, as these flags say.
 */
static inline struct io_uring_cmd *ticker_command_of(struct ticker_wait *wait)
{
	return container_of((void *)wait, struct io_uring_cmd, pdu);
}

static inline struct ticker_wait *ticker_wait_of(struct io_uring_cmd *ioucmd)
{
	BUILD_BUG_ON(sizeof(struct ticker_wait) > sizeof(ioucmd->pdu));
	return (struct ticker_wait *)ioucmd->pdu;
}

static inline void ticker_command_done(struct ticker_wait *wait, int error, u64 now)
{
	refcdev_uring_cmd_done(ticker_command_of(wait), error, now, IO_URING_F_UNLOCKED);
}

/*
 * Once it is marked cancelable it has to be completed by a call, so it is, even where it
 * never waits. Marked first: from the moment it is queued it may be completed.
 */
static inline int ticker_command_wait(struct ticker_queue *queue, struct io_uring_cmd *ioucmd,
				      unsigned int issue_flags)
{
	struct ticker_wait *wait = ticker_wait_of(ioucmd);
	int ret;

	INIT_LIST_HEAD(&wait->list);
	wait->tick = READ_ONCE(*(u64 *)uring_cmd_payload(ioucmd));
	wait->done = ticker_command_done;
	io_uring_cmd_mark_cancelable(ioucmd, issue_flags);
	ret = ticker_queue_add(queue, wait);
	if (ret)
		refcdev_uring_cmd_done(ioucmd, ret == -EALREADY ? 0 : ret,
				       ticker_regs_count(queue->regs), issue_flags);
	return -EIOCBQUEUED;
}

/* Its ring goes. If it is not in the queue, somebody is about to complete it. */
static inline int ticker_command_cancel(struct ticker_queue *queue, struct io_uring_cmd *ioucmd,
					unsigned int issue_flags)
{
	if (ticker_queue_take_this(queue, ticker_wait_of(ioucmd))) {
		atomic_inc(&ticker_stats.cancelled);
		refcdev_uring_cmd_done(ioucmd, -ECANCELED, 0, issue_flags);
	}
	return 0;
}

#endif /* _REFCDEV_SAMPLES_TICKER_COMMAND_H */
