/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ways.h: the driver with many ways down as its tests see it, and a crowd that is in its calls
 */
#ifndef REFCDEV_TEST_WAYS_H
#define REFCDEV_TEST_WAYS_H

#include "modules/waysdev_ioctl.h"
#include "subject.h"

#define WAYS_PARENT	"refcdev-ways-parent"
#define WAYS_SUPPLIER	"refcdev-ways-supplier"

extern const struct subject ways_subject;

/* Counts that must stay 0, whatever happens: see modules/waysdev.h. */
void expect_nothing_missed(void);

/* Bound asynchronously, perhaps: until both devices can be opened. */
void ways_wait_open(void);

/* A parameter of the module: what is written there happens before this returns. */
int ways_set(const char *parameter, const char *value);

/* Callers inside the device's calls: asleep until it goes, and in no hurry then. */
struct crowd {
	struct caller callers[4];
	int fd;
	uint64_t begun;
};

enum { CROWD_LINGERS_MS = 60 };

void crowd_enter(struct crowd *crowd);
/* To be called right before the device goes; and after: all were sent away, and it waited. */
void crowd_begin(struct crowd *crowd);
void crowd_expect_gone(struct crowd *crowd);

#endif /* REFCDEV_TEST_WAYS_H */
