// SPDX-License-Identifier: GPL-2.0-only
/*
 * worker.c: processes and threads that use the device, and open it anew when it died
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/refcdev_fifo.h>

#include "hammer.h"
#include "util.h"

/* splitmix64: the same choices for the same seed, in each thread others */
uint32_t draw(struct worker *self, uint32_t below)
{
	uint64_t z = self->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return ((z ^ (z >> 31)) >> 32) % below;
}

/* Sleep until the device is another one than it was. */
void wait_for_generation(uint32_t seen, unsigned int ms)
{
	struct timespec limit = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS };

	syscall(SYS_futex, &shared->generation, FUTEX_WAIT, seen, &limit, NULL, 0);
}

bool still_dead(int fd)
{
	struct refcdev_fifo_state state;

	return ioctl(fd, REFCDEV_FIFO_GET_STATE, &state) < 0 && errno == ENXIO;
}

/* Put a new file where the dead one is: threads that use the number never see it closed. */
static bool reopen(int fd, int flags)
{
	int new = open(options.device, O_RDWR | O_CLOEXEC | flags);

	if (new < 0)
		return false;
	if (new != fd) {
		dup3(new, fd, O_CLOEXEC);
		close(new);
	}
	return true;
}

/*
 * The device went: get at the one that comes instead. One thread does it; the old file,
 * which it keeps until then, must not be the new device's.
 */
static void renew(struct worker *self)
{
	uint32_t generation = __atomic_load_n(&shared->generation, __ATOMIC_ACQUIRE);
	struct process *process = self->process;
	bool done = true;
	int old;

	pthread_mutex_lock(&process->lock);
	if (still_dead(process->fd)) {
		old = dup(process->fd);
		done = reopen(process->fd, 0) && reopen(process->nonblock_fd, O_NONBLOCK);
		if (done) {
			self->slot->reopened++;
			self->slot->revived += !still_dead(old);
		}
		close(old);
	}
	pthread_mutex_unlock(&process->lock);
	if (!done)
		wait_for_generation(generation, 50);
}

static void *worker_thread(void *data)
{
	struct worker *self = data;
	unsigned long refused;
	enum op op;

	self->slot->pid = getpid();
	__atomic_store_n(&self->slot->tid, gettid(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		do {
			op = draw(self, NR_OPS);
		} while (!(options.ops & (1u << op)));
		refused = self->slot->refused;
		run_op(self, op);
		if (self->slot->refused != refused)
			renew(self);
	}
	return NULL;
}

/* The first files; the device may just be away. */
static bool open_first(struct process *process)
{
	uint64_t end = now_ns() + 10 * SECOND;
	uint32_t generation;

	do {
		generation = __atomic_load_n(&shared->generation, __ATOMIC_ACQUIRE);
		process->fd = open(options.device, O_RDWR | O_CLOEXEC);
		process->nonblock_fd = open(options.device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (process->fd >= 0 && process->nonblock_fd >= 0)
			return true;
		close(process->fd);
		close(process->nonblock_fd);
		wait_for_generation(generation, 50);
	} while (now_ns() < end);
	return false;
}

/* A process of workers; ends with it, or by the supervisor's signal, or by the alarm. */
void run_workers(unsigned int process_nr)
{
	static struct worker workers[MAX_SLOTS];
	static pthread_t threads[MAX_SLOTS];
	static struct process process = { .lock = PTHREAD_MUTEX_INITIALIZER };
	unsigned int i, slot;

	signal(SIGIO, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	alarm(options.limit + 10);
	if (!open_first(&process)) {
		shared->slots[process_nr * options.threads].unexpected++;
		_exit(1);
	}
	for (i = 0; i < options.threads; i++) {
		slot = process_nr * options.threads + i;
		workers[i].process = &process;
		workers[i].slot = &shared->slots[slot];
		workers[i].random = options.seed * 0x2545f4914f6cdd1d + slot;
		/* One in each process must stay awake, or all may sleep for ever. */
		workers[i].may_sleep = i > 0 || options.threads == 1;
		if (pthread_create(&threads[i], NULL, worker_thread, &workers[i]))
			_exit(1);
	}
	for (i = 0; i < options.threads; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}
