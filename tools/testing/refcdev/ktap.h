/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktap.h: prints results as KTAP; the plan comes last
 */
#ifndef REFCDEV_KTAP_H
#define REFCDEV_KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define KTAP_PASS	0
#define KTAP_FAIL	1
#define KTAP_SKIP	4

static struct {
	unsigned int count, failed, skipped;
} ktap;

/* A diagnostic line. */
__attribute__((format(printf, 1, 2)))
static inline void ktap_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
}

static inline void ktap_result(bool ok, const char *name)
{
	ktap.failed += !ok;
	printf("%s %u %s\n", ok ? "ok" : "not ok", ++ktap.count, name);
	fflush(stdout);
}

static inline void ktap_skip(const char *name, const char *why)
{
	ktap.skipped++;
	printf("ok %u %s # SKIP %s\n", ++ktap.count, name, why);
	fflush(stdout);
}

/* The plan, and the exit status of the program. */
static inline int ktap_end(void)
{
	printf("1..%u\n", ktap.count);
	fflush(stdout);
	if (ktap.failed)
		return KTAP_FAIL;
	return ktap.count && ktap.count == ktap.skipped ? KTAP_SKIP : KTAP_PASS;
}

#endif /* REFCDEV_KTAP_H */
