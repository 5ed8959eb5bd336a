// SPDX-License-Identifier: GPL-2.0-only
/*
 * sigbus.c: the handler that sigbus_survives() comes back from, in whichever thread
 */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "sigbus.h"

__thread sigjmp_buf sigbus_escape;
__thread volatile bool sigbus_expected;

static void on_sigbus(int signal)
{
	if (!sigbus_expected)
		_exit(128 + signal);
	siglongjmp(sigbus_escape, 1);
}

void sigbus_init(void)
{
	struct sigaction action = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
}
