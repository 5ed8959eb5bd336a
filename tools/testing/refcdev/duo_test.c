// SPDX-License-Identifier: GPL-2.0-only
/*
 * duo_test.c: several interfaces with one lifetime: what they do, and that they end together
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "duo.h"
#include "trace.h"

#define DELAY		"/sys/kernel/debug/refcdev/delay/disconnect_zapped"
#define DELAY_US	"1000000"
#define STATIC_DATA	"/dev/static-duo"
#define STATIC_CONTROL	"/dev/static-duoctl"

static int data, control;

static void setup(void)
{
	struct stat status;

	subject_renew(&duo_subject);
	data = subject_open(&duo_subject, 0);
	control = duo_open_control(0);
	require(control >= 0);
	subject_mknod(&duo_subject, STATIC_DATA);
	require(stat(DUO_CONTROL, &status) == 0);
	unlink(STATIC_CONTROL);
	require(mknod(STATIC_CONTROL, S_IFCHR | 0600, status.st_rdev) == 0);
}

static long count(const char *name)
{
	return subject_count(&duo_subject, name);
}

static uint32_t read_sample(int fd)
{
	struct refcdev_duo_sample sample;

	require(read(fd, &sample, sizeof(sample)) == sizeof(sample));
	return sample.value;
}

static void set(int fd, uint32_t value)
{
	expect_equal(write(fd, &value, sizeof(value)), sizeof(value));
}

static short ready(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&poller, 1, 0) == 1 ? poller.revents : 0;
}

/* A sample is made once, and everybody gets it: each file of the node, and hwmon. */
static void samples(void)
{
	int other = subject_open(&duo_subject, O_NONBLOCK);
	char text[DUO_TEXT] = {};
	struct caller shower = { .call = call_read_text, .data = text };
	struct refcdev_duo_sample sample;

	shower.fd = duo_open_attribute("in0_input");
	require(shower.fd >= 0 && caller_start(&shower, SYS_read));
	expect_errno(read(other, &sample, sizeof(sample)), EAGAIN);
	expect_equal(ready(data), POLLOUT);
	set(data, 3300);
	expect_equal(ready(data), 0);
	duo_sample(control);
	expect_equal(read_sample(data), 3300);
	expect_equal(read(other, &sample, sizeof(sample)), sizeof(sample));
	expect(sample.number == 1 && sample.value == 3300);
	require(caller_join(&shower, 5 * SECOND));
	expect(shower.ret == 5 && !strcmp(text, "3300\n"));
	expect_errno(read(other, &sample, sizeof(sample)), EAGAIN);
}

static long call_set(struct caller *self)
{
	return write(self->fd, self->data, sizeof(uint32_t));
}

/* Each value that is written is sampled before the next one is taken. */
static void output(void)
{
	int other = subject_open(&duo_subject, O_NONBLOCK);
	uint32_t second = 2;
	struct caller writer = { .call = call_set, .fd = data, .data = &second };

	set(data, 1);
	expect_errno(write(other, &second, sizeof(second)), EAGAIN);
	require(caller_start(&writer, SYS_write));
	duo_sample(control);
	require(caller_join(&writer, 5 * SECOND));
	expect_equal(writer.ret, sizeof(second));
	expect_equal(read_sample(data), 1);
	duo_sample(control);
	expect_equal(read_sample(data), 2);
}

static struct refcdev_duo_event next_event(int fd)
{
	struct refcdev_duo_event event;

	require(read(fd, &event, sizeof(event)) == sizeof(event));
	return event;
}

