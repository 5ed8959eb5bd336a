// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_probe_test.c: devices that the edu driver must not take, settings that it must not take, and
 * one that a driver before it has left at work
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "edu.h"
#include "edu_calls.h"
#include "edu_hardware.h"
#include "kmsg.h"
#include "plug.h"

#define BIND	"/sys/bus/pci/drivers/" EDU_DRIVER "/bind"
#define RESERVE	"/sys/module/edu/parameters/reserve"
#define DRAINED	"/sys/kernel/debug/refcdev/delay/disconnect_drained"

static unsigned int rounds;

/* The message is an error's, and says which device it is about. */
static void expect_said(int kmsg, const char *address, const char *what)
{
	uint64_t end = now_ns() + SECOND;
	char text[1024];

	while (kmsg_wait(kmsg, text, end)) {
		if (strstr(text, address) && strstr(text, what)) {
			note("%.*s", (int)strcspn(text, "\n"), text);
			return;
		}
	}
	complain("no message about %s with '%s'", address, what);
}

/* A driver that is told to try says no, and has left nothing. */
static void expect_not_bound(const char *address, int error, const char *what)
{
	long created = edu_counter("created"), released = edu_counter("released");
	int kmsg = kmsg_open();

	expect_equal(write_text(BIND, address), error);
	expect_said(kmsg, address, what);
	expect_equal(edu_counter("created") - created, edu_counter("released") - released);
	close(kmsg);
}

/* Others in the machine; a driver is bound to them by hand. */
static void expect_refused(unsigned int vendor, unsigned int device, const char *what)
{
	char address[PLUG_PATH];

	require(plug_find(vendor, device, address) == 0);
	require(plug_write(address, "driver_override", EDU_DRIVER) == 0);
	expect_not_bound(address, -ENODEV, what);
	expect_not_bound(address, -ENODEV, what);
	expect_equal(plug_write(address, "driver_override", "\n"), 0);
}

static void bar_too_small(void)
{
	expect_refused(0x1b36, 0x0005, "BAR 0 is [mem");
}

static void wrong_identification(void)
{
	expect_refused(0x1234, 0x1111, "identification 0x");
}

static void reserve_too_large(void)
{
	static const char *const wrong[] = { "65", "4294967295" };
	int fd;
	size_t i;

	edu_setup();
	require(edu_unbind() == 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		require(write_text(RESERVE, wrong[i]) == 0);
		expect_not_bound(edu_address(), -EINVAL, wrong[i]);
	}
	expect_equal(write_text(RESERVE, "-1"), -EINVAL);
	require(write_text(RESERVE, "64") == 0);
	expect_equal(edu_bind(), 0);
	fd = edu_open(0);
	expect_equal(edu_state(fd).reserve, 64);
	close(fd);
	require(write_text(RESERVE, "4") == 0);
}

static long read_it(struct caller *self)
{
	return pread(self->fd, self->data, REFCDEV_EDU_BYTES, 0);
}

static long unbind_it(struct caller *self)
{
	(void)self;
	return edu_unbind();
}

/* A transfer from the device to memory, which has just begun. */
static void begin_transfer(struct caller *reader, int fd, void *bytes)
{
	*reader = (struct caller){ .call = read_it, .fd = fd, .data = bytes };
	require(caller_start(reader, SYS_pread64));
}

static bool engine_runs(volatile uint32_t *registers)
{
	return registers[EDU_DMA_COMMAND] & EDU_DMA_RUNS;
}

/* Unbinds with a full queue, so that something runs. Did it still, when its end was told? */
static bool told_while_it_runs(volatile uint32_t *registers)
{
	int fd = edu_open(0), nonblock = edu_open(O_NONBLOCK), i;
	uint8_t bytes[REFCDEV_EDU_BYTES];
	struct caller reader, unbinder;
	long gone = edu_counter("gone");
	bool runs;

	for (i = 0; i < 20; i++)
		expect_equal(pwrite(nonblock, "x", 1, i), 1);
	begin_transfer(&reader, fd, bytes);
	expect(edu_command() & EDU_COMMAND_MASTER);
	unbinder = (struct caller){ .call = unbind_it };
	caller_start(&unbinder, SYS_write);
	require(wait_until(edu_counter("gone") > gone, 5 * SECOND));
	/* In this order: if it runs after, it did before. */
	expect_equal(edu_command() & EDU_COMMAND_MASTER, 0);
	runs = engine_runs(registers);
	/* And it stays so until it has ended. */
	expect(wait_until(!engine_runs(registers), SECOND));
	expect_equal(edu_command() & EDU_COMMAND_MASTER, 0);
	expect(!unbinder.returned);
	/* Callers are told by the core, at once; their transfers are the engine's from then on. */
	require(caller_join(&reader, 5 * SECOND));
	expect_equal(reader.error, ENXIO);
	require(caller_join(&unbinder, 5 * SECOND));
	expect_equal(unbinder.ret, 0);
	close(nonblock);
	close(fd);
	return runs;
}

/*
 * The transfer cannot be stopped. When it is ended for the driver, and its buffer is
 * anybody's, it may not reach memory any more. A delay holds up the unbind where nothing else
 * has turned the device off yet.
 */
static void cut_off_when_told(void)
{
	volatile uint32_t *registers = edu_registers();
	unsigned int tries = 0;
	bool seen = false;

	if (!registers || write_text(DRAINED, "600000"))
		skip("no access to the registers, or no delays, in this kernel");
	while (!seen && tries++ < 10) {
		edu_setup();
		seen = told_while_it_runs(registers);
	}
	expect_equal(write_text(DRAINED, "0"), 0);
	note("under way when its end was told: at try %u", tries);
	expect(seen);
}

/*
 * Unbound and bound at once, with a transfer under way that goes on by itself: no memory is lost or
 * used again too early, for KASAN and the like to tell; and the next driver is not taken in by it.
 * That it waits for the device to come to rest is shown in edu_bad_test.c.
 */
static void left_behind(void)
{
	uint8_t bytes[REFCDEV_EDU_BYTES], found[REFCDEV_EDU_BYTES];
	struct caller reader;
	unsigned int i;
	int fd;

	edu_setup();
	edu_fill(bytes, sizeof(bytes), 1);
	fd = edu_open(0);
	expect_equal(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	for (i = 0; i < rounds; i++) {
		memset(found, 0, sizeof(found));
		begin_transfer(&reader, fd, found);
		expect_equal(edu_unbind(), 0);
		expect_equal(edu_bind(), 0);
		require(caller_join(&reader, 5 * SECOND));
		expect_equal(reader.error, ENXIO);
		expect_equal(found[0], 0);
		close(fd);
		fd = edu_open(0);
		expect_equal(edu_state(fd).spurious, 0);
	}
	expect_equal(pread(fd, found, sizeof(found), 0), sizeof(found));
	edu_same(found, bytes, sizeof(found), "what was there before");
	expect(edu_works(fd, 2));
}

static const struct test_case cases[] = {
	{ "a BAR that is too small: ENODEV", bar_too_small },
	{ "a device that is another: ENODEV", wrong_identification },
	{ "a reserve out of bounds: EINVAL", reserve_too_large },
	{ "a transfer is cut off from memory before its end is told", cut_off_when_told },
	{ "unbound and bound at once, with a transfer under way", left_behind },
};

int main(int argc, char **argv)
{
	rounds = argc > 1 ? atoi(argv[1]) : 5;
	case_seconds = 30 + 3 * rounds;
	return RUN_CASES(cases, NULL);
}
