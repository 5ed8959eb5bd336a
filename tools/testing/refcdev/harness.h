/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * harness.h: test cases, each in a process and with a time limit of its own
 */
#ifndef REFCDEV_HARNESS_H
#define REFCDEV_HARNESS_H

#include <stddef.h>

struct test_case {
	const char *name;		/* says the property that must hold */
	void (*run)(void);
};

/* How long a case may take; to be set before run_cases(), where that is long. */
extern unsigned int case_seconds;

int run_cases(const struct test_case *cases, size_t count, void (*setup)(void));

/* What a case found wrong; it goes on. */
__attribute__((format(printf, 1, 2)))
void complain(const char *format, ...);

/* For a process that the case has forked: exit with what it found. */
int case_status(void);

/* A line of the protocol, whatever the outcome. */
__attribute__((format(printf, 1, 2)))
void note(const char *format, ...);

/* The case cannot go on, or does not apply here. */
__attribute__((noreturn, format(printf, 1, 2)))
void give_up(const char *format, ...);
__attribute__((noreturn))
void skip(const char *why);

#define expect(condition)							\
	((condition) ? (void)0 :						\
	 complain("%s:%d: not so: %s", __FILE__, __LINE__, #condition))

#define expect_equal(found, wanted)						\
({										\
	long __found = (long)(found), __wanted = (long)(wanted);		\
										\
	if (__found != __wanted)						\
		complain("%s:%d: %s is %ld, not %ld", __FILE__, __LINE__, #found, \
			 __found, __wanted);					\
})

/* A call that must fail, and how. */
#define expect_errno(call, wanted)						\
({										\
	long __ret;								\
										\
	errno = 0;								\
	__ret = (long)(call);							\
	if (__ret != -1 || errno != (wanted))					\
		complain("%s:%d: %s returned %ld, errno %d (%s), not errno %d (%s)", \
			 __FILE__, __LINE__, #call, __ret, errno, strerror(errno), \
			 wanted, strerror(wanted));				\
})

#define require(condition)							\
	((condition) ? (void)0 :						\
	 give_up("%s:%d: cannot go on: %s", __FILE__, __LINE__, #condition))

#define RUN_CASES(cases, setup)	run_cases(cases, sizeof(cases) / sizeof((cases)[0]), setup)

#endif /* REFCDEV_HARNESS_H */
