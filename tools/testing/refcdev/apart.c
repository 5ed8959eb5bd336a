// SPDX-License-Identifier: GPL-2.0-only
/*
 * apart.c: does something in a process of its own, which stays when it has found something wrong
 *
 * Such a process must not hold the program's output, or whoever reads that would wait for it. It
 * has a pipe instead, whose lines are passed on; its end closes that.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "harness.h"
#include "ktap.h"
#include "util.h"

#define STAYS	"left as it is"

static void be_apart(bool (*perform)(void *data), void *data, int to)
{
	dup2(to, STDOUT_FILENO);
	dup2(to, STDERR_FILENO);
	close(to);
	if (perform(data))
		_exit(case_status());
	note("%s", STAYS);
	for (;;)
		pause();
}

/* True once the process has ended. */
static bool relay(int from, int limit_ms)
{
	struct pollfd poller = { .fd = from, .events = POLLIN };
	uint64_t end = now_ns() + limit_ms * MS;
	FILE *lines = fdopen(from, "r");
	char line[600];
	int64_t left;
	bool ended = false, stays = false;

	require(lines);
	setvbuf(lines, NULL, _IONBF, 0);	/* what poll() says must hold */
	while (!ended && !stays && (left = end - now_ns()) > 0) {
		if (poll(&poller, 1, left / MS + 1) != 1)
			continue;
		ended = !fgets(line, sizeof(line), lines);
		if (!ended)
			printf("# %s", line);
		stays = !ended && !strncmp(line, STAYS, strlen(STAYS));
	}
	if (!ended && !stays)
		ktap_note("hangs in the kernel");
	fclose(lines);
	return ended;
}

bool apart(bool (*perform)(void *data), void *data, int limit_ms)
{
	int fds[2], status;
	pid_t pid;

	require(pipe(fds) == 0);
	fflush(stdout);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		be_apart(perform, data, fds[1]);
	}
	close(fds[1]);
	if (!relay(fds[0], limit_ms) || waitpid(pid, &status, 0) != pid)
		return false;
	return status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
