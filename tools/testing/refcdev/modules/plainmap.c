// SPDX-License-Identifier: GPL-2.0-only
/*
 * plainmap.c: memory and registers to be mapped, as careful drivers do it today: once the
 * device is gone mmap and page faults are refused, and then what is mapped is taken away
 *
 * What is missing: a mapping that was populated and is not yet linked is not found, nor is
 * one that was made through another inode than the one the driver knows. Tests of what
 * refcdev promises run on this driver as well, and must fail. To do no harm the pages stay
 * as long as the module, as hardware would.
 */
#include <linux/cdev.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../../../drivers/refcdev/compat.h"
#include "../../../../drivers/samples/sample_bus.h"
#include "mapdev_ioctl.h"

#define PLAINMAP	"plainmap"
#define DEVICES		3
#define SIZE		(MAPDEV_PAGES * PAGE_SIZE)

struct plainmap {
	struct device dev;
	struct cdev cdev;
	struct inode *inode;		/* the first that it was opened through */
	char *memory[MAPDEV_FILE];	/* by enum mapdev_kind */
	u64 serial;
	bool gone;
};

static unsigned int linger;
module_param(linger, uint, 0644);
MODULE_PARM_DESC(linger, "how many microseconds mmap takes after it has mapped (default 0)");

static atomic_t created, released;
static const struct sample_counter counters[] = {
	{ "created", &created },
	{ "released", &released },
	{ }
};

static char *memory[DEVICES][MAPDEV_FILE];
static struct class *plainmap_class;
static dev_t plainmap_devt;

static struct page *plainmap_page(struct plainmap *plain, enum mapdev_kind kind,
				  unsigned long pgoff)
{
	return virt_to_page(plain->memory[kind] + pgoff % MAPDEV_WAY_PAGES * PAGE_SIZE);
}

static unsigned long plainmap_pfn(struct plainmap *plain, unsigned long pgoff)
{
	return page_to_pfn(plainmap_page(plain, MAPDEV_REGISTERS, pgoff));
}

static vm_fault_t plainmap_fault(struct vm_fault *vmf)
{
	struct plainmap *plain = vmf->vma->vm_private_data;

	if (READ_ONCE(plain->gone))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, plainmap_pfn(plain, vmf->pgoff));
}

static const struct vm_operations_struct plainmap_vm_ops = {
	.fault = plainmap_fault,
};

static int plainmap_remap(struct plainmap *plain, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, plainmap_pfn(plain, vma->vm_pgoff),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int plainmap_insert(struct plainmap *plain, struct vm_area_struct *vma)
{
	unsigned long i;
	int ret = 0;

	for (i = 0; i < vma_pages(vma) && !ret; i++)
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
				     plainmap_page(plain, MAPDEV_RAM, vma->vm_pgoff + i));
	return ret;
}

static int plainmap_map(struct plainmap *plain, struct vm_area_struct *vma)
{
	switch (vma->vm_pgoff / MAPDEV_WAY_PAGES) {
	case MAPDEV_WAY_pages:
		return plainmap_insert(plain, vma);
	case MAPDEV_WAY_pfn:
		return plainmap_remap(plain, vma);
	case MAPDEV_WAY_fault_pfn:
		vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
		vma->vm_ops = &plainmap_vm_ops;
		vma->vm_private_data = plain;
		return 0;
	default:
		return -EINVAL;
	}
}

static int plainmap_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct plainmap *plain = file->private_data;
	unsigned int us = READ_ONCE(linger);
	int ret;

	if (vma->vm_pgoff % MAPDEV_WAY_PAGES + vma_pages(vma) > MAPDEV_PAGES)
		return -EINVAL;
	if (READ_ONCE(plain->gone))
		return -ENXIO;
	ret = plainmap_map(plain, vma);
	if (us)
		usleep_range(us, us + us / 8 + 1);
	return ret;
}

static long plainmap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct plainmap *plain = file->private_data;
	struct mapdev_pages pages = { .serial = plain->serial };
	unsigned int kind, i;

	if (cmd != MAPDEV_GET_PAGES)
		return -ENOTTY;
	for (kind = 0; kind < MAPDEV_FILE; kind++)
		for (i = 0; i < MAPDEV_PAGES; i++)
			pages.pfn[kind][i] = page_to_pfn(plainmap_page(plain, kind, i));
	return copy_to_user((void __user *)arg, &pages, sizeof(pages)) ? -EFAULT : 0;
}

static int plainmap_open(struct inode *inode, struct file *file)
{
	struct plainmap *plain = container_of(inode->i_cdev, struct plainmap, cdev);

	ihold(inode);
	if (cmpxchg(&plain->inode, NULL, inode))
		iput(inode);
	get_device(&plain->dev);
	file->private_data = plain;
	return 0;
}

