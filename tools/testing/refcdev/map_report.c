// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_report.c: command line, figures and results of map_race
 */
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "map_race.h"
#include "util.h"

#define BIT(way)	(1u << MAPDEV_WAY_##way)
#define RAM_WAYS	(BIT(fault_page) | BIT(fault_insert) | BIT(mkwrite) | BIT(pages) | \
			 BIT(pages_plain))
#define REGISTER_WAYS	(BIT(pfn) | BIT(fault_pfn) | BIT(pfn_access))

/* What a mapping by frame number would keep is not the object's, so it is refused there. */
static const struct driver drivers[] = {
	{
		.name = "mapdev",
		.nodes = { "mapdev_sigbus", "mapdev_zero", "mapdev_keep" },
		.ways = { RAM_WAYS | REGISTER_WAYS, RAM_WAYS | REGISTER_WAYS, RAM_WAYS },
		.delay = "/sys/kernel/debug/refcdev/delay/mmap_linked",
	}, {
		.name = "plainmap",
		.nodes = { "plainmap" },
		.ways = { BIT(pages) | BIT(pfn) | BIT(fault_pfn) },
		.delay = "/sys/module/plainmap/parameters/linger",
	}
};

const struct driver *driver = &drivers[0];

struct options options = {
	.disconnects = 60, .mmaps = 3000, .floor = 20, .limit = 300, .places = NR_PLACES, .seed = 1,
};

static const char help[] =
"Usage: map_race [OPTION]...\n"
"Maps devices in every way, and touches what is mapped, while they are unbound and bound.\n"
"\n"
"  --driver NAME    mapdev or plainmap (mapdev)\n"
"  --disconnects N  at least so many (60)\n"
"  --mmaps N        at least so many, that the device let through (3000)\n"
"  --floor P        fail if less than P percent of the disconnects met a call (20)\n"
"  --one-node       only through the node in /dev, so that the driver knows all its inodes\n"
"  --expect-stale   fail if nobody reached a page of a device that was gone\n"
"  --limit S        fail if not at the end after so many seconds (300)\n"
"  --seed N         of the random choices (1)\n"
"  --help\n";

static const struct option names[] = {
	{ "driver", 1, NULL, 'r' }, { "disconnects", 1, NULL, 'd' }, { "mmaps", 1, NULL, 'm' },
	{ "floor", 1, NULL, 'f' }, { "one-node", 0, NULL, 'o' }, { "expect-stale", 0, NULL, 'e' },
	{ "limit", 1, NULL, 'l' }, { "seed", 1, NULL, 's' }, { "help", 0, NULL, 'h' }, { }
};

static void usage(bool asked)
{
	fputs(help, asked ? stdout : stderr);
	exit(asked ? 0 : 2);
}

static void choose_driver(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		driver = &drivers[i];
		if (strcmp(driver->name, name) == 0)
			return;
	}
	usage(false);
}

void parse_options(int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == 'r')
			choose_driver(optarg);
		else if (letter == 'd')
			options.disconnects = strtoul(optarg, NULL, 0);
		else if (letter == 'm')
			options.mmaps = strtoul(optarg, NULL, 0);
		else if (letter == 'f')
			options.floor = strtoul(optarg, NULL, 0);
		else if (letter == 'o')
			options.places = 1;
		else if (letter == 'e')
			options.expect_stale = true;
		else if (letter == 'l')
			options.limit = strtoul(optarg, NULL, 0);
		else if (letter == 's')
			options.seed = strtoull(optarg, NULL, 0);
		else
			usage(letter == 'h');
	}
	if (!options.disconnects)
		usage(false);
}

struct tally sum_up(void)
{
	unsigned long *to, *from;
	struct tally sum = { };
	size_t i, j;

	to = (unsigned long *)&sum;
	for (i = 0; i < NR_TALLIES; i++) {
		from = (unsigned long *)&shared->tallies[i];
		for (j = 0; j < sizeof(sum) / sizeof(*to); j++)
			to[j] += from[j];
	}
	return sum;
}

static unsigned long percent(unsigned long part)
{
	return totals.disconnects ? part * 100 / totals.disconnects : 0;
}

