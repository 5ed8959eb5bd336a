// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_worker.c: a thread that uses the device until it goes, looks at what is left, and
 * opens the next one
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "edu_hammer.h"
#include "sigbus.h"

static struct worker team[MAX_WORKERS];
static pthread_t threads[MAX_WORKERS];

uint32_t below(struct worker *self, uint32_t limit)
{
	return random_below(&self->random, limit);
}

bool still_running(uint32_t phase)
{
	return __atomic_load_n(&shared->phase, __ATOMIC_ACQUIRE) == phase;
}

void find_wrong(struct worker *self, unsigned long *count, const char *format, ...)
{
	struct slot *slot = self->slot;
	va_list args;

	(*count)++;
	if (*slot->why)
		return;
	va_start(args, format);
	vsnprintf(slot->why, sizeof(slot->why), format, args);
	va_end(args);
}

static void set_place(struct worker *self, const char *at)
{
	self->slot->at = at;
	__atomic_store_n(&self->slot->since, at ? now_ns() : 0, __ATOMIC_RELEASE);
}

void begin_call(struct worker *self, enum kind kind)
{
	self->slot->tallies[kind].begun++;
	set_place(self, kinds[kind].name);
}

/* The result, or that the device is going; what a signal or O_NONBLOCK ask for; nothing else. */
long end_call(struct worker *self, enum kind kind, long ret)
{
	struct tally *tally = &self->slot->tallies[kind];

	set_place(self, NULL);
	if (kind == KIND_OPEN && ret == -ENOENT)
		ret = -ENXIO;		/* its node has gone as well */
	if (ret >= 0)
		tally->done++;
	else if (ret == -ENXIO)
		tally->enxio++;
	else if (ret == -EINTR && kinds[kind].sleeps)
		tally->interrupted++;
	else if (ret == -EAGAIN && kinds[kind].may_try_again)
		tally->again++;
	else
		find_wrong(self, &self->slot->odd, "%s: %s", kinds[kind].name, strerror(-ret));
	self->refused |= ret == -ENXIO;
	if (ret == -ENXIO && !__atomic_load_n(&shared->going, __ATOMIC_SEQ_CST))
		find_wrong(self, &self->slot->odd, "%s: ENXIO of a device that is there",
			   kinds[kind].name);
	return ret;
}

static uint32_t next_phase(uint32_t seen)
{
	uint32_t phase;

	while ((phase = __atomic_load_n(&shared->phase, __ATOMIC_ACQUIRE)) == seen)
		syscall(SYS_futex, &shared->phase, FUTEX_WAIT, seen, NULL, NULL, 0);
	return phase;
}

/* Races with the probe; a node that is there before its device must not let anybody in. */
static int open_soon(struct worker *self, int flags)
{
	uint64_t end = now_ns() + LIMIT / 2;
	int fd;

	while ((fd = CALL(self, KIND_OPEN, open(EDU_NODE, O_RDWR | O_CLOEXEC | flags))) == -ENXIO) {
		if (now_ns() >= end) {
			find_wrong(self, &self->slot->odd, "no device came to be opened");
			break;
		}
		usleep(20000 + below(self, 40000));
	}
	return fd;
}

static void check_relics(struct worker *self)
{
	int i;

	for (i = 0; i < RELICS; i++) {
		if (self->relics[i].fd < 0)
			continue;
		check_dead_file(self, self->relics[i].fd);
		check_dead_mapping(self, &self->relics[i].mapping);
	}
}

static void drop_relic(struct relic *relic)
{
	unmap(&relic->mapping);
	if (relic->fd >= 0)
		close(relic->fd);
	relic->fd = -1;
}

/* The old ones must not lead to the new one. */
static bool come(struct worker *self)
{
	forget_all(self);
	self->fd = open_soon(self, 0);
	self->nonblock_fd = open_soon(self, O_NONBLOCK);
	check_relics(self);
	return self->fd >= 0 && self->nonblock_fd >= 0;
}

