/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sigbus.h: touch memory that may have gone, and go on
 */
#ifndef REFCDEV_TEST_SIGBUS_H
#define REFCDEV_TEST_SIGBUS_H

#include <setjmp.h>
#include <stdbool.h>

extern __thread sigjmp_buf sigbus_escape;
extern __thread volatile bool sigbus_expected;

/* Once per process. A SIGBUS that nobody expects ends it, as ever. */
void sigbus_init(void);

/* True if the access, a statement of few words, was carried out; false: SIGBUS. */
#define sigbus_survives(access)							\
({										\
	bool __there = !sigsetjmp(sigbus_escape, 0);				\
										\
	if (__there) {								\
		sigbus_expected = true;						\
		access;								\
	}									\
	sigbus_expected = false;						\
	__there;								\
})

#endif /* REFCDEV_TEST_SIGBUS_H */
