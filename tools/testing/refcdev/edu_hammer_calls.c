// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_calls.c: system calls on the device, and whether what they return is right
 *
 * Transfers are done in the order in which they were accepted. So a worker knows what is in its
 * parts of the device's memory, but where a signal ended a write, which may have been carried out
 * all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu_hammer.h"

#define IS_EDU		0xed
#define POLL_MS		30
#define AHEAD_TRIES	3	/* others write meanwhile, and it begins anew */
#define AHEAD_MS	300

struct range choose_range(struct worker *self, const struct area *area)
{
	struct range range;

	range.bytes = 1 + below(self, area->size);
	range.first = below(self, area->size - range.bytes + 1);
	return range;
}

void area_wrote(struct area *area, struct range range, const uint8_t *bytes)
{
	memcpy(area->bytes + range.first, bytes, range.bytes);
	memset(area->known + range.first, true, range.bytes);
}

void area_forget(struct area *area, struct range range)
{
	memset(area->known + range.first, false, range.bytes);
}

/* What a new device has in its memory is its own affair. */
void forget_all(struct worker *self)
{
	int i;

	for (i = 0; i < NR_AREAS; i++)
		area_forget(&self->areas[i], (struct range){ 0, self->areas[i].size });
}

void area_compare(struct worker *self, const struct area *area, struct range range,
		  const uint8_t *found, const char *what)
{
	uint32_t i, at;

	for (i = 0; i < range.bytes; i++) {
		at = range.first + i;
		self->slot->checked += area->known[at];
		if (area->known[at] && found[i] != area->bytes[at]) {
			find_wrong(self, &self->slot->wrong,
				   "%s: byte %u of %u at %u is %#x, not %#x", what, i,
				   range.bytes, area->start + range.first, found[i],
				   area->bytes[at]);
			return;
		}
	}
}

/* A transfer that succeeds is whole. */
static bool is_whole(struct worker *self, long ret, uint32_t bytes, const char *what)
{
	if (ret >= 0 && ret != bytes)
		find_wrong(self, &self->slot->odd, "%s: %ld of %u bytes", what, ret, bytes);
	return ret == bytes;
}

static void call_write(struct worker *self)
{
	struct area *area = &self->areas[AREA_SYNC];
	struct range range = choose_range(self, area);
	uint8_t bytes[AREA_BYTES];
	long ret;

	edu_fill(bytes, range.bytes, below(self, UINT32_MAX));
	ret = CALL(self, KIND_WRITE, pwrite(self->fd, bytes, range.bytes,
					    area->start + range.first));
	if (is_whole(self, ret, range.bytes, "write"))
		area_wrote(area, range, bytes);
	else
		area_forget(area, range);
}

static void call_read(struct worker *self)
{
	struct area *area = &self->areas[AREA_SYNC];
	struct range range = choose_range(self, area);
	uint8_t bytes[AREA_BYTES];
	long ret;

	ret = CALL(self, KIND_READ, pread(self->fd, bytes, range.bytes,
					  area->start + range.first));
	if (is_whole(self, ret, range.bytes, "read"))
		area_compare(self, area, range, bytes, "read");
}

/* All there is; a read is cut short by the end. */
static void call_read_all(struct worker *self)
{
	uint8_t bytes[REFCDEV_EDU_BYTES + 1];
	static const enum kind kind = KIND_READ;
	const struct area *area;
	int i;

	if (!is_whole(self, CALL(self, kind, pread(self->fd, bytes, sizeof(bytes), 0)),
		      REFCDEV_EDU_BYTES, "read of all"))
		return;
	for (i = 0; i < NR_AREAS; i++) {
		area = &self->areas[i];
		if (i != AREA_ASYNC || self->async.pending == ASYNC_NONE)
			area_compare(self, area, (struct range){ 0, area->size },
				     bytes + area->start, "read of all");
	}
}

/* Accepted and carried out later, in order: so it is as good as done. */
static bool call_post(struct worker *self, int fd)
{
	struct area *area = &self->areas[AREA_POSTED];
	struct range range = choose_range(self, area);
	uint8_t bytes[AREA_BYTES];
	long ret;

	edu_fill(bytes, range.bytes, below(self, UINT32_MAX));
	ret = CALL(self, KIND_POST, pwrite(fd, bytes, range.bytes, area->start + range.first));
	if (is_whole(self, ret, range.bytes, "posted write"))
		area_wrote(area, range, bytes);
	return ret > 0;
}

