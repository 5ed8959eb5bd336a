/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apart.h: does something in a process of its own, which stays when it has found something wrong
 */
#ifndef REFCDEV_TEST_APART_H
#define REFCDEV_TEST_APART_H

#include <stdbool.h>

/*
 * True if @perform returned true, or was killed. If not, the process is left as it is, with all
 * that it has open: to end it might be to call what is not there any more. Also if it has not
 * come back in time.
 */
bool apart(bool (*perform)(void *data), void *data, int limit_ms);

#endif /* REFCDEV_TEST_APART_H */