/* Each open file of the control node has a limit and events of its own. */
static void events(void)
{
	int other = duo_open_control(O_NONBLOCK), i;
	struct refcdev_duo_event event;
	uint32_t limit = 50, period = 0;

	require(other >= 0 && ioctl(other, REFCDEV_DUO_SET_LIMIT, &limit) == 0);
	expect_errno(read(other, &event, sizeof(event)), EAGAIN);
	set(data, 51);
	duo_sample(control);
	read_sample(data);
	expect_equal(ready(control), 0);
	expect_equal(ready(other), POLLIN);
	event = next_event(other);
	expect(event.kind == REFCDEV_DUO_EVENT_LIMIT && event.value == 51 && event.sample == 1);
	for (i = 0; i < REFCDEV_DUO_EVENTS + 2; i++)
		require(ioctl(control, REFCDEV_DUO_SET_PERIOD, &period) == 0);
	for (i = 0; i < REFCDEV_DUO_EVENTS; i++)
		expect_equal(next_event(other).kind, REFCDEV_DUO_EVENT_PERIOD);
	expect_errno(read(other, &event, sizeof(event)), EAGAIN);
	require(ioctl(control, REFCDEV_DUO_SET_PERIOD, &period) == 0);
	expect_equal(next_event(other).lost, 2);
	expect_equal(next_event(control).lost, 0);
}

/* The oldest samples are lost for who is too slow. */
static void backlog(void)
{
	int fast = subject_open(&duo_subject, 0), i;
	struct refcdev_duo_sample sample;

	for (i = 0; i < REFCDEV_DUO_BACKLOG + 5; i++) {
		duo_sample(control);
		read_sample(fast);
	}
	require(read(data, &sample, sizeof(sample)) == sizeof(sample));
	expect_equal(sample.number, 6);
}

static long call_poll(struct caller *self)
{
	struct pollfd poller = { .fd = self->fd, .events = POLLPRI };

	return poll(&poller, 1, 20000) == 1 ? poller.revents : -1;
}

