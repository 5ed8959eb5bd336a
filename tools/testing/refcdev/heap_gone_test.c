// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_gone_test.c: the heap sample's device goes, and what was got from it stays: who keeps what,
 * and until when
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edu.h"
#include "heap_use.h"
#include "passing.h"
#include "subject.h"

enum { SIZE = 4 * 4096 };

static int file, buffer;
static uint8_t *at, pattern[SIZE];
static long released, late;

static void setup(void)
{
	heap_renew();
	file = heap_file();
	buffer = heap_buffer(file, true, SIZE);
	at = heap_map(buffer, SIZE);
	edu_fill(pattern, SIZE, 1);
	memcpy(at, pattern, SIZE);
	require(wait_until(heap_counter("released") == heap_counter("created") - 1, 5 * SECOND));
	released = heap_counter("released");
	late = heap_counter("late");
}

/* Of this exporter's buffers, by the kernel's own list; each of them is as large as these are. */
static int listed(void)
{
	FILE *list = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	char line[256], size[16];
	int count = 0;

	require(list);
	snprintf(size, sizeof(size), "%08d", SIZE);
	while (fgets(line, sizeof(line), list))
		count += strstr(line, "\theap\t") && !strncmp(line, size, strlen(size));
	fclose(list);
	return count;
}

/* Neither call gets to the device any more; the buffer knows nothing of it. */
static void expect_refused(void)
{
	struct refcdev_heap_info info;

	expect_equal(heap_info(file, 0, &info), -ENXIO);
	expect_equal(heap_allocate(file, 1, 4096, 0, 0), -ENXIO);
	expect_equal(heap_allocate(file, 0, 0, ~0u, ~0u), -ENXIO);
	expect_errno(ioctl(file, 0, NULL), ENXIO);
	expect_equal(access(HEAP_FOLDER "system", F_OK), -1);
	expect_equal(access(HEAP_FOLDER "reserved", F_OK), -1);
}

static void expect_alive(void)
{
	struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	uint8_t *anew = heap_map(buffer, SIZE);

	expect_equal(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync), 0);
	expect(edu_same(at, pattern, SIZE, "mapped before"));
	expect(edu_same(anew, pattern, SIZE, "mapped after"));
	anew[4097] ^= 0xff;
	expect_equal(at[4097], anew[4097]);
	anew[4097] ^= 0xff;
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	expect_equal(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync), 0);
	munmap(anew, SIZE);
	expect_equal(lseek(buffer, 0, SEEK_END), SIZE);
}

static void expect_kept(void)
{
	expect_equal(heap_counter("buffers"), 1);
	expect_equal(heap_counter("released"), released);
	expect_equal(heap_counter("late"), late);
	expect_equal(listed(), 1);
	expect_equal(module_unload("heap"), -EWOULDBLOCK);
}

static void expect_let_go(void)
{
	heap_expect("buffers", 0);
	heap_expect("released", released + 1);
	expect_equal(heap_counter("late"), late + 1);
	expect_equal(heap_counter("files"), 0);
	expect_equal(heap_counter("mapped"), 0);
	expect_equal(listed(), 0);
}

static void unbound(void)
{
	expect_equal(heap_unbind(), 0);
	expect_refused();
	expect_alive();
	expect_kept();
	close(file);
	expect_alive();
	munmap(at, SIZE);
	expect_kept();
	close(buffer);
	expect_let_go();
}

static void kept_by_a_mapping(void)
{
	close(file);
	close(buffer);
	expect_equal(heap_unbind(), 0);
	expect_kept();
	expect(edu_same(at, pattern, SIZE, "all that is left"));
	munmap(at, 4096);
	expect_kept();
	munmap(at + 4096, SIZE - 4096);
	expect_let_go();
}

/* Nobody has it but two sockets, of which nobody has one: the kernel has to find out. */
static void kept_by_a_message(void)
{
	int other = socket_to_itself();

	send_files(other, buffer, other);
	close(buffer);
	munmap(at, SIZE);
	close(file);
	expect_equal(heap_unbind(), 0);
	expect_kept();
	close(other);
	collect_garbage();
	expect_let_go();
}

static void kept_by_a_process(void)
{
	int ends[2];
	char byte;

	require(pipe(ends) == 0);
	if (fork() == 0) {
		close(ends[1]);
		require(read(ends[0], &byte, 1) == 0);
		_exit(0);
	}
	close(ends[0]);
	close(buffer);
	close(file);
	munmap(at, SIZE);
	expect_equal(heap_unbind(), 0);
	expect_kept();
	close(ends[1]);
	expect_let_go();
}

