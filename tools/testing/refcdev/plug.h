/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plug.h: devices that the host pulls out of the guest and puts back, and what the kernel
 * says of it in uevents
 *
 * For tests with "machine=" in their refcdev-test line: only their boots have the channel.
 * All waits are for events and have a limit; nothing is asked twice. Functions return 0 or a
 * negative errno, also -ETIMEDOUT: the time was up; -EREMOTEIO: the host said "error";
 * -ENOBUFS: uevents came faster than they were read, and some are lost.
 *
 * One thread at a time may use a struct plug; the others of a program may do what they like.
 */
#ifndef REFCDEV_TEST_PLUG_H
#define REFCDEV_TEST_PLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uevents.h"

#define PLUG_EDU	"edu0"		/* QEMU's id of the edu device */
#define PLUG_LIMIT	(60 * SECOND)	/* pciehp lets 5 s pass before it turns a slot off */

enum { PLUG_LINE = 256, PLUG_PATH = 128 };

/**
 * struct plug - a channel to the host, and uevents
 * @uevents: for uevents_wait()
 * @answer: the host's last line
 * @dropped: how many of the host's lines nobody has waited for
 */
struct plug {
	int uevents;
	char answer[PLUG_LINE];
	unsigned int dropped;
	/* private: */
	int channel;
	void (*note)(const char *format, ...);
	uint64_t began;
	char rest[PLUG_LINE];
	size_t length;
};

/**
 * plug_open - open both
 * @plug: set up here
 * @note: note of harness.h, or ktap_note of ktap.h: each step goes there, with the time since
 *	plug_open(); NULL: nowhere
 *
 * -ENOTTY: this boot has no channel; the test does not say "machine=".
 */
int plug_open(struct plug *plug, void (*note)(const char *format, ...));
void plug_close(struct plug *plug);

/* A line for the log, with the time like the others. */
__attribute__((format(printf, 2, 3)))
void plug_say(struct plug *plug, const char *format, ...);

/*
 * Ask the host "unplug ID" or "plug ID"; its answer is waited for, and in plug->answer. Other
 * lines that come meanwhile are dropped, and counted. The first waits for no answer: several
 * may be under way, and are answered in the order in which they end.
 */
int plug_send(struct plug *plug, const char *request);
int plug_answer(struct plug *plug, const char *request, uint64_t limit_ns);
int plug_ask(struct plug *plug, const char *request, uint64_t limit_ns);

/* The host's word that the guest has let go of a device by itself, by its slot's power file. */
int plug_gone(struct plug *plug, const char *id, uint64_t limit_ns);

/**
 * plug_await - wait for the host's line and for uevents, in whatever order they come
 * @plug: where
 * @line: "ok REQUEST" or "gone ID", or NULL: none
 * @events: all of them must come; those that a previous call left are looked at too
 * @count: how many
 * @limit_ns: for all together
 *
 * Uevents that come after the last one of @events stay for whoever waits next. What is missing
 * is said in the log.
 */
int plug_await(struct plug *plug, const char *line, struct uevent *events, unsigned int count,
	       uint64_t limit_ns);

/*
 * Out: "unplug ID", until the host says that the device has left QEMU, and a uevent that it
 * has left the bus. In: "plug ID", until the host's answer and a uevent of the new device, which
 * comes before a driver is bound to it. @address as of plug_find(). Uevents from before are
 * dropped.
 */
int plug_out(struct plug *plug, const char *id, const char *address, uint64_t limit_ns);
int plug_in(struct plug *plug, const char *id, const char *address, uint64_t limit_ns);

/*
 * The address, as "0000:00:05.0", of the first device with these numbers (0x1234, 0x11e8 is
 * edu); -ENODEV if there is none.
 */
int plug_find(unsigned int vendor, unsigned int device, char address[PLUG_PATH]);
bool plug_present(const char *address);

/* Write to a device's file in /sys/bus/pci/devices: "remove", "driver_override" and so on. */
int plug_write(const char *address, const char *file, const char *text);
int plug_rescan(void);

/*
 * The slot of that address is turned off or on: its file /sys/bus/pci/slots/NAME/power. Off
 * is a true unplug: the device leaves QEMU, the host says so, see plug_gone(), and only
 * plug_in() brings it back. The slot remains when its device goes: address as it was before.
 */
int plug_slot(const char *address, char path[PLUG_PATH]);
int plug_power(const char *address, bool on);

#endif /* REFCDEV_TEST_PLUG_H */
