// SPDX-License-Identifier: GPL-2.0-only
/*
 * module_actor.c: makes things happen to a driver's module, and compares with the model
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "duo.h"
#include "fifo.h"
#include "module_orders.h"
#include "passing.h"

#define CORE		"refcdev"
#define HOLDER		"leak"
#define MAPPED_SIZE	4096
#define LATE		(10 * SECOND)

const struct subject ticker_subject = { TICKER_DRIVER, TICKER, TICKER_NODE };

void actor_init(struct actor *self, const struct subject *subject, const char *module)
{
	memset(self, 0, sizeof(*self));
	self->subject = subject;
	self->module = module;
	self->probes = 1;
	self->hand = -1;
}

static int act_open(struct actor *self)
{
	self->hand = open(self->subject->node, O_RDWR);
	/* Without its device the node is gone. */
	if (self->hand < 0)
		return errno == ENOENT ? -ENXIO : -errno;
	return 0;
}

static int act_close(struct actor *self)
{
	int ret = close(self->hand) ? -errno : 0;

	self->hand = -1;
	return ret;
}

static int act_send(struct actor *self)
{
	require(socketpair(AF_UNIX, SOCK_DGRAM, 0, self->flight) == 0);
	send_files(self->flight[0], self->hand, -1);
	return 0;
}

static int act_drop(struct actor *self)
{
	close(self->flight[0]);
	return close(self->flight[1]) ? -errno : 0;
}

static int act_receive(struct actor *self)
{
	self->hand = receive_file(self->flight[1]);
	return act_drop(self);
}

static int act_cycle(struct actor *self)
{
	self->cycle = socket_to_itself();
	send_files(self->cycle, self->hand, self->cycle);
	return 0;
}

static int act_orphan(struct actor *self)
{
	return close(self->cycle) ? -errno : 0;
}

static int act_collect(struct actor *self)
{
	(void)self;
	collect_garbage();
	return 0;
}

static int act_register(struct actor *self)
{
	require(uring_open(&self->ring, 4, 0) == 0);
	return uring_register_files(&self->ring, &self->hand, 1);
}

static int act_unregister(struct actor *self)
{
	uring_close(&self->ring);
	return 0;
}

static int act_map(struct actor *self)
{
	self->map = mmap(NULL, MAPPED_SIZE, PROT_READ, MAP_SHARED, self->hand, 0);
	return self->map == MAP_FAILED ? -errno : 0;
}

static int act_unmap(struct actor *self)
{
	return munmap(self->map, MAPPED_SIZE) ? -errno : 0;
}

static int act_read(struct actor *self)
{
	self->reader.call = call_read;
	self->reader.fd = self->hand;
	self->reading = true;
	return caller_start(&self->reader, SYS_read) ? 0 : -ETIME;
}

/* 0 if the call that slept has ended as it must. */
static int end_reading(struct actor *self, long ret, int error)
{
	self->reading = false;
	if (!caller_join(&self->reader, LATE))
		return -ETIME;
	return self->reader.ret == ret && self->reader.error == error ? 0 : -EPROTO;
}

static int act_wake(struct actor *self)
{
	int fd = subject_open(self->subject, 0);

	require(write(fd, "message", 7) == 7);
	close(fd);
	return end_reading(self, 7, 0);
}

static int submit(struct actor *self, enum request_kind kind)
{
	requests_open(&self->requests, 0);
	self->request = kind;
	self->waiting = true;
	request_submit(&self->requests, kind, self->hand, 0);
	return ticker_queued(self->hand) == 1 ? 0 : -EPROTO;
}

static int act_submit(struct actor *self)
{
	return submit(self, URING_READ);
}

static int act_submit_aio(struct actor *self)
{
	return submit(self, AIO_READ);
}

/* Of a request that was left by a process that was killed nobody gets the result. */
static int end_request(struct actor *self, long result)
{
	bool done;

	if (!self->waiting)
		return 0;
	self->waiting = false;
	done = request_wait(&self->requests, self->request);
	requests_close(&self->requests);
	return done && self->requests.result[self->request] == result ? 0 : -EPROTO;
}

static int act_tick(struct actor *self)
{
	int fd = subject_open(self->subject, 0);

	ticker_tick(fd);
	close(fd);
	return end_request(self, 8);
}

static int act_hold(struct actor *self)
{
	char parameters[64];

	snprintf(parameters, sizeof(parameters), "gives_back=1 path=%s", self->subject->node);
	return module_load(HOLDER, parameters);
}

static int act_let_go(struct actor *self)
{
	(void)self;
	return module_unload(HOLDER);
}

static int act_unbind(struct actor *self)
{
	int ret = driver_unbind(self->subject->driver, self->subject->device);

	if (!ret && self->reading)
		ret = end_reading(self, -1, ENXIO);
	ret = ret ?: end_showing(self, -1, ENXIO);
	return ret ?: end_request(self, -ENXIO);
}

static int act_bind(struct actor *self)
{
	return driver_bind(self->subject->driver, self->subject->device);
}

