// SPDX-License-Identifier: GPL-2.0-only
/*
 * zap.c: what is mapped is taken away
 */

#include <linux/export.h>
#include <linux/mm.h>

#include "inode.h"
#include "vma.h"

void refcdev_zap_nodes(struct lifetime *life)
{
	struct refcdev *cdev;

	list_for_each_entry(cdev, &life->nodes, list)
		if (cdev->type->vma_policy != REFCDEV_VMA_KEEP)
			refcdev_zap(cdev, 0, 0);
}

/**
 * refcdev_zap() - take a part of a node out of all its mappings
 * @cdev: the node
 * @start: where it starts, in bytes from the start of the node; a multiple of the page size
 * @len: its length in bytes; 0: all that follows
 *
 * For drivers that would call unmap_mapping_range() on the mapping of an inode: files and
 * mappings of a node are those of an inode of its own. Who touches that part again gets
 * to the driver's fault handler, or SIGBUS where there is none. Private copies go as
 * well. A disconnect does this by itself.
 *
 * Context: process context, may sleep. The caller is inside, or has a reference.
 */
void refcdev_zap(struct refcdev *cdev, loff_t start, loff_t len)
{
	unmap_mapping_range(cdev->inode->i_mapping, start, len, 1);
}
EXPORT_SYMBOL_GPL(refcdev_zap);
