// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_pin_test.c: pages of a mapping that the kernel was made to hold: they stay what they
 * are when the device, the file, the mapping and the object are gone, and nobody else gets
 * them
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spot.h"
#include "uring.h"

/* What the page allocator has handed out to somebody, or has itself: linux/kernel-page-flags.h. */
#define KPF_SLAB	7
#define KPF_BUDDY	10
#define KPF_ANON	12
#define KPF_PGTABLE	26
#define TAKEN		(1ul << KPF_SLAB | 1ul << KPF_BUDDY | 1ul << KPF_ANON | 1ul << KPF_PGTABLE)

#define HOG_PAGES	2048ul

static struct mapdev_pages pages;

static void map(struct spot *spot, struct mapdev *mapdev, enum policy policy)
{
	subject_renew(&map_subject);
	mapdev_open(mapdev);
	*spot = (struct spot) {
		.way = MAPDEV_WAY_pages, .policy = policy, .serial = mapdev->serial,
		.fd = mapdev->fd[policy],
	};
	require(spot_map(spot) == 0);
	expect_equal(look(spot), SAW_DATA);
	require(ioctl(mapdev->fd[0], MAPDEV_GET_PAGES, &pages) == 0);
}

/* The device, the files, the mapping, and with them the object. */
static void let_go(struct spot *spot, struct mapdev *mapdev)
{
	subject_unbind(&map_subject);
	mapdev_close(mapdev);
	spot_unmap(spot);
	expect(subject_released_all(&map_subject, 0));
}

static uint64_t number_at(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t number;

	require(fd >= 0);
	require(pread(fd, &number, sizeof(number), index * sizeof(number)) == sizeof(number));
	close(fd);
	return number;
}

/* How many of the pages are free or somebody else's by now. */
static unsigned int pages_taken(void)
{
	unsigned int i, taken = 0;

	for (i = 0; i < SPOT_PAGES; i++)
		taken += !!(number_at("/proc/kpageflags", pages.pfn[MAPDEV_RAM][i]) & TAKEN);
	return taken;
}

/*
 * Memory of this process's own and page tables for it, one for each page: so much that
 * freed pages, of either kind, would be among it; those of each processor as well, which
 * are not on the common lists.
 */
