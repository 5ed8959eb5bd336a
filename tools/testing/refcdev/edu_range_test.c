// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_range_test.c: what would end QEMU itself never gets to the device: sizes and positions from
 * everywhere, by every way to ask for a transfer
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "edu.h"
#include "edu_calls.h"

#define BYTES	((int64_t)REFCDEV_EDU_BYTES)
#define HUGE	(INT64_C(3) << 30)	/* more than a call moves, and than 31 bits have */
#define ROOM	(HUGE + 4096)

static uint8_t *bytes;
static uint64_t seed;
static int fd;

/* Of which one byte in a thousand is ever touched, if that. */
static void setup(void)
{
	bytes = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	require(bytes != MAP_FAILED);
	edu_setup();
	fd = edu_open(0);
}

/*
 * Positions and sizes at every edge of the device's memory, of 32 bits, and of 64. Not -1, which
 * some calls take for the file's own position.
 */
static const int64_t positions[] = {
	0, 1, BYTES - 1, BYTES, BYTES + 1, 4096, 8192, INT64_C(0x40000), INT32_MAX, UINT32_MAX,
	UINT32_MAX + INT64_C(1), (INT64_C(1) << 32) + BYTES - 1, INT64_C(1) << 40, INT64_MAX - 4095,
	INT64_MAX, -2, -BYTES, -4096, INT64_MIN,
};

static const size_t sizes[] = { 0, 1, 2, BYTES, 4096, 65536, INT32_MAX, UINT32_MAX - 4096, HUGE };

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* What must come of it, by the manual: bytes, or a negative errno. EINVAL is the kernel's. */
static int64_t outcome(const struct edu_way *way, size_t size, int64_t at)
{
	int64_t end;

	if (!size && !strcmp(way->name, "splice"))
		return 0;
	if (at < 0 || __builtin_add_overflow(at, size, &end))
		return -EINVAL;
	if (way->moves && at > BYTES)
		return -EINVAL;
	if (!size)
		return 0;
	if (at >= BYTES)
		return way->writes ? -ENOSPC : 0;
	return (int64_t)size < BYTES - at ? (int64_t)size : BYTES - at;
}

static void expect_outcome(const struct edu_way *way, size_t size, int64_t at)
{
	int64_t wanted = outcome(way, size, at);
	ssize_t found = way->call(fd, bytes, size, at);

	if (found != wanted)
		complain("%s of %zu bytes at %lld: %zd, not %lld", way->name, size, (long long)at,
			 found, (long long)wanted);
}

/* All that is refused, or is nothing: none of it takes any time. */
static void out_of_range(void)
{
	const struct edu_way *way;
	unsigned int refused = 0;
	size_t i, k;

	for (way = edu_ways; way < edu_ways + nr_edu_ways; way++) {
		for (i = 0; i < COUNT(positions); i++) {
			for (k = 0; k < COUNT(sizes); k++) {
				if (outcome(way, sizes[k], positions[i]) > 0)
					continue;
				expect_outcome(way, sizes[k], positions[i]);
				refused++;
			}
		}
	}
	note("%u calls that move nothing", refused);
	expect_equal(edu_state(fd).transfers, 0);
	expect(edu_works(fd, 1));
}

/* Which combination of them cuts the n-th call of that way short; false: there are no more. */
static bool nth_cut(const struct edu_way *way, unsigned int n, size_t *size, int64_t *at)
{
	size_t i, k;

	for (i = 0; i < COUNT(positions); i++) {
		for (k = 0; k < COUNT(sizes); k++) {
			int64_t fits = outcome(way, sizes[k], positions[i]);

			if (fits <= 0 || fits == (int64_t)sizes[k] || n--)
				continue;
			*size = sizes[k];
			*at = positions[i];
			return true;
		}
	}
	return false;
}

/* Each is a transfer: one by each way, or all there are. */
static void cut_short(void)
{
	const char *tier = getenv("REFCDEV_TIER");
	bool all = tier && !strcmp(tier, "full");
	unsigned int cut = 0, n, count;
	const struct edu_way *way;
	size_t size;
	int64_t at;

	for (way = edu_ways; way < edu_ways + nr_edu_ways; way++) {
		for (count = 0; nth_cut(way, count, &size, &at); count++)
			;
		require(count > 10);
		for (n = all ? 0 : random_below(&seed, count); nth_cut(way, n, &size, &at); n++) {
			expect_outcome(way, size, at);
			cut++;
			if (!all)
				break;
		}
	}
	note("%u calls that move less than they were asked for", cut);
	expect_equal(edu_state(fd).transfers, cut);
	expect(edu_works(fd, 2));
}

/* The position, which read(2) and write(2) go by, does not get where they would not be asked. */
static void no_such_position(void)
{
	size_t i;

	expect_equal(lseek(fd, 0, SEEK_END), BYTES);
	expect_errno(lseek(fd, 1, SEEK_END), EINVAL);
	expect_errno(lseek(fd, -BYTES - 1, SEEK_END), EINVAL);
	for (i = 0; i < COUNT(positions); i++) {
		if (positions[i] >= 0 && positions[i] <= BYTES)
			continue;
		expect_errno(lseek(fd, positions[i], SEEK_SET), EINVAL);
		expect_equal(lseek(fd, 0, SEEK_CUR), BYTES);
	}
	expect_equal(read(fd, bytes, HUGE), 0);
	expect_errno(write(fd, bytes, HUGE), ENOSPC);
}

/* There is no way out of it by splice: the kernel says so, and does not ask the driver. */
static void no_splice_from_it(void)
{
	int ends[2];

	require(pipe(ends) == 0);
	expect_errno(splice(fd, NULL, ends[1], NULL, 4096, 0), EINVAL);
	expect_errno(sendfile(ends[1], fd, NULL, 4096), EINVAL);
	expect_equal(edu_state(fd).transfers, 0);
}

static const struct test_case cases[] = {
	{ "nothing is moved before, after or beyond the device's memory", out_of_range },
	{ "what does not fit is cut short", cut_short },
	{ "the file has no position beyond its end", no_such_position },
	{ "no splice from it", no_splice_from_it },
};

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	case_seconds = 60;
	return RUN_CASES(cases, setup);
}
