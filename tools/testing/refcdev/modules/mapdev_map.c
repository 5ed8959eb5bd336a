// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapdev_map.c: mmap of mapdev in all the ways that drivers do it, and their
 * vm_operations, which know each mapping from its beginning to its end
 */
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "../../../../drivers/refcdev/compat.h"
#include "mapdev.h"

/* The mappings with vm_operations of the driver, by their address. */
struct mapping {
	struct hlist_node node;
	const struct vm_area_struct *vma;
};

static DEFINE_HASHTABLE(mappings, 8);
static DEFINE_SPINLOCK(mappings_lock);

/* The caller holds the lock. */
static struct mapping *mapdev_find(const struct vm_area_struct *vma)
{
	struct mapping *mapping;

	hash_for_each_possible(mappings, mapping, node, (unsigned long)vma)
		if (mapping->vma == vma)
			return mapping;
	return NULL;
}

static int mapdev_remember(const struct vm_area_struct *vma, gfp_t gfp)
{
	struct mapping *mapping = kmalloc(sizeof(*mapping), gfp);

	if (!mapping)
		return -ENOMEM;
	mapping->vma = vma;
	spin_lock(&mappings_lock);
	if (mapdev_find(vma)) {
		count(unbalanced);
		pr_err("mapdev: a mapping begins that has not ended\n");
	}
	hash_add(mappings, &mapping->node, (unsigned long)vma);
	spin_unlock(&mappings_lock);
	return 0;
}

static void mapdev_vma_open(struct vm_area_struct *vma)
{
	count(vma_open);
	mapdev_remember(vma, GFP_KERNEL | __GFP_NOFAIL);
}

static void mapdev_vma_close(struct vm_area_struct *vma)
{
	struct mapping *mapping;

	count(vma_close);
	spin_lock(&mappings_lock);
	mapping = mapdev_find(vma);
	if (mapping)
		hash_del(&mapping->node);
	spin_unlock(&mappings_lock);
	if (!mapping) {
		count(unbalanced);
		pr_err("mapdev: a mapping ends that has not begun\n");
	}
	kfree(mapping);
}

static unsigned int mapdev_index(unsigned long pgoff)
{
	return pgoff % MAPDEV_WAY_PAGES;
}

static vm_fault_t mapdev_fault(struct vm_fault *vmf)
{
	struct mapdev *mapdev = vmf->vma->vm_private_data;
	enum mapdev_way way = vmf->pgoff / MAPDEV_WAY_PAGES;
	unsigned int i = mapdev_index(vmf->pgoff);

	count(fault);
	if (i >= MAPDEV_PAGES)
		return VM_FAULT_SIGBUS;
	if (way == MAPDEV_WAY_fault_pfn)
		return vmf_insert_pfn(vmf->vma, vmf->address,
				      page_to_pfn(mapdev_register_page(mapdev, i)));
	if (way == MAPDEV_WAY_fault_insert)
		return vmf_insert_page(vmf->vma, vmf->address, mapdev->ram[i]);
	vmf->page = mapdev->ram[i];
	get_page(vmf->page);
	return 0;
}

/* Only counts: what it does not map is left to the fault. */
static vm_fault_t mapdev_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	count(map_pages);
	return 0;
}

/* The page has no mapping of its own, so the kernel would retry for ever if not locked. */
static vm_fault_t mapdev_page_mkwrite(struct vm_fault *vmf)
{
	count(mkwrite);
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static vm_fault_t mapdev_pfn_mkwrite(struct vm_fault *vmf)
{
	count(mkwrite);
	return 0;
}

static int mapdev_may_split(struct vm_area_struct *vma, unsigned long address)
{
	count(may_split);
	return 0;
}

static int mapdev_mremap(struct vm_area_struct *vma)
{
	count(mremap);
	return 0;
}

static int mapdev_mprotect(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   unsigned long flags)
{
	count(mprotect);
	return 0;
}

static const char *mapdev_vma_name(struct vm_area_struct *vma)
{
	return "[mapdev]";
}

/*
 * To the end of the page at most. In a private mapping by frame number vm_pgoff is not
 * what mmap was called with, but the frame number. Memory is accessed by its pages, as
 * long as they are there.
 */
static int mapdev_access(struct vm_area_struct *vma, unsigned long address, void *buf, int len,
			 int write)
{
	struct mapdev *mapdev = vma->vm_private_data;
	unsigned long pgoff = vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
	void *at;

	count(access);
	if (!(vma->vm_flags & VM_PFNMAP))
		return -EACCES;
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		pgoff -= page_to_pfn(mapdev_register_page(mapdev, 0));
	at = mapdev->registers + mapdev_index(pgoff) * PAGE_SIZE + offset_in_page(address);
	len = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(address));
	if (write)
		memcpy(at, buf, len);
	else
		memcpy(buf, at, len);
	return len;
}

