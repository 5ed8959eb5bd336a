// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench.c: one trivial driver behind every technique of protection: the command line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define CALLS	2000

static int explain(FILE *to, int status)
{
	fprintf(to, "usage: bench --list | refuses | instructions [CALLS]\n"
		"The module bench must be loaded.\n\n"
		"--list        the nodes: name, technique, form, what is guarded, who does it so\n"
		"refuses       disconnect each node, and see it refuse; load the module anew then\n"
		"instructions  what each operation takes on each node: median, least and most\n"
		"              frequent of CALLS (%u), and how many in a hundred are that\n",
		CALLS);
	return status;
}

static int list(const struct bench_node *nodes, int count)
{
	int i;

	for (i = 0; i < count; i++)
		printf("%s %s %s %s %s\n", nodes[i].name, nodes[i].technique, nodes[i].form,
		       nodes[i].mappings ? "all" : nodes[i].calls ? "calls" : "nothing",
		       nodes[i].user);
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench_node nodes[BENCH_MAX_NODES];
	unsigned long calls = argc > 2 ? strtoul(argv[2], NULL, 0) : CALLS;
	int count;

	if (argc < 2 || !calls || calls > 1000000)
		return explain(stderr, 2);
	if (!strcmp(argv[1], "--help"))
		return explain(stdout, 0);
	count = bench_nodes(nodes);
	if (count < 0) {
		printf("# cannot read /dev/bench-control: %s; is bench.ko loaded?\n",
		       strerror(-count));
		return 1;
	}
	if (!strcmp(argv[1], "--list"))
		return list(nodes, count);
	if (!strcmp(argv[1], "refuses"))
		return bench_refuses(nodes, count);
	if (!strcmp(argv[1], "instructions"))
		return bench_instructions(nodes, count, calls);
	return explain(stderr, 2);
}
