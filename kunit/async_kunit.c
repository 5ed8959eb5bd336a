// SPDX-License-Identifier: GPL-2.0-only
/*
 * async_kunit.c: requests that may be done after their call has returned: what the driver
 * gets in place of the submitter's kiocb, and what the submitter gets back
 */
/* refcdev-test: limit=60 */

#include <linux/sched.h>

#include "request.h"

#define FLAGS	(IOCB_WRITE | IOCB_AIO_RW | IOCB_DIO_CALLER_COMP)

static struct refcdev_type unflagged = {
	.name = "kunit_unflagged",
	.fops = &async_fops,
};

/* The next allocation that may not sleep, by this task, fails. */
static void fail_next_allocation(bool fails)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = fails;
#endif
}

static bool allocation_failed(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return !current->fail_nth;
#else
	return true;
#endif
}

/* Whom somebody waits for is passed on as he is, at no cost. */
static void synchronous_request_is_passed_on(struct kunit *test)
{
	make(test, RETURNS);
	fail_next_allocation(true);
	KUNIT_EXPECT_EQ(test, submit(false, FLAGS | IOCB_NOWAIT), 3);
	if (IS_ENABLED(CONFIG_FAULT_INJECTION))
		KUNIT_EXPECT_FALSE(test, allocation_failed());
	fail_next_allocation(false);
	KUNIT_EXPECT_PTR_EQ(test, driver.got, &request.iocb);
	KUNIT_EXPECT_EQ(test, request.iocb.ki_pos, POS + 3);
	unmake(test);
}

/* Of an asynchronous one the driver gets a copy, less what would lead to the original. */
static void asynchronous_request_is_cloned(struct kunit *test)
{
	int flags;

	make(test, RETURNS);
	KUNIT_EXPECT_EQ(test, submit(true, FLAGS), 3);
	KUNIT_EXPECT_PTR_NE(test, driver.got, &request.iocb);
	KUNIT_EXPECT_EQ(test, driver.flags & (IOCB_AIO_RW | IOCB_DIO_CALLER_COMP), 0);
	flags = request.iocb.ki_flags;
	KUNIT_EXPECT_EQ(test, flags & FLAGS, FLAGS);
	KUNIT_EXPECT_EQ(test, driver.flags, flags & ~(IOCB_AIO_RW | IOCB_DIO_CALLER_COMP));
	KUNIT_EXPECT_EQ(test, request.iocb.ki_pos, POS + 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&request.completed), 0);
	KUNIT_EXPECT_EQ(test, submit(true, 0), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&driver.calls), 2);
	unmake(test);
}

/* A driver may complete before it returns, and look at the request until it does. */
static void completion_before_the_call_returns(struct kunit *test)
{
	make(test, COMPLETES_INSIDE);
	KUNIT_EXPECT_EQ(test, submit(true, 0), -EIOCBQUEUED);
	expect_completed(test, 3);
	KUNIT_EXPECT_EQ(test, driver.pos_after, POS + 3);
	unmake(test);
}

static enum hrtimer_restart finish_by_timer(struct hrtimer *timer)
{
	finish(driver.got, -EIO);
	return HRTIMER_NORESTART;
}

static void completion_in_hard_interrupt(struct kunit *test)
{
	make(test, QUEUES);
	KUNIT_EXPECT_EQ(test, submit(true, IOCB_WRITE), -EIOCBQUEUED);
	hrtimer_setup(&request.timer, finish_by_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&request.timer, 10 * NSEC_PER_MSEC, HRTIMER_MODE_REL_HARD);
	lifetime_end(&driver.gadget->life);
	expect_completed(test, -EIO);
	KUNIT_EXPECT_TRUE(test, request.hard);
	hrtimer_cancel(&request.timer);
	close_now(driver.file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* C2 */
static void dead_device_refuses(struct kunit *test)
{
	struct io_uring_cmd ioucmd = {};

	make(test, RETURNS);
	ioucmd.file = driver.file;
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&driver.gadget->life), 0);
	KUNIT_EXPECT_EQ(test, submit(true, 0), -ENXIO);
	KUNIT_EXPECT_EQ(test, submit(true, IOCB_WRITE), -ENXIO);
	KUNIT_EXPECT_EQ(test, driver.file->f_op->uring_cmd(&ioucmd, 0), -ENXIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&driver.calls), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&request.completed), 0);
	unmake(test);
}

/* Without memory the driver is not called; who must not wait is told to try again. */
static void out_of_memory(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kunit_skip(test, "no CONFIG_FAILSLAB");
	make(test, RETURNS);
	fail_next_allocation(true);
	KUNIT_EXPECT_EQ(test, submit(true, IOCB_NOWAIT), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, allocation_failed());
	fail_next_allocation(false);
	KUNIT_EXPECT_EQ(test, atomic_read(&driver.calls), 0);
	KUNIT_EXPECT_EQ(test, submit(true, IOCB_NOWAIT), 3);
	unmake(test);
}

/* C10: the explicit call. */
static void disconnect_from_inside_is_refused(struct kunit *test)
{
	make(test, DISCONNECTS);
	KUNIT_EXPECT_EQ(test, submit(true, 0), -EDEADLK);
	KUNIT_EXPECT_FALSE(test, lifetime_disconnected(&driver.gadget->life));
	unmake(test);
}

/* Who completes commands behind our back would never be unbound: he has to say he does not. */
static void commands_need_the_flag(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->node, &gadget->life, &unflagged),
			-EINVAL);
	lifetime_end(&gadget->life);
}

static struct kunit_case async_cases[] = {
	KUNIT_CASE(synchronous_request_is_passed_on),
	KUNIT_CASE(asynchronous_request_is_cloned),
	KUNIT_CASE(completion_before_the_call_returns),
	KUNIT_CASE(completion_in_hard_interrupt),
	KUNIT_CASE(dead_device_refuses),
	KUNIT_CASE(out_of_memory),
	KUNIT_CASE(disconnect_from_inside_is_refused),
	KUNIT_CASE(commands_need_the_flag),
	{}
};

static struct kunit_suite async_suite = {
	.name = "async",
	.init = async_init,
	.test_cases = async_cases,
};

kunit_test_suite(async_suite);

MODULE_DESCRIPTION("KUnit suite of asynchronous requests");
MODULE_LICENSE("GPL");
