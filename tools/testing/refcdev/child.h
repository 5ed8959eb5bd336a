/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * child.h: processes of a hammer, which may never end
 */
#ifndef REFCDEV_TEST_CHILD_H
#define REFCDEV_TEST_CHILD_H

#include <sys/types.h>

/* One that runs @run, and holds none of our output: whoever reads that does not wait for it. */
pid_t child_start(void (*run)(unsigned int nr), unsigned int nr);

#endif /* REFCDEV_TEST_CHILD_H */
