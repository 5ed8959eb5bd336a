// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapping_gup.c: the kernel takes the pages of a mapping to read and write them itself
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mapping.h"
#include "uring.h"

static int *a_pipe(void)
{
	static int fds[2];

	if (!fds[0])
		require(pipe2(fds, O_CLOEXEC) == 0);
	return fds;
}

/* The pipe refers to the page itself, not to a copy. */
static int page_splice(const struct spot *spot, unsigned int page)
{
	struct iovec iov = { spot->at + page * PAGE, sizeof(struct mapdev_words) };
	struct mapdev_words words;

	if (vmsplice(a_pipe()[1], &iov, 1, 0) != sizeof(words))
		return -errno;
	require(read(a_pipe()[0], &words, sizeof(words)) == sizeof(words));
	return judge(spot, page, &words);
}

int op_splice(struct spot *spot)
{
	return each_page(spot, page_splice);
}

static const char direct_path[] = "/tmp/direct";

/* Out to a file and in again: the same contents, so that nothing changes. */
static int page_direct(const struct spot *spot, unsigned int page)
{
	char *at = spot->at + page * PAGE;
	int fd = open(direct_path, O_RDWR | O_CREAT | O_CLOEXEC | O_DIRECT, 0600);
	struct mapdev_words words;
	int saw = 0;

	if (fd < 0)
		return -ENOSYS;
	if (pwrite(fd, at, PAGE, 0) != PAGE) {
		saw = -errno;
		require(ftruncate(fd, PAGE) == 0);
	}
	if (pread(fd, at, PAGE, 0) != PAGE)
		saw = saw == -errno ? saw : SAW_DIFFERENCES;
	close(fd);
	if (saw)
		return saw;
	fd = open(direct_path, O_RDONLY | O_CLOEXEC);
	require(pread(fd, &words, sizeof(words), 0) == sizeof(words));
	close(fd);
	return judge(spot, page, &words);
}

int op_direct(struct spot *spot)
{
	int saw = each_page(spot, page_direct);

	unlink(direct_path);
	return saw;
}

/* What was queued. */
static int fixed_transfer(struct uring *ring)
{
	struct uring_result result;

	require(uring_submit(ring) == 1);
	require(uring_wait(ring, &result, 5 * SECOND) == 0);
	return result.res;
}

/* Both ways through the registered buffer: out of the page's start, and into its scratch. */
static int page_fixed(struct uring *ring, const struct spot *spot, unsigned int page)
{
	char *at = spot->at + page * PAGE;
	struct mapdev_words words;
	int ret;

	uring_write_fixed(ring, 1, a_pipe()[1], at, sizeof(words), -1, 0);
	ret = fixed_transfer(ring);
	if (ret != sizeof(words))
		return ret;
	require(read(a_pipe()[0], &words, sizeof(words)) == sizeof(words));
	require(write(a_pipe()[1], &words, sizeof(words)) == sizeof(words));
	uring_read_fixed(ring, 2, a_pipe()[0], at + SCRATCH, sizeof(words), -1, 0);
	ret = fixed_transfer(ring);
	if (ret != sizeof(words))
		return ret;
	if (memcmp(at + SCRATCH, &words, sizeof(words)))
		return SAW_RUBBISH;
	return judge(spot, page, &words);
}

/* A ring takes buffers once. One that took none can be tried with others. */
int op_fixed_buffer(struct spot *spot)
{
	static struct uring ring = { .fd = -1 };
	struct iovec iov = { spot->at, SPOT_SIZE };
	unsigned int page;
	int saw, ret;

	if (ring.fd < 0 && uring_open(&ring, 2, 0))
		return -ENOSYS;
	ret = uring_register_buffers(&ring, &iov, 1);
	if (ret)
		return ret;
	saw = page_fixed(&ring, spot, 0);
	for (page = 1; page < SPOT_PAGES; page++)
		if (page_fixed(&ring, spot, page) != saw)
			saw = SAW_DIFFERENCES;
	uring_close(&ring);
	return saw;
}

bool uring_takes_device_pages(const struct mapdev *mapdev)
{
	struct spot spot = {
		.way = MAPDEV_WAY_pages, .policy = POLICY_KEEP, .serial = mapdev->serial,
		.fd = mapdev->fd[POLICY_KEEP],
	};
	int saw;

	require(spot_map(&spot) == 0);
	saw = op_fixed_buffer(&spot);
	spot_unmap(&spot);
	return saw != -EOPNOTSUPP;
}
