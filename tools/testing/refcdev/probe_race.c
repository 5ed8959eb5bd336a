// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe_race.c: programs open a device in a loop while its probe fails, after one step or the
 * other: what they get is refused, or dies with the probe, and never finds it half done
 *
 * One opener goes through the node in /dev, which comes and goes; one through a node of
 * mknod(2), which stays, and reaches the device as soon as its number does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ways.h"

#define STATIC_NODE	"/tmp/ways0"

enum { OPENERS = 2, CAUGHT_FLOOR = 60 /* percent */, UEVENTS = 10 };

static unsigned long probes;
static unsigned int seed;

static struct opener {
	const char *path;
	bool *stop;
	unsigned long opened, refused, died, wrong;
	pthread_t thread;
} openers[OPENERS];

/* Every second file sleeps in a read until the device is gone; all are dead then. */
static void use(struct opener *self, int fd)
{
	char byte;

	self->opened++;
	if (self->opened % 2)
		self->wrong += read(fd, &byte, 1) != -1 || errno != ENXIO;
	else if (ioctl(fd, WAYS_TOUCH) == 0)
		return;
	if (ioctl(fd, WAYS_TOUCH) == -1 && errno == ENXIO)
		self->died++;
	else
		self->wrong++;
}

static void *opener_thread(void *data)
{
	struct opener *self = data;
	int fd;

	while (!__atomic_load_n(self->stop, __ATOMIC_RELAXED)) {
		fd = open(self->path, O_RDWR);
		if (fd >= 0) {
			use(self, fd);
			close(fd);
		} else {
			self->refused++;
			self->wrong += errno != ENXIO && errno != ENOENT;
			sched_yield();
		}
	}
	return NULL;
}

static void start_openers(bool *stop)
{
	static const char * const paths[OPENERS] = { "/dev/ways0", STATIC_NODE };
	int i;

	for (i = 0; i < OPENERS; i++) {
		openers[i].path = paths[i];
		openers[i].stop = stop;
		require(pthread_create(&openers[i].thread, NULL, opener_thread, &openers[i]) == 0);
	}
}

static void join_openers(bool *stop)
{
	int i;

	__atomic_store_n(stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < OPENERS; i++) {
		struct opener *self = &openers[i];

		require(pthread_join(self->thread, NULL) == 0);
		note("%s: %lu opens, %lu refused; %lu of the files were seen to die", self->path,
		     self->opened, self->refused, self->died);
		expect_equal(self->wrong, 0);
		expect(self->opened > 0 && self->refused > 0 && self->died > 0);
	}
}

/* One probe; returns how many opens the driver saw by its end. */
static long probe_once(unsigned int step)
{
	long before = subject_count(&ways_subject, "opens");
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%u", step);
	require(ways_set("fail_at", text) == 0);
	ret = driver_bind(ways_subject.driver, ways_subject.device);
	expect_equal(ret, step == WAYS_NO_STEP ? 0 : step == WAYS_CLASHED ? -EEXIST : -ENODEV);
	expect_equal(driver_is_bound(ways_subject.driver, ways_subject.device), ret == 0);
	if (ret == 0)
		subject_unbind(&ways_subject);
	return subject_count(&ways_subject, "opens") - before;
}

static void failing_probes(void)
{
	unsigned long reachable = 0, caught = 0, i;
	long created = subject_count(&ways_subject, "created"), opens;
	bool stop = false;

	subject_mknod(&ways_subject, STATIC_NODE);
	subject_unbind(&ways_subject);
	start_openers(&stop);
	for (i = 0; i < probes; i++) {
		unsigned int step = rand_r(&seed) % WAYS_NR_STEPS;

		opens = probe_once(step);
		if (step == WAYS_NO_STEP)
			continue;
		if (step < WAYS_REGISTERED) {
			/* Nobody can have found it. */
			expect_equal(opens, 0);
		} else {
			reachable++;
			caught += opens > 0;
		}
	}
	join_openers(&stop);
	note("%lu probes, %lu failed with a node; in %lu of these somebody got in, floor %d %%",
	     probes, reachable, caught, CAUGHT_FLOOR);
	expect(caught * 100 >= reachable * CAUGHT_FLOOR);
	expect_equal(subject_count(&ways_subject, "created") - created, probes);
	expect(subject_released_all(&ways_subject, 1));
	expect_equal(subject_count(&ways_subject, "opens"), subject_count(&ways_subject, "closes"));
	expect_nothing_missed();
	require(ways_set("fail_at", "0") == 0);
	subject_bind(&ways_subject);
}

/* Waits for the uevent of the node, as udev does, and opens it: no sooner may it be told. */
static void *udev_thread(void *data)
{
	int *found = data, events = found[0], fd;
	struct pollfd fds = { .fd = events, .events = POLLIN };
	char text[4096];
	ssize_t len;

	found[0] = -ETIMEDOUT;
	while (poll(&fds, 1, 5000) == 1) {
		len = recv(events, text, sizeof(text) - 1, 0);
		text[len < 0 ? 0 : len] = 0;
		if (strncmp(text, "add@", 4) || !strstr(text, "/refcdev/ways0"))
			continue;
		fd = open(ways_subject.node, O_RDWR);
		found[0] = fd < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
		break;
	}
	close(events);
	return NULL;
}

static void opened_on_its_uevent(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	pthread_t thread;
	int found, i;

	for (i = 0; i < UEVENTS; i++) {
		subject_unbind(&ways_subject);
		found = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
		require(found >= 0);
		require(bind(found, (struct sockaddr *)&address, sizeof(address)) == 0);
		require(pthread_create(&thread, NULL, udev_thread, &found) == 0);
		subject_bind(&ways_subject);
		require(pthread_join(thread, NULL) == 0);
		expect_equal(found, 0);
	}
}

static const struct test_case cases[] = {
	{ "who opens while probes fail is refused, or dies with them", failing_probes },
	{ "who opens the node on its uevent gets in", opened_on_its_uevent },
};

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: probe_race PROBES SEED\n");
		return 2;
	}
	probes = strtoul(argv[1], NULL, 0);
	seed = strtoul(argv[2], NULL, 0);
	case_seconds = 20 + probes / 2;
	return RUN_CASES(cases, NULL);
}
