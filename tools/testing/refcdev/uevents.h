/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uevents.h: what the kernel tells of devices that come and go
 */
#ifndef REFCDEV_TEST_UEVENTS_H
#define REFCDEV_TEST_UEVENTS_H

#include <stdint.h>

/**
 * struct uevent - what to wait for, and when it came
 * @action: "add", "remove", "bind", "unbind", "change", "move"
 * @subsystem: "pci", "refcdev" and so on; NULL: any
 * @name: the last part of the device's path, as "0000:00:05.0"; NULL: any
 * @came: when it came, as of now_ns(); 0: it has not
 */
struct uevent {
	const char *action, *subsystem, *name;
	uint64_t came;
};

/* A socket that gets all uevents from now on; or a negative errno. */
int uevents_open(void);

/*
 * Take uevents that have come until one is among @events and was not seen before; its index.
 * -EAGAIN: there is none yet. -ENOBUFS: more came than there was room for, and some are lost.
 */
int uevents_take(int fd, struct uevent *events, unsigned int count);

/**
 * uevents_wait - wait for one uevent; those before it are dropped, those after it stay
 * @fd: of uevents_open(), or the member @uevents of a struct plug
 * @action: see &struct uevent
 * @subsystem: the same
 * @name: the same
 * @limit_ns: for how long
 *
 * Return: 0, -ETIMEDOUT or -ENOBUFS.
 */
int uevents_wait(int fd, const char *action, const char *subsystem, const char *name,
		 uint64_t limit_ns);

/* Drop what has come so far. -ENOBUFS as above. */
int uevents_drop(int fd);

#endif /* REFCDEV_TEST_UEVENTS_H */