static char *hog_start(void)
{
	char *hog = mmap(NULL, HOG_PAGES * HUGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;
	size_t i;

	require(hog != MAP_FAILED);
	/* EINVAL: a kernel without huge pages, as PREEMPT_RT ones are. */
	require(madvise(hog, HOG_PAGES * HUGE, MADV_NOHUGEPAGE) == 0 || errno == EINVAL);
	for (i = 0; i < HOG_PAGES; i++) {
		if (i % (HOG_PAGES / 4) == 0) {
			CPU_ZERO(&set);
			CPU_SET(i / (HOG_PAGES / 4) % cpus, &set);
			require(sched_setaffinity(0, sizeof(set), &set) == 0);
		}
		memset(hog + i * HUGE, i, PAGE);
	}
	return hog;
}

static void hog_end(char *hog)
{
	char wanted[PAGE];
	size_t i, wrong = 0;

	for (i = 0; i < HOG_PAGES; i++) {
		memset(wanted, i, PAGE);
		wrong += memcmp(hog + i * HUGE, wanted, PAGE) != 0;
	}
	expect_equal(wrong, 0);
	munmap(hog, HOG_PAGES * HUGE);
}

static int transfer(struct uring *ring)
{
	struct uring_result result;

	require(uring_submit(ring) == 1);
	require(uring_wait(ring, &result, 5 * SECOND) == 0);
	return result.res;
}

/* Into the pages through the buffer, and out of them again. */
static void use_buffer(struct uring *ring, const struct spot *spot, char *buffer)
{
	struct mapdev_words words;
	char text[64], found[64];
	unsigned int i;
	int fds[2];

	require(pipe(fds) == 0);
	for (i = 0; i < SPOT_PAGES; i++, buffer += PAGE) {
		memset(text, 'a' + i, sizeof(text));
		require(write(fds[1], text, sizeof(text)) == sizeof(text));
		uring_read_fixed(ring, 1, fds[0], buffer + SCRATCH, sizeof(text), -1, 0);
		expect_equal(transfer(ring), sizeof(text));
		uring_write_fixed(ring, 2, fds[1], buffer + SCRATCH, sizeof(text), -1, 0);
		expect_equal(transfer(ring), sizeof(text));
		require(read(fds[0], found, sizeof(found)) == sizeof(found));
		expect(memcmp(text, found, sizeof(text)) == 0);
		uring_write_fixed(ring, 3, fds[1], buffer, sizeof(words), -1, 0);
		expect_equal(transfer(ring), sizeof(words));
		require(read(fds[0], &words, sizeof(words)) == sizeof(words));
		expect_equal(judge(spot, i, &words), SAW_DATA);
	}
	close(fds[0]);
	close(fds[1]);
}

static void fixed_buffer(enum policy policy)
{
	struct mapdev mapdev;
	struct uring ring;
	struct spot spot;
	struct iovec iov;
	char *hog;
	char *at;
	int ret;

	map(&spot, &mapdev, policy);
	at = spot.at;
	iov = (struct iovec) { at, SPOT_SIZE };
	if (uring_open(&ring, 4, 0))
		skip("no io_uring in this kernel");
	ret = uring_register_buffers(&ring, &iov, 1);
	if (ret == -EOPNOTSUPP) {
		let_go(&spot, &mapdev);
		skip("this kernel registers no pages of a device's mapping");
	}
	require(ret == 0);
	let_go(&spot, &mapdev);
	hog = hog_start();
	note("%s: released; %u of %u pages taken while they are registered", policy_names[policy],
	     pages_taken(), SPOT_PAGES);
	expect_equal(pages_taken(), 0);
	use_buffer(&ring, &spot, at);
	expect_equal(pages_taken(), 0);
	hog_end(hog);
	uring_close(&ring);
}

static void keep_fixed_buffer(void)
{
	fixed_buffer(POLICY_KEEP);
}

/* Memory is what was pinned, whatever the policy says of the mapping. */
static void sigbus_fixed_buffer(void)
{
	fixed_buffer(POLICY_SIGBUS);
}

/* Nobody can write to what a pipe holds; it is to be read as it was. */
static void in_a_pipe(void)
{
	struct mapdev_words words;
	struct mapdev mapdev;
	unsigned int i;
	struct spot spot;
	char *hog;
	int policy, fds[2];

	require(pipe(fds) == 0);
	for (policy = 0; policy < NR_POLICIES; policy++) {
		map(&spot, &mapdev, policy);
		for (i = 0; i < SPOT_PAGES; i++) {
			struct iovec iov = { spot.at + i * PAGE, sizeof(words) };

			require(vmsplice(fds[1], &iov, 1, 0) == sizeof(words));
		}
		let_go(&spot, &mapdev);
		hog = hog_start();
		note("%s: released; %u of %u pages taken while they are in a pipe",
		     policy_names[policy], pages_taken(), SPOT_PAGES);
		expect_equal(pages_taken(), 0);
		for (i = 0; i < SPOT_PAGES; i++) {
			require(read(fds[0], &words, sizeof(words)) == sizeof(words));
			expect_equal(judge(&spot, i, &words), SAW_DATA);
		}
		hog_end(hog);
	}
}

/* The control: without a pin they are. */
static void without_pin(void)
{
	struct mapdev mapdev;
	struct spot spot;
	char *hog;

	map(&spot, &mapdev, POLICY_KEEP);
	let_go(&spot, &mapdev);
	hog = hog_start();
	note("released; %u of %u pages taken", pages_taken(), SPOT_PAGES);
	expect(pages_taken() > 0);
	hog_end(hog);
}

static const struct test_case cases[] = {
	{ "keep: a registered buffer outlives everything", keep_fixed_buffer },
	{ "sigbus: a registered buffer outlives everything", sigbus_fixed_buffer },
	{ "pages in a pipe outlive everything", in_a_pipe },
	{ "pages that nobody holds are taken", without_pin },
};

int main(void)
{
	return RUN_CASES(cases, touch_init);
}
