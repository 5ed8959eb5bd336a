// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapping_ops.c: what a process can do to a mapping of its own; each gives what was found
 * in the end, or the errno of the call
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mapping.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif

int op_look(struct spot *spot)
{
	return look(spot);
}

int op_write(struct spot *spot)
{
	return each_page(spot, page_write);
}

/* A file in memory, whose contents read(2) and write(2) move to and from the mapping. */
static int scratch_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("scratch", MFD_CLOEXEC);
	require(fd >= 0);
	return fd;
}

static int page_read_into(const struct spot *spot, unsigned int page)
{
	static uint64_t number;
	char *at = spot->at + page * PAGE;
	int fd = scratch_file();

	number++;
	require(pwrite(fd, &number, sizeof(number), 0) == sizeof(number));
	if (pread(fd, at + SCRATCH, sizeof(number), 0) != sizeof(number))
		return -errno;
	return memcmp(at + SCRATCH, &number, sizeof(number)) ? SAW_RUBBISH : page_read(spot, page);
}

int op_read_into(struct spot *spot)
{
	return each_page(spot, page_read_into);
}

static int page_write_from(const struct spot *spot, unsigned int page)
{
	struct mapdev_words words;
	int fd = scratch_file();

	if (pwrite(fd, spot->at + page * PAGE, sizeof(words), 0) != sizeof(words))
		return -errno;
	require(pread(fd, &words, sizeof(words), 0) == sizeof(words));
	return judge(spot, page, &words);
}

int op_write_from(struct spot *spot)
{
	return each_page(spot, page_write_from);
}

int op_dontfork(struct spot *spot)
{
	return madvise(spot->at, SPOT_SIZE, MADV_DONTFORK) ? -errno : 0;
}

int op_move(struct spot *spot)
{
	char *to = fresh_place((spot->place + 1) % NR_PLACES);

	if (mremap(spot->at, SPOT_SIZE, SPOT_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return -errno;
	if (look(spot) != SAW_SIGSEGV)
		return SAW_RUBBISH;
	spot->at = to;
	return look(spot);
}

int op_unmap_middle(struct spot *spot)
{
	int saw;

	if (munmap(spot->at + PAGE, 2 * PAGE))
		return -errno;
	if (page_read(spot, 1) != SAW_SIGSEGV || page_read(spot, 2) != SAW_SIGSEGV)
		return SAW_RUBBISH;
	saw = page_read(spot, 0);
	return page_read(spot, 3) == saw ? saw : SAW_DIFFERENCES;
}

int op_protect_middle(struct spot *spot)
{
	if (mprotect(spot->at + PAGE, 2 * PAGE, PROT_READ))
		return -errno;
	if (page_write(spot, 1) != SAW_SIGSEGV || page_write(spot, 2) != SAW_SIGSEGV)
		return SAW_RUBBISH;
	return look(spot);
}

int op_lock(struct spot *spot)
{
	if (mlock(spot->at, SPOT_SIZE))
		return -errno;
	if (munlock(spot->at, SPOT_SIZE))
		return -errno;
	return look(spot);
}

int op_dontneed(struct spot *spot)
{
	return madvise(spot->at, SPOT_SIZE, MADV_DONTNEED) ? -errno : look(spot);
}

int op_populate(struct spot *spot)
{
	return madvise(spot->at, SPOT_SIZE, MADV_POPULATE_READ) ? -errno : look(spot);
}

/* A size of 0 leaves the mapping, and makes another of the same pages. */
int op_duplicate(struct spot *spot)
{
	struct spot copy = *spot;
	int saw;

	copy.at = mremap(spot->at, 0, SPOT_SIZE, MREMAP_MAYMOVE);
	if (copy.at == MAP_FAILED)
		return -errno;
	saw = look(&copy);
	spot_unmap(&copy);
	return saw;
}

int op_map_again(struct spot *spot)
{
	struct spot other = *spot;
	int saw = spot_map(&other);

	if (saw)
		return saw;
	saw = look(&other);
	spot_unmap(&other);
	return saw;
}

/* The kernel makes a new mapping in its place, by the driver's mmap. */
int op_remap_pages(struct spot *spot)
{
	unsigned long pgoff = spot->first;

	if (spot->way != MAPDEV_WAY_other_file)
		pgoff += spot->way * MAPDEV_WAY_PAGES;
	if (syscall(SYS_remap_file_pages, spot->at, SPOT_SIZE, 0, pgoff, 0))
		return -errno;
	return look(spot);
}
