/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmsg.h: what the kernel says in its log, from now on
 */
#ifndef REFCDEV_TEST_KMSG_H
#define REFCDEV_TEST_KMSG_H

#include <stdbool.h>
#include <stdint.h>

/* Only what comes later is read from it. */
int kmsg_open(void);

/* The next message; false when there is none yet. A part of it, if it is long. */
bool kmsg_next(int kmsg, char text[1024]);

/* The same, if need be after waiting for it: until @end, as of now_ns(). */
bool kmsg_wait(int kmsg, char text[1024], uint64_t end);

#endif /* REFCDEV_TEST_KMSG_H */
