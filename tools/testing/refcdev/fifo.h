/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fifo.h: the devices of the fifo sample, as its tests use them
 */
#ifndef REFCDEV_TEST_FIFO_H
#define REFCDEV_TEST_FIFO_H

#include <linux/refcdev_fifo.h>

#include "harness.h"
#include "util.h"

#define FIFO_DRIVER	"refcdev-fifo"
#define FIFO_DEVICES	3
#define FIFO		"refcdev-fifo.0"
#define FIFO_NODE	"/dev/fifo0"

/* A node that nobody removes when the device goes, as mknod(1) in a container makes. */
#define FIFO_STATIC	"/dev/static-fifo0"

void fifo_setup(void);
int fifo_open(int flags);
void fifo_unbind(void);
void fifo_bind(void);
long fifo_counter(const char *counter);
int fifo_fill(int fd);

/* Blocking calls for threads: see caller_start(). */
long call_read(struct caller *self);
long call_write(struct caller *self);
long call_wait_empty(struct caller *self);

#endif /* REFCDEV_TEST_FIFO_H */
