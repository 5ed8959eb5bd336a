// SPDX-License-Identifier: GPL-2.0-only
/*
 * testdev_test.c: operations that the samples do not have, and drivers that disconnect
 * from within their own calls
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "modules/testdev_ioctl.h"
#include "util.h"

#define DRIVER	"refcdev-test"
#define DEVICE	"refcdev-test.0"
#define OTHER	"refcdev-test.1"
#define PLAIN	"/dev/testdev0"
#define ITER	"/dev/testiter0"

static char data[64];

static void setup(void)
{
	driver_unbind(DRIVER, DEVICE);
	driver_unbind(DRIVER, OTHER);
	require(driver_bind(DRIVER, DEVICE) == 0);
	require(driver_bind(DRIVER, OTHER) == 0);
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR);

	require(fd >= 0);
	return fd;
}

static void unbind(const char *device)
{
	require(driver_unbind(DRIVER, device) == 0);
}

/* The counters of the operations that calls on these two files can reach. */
static const char *const operations[] = {
	"open", "read", "write", "read_iter", "write_iter", "poll", "ioctl", "llseek", "mmap",
};

#define NR_OPERATIONS	(sizeof(operations) / sizeof(operations[0]))

static void count_all(long *counts)
{
	size_t i;

	for (i = 0; i < NR_OPERATIONS; i++) {
		counts[i] = driver_count(DRIVER, operations[i]);
		require(counts[i] >= 0);
	}
}

/* Calls every operation once, or more; what they say depends on the device. */
static void call_all(int plain, int iter)
{
	struct pollfd poller = { .fd = plain, .events = POLLIN };
	struct iovec iov = { data, sizeof(data) };
	void *map;
	int fd;

	read(plain, data, sizeof(data));
	write(plain, data, sizeof(data));
	read(iter, data, sizeof(data));
	write(iter, data, sizeof(data));
	preadv(iter, &iov, 1, 0);
	pwritev(iter, &iov, 1, 0);
	poll(&poller, 1, 0);
	ioctl(plain, TESTDEV_NOTHING);
	lseek(plain, 0, SEEK_SET);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, plain, 0);
	if (map != MAP_FAILED)
		munmap(map, 4096);
	fd = open(PLAIN, O_RDWR);
	if (fd >= 0)
		close(fd);
}

/* C1: every one of the driver's counters moves while the device is there, and none after. */
static void counters(void)
{
	long before[NR_OPERATIONS], alive[NR_OPERATIONS], dead[NR_OPERATIONS];
	int plain = open_node(PLAIN), iter = open_node(ITER);
	size_t i;

	count_all(before);
	call_all(plain, iter);
	count_all(alive);
	unbind(DEVICE);
	call_all(plain, iter);
	count_all(dead);
	for (i = 0; i < NR_OPERATIONS; i++)
		if (alive[i] <= before[i] || dead[i] != alive[i])
			complain("%s: called %ld times before, %ld after the unbind",
				 operations[i], alive[i] - before[i], dead[i] - alive[i]);
}

/* C2: the same operations, by what they return. */
static void errors(void)
{
	int plain = open_node(PLAIN), iter = open_node(ITER);
	struct iovec iov = { data, sizeof(data) };

	expect_equal(readv(iter, &iov, 1), sizeof(data));
	expect_equal(writev(iter, &iov, 1), sizeof(data));
	expect_equal(pread(plain, data, 1, 0), 1);
	expect_equal(lseek(plain, 5, SEEK_SET), 5);
	unbind(DEVICE);
	expect_errno(readv(iter, &iov, 1), ENXIO);
	expect_errno(writev(iter, &iov, 1), ENXIO);
	expect_errno(pread(iter, data, 1, 0), ENXIO);
	expect_errno(pwrite(iter, data, 1, 0), ENXIO);
	expect_errno(pread(plain, data, 1, 0), ENXIO);
	expect_errno(lseek(plain, 0, SEEK_SET), ENXIO);
	expect_errno(lseek(iter, 0, SEEK_END), ENXIO);
	expect_errno(ioctl(plain, TESTDEV_NOTHING), ENXIO);
	expect_errno(ioctl(iter, TESTDEV_NOTHING), ENXIO);
}

/* No poll of its own: the system's answer stays, whatever became of the device. */
static void no_poll(void)
{
	struct pollfd poller = { .fd = open_node(ITER), .events = POLLIN };

	expect_equal(poll(&poller, 1, 0), 1);
	expect_equal(poller.revents, POLLIN);
	unbind(DEVICE);
	expect_equal(poll(&poller, 1, 0), 1);
	expect_equal(poller.revents, POLLIN);
}

static long call_linger(struct caller *self)
{
	return ioctl(self->fd, TESTDEV_LINGER, 300);
}

/* C1: woken is not gone: the unbind waits for a call that takes its time to leave. */
static void slow_to_leave(void)
{
	struct caller lingerer = { .call = call_linger, .fd = open_node(PLAIN) };
	long lingered = driver_count(DRIVER, "lingered");
	uint64_t begun;

	require(caller_start(&lingerer, SYS_ioctl));
	begun = now_ns();
	unbind(DEVICE);
	expect(now_ns() - begun >= 300 * MS);
	expect_equal(driver_count(DRIVER, "lingered"), lingered + 1);
	expect(caller_join(&lingerer, 5 * SECOND));
	expect_equal(lingerer.error, ENXIO);
}

