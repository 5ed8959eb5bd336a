// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapdev_main.c: devices with memory and "registers" to be mapped, one lifetime each, and
 * a node for each policy
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/platform_device.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../../../drivers/refcdev/compat.h"
#include "mapdev.h"

#define MAPDEV	"mapdev"

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 1)");

#define COUNT_NAME(name)	#name,

static const char * const count_names[] = {
	MAPDEV_COUNTS(COUNT_NAME)
};

atomic_t mapdev_counts[COUNT_END];

static struct platform_device **pdevs;
static struct dentry *dir;

static int mapdev_open(struct inode *inode, struct file *file)
{
	count(open);
	return 0;
}

static int mapdev_close(struct inode *inode, struct file *file)
{
	count(release);
	return 0;
}

static struct page *mapdev_file_page(struct mapdev *mapdev, unsigned int i)
{
	return shmem_read_mapping_page(mapdev->file->f_mapping, i);
}

static int mapdev_get_pages(struct mapdev *mapdev, void __user *to)
{
	struct mapdev_pages pages = { .serial = mapdev->serial };
	struct page *page;
	unsigned int i;

	for (i = 0; i < MAPDEV_PAGES; i++) {
		page = mapdev_file_page(mapdev, i);
		if (IS_ERR(page))
			return PTR_ERR(page);
		pages.pfn[MAPDEV_FILE][i] = page_to_pfn(page);
		put_page(page);
		pages.pfn[MAPDEV_RAM][i] = page_to_pfn(mapdev->ram[i]);
		pages.pfn[MAPDEV_REGISTERS][i] = page_to_pfn(mapdev_register_page(mapdev, i));
	}
	return copy_to_user(to, &pages, sizeof(pages)) ? -EFAULT : 0;
}

static int mapdev_zap(struct file *file, void __user *from)
{
	struct mapdev_range range;

	if (copy_from_user(&range, from, sizeof(range)))
		return -EFAULT;
	refcdev_zap(refcdev_from_file(file), range.first << PAGE_SHIFT,
		    range.pages << PAGE_SHIFT);
	return 0;
}

static long mapdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case MAPDEV_GET_PAGES:
		return mapdev_get_pages(mapdev_of(file), (void __user *)arg);
	case MAPDEV_ZAP:
		return mapdev_zap(file, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations mapdev_fops = {
	.owner		= THIS_MODULE,
	.open		= mapdev_open,
	.release	= mapdev_close,
	.unlocked_ioctl	= mapdev_ioctl,
	.mmap		= mapdev_mmap,
};

static struct refcdev_type mapdev_types[MAPDEV_NODES] = {
	{
		.name		= "mapdev_sigbus%d",
		.fops		= &mapdev_fops,
		.vma_policy	= REFCDEV_VMA_SIGBUS,
		.flags		= REFCDEV_FIXED_INDEX,
	}, {
		.name		= "mapdev_zero%d",
		.fops		= &mapdev_fops,
		.vma_policy	= REFCDEV_VMA_ZERO,
		.flags		= REFCDEV_FIXED_INDEX,
	}, {
		.name		= "mapdev_keep%d",
		.fops		= &mapdev_fops,
		.vma_policy	= REFCDEV_VMA_KEEP,
		.flags		= REFCDEV_FIXED_INDEX,
	}
};

/* A page that is still mapped or pinned has users of its own, and stays. */
static void mapdev_release(struct lifetime *life)
{
	struct mapdev *mapdev = container_of(life, struct mapdev, life);
	unsigned int i;

	for (i = 0; i < MAPDEV_PAGES; i++)
		if (mapdev->ram[i])
			put_page(mapdev->ram[i]);
	if (mapdev->file)
		fput(mapdev->file);
	count(released);
}

static const struct lifetime_ops mapdev_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= mapdev_release,
};

