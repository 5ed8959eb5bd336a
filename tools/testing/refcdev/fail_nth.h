/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fail_nth.h: an operation again and again, each time with one step later made to fail
 *
 * A step is an allocation from a slab or a copy from or to user space, of this task; see
 * fail-nth in the kernel's fault-injection.rst.
 */
#ifndef REFCDEV_TEST_FAIL_NTH_H
#define REFCDEV_TEST_FAIL_NTH_H

#include <stdbool.h>

/**
 * struct fail_plan - what to do, and at which steps
 * @name: of the operation
 * @op: does it; returns 0 or a negative errno
 * @undo: makes it as if it had not been done; gets what @op returned
 * @usable: called after each failure: complains if the device is not as good as new; or NULL
 * @also: a negative errno that says it as well as ENOMEM, EFAULT and EAGAIN do; or 0
 * @first: the first step that is made to fail; from 1
 * @stride: from one to the next; from 1
 */
struct fail_plan {
	const char *name;
	int (*op)(void);
	void (*undo)(int ret);
	void (*usable)(void);
	int also;
	unsigned int first, stride;
};

/* To be called once by each task that does operations. */
void fail_nth_open(void);

/* The step of that number fails, from now until it is asked whether its turn had come. */
void fail_nth_arm(unsigned int nth);
bool fail_nth_disarm(void);

/* Only the step of that number: @came says if there was one. Returns what the operation did. */
int fail_nth_once(const struct fail_plan *plan, unsigned int nth, bool *came);

/* Until the operation is through before its turn comes. Returns how many steps failed. */
unsigned int fail_nth_sweep(const struct fail_plan *plan);

#endif /* REFCDEV_TEST_FAIL_NTH_H */
