// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_test.c: a drain that takes long says who holds it up, and does not end early
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "kmsg.h"
#include "modules/testdev_ioctl.h"
#include "util.h"

#define DRIVER		"refcdev-test"
#define DEVICE		"refcdev-test.0"
#define NODE		"/dev/testdev0"
#define WARN_SECS	"/sys/module/refcdev/parameters/drain_warn_secs"
#define LINGER_MS	2500

static const char *const words[] = {
	"refcdev: " DEVICE ": disconnect waits since ",
	" for 1 in unlocked_ioctl",
	/* debug builds only, from here on */
	"refcdev: " DEVICE ": unlocked_ioctl by report_test[",
	"testdev_ioctl",
};

static bool debug_build;

static void setup(void)
{
	driver_unbind(DRIVER, DEVICE);
	require(driver_bind(DRIVER, DEVICE) == 0);
	require(write_text(WARN_SECS, "1") == 0);
	debug_build = access("/sys/kernel/debug/refcdev/delay", F_OK) == 0;
}

static long call_linger(struct caller *self)
{
	return ioctl(self->fd, TESTDEV_LINGER, LINGER_MS);
}

static long call_unbind(struct caller *self)
{
	(void)self;
	return driver_unbind(DRIVER, DEVICE);
}

/* Ticks off the words that the kernel's log has since kmsg was opened, and to its end. */
static unsigned int words_in(int kmsg)
{
	unsigned int seen = 0;
	char text[1024];
	size_t i;

	while (kmsg_next(kmsg, text))
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strstr(text, words[i]))
				seen |= 1u << i;
	return seen;
}

/* C11: device, operation, count, and in debug builds process and stack. */
static void report(void)
{
	struct caller lingerer = { .call = call_linger, .fd = open(NODE, O_RDWR) };
	struct caller unbinder = { .call = call_unbind };
	int kmsg = kmsg_open();
	unsigned int seen, wanted = debug_build ? 0xf : 0x3;
	uint64_t begun;

	require(lingerer.fd >= 0);
	require(caller_start(&lingerer, SYS_ioctl));
	begun = now_ns();
	require(caller_start(&unbinder, SYS_write));
	expect(caller_join(&unbinder, 10 * SECOND));
	expect(unbinder.returned - begun >= LINGER_MS * MS);
	expect(caller_join(&lingerer, 5 * SECOND));
	expect_equal(lingerer.error, ENXIO);
	seen = words_in(kmsg);
	if ((seen & wanted) != wanted)
		complain("the log lacks some of the words: found %#x, wanted %#x", seen, wanted);
	note("words found in the log: %#x of %#x, debug build: %d", seen, wanted, debug_build);
}

/* C11: a drain that does not take long is none of anybody's business. */
static void no_report(void)
{
	int kmsg = kmsg_open();
	int fd = open(NODE, O_RDWR);

	require(fd >= 0);
	require(driver_unbind(DRIVER, DEVICE) == 0);
	expect_errno(ioctl(fd, TESTDEV_NOTHING), ENXIO);
	expect_equal(words_in(kmsg), 0);
}

static const struct test_case cases[] = {
	{ "a drain that takes long says who holds it up", report },
	{ "a drain that is quick says nothing", no_report },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
