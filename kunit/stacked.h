/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stacked.h: a file whose mmap calls that of a node: what a case does in between runs after
 * the node's mmap and before the kernel goes on, with the lock of the address space held
 */
#ifndef REFCDEV_KUNIT_STACKED_H
#define REFCDEV_KUNIT_STACKED_H

#include <linux/anon_inodes.h>

#include "mapping.h"

static int (*stacked_mmap)(struct vm_area_struct *vma);

static inline int stacker_mmap(struct file *file, struct vm_area_struct *vma)
{
	return stacked_mmap(vma);
}

/* The whole mmap, from the kernel's side. */
static inline unsigned long map_stacked(struct kunit *test,
					int (*mmap)(struct vm_area_struct *vma))
{
	static const struct file_operations fops = {
		.owner = THIS_MODULE,
		.mmap = stacker_mmap,
	};
	struct file *file = anon_inode_getfile("kunit_stacked", &fops, NULL, O_RDWR);
	unsigned long address;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	stacked_mmap = mmap;
	address = map_file(file, STAGE_PAGES, MAP_SHARED);
	close_now(file);
	return address;
}

/* The node's part of it; the mapping is the node's from here on, as it has to be. */
static inline int map_below(struct file *file, struct vm_area_struct *vma)
{
	vma_set_file(vma, file);
	return mmap_file_compat(file, vma);
}

#endif /* REFCDEV_KUNIT_STACKED_H */
