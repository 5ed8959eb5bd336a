/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * subject.h: a driver that a test runs on: refcdev's or the negative control; and which
 * of its devices a path leads to
 */
#ifndef REFCDEV_TEST_SUBJECT_H
#define REFCDEV_TEST_SUBJECT_H

#include <stdbool.h>

#include "harness.h"
#include "util.h"

struct subject {
	const char *driver, *device, *node;
};

extern const struct subject fifo_subject, plain_subject, wait_subject;

/* Unbound, if need be, and bound: a new instance, that nobody has open. */
void subject_renew(const struct subject *subject);
void subject_unbind(const struct subject *subject);
void subject_bind(const struct subject *subject);
int subject_open(const struct subject *subject, int flags);
long subject_count(const struct subject *subject, const char *counter);

/* All private data but the bound device's was released, by the driver's own counts. */
bool subject_released_all(const struct subject *subject, long bound);

/* A node for the same device elsewhere, that nobody removes. */
void subject_mknod(const struct subject *subject, const char *path);

/*
 * The two drivers that know messages: an instance is told by how many were written to
 * it. The mark is such a number; reading it says which instance a file is of.
 */
void put_mark(int fd, int mark);
/* Returns the mark, or a negative errno. */
int get_mark(int fd);
int get_mark_of(const char *path);

/* init_module(2) and delete_module(2) for "modules/NAME.ko"; 0 or a negative errno. */
int module_load(const char *name, const char *parameters);
int module_unload(const char *name);

#endif /* REFCDEV_TEST_SUBJECT_H */
