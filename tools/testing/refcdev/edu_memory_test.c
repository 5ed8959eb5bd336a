// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_memory_test.c: the edu sample when there is no memory: what a reserve is for, how it is
 * waited for, and what happens without one
 *
 * Every allocation from a slab fails, in the task that asks for it and in no other.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dump.h"
#include "edu.h"
#include "edu_calls.h"

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define RESERVE		"/sys/module/edu/parameters/reserve"
#define LIMIT		(20 * SECOND)
#define OUTSTANDING	64		/* transfers that the driver accepts */
#define SIZE		256

static unsigned int transfers;

/* The device with so many buffers set aside, and a file of it. */
static int open_with(unsigned int reserve)
{
	char text[16];
	int fd;

	snprintf(text, sizeof(text), "%u", reserve);
	require(write_text(RESERVE, text) == 0);
	edu_setup();
	require(write_text(RESERVE, "4") == 0);
	fd = edu_open(0);
	require(edu_state(fd).reserve == reserve);
	return fd;
}

/*
 * From now on nothing is allocated for this task: so what it needs must be there. Its own memory is
 * locked; the answer says how to end it.
 */
static int fail_all(void)
{
	int fd = open("/proc/thread-self/make-it-fail", O_WRONLY | O_CLOEXEC);

	require(fd >= 0 && mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
	require(write(fd, "1", 1) == 1);
	return fd;
}

static void fail_no_more(int fd)
{
	require(write(fd, "0", 1) == 1);
	close(fd);
}

static long times_left(void)
{
	long times = read_number(FAILSLAB "times");

	require(times > 0);
	return times;
}

/* How many of these transfers come to an end, with the right data in them. */
static unsigned int transfer_all(int fd, unsigned int count, uint32_t seed, off_t at)
{
	uint8_t out[SIZE], in[SIZE];
	unsigned int done = 0, i;

	for (i = 0; i < count / 2; i++) {
		edu_fill(out, SIZE, seed + i);
		memset(in, 0, SIZE);
		if (pwrite(fd, out, SIZE, at) != SIZE)
			break;
		done++;
		if (pread(fd, in, SIZE, at) != SIZE || memcmp(in, out, SIZE))
			break;
		done++;
	}
	return done;
}

static void all_complete(void)
{
	int fd = open_with(4), failing;
	struct refcdev_edu_state state;
	unsigned int done;
	long hits;

	hits = times_left();
	failing = fail_all();
	done = transfer_all(fd, transfers, 1, 0);
	fail_no_more(failing);
	hits -= times_left();
	state = edu_state(fd);
	note("%u of %u transfers complete; %llu refills of the reserve; %ld allocations failed",
	     done, transfers, (unsigned long long)state.refills, hits);
	expect_equal(done, transfers);
	expect(state.refills > 0);
	expect(hits > (long)transfers);
	expect_equal(state.outstanding, 0);
	/* And one may not have been counted among those that did not need it. */
	expect(state.refills >= transfers);
}

/* The same, but for the reserve: so it is that which makes the difference. */
static void none_without_reserve(void)
{
	int fd = open_with(0), failing;
	uint64_t began = now_ns();
	ssize_t in, out;
	char byte = 0;

	failing = fail_all();
	out = pwrite(fd, &byte, 1, 0);
	out = out < 0 ? -errno : out;
	in = pread(fd, &byte, 1, 0);
	in = in < 0 ? -errno : in;
	fail_no_more(failing);
	expect_equal(out, -ENOMEM);
	expect_equal(in, -ENOMEM);
	expect(now_ns() - began < 5 * SECOND);
	expect_equal(edu_state(fd).refills, 0);
	expect(edu_works(fd, 2));
}

/* More who want it than there is: they wait for each other. */
static void shared_reserve(void)
{
	enum { TASKS = 4 };
	unsigned int each = transfers / 10 * 2 < 4 ? 4 : transfers / 10 * 2, i;
	int fd = open_with(1), status, failing, error;
	unsigned int done;
	pid_t pids[TASKS];

	for (i = 0; i < TASKS; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		failing = fail_all();
		errno = 0;
		done = transfer_all(fd, each, 100 * i, i * SIZE);
		error = errno;
		fail_no_more(failing);
		if (done != each)
			complain("task %u: %u of %u transfers: %s", i, done, each, strerror(error));
		_exit(case_status());
	}
	for (i = 0; i < TASKS; i++) {
		require(waitpid(pids[i], &status, 0) == pids[i]);
		expect_equal(status, 0);
	}
	note("%u tasks with %u transfers each, and one buffer for all", TASKS, each);
	expect_equal(edu_state(fd).transfers, TASKS * each);
}

static void ignore(int signal)
{
	(void)signal;
}

/* A caller to whom every allocation fails. */
static long starved_write(struct caller *self)
{
	int failing = fail_all();
	long ret = pwrite(self->fd, self->data, 1, 0);
	int error = errno;

	fail_no_more(failing);
	errno = error;
	return ret;
}

/* One has the buffer, and keeps it: without the bus his interrupt does not come. */
static void hold_reserve(struct caller *holder, int fd, void *byte)
{
	require(edu_set_command(EDU_COMMAND_MASTER, false) == 0);
	*holder = (struct caller){ .call = starved_write, .fd = fd, .data = byte };
	require(caller_start(holder, SYS_pwrite64));
	require(edu_state(fd).outstanding == 1);
}

static void wait_for_reserve(void)
{
	struct sigaction action = { .sa_handler = ignore };
	int fd = open_with(1), nonblock = edu_open(O_NONBLOCK);
	struct caller holder, signalled, waiter;
	char byte = 0;
	int failing;

	sigaction(SIGUSR1, &action, NULL);
	hold_reserve(&holder, fd, &byte);
	signalled = holder;
	waiter = holder;
	require(caller_start(&signalled, SYS_pwrite64));
	require(caller_start(&waiter, SYS_pwrite64));
	expect_equal(edu_state(fd).outstanding, 1);

	require(pthread_kill(signalled.thread, SIGUSR1) == 0);
	require(caller_join(&signalled, SECOND));
	expect_equal(signalled.error, EINTR);

	failing = fail_all();
	expect_errno(pwrite(nonblock, &byte, 1, 0), EAGAIN);
	fail_no_more(failing);

	/* Both are at it still: one with the buffer, and one without. */
	expect_equal(edu_state(fd).outstanding, 1);
	expect_equal(edu_unbind(), 0);
	require(caller_join(&waiter, SECOND) && caller_join(&holder, SECOND));
	expect_equal(waiter.error, ENXIO);
	expect_equal(holder.error, ENXIO);
}

/* How many writes are accepted before one is not, and how that one is told. */
static unsigned int post_until(int fd, int *error)
{
	unsigned int accepted = 0;
	char byte = 0;

	while (pwrite(fd, &byte, 1, 0) == 1)
		accepted++;
	*error = errno;
	return accepted;
}

static int poll_out(int fd, int limit_ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };

	return poll(&poller, 1, limit_ms) == 1 ? poller.revents : 0;
}

