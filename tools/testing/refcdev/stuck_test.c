// SPDX-License-Identifier: GPL-2.0-only
/*
 * stuck_test.c: a program stops in copy_to_user() of a read, and so holds up an unbind: the
 * log says who it is, once per interval, and nothing is freed before it goes on
 *
 * What it reads into is a page that userfaultfd(2) has to provide, which takes its time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fifo.h"
#include "kmsg.h"

#define PAGE		4096
#define WARN_SECS	"/sys/module/refcdev/parameters/drain_warn_secs"
#define MESSAGE		"message"
#define LATE		(20 * SECOND)

/* In the order in which they are said. Debug builds have the last two as well. */
enum { DEVICE_AND_CALL, PROCESS, HOLDER, NR_SAYINGS };

static char sayings[NR_SAYINGS][128];
static bool debug_build;
static int uffd;
static char *page;

static void setup(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	fifo_setup();
	require(write_text(WARN_SECS, "1") == 0);
	debug_build = access("/sys/kernel/debug/refcdev/delay", F_OK) == 0;
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 && errno == ENOSYS)
		skip("no userfaultfd in this kernel");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(uffd >= 0 && page != MAP_FAILED && ioctl(uffd, UFFDIO_API, &api) == 0);
	range.range.start = (unsigned long)page;
	range.range.len = PAGE;
	require(ioctl(uffd, UFFDIO_REGISTER, &range) == 0);
	snprintf(sayings[DEVICE_AND_CALL], sizeof(sayings[0]),
		 "refcdev: %s: disconnect waits since ", FIFO);
}

/* The log names the reader: a thread of this process, or a child. */
static void expect_of(pid_t pid)
{
	snprintf(sayings[PROCESS], sizeof(sayings[0]), "refcdev: %s: read by stuck_test[%d] since ",
		 FIFO, pid);
	snprintf(sayings[HOLDER], sizeof(sayings[0]), "refcdev: %s: a file is open since ", FIFO);
}

static long call_read_into_page(struct caller *self)
{
	return read(self->fd, page, PAGE);
}

static long call_unbind(struct caller *self)
{
	(void)self;
	return driver_unbind(FIFO_DRIVER, FIFO);
}

/* A process of its own, with the same memory: the page is not there for it either. */
static int read_in_process(void *data)
{
	return read(*(int *)data, page, PAGE) < 0;
}

static pid_t start_reader(int fd)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	static int file;
	pid_t pid;

	file = fd;
	pid = clone(read_in_process, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD,
		    &file);
	require(pid > 0);
	return pid;
}

/* The reader has asked for its page: it is in the middle of the call. */
static void wait_until_stuck(void)
{
	struct pollfd poller = { .fd = uffd, .events = POLLIN };
	struct uffd_msg message;

	require(poll(&poller, 1, LATE / MS) == 1);
	require(read(uffd, &message, sizeof(message)) == sizeof(message));
	require(message.event == UFFD_EVENT_PAGEFAULT);
}

static void give_page(void)
{
	static char zeroes[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)page, .src = (unsigned long)zeroes, .len = PAGE,
	};

	require(ioctl(uffd, UFFDIO_COPY, &copy) == 0);
}

/* One report from its first line on: how many seconds the unbind has waited, by it. */
static unsigned int next_report(int kmsg)
{
	uint64_t end = now_ns() + LATE;
	unsigned int i = 0, last = debug_build ? HOLDER : DEVICE_AND_CALL, seconds = 0;
	char text[1024];

	while (i <= last) {
		if (!kmsg_wait(kmsg, text, end))
			give_up("the log does not say: %s", sayings[i]);
		if (strncmp(text, sayings[i], strlen(sayings[i])))
			continue;
		if (i == DEVICE_AND_CALL) {
			seconds = strtoul(text + strlen(sayings[i]), NULL, 10);
			expect(strstr(text, " for 1 in read"));
		}
		i++;
	}
	return seconds;
}

/* Until the third: once per interval, and with longer times. */
static void expect_reports(int kmsg)
{
	unsigned int seconds[3], i;

	for (i = 0; i < 3; i++)
		seconds[i] = next_report(kmsg);
	note("reports after %u, %u and %u s", seconds[0], seconds[1], seconds[2]);
	expect(seconds[0] >= 1 && seconds[1] > seconds[0] && seconds[2] > seconds[1]);
}

static void expect_nothing_freed(const struct caller *unbinder, long released)
{
	expect_equal(__atomic_load_n(&unbinder->returned, __ATOMIC_ACQUIRE), 0);
	expect_equal(fifo_counter("released"), released);
	expect_equal(fifo_counter("late"), 0);
}

static void goes_on(void)
{
	struct caller reader = { .call = call_read_into_page };
	struct caller unbinder = { .call = call_unbind };
	long released = fifo_counter("released");
	int kmsg = kmsg_open(), fd = fifo_open(0);

	require(write(fd, MESSAGE, strlen(MESSAGE)) == strlen(MESSAGE));
	reader.fd = fd;
	require(caller_start(&reader, SYS_read));
	wait_until_stuck();
	expect_of(reader.tid);
	require(caller_start(&unbinder, SYS_write));
	expect_reports(kmsg);
	expect_nothing_freed(&unbinder, released);
	give_page();
	expect(caller_join(&unbinder, LATE) && unbinder.ret == 0);
	expect(caller_join(&reader, LATE));
	expect_equal(reader.ret, strlen(MESSAGE));
	expect(memcmp(page, MESSAGE, strlen(MESSAGE)) == 0);
	expect_equal(fifo_counter("released"), released);
	expect_equal(fifo_counter("late"), 0);
	close(fd);
	expect_equal(fifo_counter("released"), released + 1);
}

/* Killed instead: the unbind ends as well, and the data with the last file, which is here. */
static void is_killed(void)
{
	struct caller unbinder = { .call = call_unbind };
	long released = fifo_counter("released");
	int kmsg = kmsg_open(), fd = fifo_open(0), status;
	pid_t pid;

	require(write(fd, MESSAGE, strlen(MESSAGE)) == strlen(MESSAGE));
	pid = start_reader(fd);
	wait_until_stuck();
	expect_of(pid);
	require(caller_start(&unbinder, SYS_write));
	next_report(kmsg);
	expect_nothing_freed(&unbinder, released);
	require(kill(pid, SIGKILL) == 0);
	require(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	expect(caller_join(&unbinder, LATE) && unbinder.ret == 0);
	expect_equal(fifo_counter("released"), released);
	close(fd);
	expect_equal(fifo_counter("released"), released + 1);
}

static const struct test_case cases[] = {
	{ "the log names device, call and process until the reader goes on", goes_on },
	{ "a reader that is killed holds it up no longer", is_killed },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
