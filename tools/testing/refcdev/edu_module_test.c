// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_module_test.c: the driver's module goes: not while a file is open, but while the device
 * carries out what was written to one that is closed; and the device is not to interrupt then
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "edu.h"
#include "subject.h"
#include "trace.h"

#define WRITES	3
#define STATUS	(0x20 / 4)
#define INTERRUPTS_WHEN_COMPUTED	0x80
#define DMA_COMMAND	(0x98 / 4)
#define DMA_RUNS	0x1

static void post(int fd)
{
	uint8_t bytes[64];
	int i;

	for (i = 0; i < WRITES; i++) {
		edu_fill(bytes, sizeof(bytes), i);
		require(pwrite(fd, bytes, sizeof(bytes), i * sizeof(bytes)) == sizeof(bytes));
	}
}

static void stays_while_open(void)
{
	int fd = edu_open(O_NONBLOCK);

	expect_equal(module_unload("edu"), -EWOULDBLOCK);
	post(fd);
	expect_equal(module_unload("edu"), -EWOULDBLOCK);
	expect(fsync(fd) == 0);
	close(fd);
}

/* A moment may pass until the last close is done. */
static void unload(void)
{
	expect(wait_until(module_unload("edu") == 0, 5 * SECOND));
}

/* The transfers are calls in flight when the device goes, and nobody has a file. */
static void goes_with_transfers(void)
{
	struct trace_counts counts = {};
	int fd;

	require(trace_start() == 0);
	fd = edu_open(O_NONBLOCK);
	post(fd);
	close(fd);
	unload();
	expect(trace_read(&counts));
	expect_equal(counts.inside, WRITES);
	expect_equal(counts.releases, 1);
	trace_stop();
	expect_equal(module_load("edu", ""), 0);
	fd = edu_open(0);
	expect_equal(edu_factorial(fd, 5), 120);
	close(fd);
}

/* One after the other, so that the device is at it almost all the time. */
static long compute(struct caller *self)
{
	struct refcdev_edu_factorial factorial;
	long ret;

	do {
		factorial.n = REFCDEV_EDU_FACTORIAL_MAX;
		ret = ioctl(self->fd, REFCDEV_EDU_FACTORIAL, &factorial);
	} while (!ret);
	return ret;
}

/* Pulled out while it computes for somebody who has left, it must not be about to interrupt. */
static void is_left_silent(void)
{
	struct caller caller = { .call = compute, .fd = edu_open(0) };
	volatile uint32_t *registers;

	require(caller_start(&caller, SYS_ioctl));
	require(edu_unbind() == 0);
	require(caller_join(&caller, 5 * SECOND));
	expect_equal(caller.error, ENXIO);
	registers = edu_registers();
	if (!registers)
		skip("this kernel lets nobody look at the registers");
	expect_equal(registers[STATUS] & INTERRUPTS_WHEN_COMPUTED, 0);
}

/* Nor to transfer: the wire that it pulls at the end may be others' as well. */
static void is_left_idle(void)
{
	int fd = edu_open(O_NONBLOCK);
	volatile uint32_t *registers;
	long gone = edu_counter("gone");

	post(fd);
	require(edu_unbind() == 0);
	expect(edu_counter("gone") > gone);
	registers = edu_registers();
	if (!registers)
		skip("this kernel lets nobody look at the registers");
	expect_equal(registers[DMA_COMMAND] & DMA_RUNS, 0);
	expect_equal(registers[EDU_INTERRUPT_STATUS], 0);
	close(fd);
}

static const struct test_case cases[] = {
	{ "the device is left silent", is_left_silent },
	{ "the device is left idle", is_left_idle },
	{ "the module stays while a file is open", stays_while_open },
	{ "it goes while transfers are under way, and they end", goes_with_transfers },
};

int main(void)
{
	/* Binding alone may take ten, see edu_hammer.h. */
	case_seconds = 90;
	return RUN_CASES(cases, edu_setup);
}
