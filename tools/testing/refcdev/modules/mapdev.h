/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mapdev.h: what the two halves of mapdev share: its devices (mapdev_main.c) and its
 * mappings (mapdev_map.c)
 */
#ifndef MAPDEV_H
#define MAPDEV_H

#include <linux/atomic.h>
#include <linux/refcdev.h>

#include "mapdev_ioctl.h"

#define MAPDEV_NODES	3

struct mapdev {
	struct lifetime life;
	struct refcdev nodes[MAPDEV_NODES];
	struct page *ram[MAPDEV_PAGES];
	void *registers;		/* devm: gone when the driver is unbound */
	struct file *file;
	u64 serial;
};

/*
 * @mmap and @vma_open are the beginnings of a mapping, @vma_close the end, all three for
 * those with vm_operations of the driver. @unbalanced: ends without a beginning and
 * beginnings twice, by the address of the mapping; that many is what went wrong.
 */
#define MAPDEV_COUNTS(X)							\
	X(open) X(release) X(mmap) X(vma_open) X(vma_close) X(unbalanced)	\
	X(fault) X(map_pages) X(mkwrite) X(access) X(may_split) X(mremap)	\
	X(mprotect) X(created) X(released)

#define MAPDEV_COUNT_ENUM(name)	COUNT_##name,
enum mapdev_count {
	MAPDEV_COUNTS(MAPDEV_COUNT_ENUM)
	COUNT_END
};

extern atomic_t mapdev_counts[COUNT_END];

#define count(name)	atomic_inc(&mapdev_counts[COUNT_##name])

/* mapdev_map.c */
int mapdev_mmap(struct file *file, struct vm_area_struct *vma);

static inline struct mapdev *mapdev_of(struct file *file)
{
	return container_of(refcdev_from_file(file)->life, struct mapdev, life);
}

static inline struct page *mapdev_register_page(struct mapdev *mapdev, unsigned int i)
{
	return virt_to_page(mapdev->registers + i * PAGE_SIZE);
}

#endif /* MAPDEV_H */
