// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_gone_test.c: the edu device is taken away while each kind of call is at it, in each way that
 * there is: what every call returns, what is left, and what comes back
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aio.h"
#include "edu.h"
#include "plug.h"
#include "sigbus.h"
#include "uring.h"

#define LIMIT	PLUG_LIMIT

enum way { UNPLUG, SLOT, REMOVE, UNBIND, NR_WAYS };

static const char *const way_names[NR_WAYS] = {
	"device_del and device_add", "the slot's power file", "sysfs remove and rescan",
	"unbind and bind",
};

static struct plug plug;
static int fd;

static void setup(void)
{
	require(plug_open(&plug, note) == 0);
	edu_setup();
	fd = edu_open(0);
}

static void take_away(enum way way)
{
	const char *address = edu_address();

	switch (way) {
	case UNPLUG:
		expect_equal(plug_out(&plug, PLUG_EDU, address, LIMIT), 0);
		break;
	case SLOT:
		expect_equal(plug_power(address, false), 0);
		expect_equal(plug_gone(&plug, PLUG_EDU, LIMIT), 0);
		break;
	case REMOVE:
		expect_equal(plug_write(address, "remove", "1"), 0);
		break;
	default:
		expect_equal(edu_unbind(), 0);
	}
}

/* Until the node is there again: the driver is bound after the device was added. */
static void give_back(enum way way)
{
	expect_equal(uevents_drop(plug.uevents), 0);
	if (way == UNPLUG || way == SLOT)
		expect_equal(plug_in(&plug, PLUG_EDU, edu_address(), LIMIT), 0);
	else
		expect_equal(way == REMOVE ? plug_rescan() : edu_bind(), 0);
	expect_equal(uevents_wait(plug.uevents, "add", "refcdev", "edu0", LIMIT), 0);
}

/* What reading a word of a mapping gives: 0, or the signal. */
static int touch(const volatile uint32_t *word)
{
	sigbus_init();
	return sigbus_survives((void)*word) ? 0 : SIGBUS;
}

static volatile uint32_t *map(void)
{
	volatile uint32_t *registers = mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, fd, 0);

	require(registers != MAP_FAILED);
	require(touch(registers) == 0);
	return registers;
}

static long call_pread(struct caller *self)
{
	return pread(self->fd, self->data, 64, 0);
}

static long call_pwrite(struct caller *self)
{
	return pwrite(self->fd, self->data, 64, 64);
}

static long call_fsync(struct caller *self)
{
	return fsync(self->fd);
}

static long call_factorial(struct caller *self)
{
	struct refcdev_edu_factorial factorial = { .n = REFCDEV_EDU_FACTORIAL_MAX };

	return ioctl(self->fd, REFCDEV_EDU_FACTORIAL, &factorial);
}

static long call_poll(struct caller *self)
{
	struct pollfd pollfd = { .fd = self->fd, .events = POLLIN };

	return poll(&pollfd, 1, 10000) == 1 ? pollfd.revents : -1;
}

enum { READER, WRITER, SYNCER, POLLER, NR_CALLERS };

static const struct {
	const char *name;
	long (*call)(struct caller *self);
	long number, good;
} kinds[NR_CALLERS] = {
	[READER] = { "pread", call_pread, SYS_pread64, 64 },
	[WRITER] = { "pwrite", call_pwrite, SYS_pwrite64, 64 },
	[SYNCER] = { "fsync", call_fsync, SYS_fsync, 0 },
	[POLLER] = { "poll", call_poll, SYS_poll, POLLIN },
};

/* Whatever may be in flight. The buffers stay where they are: the device may be at them. */
static struct inflight {
	struct caller callers[NR_CALLERS];
	struct uring ring;
	struct aio aio;
	uint8_t bytes[8][64];
} inflight;

