/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spot.h: a mapping of mapdev, and what is found there
 */
#ifndef REFCDEV_TEST_SPOT_H
#define REFCDEV_TEST_SPOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "modules/mapdev_ioctl.h"
#include "subject.h"

#define PAGE		4096
#define SPOT_PAGES	4
#define SPOT_SIZE	(SPOT_PAGES * PAGE)
#define HUGE		(2ul << 20)

extern const struct subject map_subject;
extern const char *const way_names[MAPDEV_NR_WAYS];

/* In the order of the device's nodes. */
enum policy { POLICY_SIGBUS, POLICY_ZERO, POLICY_KEEP, NR_POLICIES };

extern const char *const policy_names[NR_POLICIES];

/* The three nodes of one device, opened. */
struct mapdev {
	int fd[NR_POLICIES];
	uint64_t serial;
};

void mapdev_open(struct mapdev *mapdev);
void mapdev_close(struct mapdev *mapdev);

/* Where a mapping lies: whether it could be, or crosses, an entry for 2 MiB. */
enum place { PLACE_ANY, PLACE_ALIGNED, PLACE_STRADDLES, NR_PLACES };

struct spot {
	enum mapdev_way way;
	enum policy policy;
	bool private;			/* MAP_PRIVATE */
	bool touched;			/* read before the device went */
	enum place place;
	unsigned int first;		/* page of the device */
	uint64_t serial;
	int fd;
	char *at;			/* NULL: not mapped */
};

/* What was found in a page; or a negative errno of the call that was to find it. */
enum saw {
	SAW_DATA = 1,			/* the page of that device that was asked for */
	SAW_ZEROES,
	SAW_SIGBUS,
	SAW_SIGSEGV,
	SAW_OTHER_DEVICE,		/* the same, of another instance */
	SAW_RUBBISH,
	SAW_DIFFERENCES,		/* not the same in all pages */
};

/* For messages; overwritten by the fifth call that follows. */
const char *saw_name(int saw);

void touch_init(void);
bool by_frame(enum mapdev_way way);

/* 0 or a negative errno, as mmap. */
int spot_map(struct spot *spot);
void spot_unmap(struct spot *spot);
/* An address that was never used, for a mapping of SPOT_SIZE. */
char *fresh_place(enum place place);

/* What the first words of a page, wherever they were copied to, are. */
int judge(const struct spot *spot, unsigned int page, const struct mapdev_words *words);

/* Touch one page; the page is written to where its first words are not. */
#define SCRATCH	1024
int page_read(const struct spot *spot, unsigned int page);
int page_write(const struct spot *spot, unsigned int page);

/* What a function says of each of the pages, where it says the same. */
int each_page(const struct spot *spot, int (*call)(const struct spot *spot, unsigned int page));
int look(const struct spot *spot);

#endif /* REFCDEV_TEST_SPOT_H */