static void refused(void)
{
	struct refcdev_duo_event event;
	uint32_t number = 0;

	expect_errno(read(data, &number, sizeof(number)), ENXIO);
	expect_errno(write(data, &number, sizeof(number)), ENXIO);
	expect_errno(read(control, &event, sizeof(event)), ENXIO);
	expect_errno(ioctl(control, REFCDEV_DUO_GET_STATE, &event), ENXIO);
	expect_errno(ioctl(control, REFCDEV_DUO_SET_PERIOD, &number), ENXIO);
	expect_errno(ioctl(control, REFCDEV_DUO_SET_LIMIT, &number), ENXIO);
	expect_errno(ioctl(control, REFCDEV_DUO_SAMPLE), ENXIO);
	expect_equal(ready(data) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	expect_equal(ready(control) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	expect_errno(open(duo_subject.node, O_RDWR), ENOENT);
	expect_errno(open(DUO_CONTROL, O_RDWR), ENOENT);
	expect_errno(open(STATIC_DATA, O_RDWR), ENXIO);
	expect_errno(open(STATIC_CONTROL, O_RDWR), ENXIO);
	expect_equal(duo_open_attribute("in0_input"), -ENOENT);
}

/* C2, C3: sleepers of all interfaces are woken by one disconnect, which drains once. */
static void all_at_once(void)
{
	char texts[2][DUO_TEXT];
	uint32_t value = 1;
	struct caller callers[] = {
		{ .call = call_read_text, .fd = data, .data = texts[0] },
		{ .call = call_set, .fd = data, .data = &value },
		{ .call = call_read_text, .fd = control, .data = texts[1] },
		{ .call = call_read_text, .fd = duo_open_attribute("in0_input"), .data = texts[0] },
		{ .call = call_poll, .fd = data },
		{ .call = call_poll, .fd = control },
	};
	static const long calls[] = { SYS_read, SYS_write, SYS_read, SYS_read, SYS_poll, SYS_poll };
	struct trace_counts counts = {};
	int i;

	set(data, value);
	for (i = 0; i < 6; i++)
		require(caller_start(&callers[i], calls[i]));
	require(trace_start() == 0);
	subject_unbind(&duo_subject);
	trace_read(&counts);
	for (i = 0; i < 6; i++)
		require(caller_join(&callers[i], 5 * SECOND));
	for (i = 0; i < 4; i++)
		expect(callers[i].ret == -1 && callers[i].error == ENXIO);
	for (; i < 6; i++)
		expect_equal(callers[i].ret & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	expect_equal(trace_lost(), 0);
	trace_stop();
	note("%u calls inside, %u tasks woken, %lu drains", counts.inside, counts.woken,
	     counts.drains);
	expect_equal(counts.drains, 1);
	expect_equal(counts.inside, 4);
	expect_equal(count("threads"), 0);
	expect_equal(count("late"), 0);
	refused();
}

static void last_is(int first, int last)
{
	long created = count("created"), released = count("released"), closes = count("closes");

	subject_unbind(&duo_subject);
	expect_equal(count("released"), released);
	close(first);
	expect_equal(count("closes"), closes + 1);
	expect_equal(count("released"), released);
	expect_equal(last == data ? duo_ask_data(last) : duo_ask_control(last), -ENXIO);
	close(last);
	expect(subject_released_all(&duo_subject, 0));
	expect_equal(count("closes"), count("opens"));
	expect_equal(count("created"), created);
}

/* C5: whichever node the last file is of. */
static void data_is_last(void)
{
	last_is(control, data);
}

static void control_is_last(void)
{
	last_is(data, control);
}

/* C1, C6: the thread makes samples up to the disconnect, and then there is none any more. */
static void thread(void)
{
	uint32_t period = 1;
	int i, j;

	for (i = 0; i < 3; i++) {
		require(ioctl(control, REFCDEV_DUO_SET_PERIOD, &period) == 0);
		for (j = 0; j < 3; j++)
			read_sample(data);
		expect_equal(count("threads"), 1);
		subject_unbind(&duo_subject);
		expect_equal(count("threads"), 0);
		close(data);
		close(control);
		setup();
	}
	expect_equal(count("late"), 0);
}

static long call_unbind(struct caller *self)
{
	(void)self;
	return driver_unbind(duo_subject.driver, duo_subject.device);
}

/* The hwmon device is there longer than the gate is open: what needs no hardware answers. */
static void between(void)
{
	struct caller unbinder = { .call = call_unbind };
	struct pollfd poller = { .fd = data };
	int input = duo_open_attribute("in0_input"), label = duo_open_attribute("in0_label");
	char text[DUO_TEXT] = {};

	require(input >= 0 && label >= 0 && write_text(DELAY, DELAY_US) == 0);
	require(caller_start(&unbinder, SYS_write));
	require(poll(&poller, 1, 5000) == 1);
	expect_errno(read(input, text, sizeof(text)), ENXIO);
	expect_equal(read(label, text, sizeof(text)), 6);
	expect(!strcmp(text, "duo 0\n"));
	require(caller_join(&unbinder, 10 * SECOND));
	write_text(DELAY, "0");
	expect_equal(unbinder.ret, 0);
	expect_errno(pread(input, text, sizeof(text), 0), ENODEV);
	expect_equal(count("late"), 0);
}

static const struct test_case cases[] = {
	{ "a sample reaches every file, and the hwmon device", samples },
	{ "what is written is sampled before the next is taken", output },
	{ "each control file has events of its own", events },
	{ "who is too slow misses the oldest samples", backlog },
	{ "the sleepers of all interfaces are woken, in one drain, and all refuse", all_at_once },
	{ "the data goes with the last file: one of the data node", data_is_last },
	{ "the data goes with the last file: one of the control node", control_is_last },
	{ "the thread samples up to the disconnect, and no longer", thread },
	/* Needs delay points: to be the last one. */
	{ "the hwmon device refuses from the disconnect until it goes", between },
};

int main(void)
{
	bool delays = access(DELAY, W_OK) == 0;

	return run_cases(cases, sizeof(cases) / sizeof(cases[0]) - !delays, setup);
}