static void call_ahead(struct worker *self)
{
	struct area *area = &self->areas[AREA_POSTED];
	struct range range = choose_range(self, area);
	struct pollfd poller = { .fd = self->nonblock_fd, .events = POLLIN };
	uint8_t bytes[AREA_BYTES];
	int tries = AHEAD_TRIES;
	long ret;

	do {
		ret = CALL(self, KIND_AHEAD, pread(self->nonblock_fd, bytes, range.bytes,
						   area->start + range.first));
	} while (ret == -EAGAIN && --tries && poll(&poller, 1, AHEAD_MS) == 1);
	if (is_whole(self, ret, range.bytes, "read without waiting"))
		area_compare(self, area, range, bytes, "read without waiting");
}

static void call_fsync(struct worker *self)
{
	CALL(self, KIND_FSYNC, fsync(self->nonblock_fd));
}

/* What is posted on a file that is closed at once is under way without one. */
static void call_open(struct worker *self)
{
	int fd = CALL(self, KIND_OPEN, open(EDU_NODE, O_RDWR | O_CLOEXEC | O_NONBLOCK));

	if (fd < 0)
		return;
	if (self->transfers)
		call_post(self, fd);
	close(fd);
}

static void call_invert(struct worker *self)
{
	uint32_t number = below(self, UINT32_MAX), answer = number;

	if (CALL(self, KIND_INVERT, ioctl(self->fd, REFCDEV_EDU_INVERT, &answer)) == 0 &&
	    answer != ~number)
		find_wrong(self, &self->slot->wrong, "%#x inverted is %#x", number, answer);
}

static void call_state(struct worker *self)
{
	struct refcdev_edu_state state;

	if (CALL(self, KIND_STATE, ioctl(self->fd, REFCDEV_EDU_GET_STATE, &state)) == 0 &&
	    (state.identification & 0xff) != IS_EDU)
		find_wrong(self, &self->slot->wrong, "identification %#x", state.identification);
}

/* Modulo 2^32 it is 0 from 34 on, however long the device computes. */
static uint32_t factorial_of(uint32_t n)
{
	uint32_t result = 1;

	for (; n && result; n--)
		result *= n;
	return result;
}

static void call_factorial(struct worker *self)
{
	struct refcdev_edu_factorial factorial;

	factorial.n = below(self, below(self, 2) ? 40 : REFCDEV_EDU_FACTORIAL_MAX + 1);
	if (CALL(self, KIND_FACTORIAL, ioctl(self->fd, REFCDEV_EDU_FACTORIAL, &factorial)))
		return;
	self->slot->factorials++;
	if (factorial.result != factorial_of(factorial.n))
		find_wrong(self, &self->slot->wrong, "factorial of %u: %#x", factorial.n,
			   factorial.result);
}

static void call_poll(struct worker *self)
{
	struct pollfd poller = { .events = POLLIN | POLLOUT };

	poller.fd = below(self, 2) ? self->fd : self->nonblock_fd;
	CALL(self, KIND_POLL, poll(&poller, 1, below(self, POLL_MS)));
	if (poller.revents & (POLLERR | POLLHUP) &&
	    !__atomic_load_n(&shared->going, __ATOMIC_SEQ_CST))
		find_wrong(self, &self->slot->odd, "poll: %#x of a device that is there",
			   poller.revents);
}

/* As often as they stand here. */
static void (*const for_transfers[])(struct worker *self) = {
	call_write, call_read, call_write, call_read, call_read_all, call_ahead, call_fsync,
	call_poll, call_open, call_invert,
};

static void (*const for_others[])(struct worker *self) = {
	call_factorial, call_factorial, call_factorial, call_factorial, call_invert, call_state,
	call_poll, call_open,
};

void run_call(struct worker *self)
{
	if (!self->transfers)
		for_others[below(self, sizeof(for_others) / sizeof(*for_others))](self);
	else if (below(self, 8) == 0)
		call_post(self, self->nonblock_fd);
	else
		for_transfers[below(self, sizeof(for_transfers) / sizeof(*for_transfers))](self);
}

/* Every call is refused, and poll says why. */
void check_dead_file(struct worker *self, int fd)
{
	const unsigned int gone = POLLERR | POLLHUP;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct refcdev_edu_state state;
	uint8_t byte = 0;
	void *at;
	bool dead;

	dead = read(fd, &byte, 1) == -1 && errno == ENXIO;
	dead &= write(fd, &byte, 1) == -1 && errno == ENXIO;
	dead &= fsync(fd) == -1 && errno == ENXIO;
	dead &= ioctl(fd, REFCDEV_EDU_GET_STATE, &state) == -1 && errno == ENXIO;
	at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	dead &= at == MAP_FAILED && errno == ENXIO;
	dead &= poll(&poller, 1, 0) == 1 && (poller.revents & gone) == gone;
	self->slot->dead_calls += 6;
	if (!dead)
		find_wrong(self, &self->slot->revived, "an old file answered; poll: %#x",
			   poller.revents);
}