/* C1: one gate for both nodes: a call through one holds up the end of the other. */
static void two_nodes_one_gate(void)
{
	struct caller lingerer = { .call = call_linger, .fd = open_node(ITER) };
	int plain = open_node(PLAIN);
	long released = driver_count(DRIVER, "released");

	require(caller_start(&lingerer, SYS_ioctl));
	unbind(DEVICE);
	expect(caller_join(&lingerer, 5 * SECOND));
	expect_equal(lingerer.error, ENXIO);
	expect_errno(read(plain, data, 1), ENXIO);
	close(lingerer.fd);
	expect_equal(driver_count(DRIVER, "released"), released);
	close(plain);
	expect(wait_until(driver_count(DRIVER, "released") == released + 1, 5 * SECOND));
}

/* C10: two that come at once both wait for the end. */
static void nobody_returns_early(void)
{
	struct caller lingerer = { .call = call_linger, .fd = open_node(PLAIN) };
	long lingered = driver_count(DRIVER, "lingered");
	int other = open("/dev/testdev1", O_RDWR), status, ret;
	pid_t pid;

	require(other >= 0);
	require(caller_start(&lingerer, SYS_ioctl));
	pid = fork();
	if (pid == 0) {
		ret = ioctl(other, TESTDEV_UNBIND_OTHER, 0);
		_exit(ret == 0 && driver_count(DRIVER, "lingered") == lingered + 1 ? 0 : 1);
	}
	driver_unbind(DRIVER, DEVICE);
	expect_equal(driver_count(DRIVER, "lingered"), lingered + 1);
	require(waitpid(pid, &status, 0) == pid);
	expect_equal(status, 0);
	expect(caller_join(&lingerer, 5 * SECOND));
}

/* C10: refused, and nothing has happened to the device. */
static void disconnect_self(void)
{
	int fd = open_node(PLAIN);

	expect_errno(ioctl(fd, TESTDEV_DISCONNECT_SELF), EDEADLK);
	expect_equal(ioctl(fd, TESTDEV_NOTHING), 0);
	close(fd);
	fd = open_node(ITER);
	expect_errno(ioctl(fd, TESTDEV_DISCONNECT_SELF), EDEADLK);
	expect_equal(read(fd, data, 1), 1);
}

/* Legal: a call of one device that ends another one. */
static void unbind_other(void)
{
	int fd = open_node(PLAIN), other = open_node("/dev/testdev1");

	expect_equal(ioctl(fd, TESTDEV_UNBIND_OTHER, 1), 0);
	expect(!driver_is_bound(DRIVER, OTHER));
	expect_errno(ioctl(other, TESTDEV_NOTHING), ENXIO);
	expect_equal(ioctl(fd, TESTDEV_NOTHING), 0);
}

/* Nothing passes unguarded; the message that names it is looked for by the caller. */
static void unguarded_operation(void)
{
	int fd = open_node(PLAIN);

	expect_errno(ioctl(fd, TESTDEV_REGISTER_UNGUARDED), EOPNOTSUPP);
	expect_equal(ioctl(fd, TESTDEV_NOTHING), 0);
}

/* C10: warned about, not hung; the device goes, the call returns. In a boot of its own. */
static void unbind_self(void)
{
	long released = driver_count(DRIVER, "released");
	int fd = open_node(PLAIN);

	expect_equal(ioctl(fd, TESTDEV_UNBIND_SELF), 0);
	expect(!driver_is_bound(DRIVER, DEVICE));
	expect_errno(ioctl(fd, TESTDEV_NOTHING), ENXIO);
	expect_equal(driver_count(DRIVER, "released"), released);
	close(fd);
	expect(wait_until(driver_count(DRIVER, "released") == released + 1, 5 * SECOND));
}

/* C10: and it waits for everybody else. */
static void unbind_self_with_others(void)
{
	struct caller lingerer = { .call = call_linger, .fd = open_node(PLAIN) };
	long lingered = driver_count(DRIVER, "lingered");
	int fd = open_node(ITER);

	require(caller_start(&lingerer, SYS_ioctl));
	expect_equal(ioctl(fd, TESTDEV_UNBIND_SELF), 0);
	expect_equal(driver_count(DRIVER, "lingered"), lingered + 1);
	expect(caller_join(&lingerer, 5 * SECOND));
	expect_equal(lingerer.error, ENXIO);
}

/* What is to be kept must be memory: a page frame number may be of anything. */
static void unguarded_mappings(void)
{
	int fd = open_node(PLAIN);
	char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	require(map != MAP_FAILED);
	expect_errno(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, TESTDEV_MAP_PFN * 4096),
		     EOPNOTSUPP);
	unbind(DEVICE);
	expect_errno(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), ENXIO);
	expect_equal(map[0], 0);
}

static const struct test_case cases[] = {
	{ "no operation of the driver is called after the unbind", counters },
	{ "read_iter, write_iter and llseek get ENXIO", errors },
	{ "a driver without poll keeps the system's answer", no_poll },
	{ "the unbind waits for a call that is slow to leave", slow_to_leave },
	{ "two nodes share one gate and one life", two_nodes_one_gate },
	{ "two unbinds at once: neither returns before the drain", nobody_returns_early },
	{ "a call that disconnects its own device gets EDEADLK", disconnect_self },
	{ "a call may unbind another device", unbind_other },
	{ "an operation that cannot be guarded is refused", unguarded_operation },
	{ "a mapping that cannot be guarded is refused", unguarded_mappings },
};

static const struct test_case self_cases[] = {
	{ "a call that unbinds its own device returns", unbind_self },
	{ "a call that unbinds its own device waits for the others", unbind_self_with_others },
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--unbind-self"))
		return RUN_CASES(self_cases, setup);
	return RUN_CASES(cases, setup);
}
