// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_scale.c: what a second processor adds to the throughput of a call, for each node of the
 * module bench
 *
 * By two processes, not two threads: a table of files that is shared has the kernel count
 * each use of a file, on a line that both write, whoever's device it is. What is left is what the
 * node's own protection does. They use one file that was opened before the fork, or one each.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "harness.h"
#include "util.h"

#define CPUS	2
/* Alone in more than any processor fetches at once. */
struct alone {
	int value;
} __attribute__((aligned(256)));

struct worker {
	double rate;	/* calls per second */
} __attribute__((aligned(256)));

/* What the processes share; nothing of it is written while they count, but for stop. */
static struct {
	struct alone ready, go, stop;
	struct worker worker[CPUS];
} *shared;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
}

static bool is_set(const int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

/* The call is a read that does nothing. */
static void work(int cpu, int fd)
{
	unsigned long calls = 0;
	uint64_t start;
	char byte;

	pin(cpu);
	__atomic_add_fetch(&shared->ready.value, 1, __ATOMIC_ACQ_REL);
	while (!is_set(&shared->go.value))
		;
	start = now_ns();
	do {
		if (syscall(SYS_read, fd, &byte, 1) != 1)
			_exit(1);
		calls++;
	} while (!is_set(&shared->stop.value));
	shared->worker[cpu].rate = 1e9 * calls / (now_ns() - start);
	_exit(0);
}

static int open_node(const struct bench_node *node)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", node->name);
	fd = open(path, O_RDWR);
	require(fd >= 0);
	return fd;
}

/* Calls per second of so many processors together. */
static double throughput(const struct bench_node *node, int cpus, bool one_file, unsigned int ms)
{
	int fd[CPUS], cpu, status;
	double rate = 0;

	memset(shared, 0, sizeof(*shared));
	for (cpu = 0; cpu < cpus; cpu++)
		fd[cpu] = cpu && one_file ? fd[0] : open_node(node);
	for (cpu = 0; cpu < cpus; cpu++) {
		pid_t pid = fork();

		require(pid >= 0);
		if (!pid)
			work(cpu, fd[cpu]);
	}
	require(wait_until(__atomic_load_n(&shared->ready.value, __ATOMIC_ACQUIRE) == cpus,
			   20 * SECOND));
	__atomic_store_n(&shared->go.value, 1, __ATOMIC_RELEASE);
	usleep(ms * 1000);	/* nothing is waited for: this is the time that is measured */
	__atomic_store_n(&shared->stop.value, 1, __ATOMIC_RELEASE);
	for (cpu = 0; cpu < cpus; cpu++) {
		require(wait(&status) > 0 && status == 0);
		if (!one_file || !cpu)
			close(fd[cpu]);
	}
	for (cpu = 0; cpu < cpus; cpu++)
		rate += shared->worker[cpu].rate;
	return rate;
}

static void play(const struct bench_node *node, bool one_file, unsigned int ms)
{
	double one = throughput(node, 1, one_file, ms);
	double two = throughput(node, CPUS, one_file, ms);

	printf("# scale: %s %s %s %s %.0f %.0f\n", node->name, node->technique, node->form,
	       one_file ? "shared" : "own", one, two);
}

static int help(int status)
{
	printf("usage: bench_scale ROUNDS MILLISECONDS\n"
	       "The module bench must be loaded, and there must be two processors. In each round,\n"
	       "for each node, on one shared file and on one file each, prints\n"
	       "'# scale: NODE TECHNIQUE FORM FILE ONE TWO': reads per second of one process and of\n"
	       "two, each on a processor of its own, counted for so many milliseconds.\n");
	return status;
}

int main(int argc, char **argv)
{
	static struct bench_node nodes[BENCH_MAX_NODES];
	unsigned int round, ms;
	int count, i;

	if (argc != 3)
		return help(argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ms = atoi(argv[2]);
	require(sysconf(_SC_NPROCESSORS_ONLN) >= CPUS);
	count = bench_nodes(nodes);
	require(count > 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	require(shared != MAP_FAILED);
	for (round = 0; round < (unsigned int)atoi(argv[1]); round++) {
		for (i = 0; i < count; i++) {
			play(&nodes[i], true, ms);
			play(&nodes[i], false, ms);
		}
	}
	return 0;
}
