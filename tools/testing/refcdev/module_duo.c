// SPDX-License-Identifier: GPL-2.0-only
/*
 * module_duo.c: makes things happen to the other interfaces of duo, and looks at them
 */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "duo.h"
#include "module_orders.h"

#define LATE	(10 * SECOND)

int act_open_other(struct actor *self)
{
	self->other = duo_open_control(0);
	if (self->other >= 0)
		return 0;
	/* Without its device the node is gone. */
	return self->other == -ENOENT ? -ENXIO : self->other;
}

int act_close_other(struct actor *self)
{
	return close(self->other) ? -errno : 0;
}

int act_show(struct actor *self)
{
	static char text[DUO_TEXT];

	self->shower.call = call_read_text;
	self->shower.data = text;
	self->shower.fd = duo_open_attribute("in0_input");
	if (self->shower.fd < 0)
		return self->shower.fd;
	self->showing = true;
	return caller_start(&self->shower, SYS_read) ? 0 : -ETIME;
}

int end_showing(struct actor *self, long ret, int error)
{
	if (!self->showing)
		return 0;
	self->showing = false;
	if (!caller_join(&self->shower, LATE))
		return -ETIME;
	close(self->shower.fd);
	return self->shower.ret == ret && self->shower.error == error ? 0 : -EPROTO;
}

/* By a file that is there for that only. */
int act_shown(struct actor *self)
{
	int control = duo_open_control(0);

	require(control >= 0);
	duo_sample(control);
	close(control);
	return end_showing(self, 2, 0);
}

/* What belongs to the device is there with it, and only then; the thread soon, and not longer. */
bool observe_duo(const struct actor *self, const struct model *model)
{
	int live = model_is_live(model, IN_OTHER_HAND) ? 0 : -ENXIO;

	if (model->bound)
		wait_until(driver_count(self->subject->driver, "threads") == 1, LATE);
	if (model->file[IN_OTHER_HAND] &&
	    !compare("the other file's answer", duo_ask_control(self->other), live))
		return false;
	return compare("the other node", access(DUO_CONTROL, F_OK) == 0, model->bound) &&
	       compare("threads", driver_count(self->subject->driver, "threads"), model->bound) &&
	       compare("late", driver_count(self->subject->driver, "late"), 0);
}
