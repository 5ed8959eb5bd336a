// SPDX-License-Identifier: GPL-2.0-only
/*
 * async_memory_test.c: requests for which there is no memory, or whose memory goes at the
 * worst moment
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ticker.h"

#define LIMIT		(10 * SECOND)
#define LATER		9		/* a tick */
#define FAILSLAB	"/sys/kernel/debug/failslab/ignore-gfp-wait"

static struct requests requests;
static int fd;

static void setup(void)
{
	ticker_setup();
	fd = ticker_open(0);
}

/* The n-th allocation of a submission fails, for every n: it is refused, or completes. */
static void out_of_memory(void)
{
	long failures = 0, result;
	int n, ret, left = 0;
	char text[16];

	if (access(FAILSLAB, F_OK) || access("/proc/thread-self/fail-nth", F_OK))
		skip("no CONFIG_FAILSLAB in this kernel");
	require(write_text(FAILSLAB, "N") == 0);
	requests_open(&requests, 0);
	for (n = 1; !left; n++) {
		snprintf(text, sizeof(text), "%d", n);
		require(write_text("/proc/thread-self/fail-nth", text) == 0);
		requests.done[AIO_READ] = false;
		ret = aio_read(&requests.aio, AIO_READ, fd, &requests.data[AIO_READ], 8, 0);
		left = read_number("/proc/thread-self/fail-nth");
		write_text("/proc/thread-self/fail-nth", "0");
		if (ret) {
			failures++;
			continue;
		}
		ticker_tick(fd);
		require(request_wait(&requests, AIO_READ));
		result = requests.result[AIO_READ];
		failures += result == -ENOMEM;
		/* Copying to and from user space fails by the same count. */
		expect(result == -ENOMEM || result == -EFAULT || result == 8);
	}
	require(write_text(FAILSLAB, "Y") == 0);
	note("%d allocations, %ld of them had the request fail", n - 2, failures);
	/* Ours, the sample's for the request, and aio's; where it has segments, those. */
	expect(failures >= 3);
}

/* A page that whoever touches it first has to wait for: till the end of @uffd, here. */
static void *page_that_blocks(int uffd)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(page != MAP_FAILED && ioctl(uffd, UFFDIO_API, &api) == 0);
	range.range.start = (uintptr_t)page;
	range.range.len = 4096;
	require(ioctl(uffd, UFFDIO_REGISTER, &range) == 0);
	return page;
}

/* Ends in the middle of the copy to its memory, with another request that waits. */
static void child(int uffd, int ready)
{
	int file = ticker_open(0);
	struct uffd_msg fault;

	requests_open(&requests, 0);
	require(aio_read(&requests.aio, AIO_READ, file, page_that_blocks(uffd), 8, 0) == 0);
	request_submit(&requests, AIO_WRITE, file, LATER);
	require(write(ready, "", 1) == 1);
	require(read(uffd, &fault, sizeof(fault)) == sizeof(fault));
	_exit(case_status());
}

/*
 * The driver is the last user of the memory then, and its end waits for all aio of the
 * process: so it must not come about where that aio is completed.
 */
static void ended_in_the_copy(void)
{
	int uffd, ready[2], status, i;
	char byte;
	pid_t pid;

	require(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
		if (uffd < 0)
			_exit(4);
		child(uffd, ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1 && waitpid(pid, &status, 0) == pid &&
	    WEXITSTATUS(status) == 4)
		skip("no userfaultfd in this kernel");
	ticker_tick(fd);
	expect(wait_until(waitpid(pid, &status, WNOHANG) == pid, LIMIT));
	expect_equal(status, 0);
	expect_equal(ticker_queued(fd), 1);
	for (i = 1; i < LATER; i++)
		ticker_tick(fd);
	/* By the tick, not by the unplug. */
	expect(wait_until(ticker_queued(fd) == 0, LIMIT / 2));
	expect(wait_until(ticker_counter("opens") == ticker_counter("closes") + 1, LIMIT / 2));
	ticker_unbind();
}

static const struct test_case cases[] = {
	{ "out of memory, a request fails and leaves nothing", out_of_memory },
	{ "a submitter that ends while it is given its result holds up nobody",
	  ended_in_the_copy },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
