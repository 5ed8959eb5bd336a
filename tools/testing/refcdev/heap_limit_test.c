// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_limit_test.c: how much the heap sample gives out: to an open file, from a heap, as sysfs
 * says; and that a call that fails half way keeps nothing of it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edu.h"
#include "heap_use.h"

#define SYSTEM_SIZE	HEAP_FOLDER "system/size"
#define RESERVED_SIZE	HEAP_FOLDER "reserved/size"

enum { PARTS = 4, BUFFERS = 64 };

static int file;
static uint64_t limit;

static void setup(void)
{
	heap_renew();
	file = heap_file();
	limit = heap_limit();
}

static void expect_quota_used(int of)
{
	expect_equal(heap_allocate(of, heap_pick(of, false), 1, 0, 0), -EDQUOT);
	expect_equal(heap_allocate(of, heap_pick(of, true), 1, 0, 0), -EDQUOT);
}

static void take_all(int of, int buffers[PARTS])
{
	int i;

	for (i = 0; i < PARTS; i++)
		buffers[i] = heap_buffer(of, false, limit / PARTS);
	expect_quota_used(of);
}

static void limit_of_a_file(void)
{
	int buffers[PARTS], copy;
	void *at;

	take_all(file, buffers);
	/* As long as anybody has the buffer, that is the file's. */
	copy = dup(buffers[1]);
	at = heap_map(buffers[1], limit / PARTS);
	close(buffers[1]);
	expect_quota_used(file);
	close(copy);
	expect_quota_used(file);
	munmap(at, limit / PARTS);
	expect_equal(heap_allocate(file, heap_pick(file, false), limit / PARTS + 1, 0, 0), -EDQUOT);
	buffers[1] = heap_buffer(file, false, limit / PARTS);
	expect_quota_used(file);
	/* The other heap counts, too. */
	close(buffers[0]);
	heap_buffer(file, true, HEAP_PAGE);
	expect_equal(heap_allocate(file, heap_pick(file, false), limit / PARTS, 0, 0), -EDQUOT);
	heap_buffer(file, false, limit / PARTS - HEAP_PAGE);
	expect_quota_used(file);
}

static void limit_of_a_closed_file(void)
{
	long files = heap_counter("files");
	int buffers[PARTS], others[PARTS], other, i;

	take_all(file, buffers);
	close(file);
	expect_equal(heap_counter("files"), files);
	other = heap_file();
	take_all(other, others);
	/* What comes back to the one is not the other's. */
	for (i = 0; i < PARTS; i++)
		close(buffers[i]);
	heap_expect("files", files);
	expect_quota_used(other);
	for (i = 0; i < PARTS; i++)
		close(others[i]);
	heap_expect("files", files);
	close(other);
	heap_expect("files", files - 1);
	expect_equal(heap_used("system"), 0);
}

/* One file after the other, until nothing is left. Returns how many buffers that were. */
static int fill(bool contiguous, int *buffers, uint64_t bytes)
{
	int of = heap_file(), count = 0, ret;

	while (count < BUFFERS) {
		ret = heap_allocate(of, heap_pick(of, contiguous), bytes, 0, 0);
		if (ret == -EDQUOT) {
			close(of);
			of = heap_file();
			continue;
		}
		if (ret < 0) {
			expect_equal(ret, -ENOMEM);
			break;
		}
		buffers[count++] = ret;
	}
	close(of);
	return count;
}

static void full(bool contiguous, const char *name)
{
	uint64_t size = heap_attr(name, "size"), part = size / 16;
	int buffers[BUFFERS], count, i;

	count = fill(contiguous, buffers, part);
	expect_equal(count, 16);
	expect_equal(heap_used(name), size);
	expect_equal(heap_attr(name, "peak"), size);
	expect_equal(heap_attr(name, "buffers"), count);
	expect_equal(heap_allocate(file, heap_pick(file, contiguous), 1, 0, 0), -ENOMEM);
	/* It was no use to the file that it was refused to. */
	close(buffers[3]);
	expect_equal(heap_used(name), size - part);
	buffers[3] = heap_buffer(file, contiguous, part);
	for (i = 0; i < count; i++)
		close(buffers[i]);
	expect_equal(heap_used(name), 0);
	expect_equal(heap_attr(name, "buffers"), 0);
	expect_equal(heap_attr(name, "peak"), size);
}

static void heaps_full(void)
{
	full(false, "system");
	full(true, "reserved");
}

static uint8_t pattern[8 * HEAP_PAGE];

