// SPDX-License-Identifier: GPL-2.0-only
/*
 * harness.c: runs test cases, each in a process and with a time limit of its own
 *
 * A case that hangs in the kernel cannot be killed. So it never holds the program's
 * output, and the program does not wait for it: it says so, and ends.
 *
 * A case that ends early, by skip() or a failure, leaves the processes it has forked, with
 * all their files and mappings. Whoever runs next, or unloads the driver, must not meet
 * them: they are killed, and the program waits until they have gone.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "ktap.h"
#include "util.h"

unsigned int case_seconds = 20;

static bool failed;
static sigset_t child_ends;

static void say(const char *format, va_list args)
{
	char line[512];
	int len;

	len = vsnprintf(line, sizeof(line) - 1, format, args);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, len) != len)
		failed = true;
}

void complain(const char *format, ...)
{
	va_list args;

	failed = true;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

int case_status(void)
{
	return failed ? KTAP_FAIL : KTAP_PASS;
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	_exit(KTAP_FAIL);
}

void skip(const char *why)
{
	note("%s", why);
	_exit(KTAP_SKIP);
}

/* Pass the case's lines on; false when the time is up before it has ended. */
static bool relay(int from, int pidfd)
{
	struct pollfd fds[] = { { from, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
	uint64_t end = now_ns() + case_seconds * SECOND;
	FILE *lines = fdopen(from, "r");
	char line[600];
	bool ended;

	setvbuf(lines, NULL, _IONBF, 0);	/* what poll() says must hold */
	do {
		int64_t left = end - now_ns();

		if (left <= 0 || poll(fds, 2, left / MS + 1) == 0)
			return false;
		ended = fds[1].revents;
		if (!ended && fgets(line, sizeof(line), lines))
			printf("# %s", line);
	} while (!ended);
	/* Not to the end of the file: a thread of the case that hangs may hold it open. */
	while (poll(fds, 1, 0) == 1 && fds[0].revents & POLLIN && fgets(line, sizeof(line), lines))
		printf("# %s", line);
	fclose(lines);
	return true;
}

/* Wait for what a case has left, and was killed. False if that hangs. */
static bool sweep(void)
{
	uint64_t end = now_ns() + case_seconds * SECOND;
	struct timespec left;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		uint64_t now = now_ns();

		if (pid)
			continue;
		if (now >= end)
			return false;
		left = (struct timespec){ (end - now) / SECOND, (end - now) % SECOND };
		sigtimedwait(&child_ends, NULL, &left);
	}
	return true;
}

/* Returns the exit status of the case, or -1 if it hangs. */
static int run_case(const struct test_case *test, void (*setup)(void))
{
	int fds[2], pidfd, status;
	pid_t pid;

	if (pipe(fds))
		return KTAP_FAIL;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		sigprocmask(SIG_UNBLOCK, &child_ends, NULL);
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		alarm(case_seconds - 2);
		if (setup)
			setup();
		test->run();
		_exit(case_status());
	}
	close(fds[1]);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pid < 0 || pidfd < 0)
		return KTAP_FAIL;
	if (!relay(fds[0], pidfd))
		return -1;
	close(pidfd);
	/* Before its number is anybody's again. */
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!sweep())
		return -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	ktap_note("%s: ended by signal %d", test->name, WTERMSIG(status));
	return KTAP_FAIL;
}

int run_cases(const struct test_case *cases, size_t count, void (*setup)(void))
{
	bool hangs = false;
	int status;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&child_ends);
	sigaddset(&child_ends, SIGCHLD);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || sigprocmask(SIG_BLOCK, &child_ends, NULL))
		return KTAP_FAIL;
	for (i = 0; i < count; i++) {
		status = hangs ? -1 : run_case(&cases[i], setup);
		if (status < 0)
			ktap_note(hangs ? "not run: an earlier case hangs" :
				  "hangs in the kernel, or what it left behind does");
		hangs |= status < 0;
		if (status == KTAP_SKIP)
			ktap_skip(cases[i].name, "see above");
		else
			ktap_result(status == KTAP_PASS, cases[i].name);
	}
	return ktap_end();
}