/* The old reserve is the old object's; the new one has all of its own. */
static void bound_anew(void)
{
	int again, fresh;
	uint8_t *there;
	uint64_t size;

	heap_renew();
	again = heap_file();
	size = heap_attr("reserved", "size");
	expect_equal(heap_allocate(file, heap_pick(file, true), 4096, 0, 0), -ENXIO);
	expect_equal(heap_used("reserved"), 0);
	expect_equal(heap_attr("reserved", "buffers"), 0);
	expect_equal(heap_attr("reserved", "peak"), 0);
	fresh = heap_buffer(again, true, size);
	there = heap_map(fresh, size);
	memset(there, 0xee, size);
	expect_alive();
	expect_equal(heap_counter("buffers"), 2);
	expect_equal(heap_counter("created"), released + 2);
	close(file);
	close(buffer);
	munmap(at, SIZE);
	heap_expect("released", released + 1);
	expect_equal(heap_counter("late"), late + 1);
	/* It went back to where it was from. */
	expect_equal(heap_used("reserved"), size);
	expect_equal(there[size - 1], 0xee);
	munmap(there, size);
	close(fresh);
	heap_expect("buffers", 0);
	expect_equal(heap_used("reserved"), 0);
	expect_equal(heap_counter("late"), late + 1);
}

/* A file of sysfs that was opened before. */
static void shown_no_more(void)
{
	int used = open(HEAP_FOLDER "reserved/used", O_RDONLY);
	int size = open(HEAP_FOLDER "system/size", O_RDWR);
	char text[32];

	require(used >= 0 && size >= 0);
	expect(read(used, text, sizeof(text)) > 0);
	expect_equal(heap_unbind(), 0);
	expect_errno(pread(used, text, sizeof(text), 0), ENODEV);
	expect_errno(pwrite(size, "4096", 4, 0), ENODEV);
	expect_equal(heap_bind(), 0);
	expect_errno(pread(used, text, sizeof(text), 0), ENODEV);
	expect_equal(heap_used("reserved"), 0);
}

static bool stop;

/* Counts what it got. EINVAL comes of a file that had no heaps to pick from any more. */
static void *allocate_on(void *data)
{
	long *got = data;
	int of, ret;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		of = heap_open();
		if (of < 0)
			continue;
		ret = heap_allocate(of, heap_pick(of, false), 32 * HEAP_PAGE, 0, 0);
		if (ret >= 0) {
			__atomic_add_fetch(got, 1, __ATOMIC_RELAXED);
			close(ret);
		} else if (ret != -ENXIO && ret != -EINVAL) {
			complain("allocate: %s", strerror(-ret));
		}
		close(of);
	}
	return NULL;
}

static void while_allocating(void)
{
	pthread_t threads[2];
	long got = 0;
	int rounds, i;

	close(file);
	close(buffer);
	munmap(at, SIZE);
	rounds = getenv("REFCDEV_TIER") && !strcmp(getenv("REFCDEV_TIER"), "full") ? 500 : 10;
	for (i = 0; i < 2; i++)
		require(pthread_create(&threads[i], NULL, allocate_on, &got) == 0);
	for (i = 0; i < rounds; i++) {
		heap_renew();
		usleep(10000);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		require(pthread_join(threads[i], NULL) == 0);
	note("%d unbinds, %ld buffers", rounds, got);
	expect(got > rounds);
	heap_expect("buffers", 0);
	heap_expect("files", 0);
	heap_expect("released", heap_counter("created") - 1);
	expect_equal(heap_used("system"), 0);
}

/* The last of it is a return from code of the module's own. */
static void module_follows(void)
{
	expect_equal(module_unload("heap"), -EWOULDBLOCK);
	close(file);
	expect_equal(module_unload("heap"), -EWOULDBLOCK);
	munmap(at, SIZE);
	expect_equal(module_unload("heap"), -EWOULDBLOCK);
	expect(heap_is_bound());
	close(buffer);
	heap_expect("buffers", 0);
	expect(wait_until(module_unload("heap") == 0, 5 * SECOND));
	expect_equal(access("/sys/class/refcdev_heap", F_OK), -1);
	expect_equal(module_load("heap", getenv("HEAP_PARAMETERS") ?: ""), 0);
}

static const struct test_case cases[] = {
	{ "unbound: calls are refused, the buffer goes on, its last holder frees it", unbound },
	{ "a mapping alone keeps it", kept_by_a_mapping },
	{ "a message that nobody can receive keeps it until it is found", kept_by_a_message },
	{ "a process that knows nothing of it keeps it", kept_by_a_process },
	{ "bound anew: another object, with a reserve of its own", bound_anew },
	{ "sysfs shows it no more", shown_no_more },
	{ "unbound while others allocate", while_allocating },
	{ "a buffer keeps the module, and a bound device does not", module_follows },
};

int main(void)
{
	case_seconds = 60;
	return RUN_CASES(cases, setup);
}