/* Below what is used, and back: nothing is taken away, nor handed out. */
static void size_changed(void)
{
	uint64_t size = heap_attr("system", "size");
	int buffer = heap_buffer(file, false, sizeof(pattern));
	uint8_t *at = heap_map(buffer, sizeof(pattern));
	struct refcdev_heap_info info;
	unsigned int i;
	char text[32];

	edu_fill(at, sizeof(pattern), 1);
	edu_fill(pattern, sizeof(pattern), 1);
	expect_equal(write_text(SYSTEM_SIZE, "0x4000\n"), 0);
	expect_equal(heap_attr("system", "size"), 0x4000);
	expect_equal(heap_used("system"), sizeof(pattern));
	for (i = 0; heap_info(file, i, &info) == 0; i++)
		if (!(info.flags & REFCDEV_HEAP_CONTIGUOUS))
			expect(info.size == 0x4000 && info.left == 0 && info.largest == 0);
	expect_equal(heap_allocate(file, heap_pick(file, false), 1, 0, 0), -ENOMEM);
	expect_equal(heap_allocate(file, heap_pick(file, false), 0x5000, 0, 0), -EINVAL);
	expect(edu_same(at, pattern, sizeof(pattern), "below what is used"));
	expect_equal(write_text(SYSTEM_SIZE, "0"), 0);
	expect_equal(heap_allocate(file, heap_pick(file, false), 1, 0, 0), -EINVAL);
	snprintf(text, sizeof(text), "%lu", size);
	expect_equal(write_text(SYSTEM_SIZE, text), 0);
	heap_buffer(file, false, HEAP_PAGE);
	expect(edu_same(at, pattern, sizeof(pattern), "and back"));
}

static void size_refused(void)
{
	static const char *const wrong[] = { "4095", "1", "-4096", "x", "", "4096 4096",
					     "18446744073709551616" };
	uint64_t size = heap_attr("system", "size");
	struct stat status;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (*wrong[i] && write_text(SYSTEM_SIZE, wrong[i]) >= 0)
			complain("a size of '%s' was taken", wrong[i]);
	expect_equal(heap_attr("system", "size"), size);
	require(stat(SYSTEM_SIZE, &status) == 0);
	expect_equal(status.st_mode & 0777, 0644);
	require(stat(RESERVED_SIZE, &status) == 0);
	expect_equal(status.st_mode & 0777, 0444);
	expect_equal(write_text(RESERVED_SIZE, "4096"), -EACCES);
}

static int open_files(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* After a call that failed half way: all of it is there for the next. */
static void expect_nothing_kept(int files)
{
	int buffers[PARTS], i;

	heap_expect("buffers", 0);
	expect_equal(heap_used("system"), 0);
	expect_equal(open_files(), files);
	take_all(file, buffers);
	for (i = 0; i < PARTS; i++)
		close(buffers[i]);
}

static void no_answer(void)
{
	struct refcdev_heap_allocation *wanted;
	struct refcdev_heap_info *info;
	int files = open_files();

	wanted = mmap(NULL, HEAP_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(wanted != MAP_FAILED);
	wanted->handle = heap_pick(file, false);
	wanted->bytes = limit / 2;
	require(mprotect(wanted, HEAP_PAGE, PROT_READ) == 0);
	info = (void *)(wanted + 1);
	expect_errno(ioctl(file, REFCDEV_HEAP_ALLOCATE, wanted), EFAULT);
	expect_errno(ioctl(file, REFCDEV_HEAP_GET_INFO, info), EFAULT);
	expect_nothing_kept(files);
	expect_errno(ioctl(file, REFCDEV_HEAP_ALLOCATE, NULL), EFAULT);
	expect_errno(ioctl(file, REFCDEV_HEAP_GET_INFO, NULL), EFAULT);
	expect_nothing_kept(files);
}

static void no_number(void)
{
	struct rlimit before, none;
	int files = open_files();

	require(getrlimit(RLIMIT_NOFILE, &before) == 0);
	none = before;
	none.rlim_cur = 0;
	require(setrlimit(RLIMIT_NOFILE, &none) == 0);
	expect_equal(heap_allocate(file, heap_pick(file, false), limit / 2, 0, 0), -EMFILE);
	expect_equal(heap_allocate(file, heap_pick(file, true), HEAP_PAGE, 0, 0), -EMFILE);
	require(setrlimit(RLIMIT_NOFILE, &before) == 0);
	expect_nothing_kept(files);
}

static const struct test_case cases[] = {
	{ "an open file has its limit, and gets back what is closed", limit_of_a_file },
	{ "a file that was closed keeps its own account", limit_of_a_closed_file },
	{ "a heap that is full says so", heaps_full },
	{ "the size may be changed, also below what is used", size_changed },
	{ "sizes that are none are refused, and those of a reserve", size_refused },
	{ "an answer that has nowhere to go keeps nothing", no_answer },
	{ "nor does a buffer for which there is no number", no_number },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
