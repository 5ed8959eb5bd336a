// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault_probe.c: each step of a driver's probe, and of opening its nodes, fails once: for any
 * driver; and each place in the kernel that allocates there is listed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc_sites.h"
#include "fail_nth.h"
#include "subject.h"

enum {
	TRIES = 200,
	BEFORE = 6, BEHIND = 8,		/* steps from where a place was, that are tried */
};

static struct subject subject;
static char **nodes;
static int nr_nodes, file;
static const char *node;
static struct fail_plan plan = { .first = 1, .stride = 1 };

static int do_bind(void)
{
	return driver_bind(subject.driver, subject.device);
}

/* After each failure: nobody has been left with half of it. */
static void probe_again(void)
{
	int i, fd;

	if (driver_is_bound(subject.driver, subject.device))
		subject_unbind(&subject);
	subject_bind(&subject);
	for (i = 0; i < nr_nodes; i++) {
		fd = open(nodes[i], O_RDWR | O_NONBLOCK);
		if (fd < 0)
			complain("%s after a failed probe: %s", nodes[i], strerror(errno));
		close(fd);
	}
	subject_unbind(&subject);
}

static void undo_bind(int ret)
{
	alloc_sites_count();
	expect_equal(driver_is_bound(subject.driver, subject.device), ret == 0);
	if (ret == 0)
		subject_unbind(&subject);
	else
		probe_again();
	alloc_sites_skip();
}

static int do_open(void)
{
	file = open(node, O_RDWR | O_NONBLOCK);
	return file < 0 ? -errno : 0;
}

static void undo_open(int ret)
{
	alloc_sites_count();
	if (ret == 0)
		close(file);
	alloc_sites_skip();
}

/*
 * Some runs have a few steps more than others: a tree of the kernel gets a node now and then,
 * kernel debugging takes notes. So a place can be at another step each time it comes to that
 * step. It is near to where it was, though.
 */
static void meet_missed(void)
{
	unsigned int place = 0, missing, tries, step;
	bool came;

	for (tries = 0; (missing = alloc_sites_missing(&place)) && tries < TRIES; tries++) {
		step = place + tries % (BEFORE + BEHIND);
		fail_nth_once(&plan, step > BEFORE ? step - BEFORE : 1, &came);
	}
	note("%s: %u more runs for places that were missed", plan.name, tries);
}

static void sweep(const char *name, int (*op)(void), void (*undo)(int ret), unsigned int floor)
{
	unsigned int injected, sites, missing, place;

	plan.name = name;
	plan.op = op;
	plan.undo = undo;
	alloc_sites_clear();
	injected = fail_nth_sweep(&plan);
	expect(injected >= floor);
	if (plan.stride > 1)
		return;
	alloc_sites_settle();
	meet_missed();
	sites = alloc_sites_report(name);
	missing = alloc_sites_missing(&place);
	note("%s: %u places allocate, %u of them were never made to fail", name, sites, missing);
	expect_equal(missing, 0);
	expect(sites > 0 && injected >= sites / 2);
}

static void probe(void)
{
	if (driver_is_bound(subject.driver, subject.device))
		subject_unbind(&subject);
	sweep("probe", do_bind, undo_bind, 10 / plan.stride);
	expect(subject_released_all(&subject, 0));
	subject_bind(&subject);
}

/* The steps of an open are few: none is left out. */
static void opens(void)
{
	int i;

	plan.first = 1;
	plan.stride = 1;
	for (i = 0; i < nr_nodes; i++) {
		node = nodes[i];
		sweep(node, do_open, undo_open, 1);
	}
	expect(subject_released_all(&subject, 1));
}

static const struct test_case cases[] = {
	{ "a probe that fails at any step leaves nothing, and the next one passes", probe },
	{ "an open that fails at any step leaves nothing, and the next one passes", opens },
};

static void setup(void)
{
	alloc_sites_open();
	fail_nth_open();
}

static int explain(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: fault_probe [--stride N] [--first N] [--errno E] DRIVER DEVICE [NODE]...\n"
		"\n"
		"Binds DEVICE of the platform bus to DRIVER, and opens each NODE, as often as there\n"
		"are allocations and copies in that; each of them is made to fail once. Needs a\n"
		"kernel with CONFIG_FAILSLAB, and counters \"created\" and \"released\" of the\n"
		"driver's objects in debugfs, in a folder of its name.\n"
		"\n"
		"  --stride N  of the probe's steps only every Nth\n"
		"  --first N   from this one on\n"
		"  --errno E   a failure may be reported with this number as well as ENOMEM\n");
	return status;
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--stride") && i + 1 < argc)
			plan.stride = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--first") && i + 1 < argc)
			plan.first = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--errno") && i + 1 < argc)
			plan.also = -atoi(argv[++i]);
		else
			return explain(strcmp(argv[i], "--help") ? 2 : 0);
	}
	if (argc - i < 2 || !plan.stride || !plan.first)
		return explain(2);
	subject = (struct subject){ argv[i], argv[i + 1], NULL };
	nodes = &argv[i + 2];
	nr_nodes = argc - i - 2;
	case_seconds = 300;
	return RUN_CASES(cases, setup);
}
