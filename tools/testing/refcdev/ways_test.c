// SPDX-License-Identifier: GPL-2.0-only
/*
 * ways_test.c: devices go in all the ways there are, with calls in flight: whoever sleeps is
 * woken, the device's power and what it depends on stay until the last call has left
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ways.h"

#define RACES	8

/* Everything is there, and the private data of what went before is gone. */
static void setup(void)
{
	ways_set("driver", "1");
	ways_set("parents", "1");
	driver_bind(WAYS_SUPPLIER, "refcdev-ways-supplier.0");
	driver_bind(WAYS_PARENT, "refcdev-ways-parent.0");
	driver_bind(ways_subject.driver, ways_subject.device);
	ways_wait_open();
	expect(subject_released_all(&ways_subject, 2));
}

/* The way down of the first device; then it comes back, with another way, as a new one. */
static void go_down(void (*down)(void), void (*up)(void))
{
	long cuts = subject_count(&ways_subject, "cuts");
	struct crowd crowd;
	int file;

	crowd_enter(&crowd);
	crowd_begin(&crowd);
	down();
	crowd_expect_gone(&crowd);
	expect(subject_count(&ways_subject, "cuts") > cuts);
	expect(access(ways_subject.node, F_OK) != 0);
	up();
	ways_wait_open();
	file = subject_open(&ways_subject, 0);
	expect_equal(ioctl(file, WAYS_TOUCH), 0);
	close(file);
	/* The dead file has the old private data to itself. */
	expect_errno(ioctl(crowd.fd, WAYS_TOUCH), ENXIO);
	close(crowd.fd);
	expect(subject_released_all(&ways_subject, 2));
	expect_nothing_missed();
}

static void unbind(void)
{
	subject_unbind(&ways_subject);
}

static void bind_again(void)
{
	subject_bind(&ways_subject);
}

static void by_unbind(void)
{
	go_down(unbind, bind_again);
}

static void unregister_driver(void)
{
	require(ways_set("driver", "0") == 0);
}

/* Its name is free when its kobject is released: seconds later, where that is put off. */
static void register_driver(void)
{
	require(wait_until(access("/sys/bus/platform/drivers/refcdev-ways", F_OK) != 0,
			   15 * SECOND));
	require(ways_set("driver", "1") == 0);
}

static void by_driver(void)
{
	go_down(unregister_driver, register_driver);
}

static void unbind_parent(void)
{
	require(driver_unbind(WAYS_PARENT, "refcdev-ways-parent.0") == 0);
	expect(access("/sys/bus/platform/devices/refcdev-ways.0", F_OK) != 0);
}

static void bind_parent(void)
{
	require(driver_bind(WAYS_PARENT, "refcdev-ways-parent.0") == 0);
}

static void by_parent(void)
{
	go_down(unbind_parent, bind_parent);
}

static void remove_parents(void)
{
	require(ways_set("parents", "0") == 0);
	expect(access("/sys/bus/platform/devices/refcdev-ways-parent.0", F_OK) != 0);
}

static void create_parents(void)
{
	require(ways_set("parents", "1") == 0);
}

static void by_parent_device(void)
{
	go_down(remove_parents, create_parents);
}

/* Both are pulled, the child first; the file stays open over both. */
static void unbind_both(void)
{
	unbind();
	unbind_parent();
}

static void by_child_then_parent(void)
{
	go_down(unbind_both, bind_parent);
}

/* The consumers go with it, before it: no call finds its registers gone. */
static void unbind_supplier(void)
{
	require(driver_unbind(WAYS_SUPPLIER, "refcdev-ways-supplier.0") == 0);
	expect(!driver_is_bound(ways_subject.driver, ways_subject.device));
}

static void bind_supplier(void)
{
	/* In time, the kernel binds its consumers as well. */
	require(driver_bind(WAYS_SUPPLIER, "refcdev-ways-supplier.0") == 0);
}

static void by_supplier(void)
{
	go_down(unbind_supplier, bind_supplier);
}

/* C7: files hold it. Calls by the kernel do not: they are waited for. */
static void by_module(void)
{
	int fd = subject_open(&ways_subject, 0);
	uint64_t begun;

	expect_equal(module_unload("waysdev"), -EAGAIN);
	expect_equal(ioctl(fd, WAYS_TOUCH), 0);
	require(ioctl(fd, WAYS_LINGER_KERNEL, CROWD_LINGERS_MS) == 0);
	require(wait_until(subject_count(&ways_subject, "lingering") == 1, 5 * SECOND));
	close(fd);
	expect_nothing_missed();
	begun = now_ns();
	/* A close that is not quite through may still hold it. */
	require(wait_until(module_unload("waysdev") == 0, 5 * SECOND));
	expect(now_ns() - begun >= CROWD_LINGERS_MS * MS);
	require(module_load("waysdev", "") == 0);
	expect_nothing_missed();
}

static struct {
	bool stop;
	long opened, wrong;
} opener;

static void *opener_thread(void *unused)
{
	int fd;

	while (!__atomic_load_n(&opener.stop, __ATOMIC_RELAXED)) {
		fd = open(ways_subject.node, O_RDWR);
		if (fd < 0) {
			opener.wrong += errno != ENXIO && errno != ENOENT;
			sched_yield();
			continue;
		}
		__atomic_fetch_add(&opener.opened, 1, __ATOMIC_RELAXED);
		opener.wrong += ioctl(fd, WAYS_TOUCH) && errno != ENXIO;
		close(fd);
	}
	return unused;
}

static long opened(void)
{
	return __atomic_load_n(&opener.opened, __ATOMIC_RELAXED);
}

/*
 * The parent is pulled while its child's probe, in a work item, is at some step: every second
 * time, that is; else when somebody got in.
 */
static void parent_races_with_async_probe(void)
{
	long before, caught = 0;
	pthread_t thread;
	int i;

	require(ways_set("probe_ms", "250") == 0);
	require(pthread_create(&thread, NULL, opener_thread, NULL) == 0);
	for (i = 0; i < RACES; i++) {
		unbind_parent();
		before = opened();
		bind_parent();
		/* The last thing that a probe does; where it is done twice, each time. */
		caught += access(ways_subject.node, F_OK) != 0;
		if (i % 2)
			require(wait_until(opened() > before, 5 * SECOND));
	}
	__atomic_store_n(&opener.stop, true, __ATOMIC_RELAXED);
	require(pthread_join(thread, NULL) == 0);
	ways_wait_open();
	note("%ld of %d times the parent was bound and its child not yet; %ld opens", caught, RACES,
	     opened());
	expect(caught >= RACES / 4);
	expect_equal(opener.wrong, 0);
	require(ways_set("probe_ms", "0") == 0);
	expect_nothing_missed();
	expect(subject_released_all(&ways_subject, 2));
}

static const struct test_case cases[] = {
	{ "unbound in sysfs", by_unbind },
	{ "the driver is unregistered", by_driver },
	{ "its parent is unbound", by_parent },
	{ "its parent's device is removed", by_parent_device },
	{ "it is unbound, then its parent", by_child_then_parent },
	{ "its supplier is unbound", by_supplier },
	{ "its parent is unbound in the middle of its probe", parent_races_with_async_probe },
	{ "the module is unloaded", by_module },
};

int main(void)
{
	case_seconds = 30;
	return RUN_CASES(cases, setup);
}
