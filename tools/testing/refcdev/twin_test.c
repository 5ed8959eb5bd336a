// SPDX-License-Identifier: GPL-2.0-only
/*
 * twin_test.c: the same calls on a plain character device and on one with refcdev, for any
 * subset of file operations: they must answer the same, and their drivers be asked the same;
 * after the unplug, what reaches the driver gets ENXIO, and everything else is as before
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "ktap.h"
#include "twin.h"
#include "util.h"

static const char *const paths[] = { "/dev/twinplain", "/dev/twin" };

static struct transcript transcripts[2];
static const struct twin_log *logs;
static int ctl;
static bool quiet;			/* differences are what is wanted */

static struct {
	unsigned long compared, differences, driver_calls, refused, unchanged;
} total;

static void describe_entry(const char *side, const struct entry *entry)
{
	note("  %s: %ld, errno %d, data %x, driver called %u times, its arguments %x", side,
	     entry->ret, entry->error, entry->data, entry->calls, entry->hash);
}

static void describe(const struct twin_setup *setup, const char *when, const struct entry *plain,
		     const struct entry *wrapped, const char *what)
{
	total.differences++;
	if (quiet || total.differences > 20)
		return;
	complain("subset 0x%03x, open %u, flags %u, %s: %s of %s: %s:", setup->plain_ops,
		 setup->open, setup->flags, when, wrapped->file, wrapped->call, what);
	describe_entry("plain", plain);
	describe_entry("wrapped", wrapped);
}

static bool same_answer(const struct entry *a, const struct entry *b)
{
	return a->ret == b->ret && a->error == b->error && a->data == b->data;
}

static void compare_alive(const struct twin_setup *setup)
{
	const struct entry *plain = transcripts[0].entries, *wrapped = transcripts[1].entries;
	size_t i;

	expect_equal(transcripts[0].count, transcripts[1].count);
	for (i = 0; i < transcripts[0].count; i++, plain++, wrapped++) {
		total.compared++;
		total.driver_calls += plain->calls;
		if (!same_answer(plain, wrapped))
			describe(setup, "alive", plain, wrapped, "another answer");
		else if (plain->calls != wrapped->calls || plain->hash != wrapped->hash)
			describe(setup, "alive", plain, wrapped, "the driver is called otherwise");
		else
			continue;
		/* What follows from it is no news. */
		break;
	}
}

/* What the call must come to now: the plain one says whether it reaches the driver. */
static bool rightly_dead(const struct entry *plain, const struct entry *wrapped)
{
	if (!plain->calls)
		return plain->kind == IS_POSITION || same_answer(plain, wrapped);
	switch (plain->kind) {
	case GETS_HANGUP:
		return wrapped->ret == 1 &&
		       (wrapped->data & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP);
	case GETS_READY:
		return wrapped->data == 3;
	case GETS_ZERO:
		return wrapped->ret == 0;
	default:
		return wrapped->ret == -1 && wrapped->error == ENXIO;
	}
}

static void compare_dead(const struct twin_setup *setup)
{
	const struct entry *plain = transcripts[0].entries, *wrapped = transcripts[1].entries;
	size_t i;

	expect_equal(transcripts[0].count, transcripts[1].count);
	for (i = 0; i < transcripts[0].count; i++, plain++, wrapped++) {
		total.compared++;
		if (plain->calls)
			total.refused++;
		else
			total.unchanged++;
		if (wrapped->calls)
			describe(setup, "gone", plain, wrapped, "the driver was called");
		if (!rightly_dead(plain, wrapped))
			describe(setup, "gone", plain, wrapped, "a wrong answer");
	}
}

static void begin(enum twin_side side)
{
	transcripts[side].count = 0;
	transcripts[side].log = &logs[side];
	transcripts[side].calls = logs[side].calls;
}

static void open_files(enum twin_side side, struct twin_files *files)
{
	int i;

	for (i = 0; i < NR_FILES; i++) {
		files->fd[i] = open(paths[side], twin_file_flags[i]);
		require(files->fd[i] >= 0);
	}
}

static void run_subset(const struct twin_setup *setup)
{
	struct twin_files files[2];
	int side, i;

	require(ioctl(ctl, TWIN_SETUP, setup) == 0);
	for (side = 0; side < 2; side++) {
		begin(side);
		call_opens(&transcripts[side], paths[side]);
		open_files(side, &files[side]);
		call_all(&transcripts[side], &files[side]);
	}
	compare_alive(setup);
	if (ioctl(ctl, TWIN_SAME) != 1) {
		total.differences++;
		if (!quiet)
			complain("subset 0x%03x: not the same data", setup->plain_ops);
	}
	require(ioctl(ctl, TWIN_UNPLUG) == 0);
	for (side = 0; side < 2 && !quiet; side++) {
		begin(side);
		call_all(&transcripts[side], &files[side]);
	}
	if (!quiet)
		compare_dead(setup);
	for (side = 0; side < 2; side++)
		for (i = 0; i < NR_FILES; i++)
			require(close(files[side].fd[i]) == 0);
	require(ioctl(ctl, TWIN_TEARDOWN) == 0);
}

