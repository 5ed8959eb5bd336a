// SPDX-License-Identifier: GPL-2.0-only
/*
 * async_late_test.c: requests that complete late, never, or out of a call that unbinds its
 * own device
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aio.h"
#include "harness.h"
#include "modules/asyncdev_ioctl.h"
#include "uring.h"
#include "util.h"

#define DRIVER		"refcdev-async"
#define DEVICE		"refcdev-async.0"
#define NODE		"/dev/asyncdev0"
#define SETTLE		"/sys/kernel/debug/" DRIVER "/settle"
#define DELAY		"/sys/kernel/debug/refcdev/delay/async_completed"
#define WARN_SECS	"/sys/module/refcdev/parameters/drain_warn_secs"
#define LATE_MS		400ull
#define TAG		7

static struct uring ring;
static struct aio aio;
static uint64_t data = LATE_MS;
static int fd;

static void setup(void)
{
	driver_unbind(DRIVER, DEVICE);
	require(driver_bind(DRIVER, DEVICE) == 0);
	fd = open(NODE, O_RDWR);
	require(fd >= 0);
	require(uring_open(&ring, 8, 0) == 0 && aio_open(&aio, 8) == 0);
	/* Debug builds: the submitter knows, and the count is not yet given back. */
	if (access(DELAY, F_OK) == 0)
		require(write_text(DELAY, "20000") == 0);
}

static void submit_aio_write(void)
{
	require(aio_write(&aio, TAG, fd, &data, sizeof(data), 0) == 0);
}

static void submit_uring_write(void)
{
	uring_write(&ring, TAG, fd, &data, sizeof(data), 0);
	require(uring_submit(&ring) == 1);
}

static void submit_uring_command(unsigned int op)
{
	uring_command(&ring, TAG, fd, op, &data, sizeof(data));
	require(uring_submit(&ring) == 1);
}

static void submit_late_command(void)
{
	submit_uring_command(ASYNCDEV_LATE);
}

static void expect_uring(int wanted)
{
	struct uring_result result;

	require(uring_wait(&ring, &result, 10 * SECOND) == 0);
	expect_equal(result.tag, TAG);
	expect_equal(result.res, wanted);
}

static void expect_aio(int wanted)
{
	struct aio_result result;

	require(aio_wait(&aio, &result, 10 * SECOND) == 0);
	expect_equal(result.tag, TAG);
	expect_equal(result.res, wanted);
}

/*
 * Submits a request that is pending afterwards, however slow the machine is. Returns how
 * many have completed before.
 */
static long submit_late(void (*submit)(void), void (*expect_result)(int), int result)
{
	long completed = driver_count(DRIVER, "completed");

	for (data = LATE_MS; ; data *= 2) {
		submit();
		if (driver_count(DRIVER, "completed") == completed)
			return completed;
		completed++;
		expect_result(result);
		require(data < 4000);
	}
}

/* C4: nobody else is inside, and the file may be closed: the request alone holds it up. */
static void late(void (*submit)(void), void (*expect_result)(int), int result, bool closes)
{
	long released = driver_count(DRIVER, "released"), completed;

	completed = submit_late(submit, expect_result, result);
	if (closes)
		close(fd);
	require(driver_unbind(DRIVER, DEVICE) == 0);
	expect_equal(driver_count(DRIVER, "completed"), completed + 1);
	expect_result(result);
	if (closes)
		expect(wait_until(driver_count(DRIVER, "released") == released + 1, 10 * SECOND));
}

static void late_aio(void)
{
	late(submit_aio_write, expect_aio, 8, false);
}

static void late_uring(void)
{
	late(submit_uring_write, expect_uring, 8, false);
}

static void late_command(void)
{
	late(submit_late_command, expect_uring, 0, false);
}

/* The request holds the file, and nobody else the object when it completes. */
static void late_and_closed(void)
{
	late(submit_aio_write, expect_aio, 8, true);
}

static void late_command_and_closed(void)
{
	late(submit_late_command, expect_uring, 0, true);
}

/* In one record. */
static bool log_has(int kmsg, const char *one, const char *other)
{
	char record[8192];
	ssize_t len;

	while ((len = read(kmsg, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		record[len > 0 ? len : 0] = '\0';
		if (strstr(record, one) && strstr(record, other))
			return true;
		errno = 0;
	}
	return false;
}

static long call_unbind(struct caller *self)
{
	(void)self;
	return driver_unbind(DRIVER, DEVICE);
}

/* C11: the submitter has its result, so the report is all that is left to find it by. */
static void bypassed(void)
{
	struct caller unbinder = { .call = call_unbind };
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	require(kmsg >= 0 && write_text(WARN_SECS, "1") == 0);
	lseek(kmsg, 0, SEEK_END);
	submit_uring_command(ASYNCDEV_BYPASS);
	expect_uring(0);
	submit_uring_command(ASYNCDEV_BYPASS);
	expect_uring(0);
	require(caller_start(&unbinder, SYS_write));
	expect(wait_until(log_has(kmsg, DEVICE, " s for 2 in uring_cmd"), 10 * SECOND));
	require(write_text(SETTLE, "1") == 0);
	expect(wait_until(log_has(kmsg, DEVICE, " s for 1 in uring_cmd"), 10 * SECOND));
	expect(!caller_join(&unbinder, 100 * MS));
	require(write_text(SETTLE, "1") == 0);
	expect(caller_join(&unbinder, 5 * SECOND));
	expect_equal(unbinder.ret, 0);
	require(write_text(WARN_SECS, "10") == 0);
}

/* C10, in a boot of its own: neither the call nor its request may hold up the unbind. */
static void unbind_self(void (*submit)(void))
{
	long released = driver_count(DRIVER, "released");

	submit();
	expect(!driver_is_bound(DRIVER, DEVICE));
	expect_equal(driver_count(DRIVER, "released"), released);
	close(fd);
	uring_close(&ring);
	aio_close(&aio);
	expect(wait_until(driver_count(DRIVER, "released") == released + 1, 10 * SECOND));
}

static void submit_self_aio(void)
{
	require(aio_read(&aio, TAG, fd, &data, sizeof(data), 0) == 0);
	expect_aio(0);
}

static void submit_self_uring(void)
{
	uring_read(&ring, TAG, fd, &data, sizeof(data), 0);
	require(uring_submit(&ring) == 1);
	expect_uring(0);
}

static void submit_self_command(void)
{
	submit_uring_command(ASYNCDEV_UNBIND_SELF);
	expect_uring(0);
}

static void self_aio(void)
{
	unbind_self(submit_self_aio);
}

static void self_uring(void)
{
	unbind_self(submit_self_uring);
}

static void self_command(void)
{
	unbind_self(submit_self_command);
}

static const struct test_case cases[] = {
	{ "the unbind waits for an aio write that completes late", late_aio },
	{ "the unbind waits for an io_uring write that completes late", late_uring },
	{ "the unbind waits for an io_uring command that completes late", late_command },
	{ "the unbind waits for a late request whose file was closed", late_and_closed },
	{ "the unbind waits for a late command whose file was closed", late_command_and_closed },
	{ "a command completed behind the core's back is named, and waited for", bypassed },
};

static const struct test_case self_cases[] = {
	{ "an aio read that unbinds its own device returns", self_aio },
	{ "an io_uring read that unbinds its own device returns", self_uring },
	{ "an io_uring command that unbinds its own device returns", self_command },
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--unbind-self"))
		return RUN_CASES(self_cases, setup);
	return RUN_CASES(cases, setup);
}