static void start_requests(void)
{
	uint8_t (*bytes)[64] = inflight.bytes;

	require(uring_open(&inflight.ring, 4, 0) == 0 && aio_open(&inflight.aio, 4) == 0);
	uring_read(&inflight.ring, 1, fd, bytes[4], 64, 128);
	uring_write(&inflight.ring, 2, fd, bytes[5], 64, 192);
	require(uring_submit(&inflight.ring) == 2);
	require(aio_read(&inflight.aio, 1, fd, bytes[6], 64, 256) == 0);
	require(aio_write(&inflight.aio, 2, fd, bytes[7], 64, 320) == 0);
}

/* One second's worth of transfers in front of theirs: so they wait, and somebody runs. */
static void start_all(void)
{
	int nonblock = edu_open(O_NONBLOCK), i;

	for (i = 0; i < 10; i++)
		require(pwrite(nonblock, inflight.bytes[0], 1, i) == 1);
	expect_errno(pread(nonblock, inflight.bytes[1], 16, 0), EAGAIN);
	start_requests();
	for (i = 0; i < NR_CALLERS; i++) {
		inflight.callers[i].fd = i == SYNCER || i == POLLER ? nonblock : fd;
		inflight.callers[i].data = inflight.bytes[i];
		inflight.callers[i].call = kinds[i].call;
		if (!caller_start(&inflight.callers[i], kinds[i].number))
			complain("%s does not wait", kinds[i].name);
	}
}

/* Its result, or that the device is gone. Returns whether it was the latter. */
static bool came_back(const char *name, long result, long good)
{
	if (result != good && result != -ENXIO)
		complain("%s returned %ld", name, result);
	return result == -ENXIO;
}

static unsigned int end_requests(void)
{
	struct uring_result ring_result;
	struct aio_result aio_result;
	unsigned int gone = 0;
	int i;

	for (i = 0; i < 2; i++) {
		require(uring_wait(&inflight.ring, &ring_result, LIMIT) == 0);
		gone += came_back("io_uring", ring_result.res, 64);
		require(aio_wait(&inflight.aio, &aio_result, LIMIT) == 0);
		gone += came_back("aio", aio_result.res, 64);
	}
	uring_close(&inflight.ring);
	aio_close(&inflight.aio);
	return gone;
}

static unsigned int end_all(void)
{
	unsigned int gone = end_requests();
	int i;

	for (i = 0; i < NR_CALLERS; i++) {
		struct caller *caller = &inflight.callers[i];

		if (!caller_join(caller, LIMIT)) {
			complain("%s does not come back", kinds[i].name);
			continue;
		}
		if (i == POLLER && caller->ret & POLLHUP)
			expect_equal(caller->ret & (POLLERR | POLLHUP), POLLERR | POLLHUP);
		else
			gone += came_back(kinds[i].name, caller->ret < 0 ? -caller->error :
					  caller->ret, kinds[i].good);
	}
	return gone;
}