/* One file in two is kept, and one of its mappings: they stay dead for ever. */
static void look_back(struct worker *self)
{
	struct relic *relic = &self->relics[self->next_relic];
	int i;

	check_dead_file(self, self->fd);
	check_dead_file(self, self->nonblock_fd);
	for (i = 0; i < MAPPINGS; i++)
		check_dead_mapping(self, &self->mappings[i]);
	check_relics(self);
	if (below(self, 2)) {
		drop_relic(relic);
		relic->fd = self->fd;
		relic->mapping = self->mappings[0];
		self->mappings[0].at = NULL;
		self->next_relic = (self->next_relic + 1) % RELICS;
	} else {
		close(self->fd);
	}
	close(self->nonblock_fd);
	for (i = 0; i < MAPPINGS; i++)
		unmap(&self->mappings[i]);
}

/* One of us, which it may find in a call that sleeps. */
static void interrupt_somebody(struct worker *self)
{
	self->slot->signals++;
	pthread_kill(threads[below(self, options.threads)], SIGUSR1);
}

/*
 * Goes on when the device has gone, until all know: what is refused is a call as well. But then
 * those who see to what comes next need the processor.
 */
static void run(struct worker *self, uint32_t phase)
{
	unsigned int choice;

	self->refused = false;
	while (still_running(phase)) {
		choice = below(self, 16);
		if (choice == 0)
			interrupt_somebody(self);
		else if (choice < 5)
			run_map(self);
		else if (choice < 9 && self->transfers)
			run_async(self);
		else
			run_call(self);
		usleep(below(self, self->refused ? 20000 : 2000));
	}
}

/* False: the end. */
static bool follow(struct worker *self, uint32_t phase)
{
	switch (phase % NR_PHASES) {
	case PHASE_COME:
		return !shared->stop && come(self);
	case PHASE_RUN:
		run(self, phase);
		return true;
	case PHASE_END:
		collect_async(self);
		return true;
	default:
		look_back(self);
		return true;
	}
}

static void *worker_thread(void *data)
{
	struct worker *self = data;
	uint32_t phase = 0;
	int i;

	self->slot->pid = getpid();
	__atomic_store_n(&self->slot->tid, gettid(), __ATOMIC_RELEASE);
	for (;;) {
		phase = next_phase(phase);
		if (!follow(self, phase))
			break;
		__atomic_store_n(&self->slot->phase, phase, __ATOMIC_RELEASE);
	}
	for (i = 0; i < RELICS; i++)
		drop_relic(&self->relics[i]);
	uring_close(&self->async.ring);
	aio_close(&self->async.aio);
	return NULL;
}

static bool set_up(struct worker *self, unsigned int number)
{
	unsigned int share = REFCDEV_EDU_BYTES / workers(), i;

	self->slot = &shared->slots[number];
	self->random = options.seed * 0x2545f4914f6cdd1d + number;
	self->transfers = number % 2 == 0;
	self->fd = -1;
	self->nonblock_fd = -1;
	for (i = 0; i < RELICS; i++)
		self->relics[i].fd = -1;
	for (i = 0; i < NR_AREAS; i++) {
		self->areas[i].size = share / NR_AREAS;
		self->areas[i].start = number * share + i * self->areas[i].size;
	}
	return async_open(&self->async);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* A process of workers. */
void run_workers(unsigned int process_nr)
{
	struct sigaction action = { .sa_handler = on_signal };	/* no SA_RESTART: EINTR */
	unsigned int i;

	sigaction(SIGUSR1, &action, NULL);
	sigbus_init();
	for (i = 0; i < options.threads; i++) {
		if (!set_up(&team[i], process_nr * options.threads + i))
			_exit(1);
	}
	for (i = 0; i < options.threads; i++) {
		if (pthread_create(&threads[i], NULL, worker_thread, &team[i]))
			_exit(1);
	}
	for (i = 0; i < options.threads; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}
