// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_bad_test.c: the hardware misbehaves: interrupts that never come, transfers that never end,
 * registers that read as all ones: what each call says of it, how soon, and what mends it
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "edu.h"
#include "edu_calls.h"
#include "edu_hardware.h"
#include "kmsg.h"
#include "uring.h"

#define TIMEOUT		(300 * MS)	/* as the script loads the module */
#define SLACK		(2 * SECOND)	/* for a guest that is emulated and busy */
#define SIZE		64

static uint8_t bytes[SIZE];
static int fd;

static void setup(void)
{
	/* A case that failed may have left it otherwise. */
	edu_appear();
	edu_setup();
	fd = edu_open(0);
}

/* What is not a transfer; all return 0 or a negative errno. */
static ssize_t factorial(int file, uint8_t *unused, size_t none, int64_t never)
{
	long result = edu_factorial(file, 12);

	(void)unused, (void)none, (void)never;
	if (result >= 0)
		expect_equal(result, 479001600);
	return result < 0 ? result : 0;
}

static ssize_t invert(int file, uint8_t *unused, size_t none, int64_t never)
{
	uint32_t number = 5;

	(void)unused, (void)none, (void)never;
	return ioctl(file, REFCDEV_EDU_INVERT, &number) ? -errno : 0;
}

static ssize_t get_state(int file, uint8_t *unused, size_t none, int64_t never)
{
	struct refcdev_edu_state state;

	(void)unused, (void)none, (void)never;
	return ioctl(file, REFCDEV_EDU_GET_STATE, &state) ? -errno : 0;
}

static const struct edu_way factorial_way = { "factorial", false, false, factorial };
static const struct edu_way register_ways[] = {
	{ "invert", false, false, invert }, { "state", false, false, get_state },
};

/* In time: not before @least, and not much later than @most. */
static void expect_call(const struct edu_way *way, ssize_t wanted, uint64_t least, uint64_t most)
{
	uint64_t began = now_ns(), took;
	ssize_t found = way->call(fd, bytes, SIZE, 0);

	took = now_ns() - began;
	if (found != wanted)
		complain("%s: %zd, not %zd", way->name, found, wanted);
	if (took < least || took > most + SLACK)
		complain("%s took %llu ms", way->name, (unsigned long long)(took / MS));
}

/* Without the bus the device does all it is told, and nobody hears of it. */
static void interrupt_never_comes(void)
{
	const struct edu_way *way;
	long failed = edu_counter("failed");

	require(edu_set_command(EDU_COMMAND_MASTER, false) == 0);
	for (way = edu_ways; way < edu_ways + nr_edu_ways; way++)
		expect_call(way, -ETIMEDOUT, TIMEOUT * 9 / 10, TIMEOUT);
	expect_call(&factorial_way, -ETIMEDOUT, TIMEOUT * 9 / 10, TIMEOUT);
	expect_equal(edu_counter("failed"), failed + nr_edu_ways);
	for (way = register_ways; way < register_ways + 2; way++)
		expect_call(way, 0, 0, 0);
	require(edu_set_command(EDU_COMMAND_MASTER, true) == 0);
	expect(edu_works(fd, 1));
	expect_call(&factorial_way, 0, 0, TIMEOUT);
}

/* From then on nothing is accepted, and the device may not reach memory; bound anew it works. */
static void transfer_never_ends(void)
{
	const struct edu_way *way;
	long failed = edu_counter("failed");

	edu_get_stuck();
	expect_call(edu_ways, -EIO, TIMEOUT * 9 / 10, TIMEOUT);
	expect_equal(edu_counter("failed"), failed + 1);
	expect_equal(edu_command() & EDU_COMMAND_MASTER, 0);
	for (way = edu_ways; way < edu_ways + nr_edu_ways; way++)
		expect_call(way, -EIO, 0, 0);
	edu_appear();
	expect_call(edu_ways, -EIO, 0, 0);
	close(fd);
	edu_setup();
	fd = edu_open(0);
	expect(edu_works(fd, 3));
}

/* Nor when the driver comes: it does not take a device that is at something. */
static void never_comes_to_rest(void)
{
	uint64_t began;
	char text[1024];
	int kmsg;

	edu_get_stuck();
	expect_call(edu_ways, -EIO, TIMEOUT * 9 / 10, TIMEOUT);
	close(fd);
	expect_equal(edu_unbind(), 0);
	kmsg = kmsg_open();
	began = now_ns();
	expect_equal(edu_bind(), -EBUSY);
	expect(now_ns() - began >= TIMEOUT * 9 / 10);
	expect(now_ns() - began <= TIMEOUT + SLACK);
	expect_equal(edu_command() & EDU_COMMAND_MASTER, 0);
	expect(kmsg_wait(kmsg, text, now_ns() + SECOND));
	expect(strstr(text, "does not come to rest"));
	edu_appear();
	expect_equal(edu_bind(), 0);
	fd = edu_open(0);
	expect(edu_works(fd, 4));
}

/* Then nothing is there: each call finds out for itself, or is told. */
static void expect_gone(uint64_t most)
{
	const struct edu_way *way;

	for (way = register_ways; way < register_ways + 2; way++)
		expect_call(way, -ENXIO, 0, 0);
	expect_call(&factorial_way, -ENXIO, 0, 0);
	for (way = edu_ways; way < edu_ways + nr_edu_ways; way++)
		expect_call(way, -ENXIO, 0, most);
}