static void mapdev_mark(struct mapdev *mapdev, struct page *page, enum mapdev_kind kind,
			unsigned int i)
{
	struct mapdev_words *words = kmap_local_page(page);

	*words = (struct mapdev_words) { MAPDEV_MAGIC ^ i, mapdev->serial, kind };
	kunmap_local(words);
}

static int mapdev_fill_file(struct mapdev *mapdev)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < MAPDEV_PAGES; i++) {
		page = mapdev_file_page(mapdev, i);
		if (IS_ERR(page))
			return PTR_ERR(page);
		mapdev_mark(mapdev, page, MAPDEV_FILE, i);
		set_page_dirty(page);
		put_page(page);
	}
	return 0;
}

static int mapdev_allocate(struct mapdev *mapdev, struct device *dev)
{
	struct file *file;
	unsigned int i;

	mapdev->registers = (void *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO,
							get_order(MAPDEV_PAGES * PAGE_SIZE));
	if (!mapdev->registers)
		return -ENOMEM;
	for (i = 0; i < MAPDEV_PAGES; i++) {
		mapdev->ram[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!mapdev->ram[i])
			return -ENOMEM;
		mapdev_mark(mapdev, mapdev->ram[i], MAPDEV_RAM, i);
		mapdev_mark(mapdev, mapdev_register_page(mapdev, i), MAPDEV_REGISTERS, i);
	}
	file = shmem_file_setup(MAPDEV, MAPDEV_PAGES * PAGE_SIZE, no_vma_flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mapdev->file = file;
	return mapdev_fill_file(mapdev);
}

static int mapdev_probe(struct platform_device *pdev)
{
	struct mapdev *mapdev;
	unsigned int i;
	int ret;

	mapdev = lifetime_alloc(struct mapdev, life, &pdev->dev, &mapdev_lifetime_ops);
	if (IS_ERR(mapdev))
		return PTR_ERR(mapdev);
	mapdev->serial = atomic_inc_return(&mapdev_counts[COUNT_created]);
	ret = mapdev_allocate(mapdev, &pdev->dev);
	for (i = 0; i < MAPDEV_NODES && !ret; i++) {
		mapdev->nodes[i].index = pdev->id;
		ret = devm_refcdev_register(&pdev->dev, &mapdev->nodes[i], &mapdev->life,
					    &mapdev_types[i]);
	}
	return ret;
}

static struct platform_driver mapdev_driver = {
	.driver.name	= MAPDEV,
	.probe		= mapdev_probe,
	.remove_void	= refcdev_remove,
};

static void mapdev_remove_all(void)
{
	unsigned int i;

	for (i = 0; i < devices && pdevs[i]; i++)
		platform_device_unregister(pdevs[i]);
	platform_driver_unregister(&mapdev_driver);
	debugfs_remove_recursive(dir);
	kvfree(pdevs);
}

static int mapdev_create(void)
{
	struct platform_device *pdev;
	unsigned int i;

	for (i = 0; i < devices; i++) {
		pdev = platform_device_register_simple(MAPDEV, i, NULL, 0);
		if (IS_ERR(pdev))
			return PTR_ERR(pdev);
		pdevs[i] = pdev;
	}
	return 0;
}

static int __init mapdev_init(void)
{
	int ret, i;

	pdevs = kvcalloc(devices, sizeof(*pdevs), GFP_KERNEL);
	if (!pdevs)
		return -ENOMEM;
	ret = platform_driver_register(&mapdev_driver);
	if (ret) {
		kvfree(pdevs);
		return ret;
	}
	dir = debugfs_create_dir(MAPDEV, NULL);
	for (i = 0; i < COUNT_END; i++)
		debugfs_create_atomic_t(count_names[i], 0444, dir, &mapdev_counts[i]);
	ret = mapdev_create();
	if (ret)
		mapdev_remove_all();
	return ret;
}
module_init(mapdev_init);

static void __exit mapdev_exit(void)
{
	mapdev_remove_all();
}
module_exit(mapdev_exit);

MODULE_DESCRIPTION("Test driver of refcdev: mappings");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
