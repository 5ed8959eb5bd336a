// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_refuse.c: what a technique guards is let through, and after a disconnect refused: so
 * that no protection is measured that does not protect
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "harness.h"
#include "modules/bench_ioctl.h"

#define PAGE	4096

static const struct bench_node *nodes;
static unsigned int *turn;		/* which node's; a case is a process of its own */

/* What a call returned, or a negative errno. */
#define answer(call)	({ long __ret = (call); __ret < 0 ? -errno : __ret; })

/* The signal that ends who touches the page; 0 if none does. */
static int touch(char *map)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		*(volatile char *)map;
		_exit(0);
	}
	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void expect_calls(int fd, long error, short events)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	char data[BENCH_SIZE] = "";

	expect_equal(answer(read(fd, data, BENCH_SIZE)), error ? -error : BENCH_SIZE);
	expect_equal(answer(write(fd, data, BENCH_SIZE)), error ? -error : BENCH_SIZE);
	expect_equal(answer(ioctl(fd, BENCH_NOTHING)), -error);
	expect_equal(poll(&poller, 1, 0), 1);
	expect_equal(poller.revents, events);
}

static void expect_open(long error)
{
	int fd = answer(open(BENCH_PATH, O_RDWR | O_CLOEXEC));

	expect_equal(fd < 0 ? fd : 0, -error);
	if (fd >= 0)
		expect_equal(close(fd), 0);
}

/* Also of one that was made when the device was there. */
static void expect_mappings(int fd, char *map, bool guarded, long error)
{
	char *fresh = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	if (guarded) {
		expect(fresh == MAP_FAILED);
		expect_equal(errno, error);
	} else {
		expect(fresh != MAP_FAILED);
		expect_equal(touch(fresh), 0);
		munmap(fresh, PAGE);
	}
	expect_equal(madvise(map, PAGE, MADV_DONTNEED), 0);
	expect_equal(touch(map), guarded ? SIGBUS : 0);
}

static void refuses(void)
{
	const struct bench_node *node = &nodes[(*turn)++];
	char *map;
	int fd;

	require(bench_place(node) == 0);
	fd = open(BENCH_PATH, O_RDWR | O_CLOEXEC);
	require(fd >= 0);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED);
	expect_calls(fd, 0, POLLIN);
	expect_open(0);
	expect_mappings(fd, map, false, 0);

	expect_equal(bench_disconnect(node), node->calls ? 0 : -EOPNOTSUPP);
	note("%s: guards %s", node->name, !node->calls ? "nothing" : node->mappings ?
	     "everything" : "everything but mappings");
	expect_calls(fd, node->calls ? node->error : 0, node->calls ? node->events : POLLIN);
	expect_open(node->calls ? node->error_open : 0);
	expect_mappings(fd, map, node->mappings, node->error);
	expect_equal(munmap(map, PAGE), 0);
	expect_equal(close(fd), 0);
}

int bench_refuses(const struct bench_node *all, int count)
{
	struct test_case cases[BENCH_MAX_NODES];
	int i;

	nodes = all;
	turn = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(turn != MAP_FAILED);
	for (i = 0; i < count; i++)
		cases[i] = (struct test_case){ nodes[i].name, refuses };
	return run_cases(cases, count, NULL);
}