/* Without waiting: as many as there are buffers set aside; with memory, as many as there may be. */
static void posted(void)
{
	int fd = open_with(3), nonblock = edu_open(O_NONBLOCK), failing, error;
	unsigned int accepted;
	char byte = 0;

	/* Nothing comes to an end meanwhile. */
	require(edu_set_command(EDU_COMMAND_MASTER, false) == 0);
	failing = fail_all();
	accepted = post_until(nonblock, &error);
	fail_no_more(failing);
	note("%u accepted with a reserve of 3, and no memory", accepted);
	expect_equal(accepted, 3);
	expect_equal(error, EAGAIN);
	accepted += post_until(nonblock, &error);
	expect_equal(accepted, OUTSTANDING);
	expect_equal(error, EAGAIN);
	expect_equal(poll_out(nonblock, 0), 0);
	expect_equal(edu_state(fd).outstanding, OUTSTANDING);
	require(edu_set_command(EDU_COMMAND_MASTER, true) == 0);
	/* The first one, which nobody heard of, is overdue at some time. */
	expect_equal(poll_out(nonblock, LIMIT / MS) & POLLOUT, POLLOUT);
	expect_equal(pwrite(nonblock, &byte, 1, 0), 1);
	expect_equal(edu_unbind(), 0);
	expect(poll_out(nonblock, 0) & POLLHUP);
}

/* The line of the reserve, as "mempool BYTES ..."; 0 if there is none. */
static unsigned long dumped_bytes(const char *folder)
{
	static char text[DUMP_SIZE];
	const char *line;

	require(dump_text(folder, "resources", text) == 0);
	line = strstr(text, "mempool ");
	return line ? strtoul(line + 8, NULL, 10) : 0;
}

/* The file keeps the object, and nothing of the hardware's. */
static void dumped(void)
{
	char folder[DUMP_PATH_MAX];
	unsigned long bytes;
	int fd;

	if (access(DUMPS, F_OK))
		skip("no dump in this kernel");
	fd = open_with(7);
	require(dump_find(edu_address(), folder));
	bytes = dumped_bytes(folder);
	note("a reserve of 7 has %lu bytes", bytes);
	expect(bytes >= 7 * 4096 && bytes < 7 * (4096 + 512));
	expect_equal(edu_unbind(), 0);
	expect_equal(dumped_bytes(folder), 0);
	expect(dump_exists(folder));
	close(fd);
	fd = open_with(0);
	require(dump_find(edu_address(), folder));
	expect_equal(dumped_bytes(folder), 0);
	close(fd);
}

static const struct test_case cases[] = {
	{ "with a reserve every transfer completes", all_complete },
	{ "without one they do not: ENOMEM", none_without_reserve },
	{ "one buffer for several tasks", shared_reserve },
	{ "who waits for it: a signal, O_NONBLOCK and the unbind end that", wait_for_reserve },
	{ "posted writes: up to what there is, then EAGAIN and POLLOUT", posted },
	{ "the dump says what is set aside, and that it has gone", dumped },
};

int main(int argc, char **argv)
{
	transfers = argc > 1 ? atoi(argv[1]) : 30;
	/* A tenth of a second for each, on a machine that has nothing else to do. */
	case_seconds = 30 + transfers / 2;
	return RUN_CASES(cases, NULL);
}
