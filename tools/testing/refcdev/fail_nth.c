// SPDX-License-Identifier: GPL-2.0-only
/*
 * fail_nth.c: an operation again and again, each time with one step later made to fail
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail_nth.h"
#include "harness.h"

#define STEPS_MAX	2000

static __thread int fail_nth;

void fail_nth_open(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	require(fail_nth >= 0);
}

/* Off, for this task. To say so is a step itself, which may be the one that fails. */
static void no_failure(void)
{
	if (pwrite(fail_nth, "0", 1, 0) != 1)
		require(pwrite(fail_nth, "0", 1, 0) == 1);
}

void fail_nth_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	require(pwrite(fail_nth, text, len, 0) == len);
}

/* The answer's own copy counts as a step: where it fails, the turn had not come. */
bool fail_nth_disarm(void)
{
	char text[16] = "";
	bool injected = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	no_failure();
	return injected;
}

static bool is_clean(const struct fail_plan *plan, int error)
{
	return error == 0 || error == -ENOMEM || error == -EFAULT || error == -EAGAIN ||
	       error == plan->also;
}

int fail_nth_once(const struct fail_plan *plan, unsigned int nth, bool *came)
{
	int ret;

	fail_nth_arm(nth);
	ret = plan->op();
	*came = fail_nth_disarm();
	if (*came ? !is_clean(plan, ret) : ret != 0)
		complain("%s: %s at step %u: errno %d (%s)", plan->name,
			 *came ? "made to fail" : "failed by itself", nth, -ret, strerror(-ret));
	plan->undo(ret);
	if (*came && plan->usable)
		plan->usable();
	return ret;
}

unsigned int fail_nth_sweep(const struct fail_plan *plan)
{
	unsigned int nth, injected = 0, failed = 0;
	bool came = true;

	for (nth = plan->first; came && nth < STEPS_MAX; nth += plan->stride) {
		failed += fail_nth_once(plan, nth, &came) != 0;
		injected += came;
	}
	expect(nth < STEPS_MAX);
	note("%s: %u steps, each %u from %u; %u were made to fail, %u times it said so",
	     plan->name, nth - plan->stride - 1, plan->stride, plan->first, injected, failed);
	return injected;
}
