/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dump.h: what debugfs says of refcdev's objects, in debug builds
 */
#ifndef REFCDEV_TEST_DUMP_H
#define REFCDEV_TEST_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#define DUMPS		"/sys/kernel/debug/refcdev/lifetimes"
#define DUMP_SIZE	16384

enum { DUMP_PATH_MAX = 128 };

/* The newest object of a device: "folder" is where its files are. False if there is none. */
bool dump_find(const char *device, char folder[DUMP_PATH_MAX]);
bool dump_exists(const char *folder);

/* A whole file of it; 0 or a negative errno. */
int dump_text(const char *folder, const char *file, char text[DUMP_SIZE]);

/**
 * struct dump - an object's files, added up
 * @state: 'l'ive, 'd'isconnecting or 'D'ead; 0 if the object went before it was read
 * @references: its references
 * @held: those of all holders
 * @calls: calls inside
 * @nodes: its nodes
 * @files: its open files
 * @mappings: of these
 * @resources: how many resources it manages
 * @bytes: of them
 * @adds_up: the totals of the resources are those of the lines
 * @odd: lines that are not as they should be
 */
struct dump {
	char state;
	unsigned long references, held;
	unsigned long calls, nodes, files, mappings;
	unsigned long resources, bytes;
	bool adds_up;
	unsigned int odd;
};

/* 0; or a negative errno, if the object went before all was read. */
int dump_read(const char *folder, struct dump *dump);
/* The same for state and references alone. */
int dump_read_state(const char *folder, struct dump *dump);

#endif /* REFCDEV_TEST_DUMP_H */
