// SPDX-License-Identifier: GPL-2.0-only
/*
 * util.c: time, random numbers, files of sysfs and procfs, threads that are to be caught asleep
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* splitmix64 */
uint64_t random_below(uint64_t *state, uint64_t below)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return below ? (z ^ (z >> 31)) % below : 0;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	close(fd);
	text[len < 0 ? 0 : len] = 0;
	return len < 0 ? -errno : 0;
}

long read_number(const char *path)
{
	char text[64];
	int ret = read_text(path, text, sizeof(text));

	return ret ? ret : strtol(text, NULL, 0);
}

static int driver_write(const char *driver, const char *file, const char *device)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", driver, file);
	return write_text(path, device);
}

int driver_unbind(const char *driver, const char *device)
{
	return driver_write(driver, "unbind", device);
}

int driver_bind(const char *driver, const char *device)
{
	return driver_write(driver, "bind", device);
}

bool driver_is_bound(const char *driver, const char *device)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", driver, device);
	return access(path, F_OK) == 0;
}

long driver_count(const char *driver, const char *counter)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", driver, counter);
	return read_number(path);
}

static void *caller_thread(void *data)
{
	const struct sched_param fifo = { .sched_priority = 10 };
	struct caller *self = data;

	if (self->realtime)
		sched_setscheduler(0, SCHED_FIFO, &fifo);
	__atomic_store_n(&self->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	errno = 0;
	self->ret = self->call(self);
	self->returned = now_ns();
	self->error = self->ret < 0 ? errno : 0;
	return NULL;
}

/* The kernel tells the number of the system call only of a task that does not run. */
bool task_sleeps_in(pid_t pid, pid_t tid, long syscall_nr)
{
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	if (!tid || read_text(path, text, sizeof(text)) || text[0] < '0' || text[0] > '9')
		return false;
	return strtol(text, NULL, 10) == syscall_nr;
}

/* True once the thread is asleep in that system call. */
bool caller_start(struct caller *self, long syscall_nr)
{
	self->tid = 0;
	if (pthread_create(&self->thread, NULL, caller_thread, self))
		return false;
	return wait_until(task_sleeps_in(getpid(), __atomic_load_n(&self->tid, __ATOMIC_ACQUIRE),
					 syscall_nr), 5 * SECOND);
}

bool caller_join(struct caller *self, uint64_t limit_ns)
{
	struct timespec end;
	uint64_t ns;

	clock_gettime(CLOCK_REALTIME, &end);
	ns = end.tv_nsec + limit_ns;
	end.tv_sec += ns / SECOND;
	end.tv_nsec = ns % SECOND;
	return pthread_timedjoin_np(self->thread, NULL, &end) == 0;
}
