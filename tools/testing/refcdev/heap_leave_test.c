// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_leave_test.c: the importer of a buffer, or its exporter, or both, go: what is attached, and
 * who is shown beside whom in sysfs
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "heap_use.h"
#include "plug.h"

#define LIMIT	PLUG_LIMIT

enum { SIZE = 4 * 4096, BYTES = REFCDEV_EDU_BYTES };

static struct plug plug;
static int fd, file, buffer, id;
static uint8_t *at, wanted[SIZE];

static void setup(void)
{
	require(plug_open(&plug, note) == 0);
	id = heap_attached(SIZE, &fd, &file, &buffer, &at);
	memcpy(wanted, at, SIZE);
}

/* Nothing is attached, though the file that asked for it is open; and the buffer is as it was. */
static void expect_detached(void)
{
	expect_equal(edu_counter("imports"), 0);
	expect_equal(heap_counter("mapped"), 0);
	expect_equal(heap_counter("buffers"), 1);
	expect_equal(edu_move(fd, id, 0, 0, 1, false), -ENXIO);
	expect_equal(edu_release_import(fd, id), -ENXIO);
	expect_equal(edu_import(fd, buffer), -ENXIO);
	expect(edu_same(at, wanted, SIZE, "the buffer"));
}

/* What came back knows nothing of before, and takes the same buffer. */
static void expect_works_anew(void)
{
	int new = edu_open(0), its;

	expect_equal(edu_move(new, id, 0, 0, 1, false), -EINVAL);
	its = edu_import(new, buffer);
	expect(its > 0);
	expect_equal(edu_move(new, its, 3, 5, 400, false), 400);
	expect_equal(edu_move(new, its, SIZE - 400, 5, 400, true), 400);
	expect(edu_same(at + SIZE - 400, wanted + 3, 400, "by the new device"));
	close(fd);
	expect_equal(edu_counter("imports"), 1);
	close(new);
	expect_equal(edu_counter("imports"), 0);
	expect_equal(heap_counter("mapped"), 0);
}

static void importer_unbound(void)
{
	expect_equal(edu_unbind(), 0);
	expect_detached();
	expect_equal(edu_bind(), 0);
	expect_works_anew();
}

static long move_all(struct caller *self)
{
	return edu_move(self->fd, id, 0, 0, BYTES, *(bool *)self->data);
}

/* Three at a time: one of them runs, the others wait. Each into the same bytes. */
static void pulled_out(bool from_device)
{
	struct caller callers[3];
	long gone = edu_counter("gone");
	uint8_t device[BYTES];
	int i, told = 0;

	edu_fill(device, BYTES, 4);
	expect_equal(pwrite(fd, device, BYTES, 0), BYTES);
	for (i = 0; i < 3; i++) {
		callers[i] = (struct caller){ .call = move_all, .fd = fd, .data = &from_device };
		require(caller_start(&callers[i], SYS_ioctl));
	}
	expect_equal(plug_out(&plug, PLUG_EDU, edu_address(), LIMIT), 0);
	for (i = 0; i < 3; i++) {
		require(caller_join(&callers[i], LIMIT));
		told += callers[i].ret == -ENXIO;
		if (callers[i].ret != -ENXIO && callers[i].ret != BYTES)
			complain("a transfer returned %ld", callers[i].ret);
	}
	note("%d of 3 were told ENXIO, %ld ended with the device", told,
	     edu_counter("gone") - gone);
	expect(told > 0);
	if (from_device)
		memcpy(wanted, at, BYTES);
	expect_detached();
	/* From here on it is the program's, and what the device was at does not come late. */
	memset(at, 0x3c, SIZE);
	memset(wanted, 0x3c, SIZE);
	usleep(2 * EDU_TRANSFER / 1000);
	expect_detached();
	expect_equal(uevents_drop(plug.uevents), 0);
	expect_equal(plug_in(&plug, PLUG_EDU, edu_address(), LIMIT), 0);
	expect_equal(uevents_wait(plug.uevents, "add", "refcdev", "edu0", LIMIT), 0);
	expect_works_anew();
}

static void pulled_out_while_it_writes(void)
{
	pulled_out(true);
}

static void pulled_out_while_it_reads(void)
{
	pulled_out(false);
}

/* The last that has the buffer is the device that goes, in the middle of a transfer. */
static void last_holder_is_the_importer(void)
{
	struct caller caller = { .call = move_all, .fd = fd, .data = &(bool){ true } };

	munmap(at, SIZE);
	close(buffer);
	close(file);
	expect_equal(heap_unbind(), 0);
	expect_equal(heap_counter("buffers"), 1);
	require(caller_start(&caller, SYS_ioctl));
	expect_equal(edu_unbind(), 0);
	require(caller_join(&caller, LIMIT));
	expect(caller.ret == -ENXIO || caller.ret == BYTES);
	heap_expect("buffers", 0);
	heap_expect("files", 0);
	expect_equal(heap_counter("mapped"), 0);
	heap_expect("released", heap_counter("created"));
}

