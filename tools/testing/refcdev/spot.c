// SPDX-License-Identifier: GPL-2.0-only
/*
 * spot.c: a mapping of mapdev, and what is found there
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spot.h"

#define WAY_NAME(name)	#name,

const struct subject map_subject = { "mapdev", "mapdev.0", "/dev/mapdev_sigbus0" };
const char *const policy_names[NR_POLICIES] = { "sigbus", "zero", "keep" };
const char *const way_names[MAPDEV_NR_WAYS] = { MAPDEV_WAYS(WAY_NAME) };

static sigjmp_buf escape;
static char *volatile touching;

void mapdev_open(struct mapdev *mapdev)
{
	struct mapdev_pages pages;
	char path[64];
	int i;

	for (i = 0; i < NR_POLICIES; i++) {
		snprintf(path, sizeof(path), "/dev/mapdev_%s0", policy_names[i]);
		mapdev->fd[i] = open(path, O_RDWR | O_CLOEXEC);
		require(mapdev->fd[i] >= 0);
	}
	require(ioctl(mapdev->fd[0], MAPDEV_GET_PAGES, &pages) == 0);
	mapdev->serial = pages.serial;
}

void mapdev_close(struct mapdev *mapdev)
{
	int i;

	for (i = 0; i < NR_POLICIES; i++)
		close(mapdev->fd[i]);
}

const char *saw_name(int saw)
{
	static const char *const names[] = {
		"done", "data", "zeroes", "SIGBUS", "SIGSEGV", "another device", "rubbish",
		"differences between the pages",
	};
	static char texts[4][32];
	static unsigned int next;
	char *text = texts[next++ % 4];

	if (saw >= 0)
		return names[saw];
	snprintf(text, sizeof(texts[0]), "%s", strerrorname_np(-saw));
	return text;
}

/* A signal for any other address is one that nobody has asked for. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if ((char *)((uintptr_t)info->si_addr & -PAGE) != touching)
		_exit(128 + signal);
	siglongjmp(escape, signal == SIGBUS ? SAW_SIGBUS : SAW_SIGSEGV);
}

void touch_init(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	require(sigaction(SIGBUS, &action, NULL) == 0);
	require(sigaction(SIGSEGV, &action, NULL) == 0);
}

bool by_frame(enum mapdev_way way)
{
	return way == MAPDEV_WAY_pfn || way == MAPDEV_WAY_fault_pfn ||
	       way == MAPDEV_WAY_pfn_access;
}

/* A page table for each: the neighbours of a mapping are nobody's. */
char *fresh_place(enum place place)
{
	static unsigned long next = 1ul << 45;

	next += 2 * HUGE;
	return (char *)(place == PLACE_STRADDLES ? next - SPOT_SIZE / 2 : next);
}

int spot_map(struct spot *spot)
{
	char *wanted = spot->place == PLACE_ANY ? NULL : fresh_place(spot->place);
	char *at = mmap(wanted, SPOT_SIZE, PROT_READ | PROT_WRITE,
			(spot->private ? MAP_PRIVATE : MAP_SHARED) |
			(wanted ? MAP_FIXED_NOREPLACE : 0), spot->fd,
			(off_t)(spot->way * MAPDEV_WAY_PAGES + spot->first) * PAGE);

	spot->at = NULL;
	if (at == MAP_FAILED)
		return -errno;
	require(!wanted || at == wanted);
	spot->at = at;
	return 0;
}

void spot_unmap(struct spot *spot)
{
	if (spot->at)
		require(munmap(spot->at, SPOT_SIZE) == 0);
	spot->at = NULL;
}

static enum mapdev_kind kind_of(enum mapdev_way way)
{
	if (way == MAPDEV_WAY_other_file)
		return MAPDEV_FILE;
	return by_frame(way) ? MAPDEV_REGISTERS : MAPDEV_RAM;
}

int judge(const struct spot *spot, unsigned int page, const struct mapdev_words *words)
{
	if (!words->magic && !words->serial && !words->kind)
		return SAW_ZEROES;
	if (words->magic != (MAPDEV_MAGIC ^ (spot->first + page)) ||
	    words->kind != kind_of(spot->way))
		return SAW_RUBBISH;
	return words->serial == spot->serial ? SAW_DATA : SAW_OTHER_DEVICE;
}

int page_read(const struct spot *spot, unsigned int page)
{
	char *at = spot->at + page * PAGE;
	const volatile struct mapdev_words *from = (void *)at;
	struct mapdev_words words;
	int signal;

	touching = at;
	signal = sigsetjmp(escape, 0);
	if (signal)
		return signal;
	words.magic = from->magic;
	words.serial = from->serial;
	words.kind = from->kind;
	return judge(spot, page, &words);
}

int page_write(const struct spot *spot, unsigned int page)
{
	static uint64_t value;
	char *at = spot->at + page * PAGE;
	volatile uint64_t *to = (void *)(at + SCRATCH);
	int signal;

	touching = at;
	signal = sigsetjmp(escape, 0);
	if (signal)
		return signal;
	*to = ++value;
	if (*to != value)
		return SAW_RUBBISH;
	return page_read(spot, page);
}

int each_page(const struct spot *spot, int (*call)(const struct spot *spot, unsigned int page))
{
	int saw = call(spot, 0);
	unsigned int page;

	for (page = 1; page < SPOT_PAGES; page++)
		if (call(spot, page) != saw)
			return SAW_DIFFERENCES;
	return saw;
}

int look(const struct spot *spot)
{
	return each_page(spot, page_read);
}
