/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * request.h: a driver whose reads and writes do with a request what the case wants, and a
 * submitter that writes down how it completes
 */
#ifndef REFCDEV_KUNIT_REQUEST_H
#define REFCDEV_KUNIT_REQUEST_H

#include <linux/hrtimer.h>
#include <linux/uio.h>

#include "../drivers/refcdev/fops.h"
#include "gadget.h"

#define ASYNC_NODE	"/dev/kunit_async0"
#define POS		40

/* What the driver's operation does with a request. */
enum manner {
	RETURNS,		/* is done with it at once */
	COMPLETES_INSIDE,	/* completes it, looks at it, and returns -EIOCBQUEUED */
	LINGERS,		/* the same, and waits with the return until it may leave */
	QUEUES,			/* leaves it to the case */
	DISCONNECTS,		/* disconnects its own object */
};

/* The driver's side. */
static struct {
	enum manner manner;
	atomic_t calls;
	struct kiocb *got;
	int flags;
	loff_t pos_after;
	struct gadget *gadget;
	struct file *file;
} driver;

/* The submitter's side: a kiocb, and what its completion was told. */
static struct {
	struct kiocb iocb;
	atomic_t completed;
	struct kiocb *told;
	long result;
	loff_t pos;
	bool hard;
	bool closes;		/* the completion waits until it may leave, and closes the file */
	struct hrtimer timer;
	struct crew completers, callers, enders;
	ssize_t returned;
} request;

static inline void finish(struct kiocb *iocb, long result)
{
	iocb->ki_pos += 3;
	iocb->ki_complete(iocb, result);
}

static inline ssize_t do_iter(struct kiocb *iocb)
{
	atomic_inc(&driver.calls);
	driver.got = iocb;
	driver.flags = iocb->ki_flags;
	switch (driver.manner) {
	case RETURNS:
		iocb->ki_pos += 3;
		return 3;
	case COMPLETES_INSIDE:
	case LINGERS:
		finish(iocb, 3);
		driver.pos_after = iocb->ki_pos;
		if (driver.manner == COMPLETES_INSIDE)
			return -EIOCBQUEUED;
		complete(&diary.inside);
		wait_for_completion_timeout(&diary.leave, SOON);
		return -EIOCBQUEUED;
	case QUEUES:
		return -EIOCBQUEUED;
	case DISCONNECTS:
		return lifetime_disconnect(&driver.gadget->life);
	}
	return -EINVAL;
}

static inline ssize_t async_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return do_iter(iocb);
}

static inline ssize_t async_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return do_iter(iocb);
}

static inline int async_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	atomic_inc(&driver.calls);
	return driver.manner == QUEUES ? -EIOCBQUEUED : -ENOTTY;
}

static const struct file_operations async_fops = {
	.owner = THIS_MODULE,
	.open = gadget_open,
	.release = gadget_close,
	.read_iter = async_read_iter,
	.write_iter = async_write_iter,
	.uring_cmd = async_uring_cmd,
};

static struct refcdev_type type = {
	.name = "kunit_async%d",
	.fops = &async_fops,
	.flags = REFCDEV_FIXED_INDEX | REFCDEV_URING_CMD,
	.max_nodes = 2,
};

static inline void completed(struct kiocb *iocb, long result)
{
	request.told = iocb;
	request.result = result;
	request.pos = iocb->ki_pos;
	request.hard = in_hardirq();
	if (request.closes) {
		complete(&diary.inside);
		wait_for_completion_timeout(&diary.leave, SOON);
		close_now(driver.file);
	}
	atomic_inc(&request.completed);
}

static inline int async_init(struct kunit *test)
{
	memset(&driver, 0, sizeof(driver));
	memset(&request, 0, sizeof(request));
	return diary_init(test);
}

static inline void make(struct kunit *test, enum manner manner)
{
	driver.manner = manner;
	driver.gadget = gadget_new_node(test, &type);
	driver.file = open_node(test, ASYNC_NODE);
}

/* Nobody is inside, or this would not return; and the last file takes the object along. */
static inline void unmake(struct kunit *test)
{
	lifetime_end(&driver.gadget->life);
	if (!request.closes)
		close_now(driver.file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static inline ssize_t submit(bool asynchronous, int flags)
{
	struct iov_iter iter = {};

	init_sync_kiocb(&request.iocb, driver.file);
	request.iocb.ki_flags |= flags;
	request.iocb.ki_pos = POS;
	if (asynchronous)
		request.iocb.ki_complete = completed;
	if (flags & IOCB_WRITE)
		return driver.file->f_op->write_iter(&request.iocb, &iter);
	return driver.file->f_op->read_iter(&request.iocb, &iter);
}

static inline void expect_completed(struct kunit *test, long result)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&request.completed), 1);
	KUNIT_EXPECT_PTR_EQ(test, request.told, &request.iocb);
	KUNIT_EXPECT_EQ(test, request.result, result);
	KUNIT_EXPECT_EQ(test, request.pos, POS + 3);
}

#endif /* REFCDEV_KUNIT_REQUEST_H */
