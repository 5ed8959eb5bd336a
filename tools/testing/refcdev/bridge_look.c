// SPDX-License-Identifier: GPL-2.0-only
/*
 * bridge_look.c: what can be seen of a bridge and its user, against what must be
 */
#include <dirent.h>
#include <errno.h>
#include <linux/refcdev_bridge.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bridge_look.h"
#include "harness.h"
#include "util.h"

#define OBJECTS		"/sys/kernel/debug/refcdev/lifetimes"

bool compare(const char *what, long found, long wanted)
{
	if (found != wanted)
		complain("%s is %ld, not %ld", what, found, wanted);
	return found == wanted;
}

int transfer(int fd, __u32 word)
{
	struct refcdev_bridge_transfer transfer = { .in = word };

	if (ioctl(fd, REFCDEV_BRIDGE_TRANSFER, &transfer))
		return -errno;
	return transfer.out == ~word ? 0 : -EPROTO;
}

/* What /proc/modules says of one of them; -ENOENT: it is not loaded. */
static long users_of(const char *modules, const char *name)
{
	size_t len = strlen(name);
	long users = -ENOENT;
	const char *line;

	for (line = modules; line && users < 0; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ')
			sscanf(line + len, "%*s %ld", &users);
	}
	return users;
}

static bool look_at_modules(const struct model *model)
{
	bool bridge = model->bridge != ABSENT, user = model->user != ABSENT;
	char text[4096];

	return compare("/proc/modules", read_text("/proc/modules", text, sizeof(text)), 0) &&
	       compare("users of the bridge", users_of(text, "bridge"),
		       bridge ? model->attached != TO_NOTHING : -ENOENT) &&
	       compare("users of the user", users_of(text, "bridge_user"),
		       user ? model->file != NO_FILE : -ENOENT);
}

static bool look_at_bridge_counts(const struct model *model)
{
	return compare("bridges", driver_count(BRIDGE_DRIVER, "created"), model->bridges) &&
	       compare("bridges released", driver_count(BRIDGE_DRIVER, "released"),
		       model_bridges_released(model)) &&
	       compare("calls too late", driver_count(BRIDGE_DRIVER, "late"), 0);
}

static bool look_at_user_counts(const struct model *model)
{
	return compare("users", driver_count(USER_DRIVER, "created"), model->users) &&
	       compare("users released", driver_count(USER_DRIVER, "released"),
		       model_users_released(model));
}

static bool look_at_counts(const struct model *model)
{
	return (model->bridge == ABSENT || look_at_bridge_counts(model)) &&
	       (model->user == ABSENT || look_at_user_counts(model));
}

static bool look_at_file(const struct model *model, int fd, __u32 word)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };
	bool live = model->file == LIVE_FILE, answers = live && model->attached == TO_LIVE;
	struct refcdev_bridge_state state = {};
	int ret;

	if (model->file == NO_FILE)
		return true;
	ret = ioctl(fd, REFCDEV_BRIDGE_GET_STATE, &state) ? -errno : 0;
	if (!compare("the state", ret, live ? 0 : -ENXIO) ||
	    !compare("the transfer", transfer(fd, word), answers ? 0 : -ENXIO))
		return false;
	poll(&poller, 1, 0);
	if (!compare("poll", poller.revents & (POLLOUT | POLLERR | POLLHUP),
		     live ? (answers ? POLLOUT : 0) : POLLERR | POLLHUP))
		return false;
	return !live || (compare("arrived", state.arrived, model->arrived) &&
			 compare("leaving", state.leaving, model->leaving) &&
			 compare("the generation", state.generation, model->generation));
}

bool look_at_all(const struct model *model, int fd, bool counts, __u32 word)
{
	return look_at_modules(model) &&
	       compare("the node", access(USER_NODE, F_OK) == 0, model->user == BOUND) &&
	       look_at_file(model, fd, word) && (!counts || look_at_counts(model));
}

bool look_for_leaks(void)
{
	DIR *objects = opendir(OBJECTS);
	struct dirent *entry;
	long found = 0;

	if (!objects)
		return true;
	while ((entry = readdir(objects)))
		found += entry->d_name[0] != '.';
	closedir(objects);
	return compare("objects that are left", found, 0);
}
