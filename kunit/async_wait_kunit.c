// SPDX-License-Identifier: GPL-2.0-only
/*
 * async_wait_kunit.c: who is counted while a request is on its way, and what a disconnect
 * waits for
 */
/* refcdev-test: limit=60 */

#include "request.h"

static void end_work(struct crew *crew, unsigned int nr)
{
	lifetime_disconnect(&driver.gadget->life);
}

static void finish_work(struct crew *crew, unsigned int nr)
{
	finish(driver.got, 3);
}

static void call_work(struct crew *crew, unsigned int nr)
{
	request.returned = submit(true, 0);
}

/* A disconnect is on its way, and does not come to an end. */
static void start_and_hold_up(struct kunit *test)
{
	request.enders.work = end_work;
	crew_start(test, &request.enders, 1);
	KUNIT_ASSERT_TRUE(test, eventually(lifetime_disconnected(&driver.gadget->life)));
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&request.enders.gone, HZ / 4));
}

/* C4: and then the disconnect returns, hence nothing stays counted. */
static void disconnect_waits_for_the_completion(struct kunit *test)
{
	make(test, QUEUES);
	KUNIT_EXPECT_EQ(test, submit(true, 0), -EIOCBQUEUED);
	start_and_hold_up(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&request.completed), 0);
	request.completers.work = finish_work;
	crew_start(test, &request.completers, 1);
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&request.enders.left)));
	expect_completed(test, 3);
	KUNIT_ASSERT_TRUE(test, crew_gone(&request.completers));
	unmake(test);
}

/*
 * The submitter takes its time, and lets go of the file: from then on only the count keeps
 * the object, until we are through.
 */
static void disconnect_waits_for_the_submitter(struct kunit *test)
{
	make(test, QUEUES);
	request.closes = true;
	KUNIT_EXPECT_EQ(test, submit(true, 0), -EIOCBQUEUED);
	request.completers.work = finish_work;
	crew_start(test, &request.completers, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&diary.inside, SOON));
	start_and_hold_up(test);
	complete(&diary.leave);
	unmake(test);
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&request.enders.left)));
	KUNIT_ASSERT_TRUE(test, crew_gone(&request.completers));
	expect_completed(test, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
}

/* The completion came first, and the call is still in the driver. */
static void disconnect_waits_for_the_call(struct kunit *test)
{
	make(test, LINGERS);
	request.callers.work = call_work;
	crew_start(test, &request.callers, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&diary.inside, SOON));
	expect_completed(test, 3);
	start_and_hold_up(test);
	complete(&diary.leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&request.callers));
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&request.enders.left)));
	KUNIT_EXPECT_EQ(test, request.returned, -EIOCBQUEUED);
	unmake(test);
}

/* A command that is done at once leaves no count; one that is not is waited for. */
static void command_is_counted(struct kunit *test)
{
	struct io_uring_cmd ioucmd = {};

	make(test, RETURNS);
	ioucmd.file = driver.file;
	KUNIT_EXPECT_EQ(test, driver.file->f_op->uring_cmd(&ioucmd, 0), -ENOTTY);
	unmake(test);
	atomic_set(&diary.released, 0);
	make(test, QUEUES);
	ioucmd.file = driver.file;
	KUNIT_EXPECT_EQ(test, driver.file->f_op->uring_cmd(&ioucmd, 0), -EIOCBQUEUED);
	start_and_hold_up(test);
	/* In place of a completion, which would need a ring. */
	__lifetime_exit(&driver.gadget->life, REFCDEV_OP_uring_cmd);
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&request.enders.left)));
	unmake(test);
}

/* Where drivers may be asked to cancel: as long as there is something to be cancelled. */
static void cancel_gets_through_while_it_may_help(struct kunit *test)
{
	struct io_uring_cmd ioucmd = {};

	if (!IO_URING_F_CANCEL)
		kunit_skip(test, "this kernel's io_uring does not ask");
	make(test, QUEUES);
	ioucmd.file = driver.file;
	KUNIT_EXPECT_EQ(test, driver.file->f_op->uring_cmd(&ioucmd, 0), -EIOCBQUEUED);
	start_and_hold_up(test);
	driver.file->f_op->uring_cmd(&ioucmd, IO_URING_F_CANCEL);
	KUNIT_EXPECT_EQ(test, atomic_read(&driver.calls), 2);
	__lifetime_exit(&driver.gadget->life, REFCDEV_OP_uring_cmd);
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&request.enders.left)));
	driver.file->f_op->uring_cmd(&ioucmd, IO_URING_F_CANCEL);
	KUNIT_EXPECT_EQ(test, atomic_read(&driver.calls), 2);
	unmake(test);
}

static struct kunit_case async_wait_cases[] = {
	KUNIT_CASE(disconnect_waits_for_the_completion),
	KUNIT_CASE(disconnect_waits_for_the_submitter),
	KUNIT_CASE(disconnect_waits_for_the_call),
	KUNIT_CASE(command_is_counted),
	KUNIT_CASE(cancel_gets_through_while_it_may_help),
	{}
};

static struct kunit_suite async_wait_suite = {
	.name = "async_wait",
	.init = async_init,
	.test_cases = async_wait_cases,
};

kunit_test_suite(async_wait_suite);

MODULE_DESCRIPTION("KUnit suite of requests on their way");
MODULE_LICENSE("GPL");
