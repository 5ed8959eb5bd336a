// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_nodes.c: the nodes of the module bench, as it lists them
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "modules/bench_ioctl.h"

#define CONTROL	"/dev/bench-control"

static bool parse(const char *line, struct bench_node *node)
{
	char guarded[16], path[64];
	struct stat stat_buf;
	int events;

	if (sscanf(line, "%31s %15s %7s %15s %d %d %d %47[^\n]", node->name, node->technique,
		   node->form, guarded, &node->error, &node->error_open, &events, node->user) != 8)
		return false;
	node->events = events;
	node->mappings = !strcmp(guarded, "all");
	node->calls = node->mappings || !strcmp(guarded, "calls");
	snprintf(path, sizeof(path), "/dev/%s", node->name);
	if (stat(path, &stat_buf))
		return false;
	node->number = stat_buf.st_rdev;
	return true;
}

int bench_nodes(struct bench_node nodes[BENCH_MAX_NODES])
{
	FILE *file = fopen(CONTROL, "re");
	char line[256];
	int count = 0;

	if (!file)
		return -errno;
	while (count < BENCH_MAX_NODES && fgets(line, sizeof(line), file)) {
		nodes[count].index = count;
		if (!parse(line, &nodes[count])) {
			count = -EPROTO;
			break;
		}
		count++;
	}
	fclose(file);
	return count;
}

int bench_disconnect(const struct bench_node *node)
{
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, BENCH_DISCONNECT, (unsigned long)node->index))
		ret = -errno;
	close(fd);
	return ret;
}

int bench_place(const struct bench_node *node)
{
	if (chdir(BENCH_FOLDER))
		return -errno;
	unlink(BENCH_PATH);
	return mknod(BENCH_PATH, S_IFCHR | 0600, node->number) ? -errno : 0;
}
