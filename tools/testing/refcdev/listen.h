/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listen.h: a thread that waits for a device in one of the ways there are, and counts how
 * often it is told something
 *
 * That it is not told once more is shown without waiting for nothing: after all that the
 * device could say has been said, a marker is sent to the same queue. What the listener
 * has not heard by then it will not hear.
 */
#ifndef REFCDEV_TEST_LISTEN_H
#define REFCDEV_TEST_LISTEN_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "aio.h"
#include "uring.h"

/* What was heard. */
enum word { NOTHING, DEVICE, MARKER };

struct listener;

struct way {
	const char *name;
	/* Ask to be told. NULL where each wait asks anew. */
	void (*arm)(struct listener *self);
	/* Wait for the next word, at most so long. */
	enum word (*next)(struct listener *self, int limit_ms);
	long syscall_nr;		/* that it sleeps in */
	bool queues;			/* one event for each telling, not a state */
	bool signals;			/* asks by O_ASYNC, not by a poll */
};

extern const struct way ways[];
extern const unsigned int nr_ways;

struct listener {
	const struct way *way;
	int fd;				/* the device's file */
	bool skip;			/* the kernel does not have this */
	/* heard so far */
	int told;
	unsigned int events;		/* POLL... of the last telling */
	/* private */
	int marker, set, inner;		/* 0: none */
	struct uring ring;
	struct aio aio;
	bool marked;			/* heard on the way, still to be said */
	pid_t tid;
	pthread_t thread;
};

void listener_start(struct listener *self, const struct way *way, int fd);
/* It has asked, and waits to be told. */
bool listener_sleeps(const struct listener *self);
/* The marker, and the end. */
void listener_finish(struct listener *self);

/* So that the signals reach those who wait for them; before threads are made. */
void block_signals(void);

#define DEVICE_SIGNAL	SIGRTMIN
#define MARKER_SIGNAL	SIGRTMAX

#endif /* REFCDEV_TEST_LISTEN_H */
