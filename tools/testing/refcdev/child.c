// SPDX-License-Identifier: GPL-2.0-only
/*
 * child.c: starts processes of a hammer
 */
#include <fcntl.h>
#include <unistd.h>

#include "child.h"

pid_t child_start(void (*run)(unsigned int nr), unsigned int nr)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	run(nr);
	_exit(1);
}