static void print_counts(const struct tally *sum)
{
	char ways[256] = "";
	int i, len = 0;

	for (i = 0; i < MAPDEV_NR_WAYS; i++)
		len += snprintf(ways + len, sizeof(ways) - len, "%s%s %lu", i ? ", " : "",
				way_names[i], sum->ways[i]);
	ktap_note("seed %llu, %s: %lu disconnects, %lu of them with the link of mappings delayed",
		  (unsigned long long)options.seed, driver->name, totals.disconnects,
		  totals.delayed);
	ktap_note("%lu mmaps, in %llu s; unbinds take %llu us, at worst %llu", totals.mmaps,
		  (unsigned long long)(totals.ns / SECOND),
		  (unsigned long long)(totals.unbind_ns / 1000),
		  (unsigned long long)(totals.worst_ns / 1000));
	ktap_note("mmaps by policy: sigbus %lu, zero %lu, keep %lu", sum->mmaps[POLICY_SIGBUS],
		  sum->mmaps[POLICY_ZERO], sum->mmaps[POLICY_KEEP]);
	ktap_note("mmaps by node: devtmpfs %lu, mknod %lu, bind mount %lu", sum->places[PLACE_DEV],
		  sum->places[PLACE_MKNOD], sum->places[PLACE_BIND]);
	ktap_note("mmaps by way: %s", ways);
	ktap_note("touches %lu: SIGBUS %lu, zeroes %lu; mmaps refused %lu; forks %lu",
		  sum->touches, sum->sigbus, sum->zeroes, sum->refused, sum->forks);
	ktap_note("disconnects with a call in flight: %lu, %lu %%, %lu calls; floor %lu %%",
		  totals.in_flight, percent(totals.in_flight), totals.inside, options.floor);
	ktap_note("disconnects during an mmap that succeeded: %lu, %lu %%, %lu mmaps; floor %lu %%",
		  totals.overlapped, percent(totals.overlapped), totals.overlaps, options.floor);
	ktap_note("walked through %lu pages of %lu mappings in %lu processes", walked.pages,
		  walked.mappings, walked.processes);
	ktap_note("pages still mapped: by devtmpfs %lu, by mknod %lu, by bind mount %lu",
		  walked.stale[PLACE_DEV], walked.stale[PLACE_MKNOD], walked.stale[PLACE_BIND]);
	ktap_note("touches that reached one: %lu, and through /proc/PID/mem: %lu", sum->stale,
		  walked.reached);
}

/* Everything that there is was used often enough: a fifth of what an equal share would be. */
static bool have_their_share(const unsigned long *mmaps, int count, unsigned int mask)
{
	int i, used = __builtin_popcount(mask);

	for (i = 0; i < count; i++)
		if (mask & 1u << i && mmaps[i] < totals.mmaps / (5 * used))
			return false;
	return true;
}

static bool all_had_their_share(const struct tally *sum)
{
	unsigned int policies = 0, ways = 0;
	int i;

	for (i = 0; i < NR_POLICIES; i++) {
		policies |= driver->nodes[i] ? 1u << i : 0;
		ways |= driver->ways[i];
	}
	return have_their_share(sum->mmaps, NR_POLICIES, policies) &&
	       have_their_share(sum->places, NR_PLACES, (1u << options.places) - 1) &&
	       have_their_share(sum->ways, MAPDEV_NR_WAYS, ways);
}

/* The last reference may be put a moment after the system call has returned. */
static bool released_all(void)
{
	return wait_until(driver_count(driver->name, "released") ==
			  driver_count(driver->name, "created") - DEVICES, 5 * SECOND);
}

static void results_of_pages(const struct tally *sum)
{
	unsigned long mapped = walk_stale();

	if (options.expect_stale) {
		ktap_result(mapped, "pages of a device that was gone were mapped still");
		ktap_result(sum->stale, "they were read and written to");
		return;
	}
	ktap_result(!mapped, "no page of a device that was gone was mapped by anyone");
	ktap_result(!sum->stale && !walked.reached, "nobody could read one or write to it");
}

int report(void)
{
	bool has_core = driver == &drivers[0];
	struct tally sum = sum_up();

	print_counts(&sum);
	ktap_result(totals.disconnects >= options.disconnects && totals.mmaps >= options.mmaps,
		    "as many disconnects and mmaps as asked for, in time");
	ktap_result(percent(totals.overlapped) >= options.floor &&
		    (!has_core || percent(totals.in_flight) >= options.floor), "they overlapped");
	ktap_result(all_had_their_share(&sum), "every policy, node and way had its share");
	results_of_pages(&sum);
	ktap_result(!sum.odd, "what was found there is what the policy says");
	ktap_result(!totals.failed && !sum.failed && !walked.failed, "no other call failed");
	ktap_result(released_all(), "all private data but the bound devices' was released");
	return ktap_end();
}
