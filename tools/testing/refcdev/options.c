// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c: the hammer's command line
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hammer.h"

const char *const op_names[NR_OPS] = {
	"read", "write", "ioctl", "poll", "open", "mmap", "dup", "fork", "async",
};

struct options options = {
	.device = "/dev/fifo0",
	.driver = "refcdev-fifo",
	.unbind = "refcdev-fifo.0",
	.threads = 4,
	.procs = 2,
	.seed = 1,
	.ops = (1u << NR_OPS) - 1,
};

static const char help[] =
"Usage: hammer [OPTION]...\n"
"Uses a device in every way while its driver is unbound and bound, and says what came of it.\n"
"\n"
"  --device PATH       node (/dev/fifo0)\n"
"  --driver NAME       driver on the platform bus (refcdev-fifo)\n"
"  --unbind NAME       device on the platform bus (refcdev-fifo.0); 'none': leave it alone\n"
"  --threads N         threads per process, sharing one file (4)\n"
"  --procs N           processes, each with a file of its own (2)\n"
"  --mode LIST         all, or some of: read,write,ioctl,poll,open,mmap,dup,fork,async\n"
"  --cycles N          end after so many unbinds (100, if no duration is given)\n"
"  --duration S        end after so many seconds\n"
"  --limit S           fail if not at the end after so many seconds (duration + 120)\n"
"  --seed N            of the random choices (1)\n"
"  --floor-inflight P  fail if in less than P percent of the cycles calls were in flight\n"
"  --floor-sleeper P   fail if in less than P percent of those a sleeper was woken\n"
"  --help\n"
"\n"
"Exit status: 0 passed, 1 failed, 2 usage.\n";

static const struct option names[] = {
	{ "device", 1, NULL, 'd' }, { "driver", 1, NULL, 'r' }, { "unbind", 1, NULL, 'u' },
	{ "threads", 1, NULL, 't' }, { "procs", 1, NULL, 'p' }, { "mode", 1, NULL, 'm' },
	{ "cycles", 1, NULL, 'c' }, { "duration", 1, NULL, 's' }, { "limit", 1, NULL, 'l' },
	{ "seed", 1, NULL, 'e' }, { "floor-inflight", 1, NULL, 'i' },
	{ "floor-sleeper", 1, NULL, 'w' }, { "help", 0, NULL, 'h' }, { }
};

static int parse_mode(char *list)
{
	char *name, *rest;
	int i;

	if (!strcmp(list, "all"))
		return 0;
	options.ops = 0;
	for (name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		for (i = 0; i < NR_OPS && strcmp(name, op_names[i]); i++)
			;
		if (i == NR_OPS) {
			fprintf(stderr, "hammer: no mode '%s'; see --help\n", name);
			return 2;
		}
		options.ops |= 1u << i;
	}
	return 0;
}

static unsigned int *number_of(int letter)
{
	switch (letter) {
	case 't': return &options.threads;
	case 'p': return &options.procs;
	case 'c': return &options.cycles;
	case 's': return &options.duration;
	case 'l': return &options.limit;
	case 'i': return &options.floor_inflight;
	case 'w': return &options.floor_sleeper;
	default: return NULL;
	}
}

static const char **string_of(int letter)
{
	switch (letter) {
	case 'd': return &options.device;
	case 'r': return &options.driver;
	case 'u': return &options.unbind;
	default: return NULL;
	}
}

static int parse_one(int letter)
{
	unsigned int *number = number_of(letter);
	const char **string = string_of(letter);
	char *end = NULL;

	if (letter == 'h') {
		fputs(help, stdout);
		exit(0);
	}
	if (string)
		*string = optarg;
	else if (number)
		*number = strtoul(optarg, &end, 10);
	else if (letter == 'e')
		options.seed = strtoull(optarg, &end, 10);
	else if (letter == 'm')
		return parse_mode(optarg);
	else
		return 2;
	if (end && (*end || end == optarg)) {
		fprintf(stderr, "hammer: not a number: '%s'\n", optarg);
		return 2;
	}
	return 0;
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
	if (optind < argc || !options.threads || !options.procs || !options.ops ||
	    options.threads * options.procs > MAX_SLOTS || options.cycles > MAX_CYCLES) {
		fprintf(stderr, "hammer: cannot do that; see --help\n");
		return 2;
	}
	if (!strcmp(options.unbind, "none"))
		options.unbind = NULL;
	if (!options.cycles && !options.duration)
		options.cycles = 100;
	if (!options.limit)
		options.limit = options.duration + 120;
	return 0;
}