static int plainmap_close(struct inode *inode, struct file *file)
{
	struct plainmap *plain = file->private_data;

	put_device(&plain->dev);
	return 0;
}

static const struct file_operations plainmap_fops = {
	.owner		= THIS_MODULE,
	.open		= plainmap_open,
	.release	= plainmap_close,
	.unlocked_ioctl	= plainmap_ioctl,
	.mmap		= plainmap_mmap,
};

static void plainmap_release(struct device *dev)
{
	kfree(container_of(dev, struct plainmap, dev));
	atomic_inc(&released);
}

static void plainmap_mark(struct plainmap *plain)
{
	struct mapdev_words *words;
	unsigned int kind, i;

	for (kind = 0; kind < MAPDEV_FILE; kind++) {
		for (i = 0; i < MAPDEV_PAGES; i++) {
			words = (void *)plain->memory[kind] + i * PAGE_SIZE;
			*words = (struct mapdev_words) { MAPDEV_MAGIC ^ i, plain->serial, kind };
		}
	}
}

static int plainmap_probe(struct platform_device *pdev)
{
	struct plainmap *plain = kzalloc(sizeof(*plain), GFP_KERNEL);
	int ret;

	if (!plain)
		return -ENOMEM;
	plain->serial = atomic_inc_return(&created);
	memcpy(plain->memory, memory[pdev->id], sizeof(plain->memory));
	plainmap_mark(plain);
	device_initialize(&plain->dev);
	plain->dev.release = plainmap_release;
	plain->dev.class = plainmap_class;
	plain->dev.parent = &pdev->dev;
	plain->dev.devt = plainmap_devt + pdev->id;
	cdev_init(&plain->cdev, &plainmap_fops);
	plain->cdev.owner = THIS_MODULE;
	ret = dev_set_name(&plain->dev, PLAINMAP "%d", pdev->id) ?:
	      cdev_device_add(&plain->cdev, &plain->dev);
	if (ret) {
		put_device(&plain->dev);
		return ret;
	}
	platform_set_drvdata(pdev, plain);
	return 0;
}

static void plainmap_remove(struct platform_device *pdev)
{
	struct plainmap *plain = platform_get_drvdata(pdev);

	WRITE_ONCE(plain->gone, true);
	cdev_device_del(&plain->cdev, &plain->dev);
	if (plain->inode) {
		unmap_mapping_range(plain->inode->i_mapping, 0, 0, 1);
		iput(plain->inode);
	}
	put_device(&plain->dev);
}

static struct platform_driver plainmap_driver = {
	.driver.name	= PLAINMAP,
	.probe		= plainmap_probe,
	.remove_void	= plainmap_remove,
};

static void plainmap_free_memory(void)
{
	int i, kind;

	for (i = 0; i < DEVICES; i++)
		for (kind = 0; kind < MAPDEV_FILE; kind++)
			if (memory[i][kind])
				free_pages_exact(memory[i][kind], SIZE);
}

static int plainmap_alloc_memory(void)
{
	int i, kind;

	for (i = 0; i < DEVICES; i++) {
		for (kind = 0; kind < MAPDEV_FILE; kind++) {
			memory[i][kind] = alloc_pages_exact(SIZE, GFP_KERNEL | __GFP_ZERO);
			if (!memory[i][kind])
				return -ENOMEM;
		}
	}
	return 0;
}

static int __init plainmap_init(void)
{
	int ret = plainmap_alloc_memory();

	if (ret)
		goto err_memory;
	ret = alloc_chrdev_region(&plainmap_devt, 0, DEVICES, PLAINMAP);
	if (ret)
		goto err_memory;
	plainmap_class = class_create_compat(PLAINMAP);
	ret = PTR_ERR_OR_ZERO(plainmap_class);
	if (ret)
		goto err_region;
	ret = sample_bus_init(&plainmap_driver, DEVICES, counters);
	if (ret)
		goto err_class;
	return 0;

err_class:
	class_destroy(plainmap_class);
err_region:
	unregister_chrdev_region(plainmap_devt, DEVICES);
err_memory:
	plainmap_free_memory();
	return ret;
}
module_init(plainmap_init);

static void __exit plainmap_exit(void)
{
	sample_bus_exit(&plainmap_driver);
	class_destroy(plainmap_class);
	unregister_chrdev_region(plainmap_devt, DEVICES);
	plainmap_free_memory();
}
module_exit(plainmap_exit);

MODULE_DESCRIPTION("Negative control: what is mapped of a device that is gone");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
