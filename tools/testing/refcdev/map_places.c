// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_places.c: the ways to a device: its node in devtmpfs, which comes and goes with it, a
 * node made by mknod, and a bind mount of the first
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "map_race.h"

#define FOLDER	"/tmp/map_race/"

const char *const place_dirs[NR_PLACES] = { "/dev/", FOLDER "mknod/", FOLDER "bind/" };

static void fail(const char *path)
{
	complain(FAILED, "%s: %s", path, strerror(errno));
	totals.failed++;
}

void node_path(char *path, size_t size, enum policy policy, enum place place,
	       unsigned int device)
{
	snprintf(path, size, "%s%s%u", place_dirs[place], driver->nodes[policy], device);
}

static void make_place(enum policy policy, enum place place, unsigned int device)
{
	struct stat node;
	char path[96], from[96];
	int fd;

	node_path(from, sizeof(from), policy, PLACE_DEV, device);
	node_path(path, sizeof(path), policy, place, device);
	if (stat(from, &node)) {
		fail(from);
	} else if (place == PLACE_MKNOD) {
		if (mknod(path, S_IFCHR | 0600, node.st_rdev))
			fail(path);
	} else {
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		close(fd);
		if (fd < 0 || mount(from, path, NULL, MS_BIND, NULL))
			fail(path);
	}
}

static void remove_place(enum policy policy, enum place place, unsigned int device)
{
	char path[96];

	node_path(path, sizeof(path), policy, place, device);
	if ((place == PLACE_BIND && umount(path)) || unlink(path))
		fail(path);
}

static void for_all_places(void (*call)(enum policy, enum place, unsigned int))
{
	unsigned int policy, place, device;

	for (policy = 0; policy < NR_POLICIES; policy++)
		for (place = PLACE_MKNOD; driver->nodes[policy] && place < NR_PLACES; place++)
			for (device = 0; device < DEVICES; device++)
				call(policy, place, device);
}

void make_places(void)
{
	mkdir(FOLDER, 0700);
	mkdir(place_dirs[PLACE_MKNOD], 0700);
	mkdir(place_dirs[PLACE_BIND], 0700);
	for_all_places(make_place);
}

void remove_places(void)
{
	for_all_places(remove_place);
}
