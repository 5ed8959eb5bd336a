// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer.c: starts workers and conductor, and watches them
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "edu_hammer.h"

#define STUCK	(LIMIT + LIMIT / 2)	/* whatever the conductor waits for, it has a lower limit */

struct shared *shared;

/* True when the process has ended in time. */
static bool ends(pid_t pid, uint64_t end)
{
	struct pollfd poller = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	uint64_t now = now_ns();
	bool ended;

	if (poller.fd < 0)
		return false;
	ended = poll(&poller, 1, now < end ? (end - now) / MS + 1 : 0) == 1;
	close(poller.fd);
	if (ended)
		waitpid(pid, NULL, 0);
	return ended;
}

/* What does not end by itself is killed; what does not even then is left alone. */
static bool wind_up(const pid_t *pids, unsigned int count, uint64_t end)
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (ends(pids[i], end))
			continue;
		all = false;
		kill(pids[i], SIGKILL);
		ends(pids[i], now_ns() + SECOND);
	}
	return all;
}

/* True when the conductor has ended in time, and was never long at one thing. */
static bool conductor_ends(pid_t conductor, uint64_t end)
{
	uint64_t since = now_ns();
	uint32_t phase = 0;

	while (!ends(conductor, now_ns() + SECOND)) {
		if (phase != shared->phase) {
			phase = shared->phase;
			since = now_ns();
		}
		if (now_ns() >= end || now_ns() - since > STUCK)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	pid_t pids[MAX_WORKERS], conductor;
	bool in_time;
	unsigned int i;
	uint64_t begun;
	int ret = parse_options(argc, argv);

	if (ret)
		return ret;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED) {
		perror("edu_hammer");
		return 1;
	}
	edu_address();			/* for all of them: it stays */
	begun = now_ns();
	fflush(stdout);
	for (i = 0; i < options.procs; i++)
		pids[i] = child_start(run_workers, i);
	conductor = child_start(run_conductor, 0);
	in_time = conductor_ends(conductor, begun + options.limit * SECOND);
	if (!in_time || !shared->finished)
		tell_stuck();
	if (!in_time) {
		tell_conductor(conductor);
		kill(conductor, SIGKILL);
	}
	in_time &= wind_up(pids, options.procs, shared->finished ? now_ns() + LIMIT : now_ns());
	shared->took_ns = now_ns() - begun;
	return report(in_time);
}
