// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_hammer.c: calls through the user to the bridge, one after the other, while an event
 * happens to either
 *
 * Refused, the caller waits until poll(2) says that there is a bridge, or a moment: it would only
 * take the processor from what it waits for.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "bridge_look.h"
#include "util.h"

#define LATE		(10 * SECOND)
#define MOMENT_MS	2

static struct {
	pthread_t thread;
	int fd;
	bool on;
	bool was_refused;		/* the last call */
	unsigned int calls, passed, refused, odd;
} hammer;

static void *hammer_thread(void *unused)
{
	struct pollfd poller = { .fd = hammer.fd, .events = POLLOUT };
	__u32 word = 0;
	int ret;

	while (__atomic_load_n(&hammer.on, __ATOMIC_ACQUIRE)) {
		ret = transfer(hammer.fd, word++);
		hammer.was_refused = ret == -ENXIO;
		hammer.passed += ret == 0;
		hammer.refused += ret == -ENXIO;
		hammer.odd += ret && ret != -ENXIO;
		__atomic_add_fetch(&hammer.calls, 1, __ATOMIC_RELEASE);
		if (ret)
			poll(&poller, 1, MOMENT_MS);
	}
	return unused;
}

/* Two: the first of them may have begun before. */
static bool hammer_goes_on(void)
{
	unsigned int before = __atomic_load_n(&hammer.calls, __ATOMIC_ACQUIRE);

	return wait_until(__atomic_load_n(&hammer.calls, __ATOMIC_ACQUIRE) - before >= 2, LATE);
}

bool hammer_start(int fd)
{
	memset(&hammer, 0, sizeof(hammer));
	hammer.fd = fd;
	hammer.on = true;
	return pthread_create(&hammer.thread, NULL, hammer_thread, NULL) == 0 && hammer_goes_on();
}

bool hammer_stop(struct hammer_counts *counts)
{
	bool went_on = hammer_goes_on();

	__atomic_store_n(&hammer.on, false, __ATOMIC_RELEASE);
	pthread_join(hammer.thread, NULL);
	counts->passed += hammer.passed;
	counts->refused += hammer.refused;
	counts->changed += hammer.passed && hammer.was_refused;
	return went_on && !hammer.odd;
}