/* "A:B" in the folder of one device points to the other. */
static bool linked(const char *folder, const char *what, const char *to, const char *target)
{
	char path[PATH_MAX], points_to[PATH_MAX], real[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s:%s", folder, what, to);
	if (!realpath(path, points_to))
		return false;
	return realpath(target, real) && !strcmp(points_to, real);
}

/* How many of the links that there may be there are: two heaps, both ways. */
static int links(void)
{
	static const char *const heaps[] = { "heap0-system", "heap0-reserved" };
	char device[128], heap[128];
	int count = 0, i;

	snprintf(device, sizeof(device), "/sys/bus/pci/devices/%s", edu_address());
	for (i = 0; i < 2; i++) {
		snprintf(heap, sizeof(heap), "/sys/class/refcdev_heap/%s", heaps[i]);
		count += linked(device, "heap", heaps[i], heap);
		count += linked(heap, "importer", edu_address(), device);
	}
	return count;
}

/* Also those that point nowhere. */
static int entries(const char *pattern)
{
	char command[128 + PLUG_PATH];

	snprintf(command, sizeof(command), "exit $(ls -d %s 2>/dev/null | wc -l)", pattern);
	return WEXITSTATUS(system(command));
}

static int leftovers(void)
{
	char pattern[64 + PLUG_PATH];

	snprintf(pattern, sizeof(pattern), "/sys/bus/pci/devices/%s/heap:*", edu_address());
	return entries(pattern) + entries("/sys/class/refcdev_heap/*/importer:*");
}

/* Whoever comes first, and whoever goes first, and once more. */
static void links_follow(void)
{
	expect_equal(links(), 4);
	expect_equal(edu_unbind(), 0);
	expect_equal(links(), 0);
	expect_equal(leftovers(), 0);
	expect_equal(edu_bind(), 0);
	expect_equal(links(), 4);
	expect_equal(heap_unbind(), 0);
	expect_equal(leftovers(), 0);
	expect_equal(heap_bind(), 0);
	expect_equal(links(), 4);
	expect_equal(edu_unbind(), 0);
	expect_equal(heap_unbind(), 0);
	expect_equal(leftovers(), 0);
	expect_equal(edu_bind(), 0);
	expect_equal(leftovers(), 0);
	expect_equal(heap_bind(), 0);
	expect_equal(links(), 4);
	expect_equal(heap_unbind(), 0);
	expect_equal(edu_unbind(), 0);
	expect_equal(leftovers(), 0);
	expect_equal(heap_bind(), 0);
	expect_equal(links(), 0);
	expect_equal(edu_bind(), 0);
	expect_equal(links(), 4);
	expect_equal(leftovers(), 4);
}

static pthread_barrier_t barrier;

static void *unbind_heap(void *data)
{
	pthread_barrier_wait(&barrier);
	*(int *)data = heap_unbind();
	return NULL;
}

static void *bind_heap(void *data)
{
	pthread_barrier_wait(&barrier);
	*(int *)data = heap_bind();
	return NULL;
}

/* One thread does that to the heaps while this one does its to the device. */
static void both(void *(*heap)(void *data), int (*device)(void), unsigned int wait_us)
{
	pthread_t thread;
	int ret = -1;

	require(pthread_create(&thread, NULL, heap, &ret) == 0);
	pthread_barrier_wait(&barrier);
	usleep(wait_us);
	expect_equal(device(), 0);
	require(pthread_join(thread, NULL) == 0);
	expect_equal(ret, 0);
}

static void both_at_once(void)
{
	const char *tier = getenv("REFCDEV_TIER");
	int rounds = tier && !strcmp(tier, "full") ? 200 : 6, i;
	uint64_t random = 1;

	require(pthread_barrier_init(&barrier, NULL, 2) == 0);
	close(fd);
	for (i = 0; i < rounds; i++) {
		fd = edu_open(0);
		expect(edu_import(fd, buffer) > 0);
		both(unbind_heap, edu_unbind, random_below(&random, 3000));
		expect_detached();
		expect_equal(leftovers(), 0);
		both(bind_heap, edu_bind, random_below(&random, 3000));
		expect_equal(links(), 4);
		expect_equal(leftovers(), 4);
		close(fd);
	}
	note("%d rounds", rounds);
}

static const struct test_case cases[] = {
	{ "importer unbound: what was attached goes, and the buffer stays", importer_unbound },
	{ "pulled out while it writes to the buffer", pulled_out_while_it_writes },
	{ "pulled out while it reads it", pulled_out_while_it_reads },
	{ "the importer alone had it", last_holder_is_the_importer },
	{ "links in sysfs follow both", links_follow },
	{ "both unbound at once, and bound", both_at_once },
};

int main(void)
{
	case_seconds = 150;
	return RUN_CASES(cases, setup);
}
