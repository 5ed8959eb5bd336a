/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * duo.h: the device of the duo sample, as its tests use it: two nodes and a hwmon device
 */
#ifndef REFCDEV_TEST_DUO_H
#define REFCDEV_TEST_DUO_H

#include <linux/refcdev_duo.h>

#include "subject.h"

#define DUO_CONTROL	"/dev/duoctl0"

extern const struct subject duo_subject;

/* All return a file, or a negative errno. */
int duo_open_control(int flags);
int duo_open_attribute(const char *name);

/* Ask for one sample. */
void duo_sample(int control);

/* Does the file answer? 0, or a negative errno. */
int duo_ask_data(int fd);
int duo_ask_control(int fd);

/* A blocking call for a thread, see caller_start(): puts what it reads into @data, DUO_TEXT. */
#define DUO_TEXT	64
long call_read_text(struct caller *self);

#endif /* REFCDEV_TEST_DUO_H */