static void unbind_and_mend(void)
{
	expect_equal(edu_unbind(), 0);
	close(fd);
	edu_appear();
	expect_equal(edu_bind(), 0);
	fd = edu_open(0);
	expect(edu_works(fd, 5));
	expect_call(&factorial_way, 0, 0, TIMEOUT);
}

static void gone_before(void)
{
	edu_vanish();
	expect_gone(0);
	unbind_and_mend();
}

/* A driver that is bound to what does not answer says so, and leaves nothing. */
static void gone_before_probe(void)
{
	long created = edu_counter("created"), released = edu_counter("released");

	close(fd);
	expect_equal(edu_unbind(), 0);
	edu_vanish();
	expect_equal(edu_bind(), -ENODEV);
	edu_appear();
	expect_equal(edu_counter("created"), created + 1);
	expect_equal(edu_counter("released"), released + 2);
	expect_equal(edu_bind(), 0);
	fd = edu_open(0);
	expect(edu_works(fd, 6));
}

/* In flight: one that runs, some in the queue behind it, and a factorial. */
struct flight {
	struct caller reader, writer, syncer, thinker;
	struct uring ring;
	uint8_t in[SIZE];
	int nonblock;
};

static struct flight flight;

static long do_pread(struct caller *self)
{
	return pread(self->fd, self->data, SIZE, 0);
}

static long do_pwrite(struct caller *self)
{
	return pwrite(self->fd, self->data, SIZE, 0);
}

static long do_fsync(struct caller *self)
{
	return fsync(self->fd);
}

static long do_factorial(struct caller *self)
{
	struct refcdev_edu_factorial argument = { .n = 1000 };

	return ioctl(self->fd, REFCDEV_EDU_FACTORIAL, &argument);
}

/* Without the bus all of it waits; what it waits for has been lost. */
static void take_off(void)
{
	require(edu_set_command(EDU_COMMAND_MASTER, false) == 0);
	flight.nonblock = edu_open(O_NONBLOCK);
	flight.reader = (struct caller){ .call = do_pread, .fd = fd, .data = flight.in };
	flight.writer = (struct caller){ .call = do_pwrite, .fd = fd, .data = bytes };
	flight.syncer = (struct caller){ .call = do_fsync, .fd = flight.nonblock };
	flight.thinker = (struct caller){ .call = do_factorial, .fd = fd };
	require(uring_open(&flight.ring, 4, 0) == 0);
	require(caller_start(&flight.reader, SYS_pread64));
	uring_read(&flight.ring, 1, fd, flight.in, SIZE, 0);
	uring_write(&flight.ring, 2, fd, bytes, SIZE, 0);
	require(uring_submit(&flight.ring) == 2);
	require(pwrite(flight.nonblock, bytes, SIZE, 0) == SIZE);
	require(caller_start(&flight.syncer, SYS_fsync));
	require(caller_start(&flight.writer, SYS_pwrite64));
	require(caller_start(&flight.thinker, SYS_ioctl));
}

static void expect_landed(struct caller *caller, const char *what)
{
	if (!caller_join(caller, TIMEOUT + SLACK))
		give_up("%s does not return", what);
	if (caller->ret != -1 || caller->error != ENXIO)
		complain("%s: %ld, %s", what, caller->ret, strerror(caller->error));
}

static void expect_all_landed(void)
{
	struct uring_result result;
	int i;

	expect_landed(&flight.reader, "read");
	expect_landed(&flight.writer, "write");
	expect_landed(&flight.syncer, "fsync");
	expect_landed(&flight.thinker, "factorial");
	for (i = 0; i < 2; i++) {
		require(uring_wait(&flight.ring, &result, SLACK) == 0);
		expect_equal(result.res, -ENXIO);
	}
	uring_close(&flight.ring);
	close(flight.nonblock);
}

static void gone_meanwhile(void)
{
	long gone = edu_counter("gone");

	take_off();
	edu_vanish();
	expect_all_landed();
	expect_equal(edu_counter("gone"), gone + 5);
	expect_gone(0);
	unbind_and_mend();
}

/* Whoever waits is told by the unbind, which comes before the time is up. */
static void unbound_while_gone(void)
{
	take_off();
	edu_vanish();
	unbind_and_mend();
	expect_all_landed();
}

static const struct test_case cases[] = {
	{ "an interrupt that never comes: ETIMEDOUT, in time", interrupt_never_comes },
	{ "a transfer that never ends: EIO, until bound anew", transfer_never_ends },
	{ "a device that never comes to rest is not bound: EBUSY", never_comes_to_rest },
	{ "registers of all ones: ENXIO at once", gone_before },
	{ "registers of all ones when bound: ENODEV", gone_before_probe },
	{ "registers of all ones while calls wait: ENXIO, in time", gone_meanwhile },
	{ "unbound while its registers are all ones", unbound_while_gone },
};

int main(void)
{
	/* Binding alone may take ten, see edu_hammer.h. */
	case_seconds = 90;
	return RUN_CASES(cases, setup);
}
