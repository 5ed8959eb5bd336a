// SPDX-License-Identifier: GPL-2.0-only
/*
 * suspend_test.c: the machine suspends to idle with calls in flight, and while a device is being
 * disconnected
 *
 * As far as the drivers go, and back: the kernel's own test mode, which needs nobody to wake
 * the machine up.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ways.h"

/* How long after the suspend has begun the calls are let go; NEVER: by hand. */
#define SOON	"200"
#define NEVER	"3600000"

static int suspend(void)
{
	return write_text("/sys/power/state", "freeze");
}

static void setup(void)
{
	char states[64] = "";

	if (read_text("/sys/power/state", states, sizeof(states)) || !strstr(states, "freeze") ||
	    write_text("/sys/power/pm_test", "platform"))
		skip("this kernel has no suspend to idle, or no test mode of it");
	write_text("/sys/module/suspend/parameters/pm_test_delay", "0");
	require(write_text("/sys/power/pm_freeze_timeout", "20000") == 0);
	driver_bind(ways_subject.driver, ways_subject.device);
	ways_wait_open();
	expect(subject_released_all(&ways_subject, 2));
}

static long call_read(struct caller *self)
{
	char byte;

	return read(self->fd, &byte, 1);
}

static long call_linger(struct caller *self)
{
	return ioctl(self->fd, WAYS_LINGER, 0);
}

static long call_unbind(struct caller *self)
{
	return syscall(SYS_write, self->fd, ways_subject.device, strlen(ways_subject.device));
}

/* A call that sleeps as one does is frozen with its program, and goes on where it was. */
static void sleepers_are_frozen(void)
{
	struct caller reader = { .call = call_read, .fd = subject_open(&ways_subject, 0) };
	long suspends = subject_count(&ways_subject, "suspends");

	require(caller_start(&reader, SYS_read));
	expect_equal(suspend(), 0);
	expect_equal(subject_count(&ways_subject, "suspends"), suspends + 2);
	require(wait_until(task_sleeps_in(getpid(), reader.tid, SYS_read), 5 * SECOND));
	subject_unbind(&ways_subject);
	require(caller_join(&reader, 5 * SECOND));
	expect_equal(reader.ret, -1);
	expect_equal(reader.error, ENXIO);
	expect_nothing_missed();
}

/*
 * The disconnect waits for a call that takes its time; then the machine is told to suspend.
 * Returns what it said, and whether the disconnect was over by then.
 */
static int suspend_in_drain(const char *let_go, bool *over)
{
	struct caller lingerer = { .call = call_linger, .fd = subject_open(&ways_subject, 0) };
	struct caller unbinder = {
		.call = call_unbind,
		.fd = open("/sys/bus/platform/drivers/refcdev-ways/unbind", O_WRONLY),
	};
	int ret;

	require(ways_set("let_go", let_go) == 0);
	require(unbinder.fd >= 0 && caller_start(&lingerer, SYS_ioctl));
	require(caller_start(&unbinder, SYS_write));
	require(wait_until(ioctl(lingerer.fd, WAYS_TOUCH) == -1, 5 * SECOND));
	expect_equal(subject_count(&ways_subject, "lingering"), 1);
	ret = suspend();
	*over = subject_count(&ways_subject, "lingering") == 0;
	require(ways_set("let_go", "0") == 0);
	require(caller_join(&lingerer, 5 * SECOND) && caller_join(&unbinder, 5 * SECOND));
	expect_equal(lingerer.error, ENXIO);
	expect_equal(unbinder.error, 0);
	expect_nothing_missed();
	return ret;
}

static void suspend_waits_for_drain(void)
{
	bool over;

	expect_equal(suspend_in_drain(SOON, &over), 0);
	expect(over);
}

/* Whoever waits for calls cannot be frozen; if that takes too long the machine stays up. */
static void suspend_gives_up(void)
{
	bool over;

	require(write_text("/sys/power/pm_freeze_timeout", "100") == 0);
	expect_equal(suspend_in_drain(NEVER, &over), -EBUSY);
	expect(!over);
}

/*
 * Nothing of this is a program: the kernel unbinds the device, which a call by the kernel
 * holds up. The suspend gets as far as the device, and waits there: it is not suspended with
 * a call inside, nor when it has no driver any more.
 */
static void drain_by_the_kernel(void)
{
	long suspends = subject_count(&ways_subject, "suspends");
	long cuts = subject_count(&ways_subject, "cuts");
	int fd = subject_open(&ways_subject, 0);

	require(ways_set("let_go", SOON) == 0);
	require(ioctl(fd, WAYS_LINGER_KERNEL, 0) == 0);
	require(wait_until(subject_count(&ways_subject, "lingering") == 1, 5 * SECOND));
	require(ways_set("unbind", "1") == 0);
	require(wait_until(ioctl(fd, WAYS_TOUCH) == -1, 5 * SECOND));
	expect_equal(subject_count(&ways_subject, "lingering"), 1);
	expect_equal(suspend(), 0);
	expect_equal(subject_count(&ways_subject, "lingering"), 0);
	expect_equal(subject_count(&ways_subject, "cuts"), cuts + 1);
	expect_equal(subject_count(&ways_subject, "suspends"), suspends + 1);
	expect_nothing_missed();
}

static const struct test_case cases[] = {
	{ "a call that sleeps is frozen, and goes on after", sleepers_are_frozen },
	{ "a suspend waits until a disconnect is through", suspend_waits_for_drain },
	{ "or gives up, and the disconnect goes on", suspend_gives_up },
	{ "a suspend waits for a disconnect by the kernel", drain_by_the_kernel },
};

int main(void)
{
	int ret = RUN_CASES(cases, setup);

	write_text("/sys/power/pm_test", "none");
	write_text("/sys/power/pm_freeze_timeout", "20000");
	return ret;
}