/* C2, for a file that was open. */
static void expect_dead(int file)
{
	struct pollfd pollfd = { .fd = file, .events = POLLIN };
	uint32_t number = 1;
	char byte = 0;

	expect_errno(pread(file, &byte, 1, 0), ENXIO);
	expect_errno(pwrite(file, &byte, 1, 0), ENXIO);
	expect_errno(fsync(file), ENXIO);
	expect_errno(ioctl(file, REFCDEV_EDU_INVERT, &number), ENXIO);
	expect_equal(edu_factorial(file, 5), -ENXIO);
	expect_equal(poll(&pollfd, 1, 5000), 1);
	expect_equal(pollfd.revents & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	expect(mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED && errno == ENXIO);
}

/* C8: what comes back is a new device, that works; the old file stays dead. */
static void expect_new(void)
{
	int new = edu_open(0);
	char byte = 'n';

	expect_equal(pwrite(new, &byte, 1, 7), 1);
	byte = 0;
	expect_equal(pread(new, &byte, 1, 7), 1);
	expect_equal(byte, 'n');
	expect_equal(edu_factorial(new, 5), 120);
	expect_dead(fd);
	close(new);
}

/* Every transfer has ended in one way, and none because the device was late. */
static void expect_balance(void)
{
	expect_equal(edu_counter("accepted"), edu_counter("done") + edu_counter("gone") +
		     edu_counter("withdrawn"));
	expect_equal(edu_counter("failed"), 0);
}

static void away(enum way way)
{
	volatile uint32_t *registers = map();
	long gone = edu_counter("gone"), released = edu_counter("released");
	unsigned int seen;

	start_all();
	take_away(way);
	seen = end_all();
	note("%s: %u calls of %d were told ENXIO, %ld transfers ended with the device",
	     way_names[way], seen, NR_CALLERS + 4, edu_counter("gone") - gone);
	/* There was a second's worth of them. */
	expect(seen > 0 && edu_counter("gone") > gone);
	expect_equal(touch(registers), SIGBUS);
	expect_equal(touch(registers + (1 << 20) / 4 - 1), SIGBUS);
	expect_dead(fd);
	expect_balance();
	/* C5: the file and the mapping have it. */
	expect_equal(edu_counter("released"), released);
	give_back(way);
	expect_new();
	expect_equal(touch(registers), SIGBUS);
}

static void away_by_unplug(void)
{
	away(UNPLUG);
}

static void away_by_slot(void)
{
	away(SLOT);
}

static void away_by_remove(void)
{
	away(REMOVE);
}

static void away_by_unbind(void)
{
	away(UNBIND);
}

/* The unit that computes is busy, and cannot be stopped: the next driver waits for it. */
static void during_a_factorial(void)
{
	struct caller caller = { .call = call_factorial, .fd = fd };

	require(caller_start(&caller, SYS_ioctl));
	expect_equal(edu_unbind(), 0);
	require(caller_join(&caller, LIMIT));
	came_back("ioctl", caller.ret < 0 ? -caller.error : caller.ret, 0);
	give_back(UNBIND);
	expect_new();
}

/* C5: files, then mappings; each of them alone keeps the data, and the last lets it go. */
static void last_holder(void)
{
	volatile uint32_t *registers = map();
	long released = edu_counter("released");

	take_away(UNPLUG);
	expect_equal(close(fd), 0);
	expect_equal(edu_counter("released"), released);
	expect_equal(touch(registers), SIGBUS);
	expect_equal(munmap((void *)registers, 1 << 20), 0);
	expect(wait_until(edu_counter("released") == released + 1, 5 * SECOND));
	give_back(UNPLUG);
}

/* C4: nobody waits for what a file has accepted that is closed; the device ends it. */
static void nobody_waits(void)
{
	int nonblock = edu_open(O_NONBLOCK), i;
	long gone = edu_counter("gone");

	for (i = 0; i < 10; i++)
		require(pwrite(nonblock, "x", 1, i) == 1);
	close(nonblock);
	close(fd);
	take_away(UNPLUG);
	expect(edu_counter("gone") > gone);
	expect_balance();
	expect(wait_until(edu_counter("released") == edu_counter("created"), 5 * SECOND));
	give_back(UNPLUG);
}

/* At once again, while the transfer of before is still on its way. */
static void unplugged_and_replugged(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		int nonblock = edu_open(O_NONBLOCK);

		require(pwrite(nonblock, "again", 5, 0) == 5);
		take_away(i % 2 ? UNBIND : UNPLUG);
		give_back(i % 2 ? UNBIND : UNPLUG);
		expect_errno(fsync(nonblock), ENXIO);
		close(nonblock);
		expect_new();
	}
}

static const struct test_case cases[] = {
	{ "unplugged while all kinds of calls are in flight", away_by_unplug },
	{ "the same by the slot's power file", away_by_slot },
	{ "the same by sysfs remove", away_by_remove },
	{ "the same by unbind", away_by_unbind },
	{ "during a factorial", during_a_factorial },
	{ "the last file or mapping lets the data go", last_holder },
	{ "writes that nobody waits for end with the device", nobody_waits },
	{ "unplugged and plugged in again during a transfer", unplugged_and_replugged },
};

int main(void)
{
	case_seconds = 150;
	return RUN_CASES(cases, setup);
}