static bool is_corner(unsigned int subset)
{
	return subset == 0 || subset == TWIN_SUBSETS - 1 || (subset & (subset - 1)) == 0;
}

static unsigned int choose(unsigned int below)
{
	return random() % below;
}

/* Each in so many of the ways to open, a random one first. */
static unsigned int run_subsets(unsigned int in_thousand, unsigned int opens)
{
	unsigned int subset, nr, subsets = 0, first, flags;

	for (subset = 0; subset < TWIN_SUBSETS; subset++) {
		if (!is_corner(subset) && choose(1000) >= in_thousand)
			continue;
		first = choose(TWIN_NR_OPENS);
		flags = choose(TWIN_NR_FLAGS);
		subsets++;
		for (nr = 0; nr < opens; nr++) {
			struct twin_setup setup = {
				subset, subset, (first + nr) % TWIN_NR_OPENS,
				(flags + nr) % TWIN_NR_FLAGS,
			};

			run_subset(&setup);
		}
	}
	return subsets;
}

/* One of the two lacks an operation: each has to be missed. */
static void see_it_fail(void)
{
	static const char *const names[] = {
#define NAME(name)	#name,
		TWIN_OPS(NAME)
	};
	/* Without its sibling, which would stand in for it. */
	static const unsigned int without[TWIN_NR_OPS] = {
		[TWIN_OP_read_iter] = 1 << TWIN_OP_read, [TWIN_OP_write_iter] = 1 << TWIN_OP_write,
	};
	unsigned long before;
	int op;

	quiet = true;
	for (op = 0; op < TWIN_NR_OPS; op++) {
		unsigned int all = (TWIN_SUBSETS - 1) & ~without[op];
		struct twin_setup setup = { all, all & ~(1u << op), TWIN_OPEN_PLAIN, 0 };
		struct twin_setup other = { all & ~(1u << op), all, TWIN_OPEN_PLAIN, 0 };

		before = total.differences;
		run_subset(&setup);
		if (total.differences == before)
			complain("a twin without %s is not told from one with it", names[op]);
		before = total.differences;
		run_subset(&other);
		if (total.differences == before)
			complain("a twin with %s is not told from one without it", names[op]);
	}
	quiet = false;
	note("told apart: %d operations, missing on either side", TWIN_NR_OPS);
}

static void open_ctl(void)
{
	ctl = open("/dev/twinctl", O_RDWR);
	require(ctl >= 0);
	logs = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctl, 0);
	require(logs != MAP_FAILED);
	calls_init();
	/* What O_ASYNC files send is not what is compared. */
	signal(SIGIO, SIG_IGN);
}

static void run_all(unsigned int in_thousand, unsigned int opens, unsigned int seed)
{
	unsigned int subsets;

	srandom(seed);
	subsets = run_subsets(in_thousand, opens);
	ktap_note("seed %u: %u subsets in %u ways to open, %lu calls compared, %lu differences",
		  seed, subsets, opens, total.compared, total.differences);
	ktap_note("alive: the driver was called %lu times; gone: %lu calls refused, %lu as before",
		  total.driver_calls, total.refused, total.unchanged);
	/* One in four of what runs of one subset after the other come to. */
	expect(subsets >= TWIN_SUBSETS * in_thousand / 1000 / 4);
	expect(total.compared >= subsets * opens * 1000ul);
	expect(total.driver_calls >= subsets * opens * 30ul);
	expect(total.refused >= subsets * opens * 30ul);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		printf("usage: twin_test SUBSETS OPENS SEED\n"
		       "Compares that many of a thousand subsets, and the corners, in that many\n"
		       "of the %d things that an open may do.\n", TWIN_NR_OPENS);
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_ctl();
	see_it_fail();
	ktap_result(case_status() == KTAP_PASS, "a missing or an extra operation is noticed");
	memset(&total, 0, sizeof(total));
	run_all(atoi(argv[1]), atoi(argv[2]), strtoul(argv[3], NULL, 0));
	ktap_result(total.differences == 0 && case_status() == KTAP_PASS,
		    "a device with refcdev answers as one without, before and after the unplug");
	return ktap_end();
}
