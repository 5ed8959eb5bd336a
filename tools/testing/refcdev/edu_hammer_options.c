// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_options.c: the command line of edu_hammer
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edu_hammer.h"

struct options options = {
	.procs = 2, .threads = 4, .cycles = 12, .limit = 300, .floor = 80, .ways = 1, .seed = 1,
};

static const char help[] =
"Usage: edu_hammer [OPTION]...\n"
"Uses the edu device in every way while it goes and comes back, and says what came of it.\n"
"\n"
"  --ways LIST   how it goes, drawn for each cycle from these (qmp):\n"
"                  qmp     the host takes it out and puts it back\n"
"                  slot    its slot is turned off; the host puts it back\n"
"                  sysfs   it is removed, and found again by a rescan of the bus\n"
"                  unbind  only the driver goes and comes\n"
"  --cycles N    so often (12)\n"
"  --procs N     processes of workers (2)\n"
"  --threads N   workers in each; each has files of its own (4)\n"
"  --floor P     fail if in less than P percent of the cycles a transfer or a factorial was in\n"
"                flight (80)\n"
"  --limit S     fail if not at the end after so many seconds (300)\n"
"  --seed N      of the random choices (1)\n"
"  --help\n"
"\n"
"Exit status: 0 passed, 1 failed, 2 usage.\n";

static const struct option names[] = {
	{ "ways", 1, NULL, 'w' }, { "cycles", 1, NULL, 'c' }, { "procs", 1, NULL, 'p' },
	{ "threads", 1, NULL, 't' }, { "floor", 1, NULL, 'f' }, { "limit", 1, NULL, 'l' },
	{ "seed", 1, NULL, 's' }, { "help", 0, NULL, 'h' }, { }
};

static int parse_ways(char *list)
{
	char *name, *rest;
	unsigned int i;

	options.ways = 0;
	for (name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		for (i = 0; i < MAX_WAYS && strcmp(name, ways[i].name); i++)
			;
		if (i == MAX_WAYS) {
			fprintf(stderr, "edu_hammer: no way '%s'; see --help\n", name);
			return 2;
		}
		options.ways |= 1u << i;
	}
	return 0;
}

static unsigned int *number_of(int letter)
{
	switch (letter) {
	case 'c': return &options.cycles;
	case 'p': return &options.procs;
	case 't': return &options.threads;
	case 'f': return &options.floor;
	case 'l': return &options.limit;
	default: return NULL;
	}
}

static int parse_one(int letter)
{
	unsigned int *number = number_of(letter);
	char *end;

	if (letter == 'h') {
		fputs(help, stdout);
		exit(0);
	}
	if (letter == 'w')
		return parse_ways(optarg);
	if (letter != 's' && !number)
		return 2;
	if (number)
		*number = strtoul(optarg, &end, 10);
	else
		options.seed = strtoull(optarg, &end, 10);
	if (!*end && end != optarg)
		return 0;
	fprintf(stderr, "edu_hammer: not a number: '%s'\n", optarg);
	return 2;
}

/* 0, or 2 after a message. */
int parse_options(int argc, char **argv)
{
	int letter, ret;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		ret = parse_one(letter);
		if (ret)
			return ret;
	}
	if (optind == argc && options.ways && options.cycles && options.procs && options.threads &&
	    options.threads <= MAX_WORKERS && workers() <= MAX_WORKERS)
		return 0;
	fprintf(stderr, "edu_hammer: cannot do that; see --help\n");
	return 2;
}