static const struct vm_operations_struct mapdev_fault_ops = {
	.open		= mapdev_vma_open,
	.close		= mapdev_vma_close,
	.fault		= mapdev_fault,
};

static const struct vm_operations_struct mapdev_at_once_ops = {
	.open		= mapdev_vma_open,
	.close		= mapdev_vma_close,
	.access		= mapdev_access,
};

static const struct vm_operations_struct mapdev_mkwrite_ops = {
	.open		= mapdev_vma_open,
	.close		= mapdev_vma_close,
	.may_split	= mapdev_may_split,
	.mremap		= mapdev_mremap,
	.mprotect	= mapdev_mprotect,
	.fault		= mapdev_fault,
	.map_pages	= mapdev_map_pages,
	.page_mkwrite	= mapdev_page_mkwrite,
	.pfn_mkwrite	= mapdev_pfn_mkwrite,
	.access		= mapdev_access,
	.name		= mapdev_vma_name,
};

/* The others set none. */
static const struct vm_operations_struct *const mapdev_vm_ops[MAPDEV_NR_WAYS] = {
	[MAPDEV_WAY_fault_page]		= &mapdev_fault_ops,
	[MAPDEV_WAY_fault_insert]	= &mapdev_fault_ops,
	[MAPDEV_WAY_pages]		= &mapdev_at_once_ops,
	[MAPDEV_WAY_fault_pfn]		= &mapdev_fault_ops,
	[MAPDEV_WAY_pfn_access]		= &mapdev_at_once_ops,
	[MAPDEV_WAY_mkwrite]		= &mapdev_mkwrite_ops,
};

static int mapdev_insert_pages(struct mapdev *mapdev, struct vm_area_struct *vma,
			       unsigned int first)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < vma_pages(vma) && !ret; i++)
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, mapdev->ram[first + i]);
	return ret;
}

static int mapdev_remap(struct mapdev *mapdev, struct vm_area_struct *vma, unsigned int first)
{
	return remap_pfn_range(vma, vma->vm_start,
			       page_to_pfn(mapdev_register_page(mapdev, first)),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/* As dma-buf does: what refcdev sees afterwards is a mapping of somebody else's file. */
static int mapdev_map_file(struct mapdev *mapdev, struct vm_area_struct *vma, unsigned int first)
{
	vma_set_file(vma, mapdev->file);
	vma->vm_pgoff = first;
	return mmap_file_compat(vma->vm_file, vma);
}

static int mapdev_populate(struct mapdev *mapdev, struct vm_area_struct *vma,
			   enum mapdev_way way, unsigned int first)
{
	switch (way) {
	case MAPDEV_WAY_fault_insert:
		vm_flags_set(vma, VM_MIXEDMAP);
		return 0;
	case MAPDEV_WAY_pages:
	case MAPDEV_WAY_pages_plain:
		return mapdev_insert_pages(mapdev, vma, first);
	case MAPDEV_WAY_fault_pfn:
		/* vmf_insert_pfn() cannot make private copies. */
		if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
			return -EINVAL;
		vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
		return 0;
	case MAPDEV_WAY_pfn:
	case MAPDEV_WAY_pfn_access:
		return mapdev_remap(mapdev, vma, first);
	case MAPDEV_WAY_other_file:
		return mapdev_map_file(mapdev, vma, first);
	default:
		return 0;
	}
}

static bool mapdev_has_fault_for_memory(enum mapdev_way way)
{
	return way == MAPDEV_WAY_fault_page || way == MAPDEV_WAY_fault_insert ||
	       way == MAPDEV_WAY_mkwrite;
}

int mapdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mapdev *mapdev = mapdev_of(file);
	enum mapdev_way way = vma->vm_pgoff / MAPDEV_WAY_PAGES;
	unsigned int first = mapdev_index(vma->vm_pgoff);
	int ret;

	if (vma->vm_pgoff / MAPDEV_WAY_PAGES >= MAPDEV_NR_WAYS ||
	    first + vma_pages(vma) > MAPDEV_WAY_PAGES)
		return -EINVAL;
	if (first + vma_pages(vma) > MAPDEV_PAGES && !mapdev_has_fault_for_memory(way))
		return -EINVAL;
	ret = mapdev_populate(mapdev, vma, way, first);
	if (ret || !mapdev_vm_ops[way])
		return ret;
	vma->vm_private_data = mapdev;
	vma->vm_ops = mapdev_vm_ops[way];
	ret = mapdev_remember(vma, GFP_KERNEL);
	if (!ret)
		count(mmap);
	return ret;
}