static int act_kill(struct actor *self)
{
	(void)self;
	kill(getpid(), SIGKILL);
	return -EINTR;
}

static int act_rmmod(struct actor *self)
{
	int ret = module_unload(self->module);

	return ret ?: end_showing(self, -1, ENXIO);
}

static int act_rmmod_core(struct actor *self)
{
	(void)self;
	return module_unload(CORE);
}

/* A probe that is undone and done again makes two objects, and releases one. */
static int act_load(struct actor *self)
{
	int ret = module_load(CORE, "");

	if (!ret || ret == -EEXIST)
		ret = module_load(self->module, "devices=1");
	if (!ret)
		self->probes = subject_count(self->subject, "created");
	return ret;
}

static int (*const acts[NR_EVENTS])(struct actor *self) = {
	[OPEN] = act_open, [CLOSE] = act_close,
	[SEND] = act_send, [RECEIVE] = act_receive, [DROP] = act_drop,
	[CYCLE] = act_cycle, [ORPHAN] = act_orphan, [COLLECT] = act_collect,
	[REGISTER] = act_register, [UNREGISTER] = act_unregister,
	[MAP] = act_map, [UNMAP] = act_unmap,
	[READ] = act_read, [WAKE] = act_wake,
	[OPEN_OTHER] = act_open_other, [CLOSE_OTHER] = act_close_other,
	[SHOW] = act_show, [SHOWN] = act_shown,
	[SUBMIT] = act_submit, [SUBMIT_AIO] = act_submit_aio, [TICK] = act_tick,
	[HOLD] = act_hold, [LET_GO] = act_let_go,
	[UNBIND] = act_unbind, [BIND] = act_bind, [KILL] = act_kill,
	[RMMOD] = act_rmmod, [RMMOD_CORE] = act_rmmod_core, [LOAD] = act_load,
};

bool compare(const char *what, long found, long wanted)
{
	if (found != wanted)
		complain("%s is %ld, not %ld", what, found, wanted);
	return found == wanted;
}

/* -ENOENT: the module is not loaded. */
static long users_of(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return read_number(path);
}

/* What was the last reference may be put by somebody else, a moment later. */
static bool observe_users(const char *module, long wanted)
{
	long found;

	wait_until((found = users_of(module)) == wanted, LATE);
	return compare(module, found, wanted);
}

static bool observe_counts(struct actor *self, const struct model *model)
{
	long created = self->probes * model->instances;
	long released = created - model_instances(model), found;

	wait_until((found = driver_count(self->subject->driver, "released")) == released, LATE);
	return compare("released", found, released) &&
	       compare("created", driver_count(self->subject->driver, "created"), created);
}

/* The file answers if its device is there. */
static int ask(const struct actor *self)
{
	struct refcdev_ticker_state state;

	if (self->subject == &duo_subject)
		return duo_ask_data(self->hand);
	if (self->subject != &ticker_subject)
		return get_mark(self->hand);
	return ioctl(self->hand, REFCDEV_TICKER_GET_STATE, &state) ? -errno : 0;
}

static bool observe_file(const struct actor *self, const struct model *model)
{
	int wanted = model_is_live(model, IN_HAND) ? 0 : -ENXIO, found = ask(self);

	return compare("the file's answer", found > 0 ? 0 : found, wanted);
}

bool actor_observe(struct actor *self, const struct model *model)
{
	bool node = access(self->subject->node, F_OK) == 0;

	if (!observe_users(self->module, model->driver ? model_module_users(model) : -ENOENT) ||
	    !compare("the node", node, model->bound))
		return false;
	if (!model->driver)
		return observe_users(CORE, model->core ? 0 : -ENOENT);
	if (model->file[IN_HAND] && !observe_file(self, model))
		return false;
	if (self->subject == &duo_subject && !observe_duo(self, model))
		return false;
	/* Who has it mapped may read it, also without the device. */
	if (model->file[MAPPED] && !compare("what is mapped", *(volatile char *)self->map, 0))
		return false;
	return observe_counts(self, model);
}

int actor_act(struct actor *self, enum event event)
{
	return acts[event](self);
}

bool actor_step(struct actor *self, struct model *model, enum event event)
{
	int wanted = model_step(model, event);

	return compare(event_names[event], actor_act(self, event), wanted) &&
	       actor_observe(self, model);
}

bool actor_resume(struct actor *self, const struct model *model)
{
	if (model->driver)
		self->probes = subject_count(self->subject, "created") / model->instances;
	return actor_observe(self, model);
}

bool actor_finish(struct actor *self, struct model *model, bool core)
{
	static const enum event events[] = {
		CLOSE, CLOSE_OTHER, DROP, ORPHAN, COLLECT, UNREGISTER, UNMAP, LET_GO, UNBIND, RMMOD,
		RMMOD_CORE,
	};
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (model_allows(model, events[i]) && (core || events[i] != RMMOD_CORE) &&
		    !actor_step(self, model, events[i]))
			return false;
	return true;
}

bool core_goes(void)
{
	int ret = module_unload(CORE);

	return ret == 0 || ret == -ENOENT;
}
