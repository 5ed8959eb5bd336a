// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_ways.c: the ways in which the device goes and comes back
 *
 * Not among them: rmmod, which the open files of the workers prevent; see edu_module_test.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edu_hammer.h"
#include "plug.h"

static struct plug plug;

/* The last lines are shown if something fails. */
static void log_line(const char *format, ...)
{
	char *line = shared->log[shared->logged++ % LOG_LINES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(shared->log[0]), format, args);
	va_end(args);
}

static int host_out(void)
{
	return plug_out(&plug, PLUG_EDU, edu_address(), PLUG_LIMIT);
}

static int host_in(void)
{
	return plug_in(&plug, PLUG_EDU, edu_address(), PLUG_LIMIT);
}

/* By the guest itself; the host and the kernel both say that it has gone. */
static int slot_out(void)
{
	struct uevent event = { .action = "remove", .subsystem = "pci", .name = edu_address() };
	int ret = uevents_drop(plug.uevents);

	if (!ret)
		ret = plug_power(edu_address(), false);
	return ret ?: plug_await(&plug, "gone " PLUG_EDU, &event, 1, PLUG_LIMIT);
}

static int sysfs_out(void)
{
	return plug_write(edu_address(), "remove", "1");
}

static int sysfs_in(void)
{
	int ret = plug_rescan();

	return ret ?: plug_present(edu_address()) ? 0 : -ENODEV;
}

const struct way ways[MAX_WAYS] = {
	{ "qmp", host_out, host_in },
	{ "slot", slot_out, host_in },
	{ "sysfs", sysfs_out, sysfs_in },
	{ "unbind", edu_unbind, edu_bind },
};

int open_ways(void)
{
	unsigned int i;

	for (i = 0; i < MAX_WAYS; i++)
		if (options.ways & 1u << i && ways[i].in == host_in)
			return plug_open(&plug, log_line);
	return 0;
}
