// SPDX-License-Identifier: GPL-2.0-only
/*
 * many_test.c: more nodes than there is room for, and a thousand of them at once
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "subject.h"
#include "trace.h"

#define DRIVER		"manynodes"
#define NODE_FORMAT	"/dev/manynodes/%u"

static unsigned int devices = 1, nodes = 1;

static const struct subject many = { DRIVER, DRIVER ".0", "/dev/manynodes/0" };

static int open_index(unsigned int index)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), NODE_FORMAT, index);
	fd = open(path, O_RDWR);
	if (fd < 0)
		give_up("%s: %s", path, strerror(errno));
	return fd;
}

/* Which node a file is of, and of which object; negative errno if it is dead. */
static int tell(int fd, uint32_t answer[2])
{
	return read(fd, answer, 2 * sizeof(*answer)) < 0 ? -errno : 0;
}

static int bind_device(unsigned int device)
{
	char name[32];

	snprintf(name, sizeof(name), DRIVER ".%u", device);
	return driver_bind(DRIVER, name);
}

static int unbind_device(unsigned int device)
{
	char name[32];

	snprintf(name, sizeof(name), DRIVER ".%u", device);
	return driver_unbind(DRIVER, name);
}

static void open_all(int *fds, unsigned int count)
{
	uint32_t answer[2];
	unsigned int i;

	for (i = 0; i < count; i++) {
		fds[i] = open_index(i);
		expect_equal(tell(fds[i], answer), 0);
		expect_equal(answer[0], i);
	}
}

/*
 * All that was there is unplugged, and all of it comes back: with the same indexes. Each lifetime
 * is drained once, however many nodes it has.
 */
static void cycle(int *fds, unsigned int count)
{
	struct trace_counts counts = {};
	uint32_t answer[2];
	uint64_t begun, ended;
	struct stat status;
	unsigned int i;

	require(trace_start() == 0);
	begun = now_ns();
	for (i = 0; i < devices; i++)
		require(unbind_device(i) == 0);
	ended = now_ns();
	trace_read(&counts);
	expect_equal(trace_lost(), 0);
	trace_stop();
	expect_equal(counts.drains, devices);
	note("%u nodes of %u lifetimes: unbound in %llu ms, %lu drains", count, devices,
	     (unsigned long long)((ended - begun) / MS), counts.drains);
	for (i = 0; i < count; i++)
		expect_equal(tell(fds[i], answer), -ENXIO);
	expect_errno(stat(many.node, &status), ENOENT);
	begun = now_ns();
	for (i = 0; i < devices; i++)
		require(bind_device(i) == 0);
	note("bound in %llu ms", (unsigned long long)((now_ns() - begun) / MS));
}

/* C5, C8: for each node of each lifetime. */
static void all_of_them(void)
{
	const unsigned int count = devices * nodes;
	int *old = calloc(count, sizeof(*old)), *new = calloc(count, sizeof(*new));
	long released = subject_count(&many, "released");
	long closes = subject_count(&many, "closes");
	uint32_t answer[2];
	unsigned int i;

	open_all(old, count);
	cycle(old, count);
	open_all(new, count);
	expect_equal(subject_count(&many, "released"), released);
	for (i = 0; i < count; i++) {
		expect_equal(tell(old[i], answer), -ENXIO);
		close(old[i]);
		expect_equal(tell(new[i], answer), 0);
		expect(answer[1] > devices);
		close(new[i]);
	}
	expect_equal(subject_count(&many, "closes"), closes + 2 * count);
	expect(subject_released_all(&many, devices));
}

/* One device more than there is room for; the last does not get its node. */
static void exhausted(void)
{
	const unsigned int room = devices - 1;
	uint32_t answer[2];
	int fd;

	expect_equal(bind_device(room), -ENOSPC);
	/* Any that goes makes room; the number that is free is the one that is taken. */
	fd = open_index(room / 2);
	require(unbind_device(room / 2) == 0);
	expect_equal(bind_device(room), 0);
	expect_equal(tell(fd, answer), -ENXIO);
	close(fd);
	fd = open_index(room / 2);
	expect_equal(tell(fd, answer), 0);
	expect_equal(answer[0], room / 2);
	close(fd);
	expect_equal(bind_device(room / 2), -ENOSPC);
	expect(subject_released_all(&many, room));
}

/* Each index from 0 on is there again after all have gone, whatever the order. */
static void indexes_come_back(void)
{
	const unsigned int room = devices - 1;
	uint32_t answer[2];
	unsigned int i;
	int fd;

	for (i = 0; i < devices; i++)
		unbind_device(devices - 1 - i);
	for (i = 0; i < room; i++)
		expect_equal(bind_device(i), 0);
	expect_equal(bind_device(room), -ENOSPC);
	for (i = 0; i < room; i++) {
		fd = open_index(i);
		expect_equal(tell(fd, answer), 0);
		expect_equal(answer[0], i);
		close(fd);
	}
	expect(subject_released_all(&many, room));
}

static const struct test_case many_cases[] = {
	{ "all nodes are opened, unplugged, dead, and back with the same indexes", all_of_them },
};

static const struct test_case room_cases[] = {
	{ "without room for its node a device is not bound: ENOSPC", exhausted },
	{ "indexes from 0 on are given out anew", indexes_come_back },
};

static int explain(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: many_test --devices N --nodes N	manynodes was loaded with these\n"
		"       many_test --devices N --no-room	with one node each, and room for N-1\n");
	return status;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };
	bool no_room = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--devices") && i + 1 < argc)
			devices = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--nodes") && i + 1 < argc)
			nodes = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--no-room"))
			no_room = true;
		else
			return explain(strcmp(argv[i], "--help") ? 2 : 0);
	}
	if (setrlimit(RLIMIT_NOFILE, &files)) {
		perror("many_test: cannot have so many files open");
		return 1;
	}
	/* A sanitized kernel takes ten milliseconds and more for each node. */
	case_seconds = 20 + devices * nodes / 10;
	return no_room ? RUN_CASES(room_cases, NULL) : RUN_CASES(many_cases, NULL);
}
