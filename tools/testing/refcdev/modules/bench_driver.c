// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_driver.c: the trivial driver that is measured: every call does nothing but answer,
 * and a page fault maps a page of the driver's
 */
#include <linux/gfp.h>
#include <linux/pagemap.h>

#include "../../../../drivers/refcdev/compat.h"
#include "bench.h"

static struct page *bench_page;

/* Where nothing or a proxy is in front: the driver's operations, to be called through a table. */
#define BENCH_DRIVER(member, type, params, args)				\
static type bench_driver_##member params					\
{										\
	return bench_do_##member args;						\
}

BENCH_DRIVER(read, ssize_t, (struct file *file, char __user *buf, size_t len, loff_t *pos),
	     (file, buf, len, pos))
BENCH_DRIVER(write, ssize_t,
	     (struct file *file, const char __user *buf, size_t len, loff_t *pos),
	     (file, buf, len, pos))
BENCH_DRIVER(unlocked_ioctl, long,
	     (struct file *file, unsigned int cmd, unsigned long arg), (file, cmd, arg))
BENCH_DRIVER(poll, __poll_t, (struct file *file, struct poll_table_struct *wait), (file, wait))

int bench_driver_open(struct inode *inode, struct file *file)
{
	file->private_data = bench_page;
	return 0;
}

int bench_driver_release(struct inode *inode, struct file *file)
{
	return 0;
}

/* Inserts the page itself, so that what comes after is the same whoever called. */
vm_fault_t bench_driver_fault(struct vm_fault *vmf)
{
	return vmf_insert_page(vmf->vma, vmf->address, bench_page);
}

/* For handlers that return a page, which this driver's does not. */
vm_fault_t bench_map_returned(struct vm_fault *vmf, vm_fault_t ret)
{
	vm_fault_t mapped;

	if (!vmf->page || vmf->cow_page)
		return ret;
	mapped = vmf_insert_page(vmf->vma, vmf->address, vmf->page);
	if (ret & VM_FAULT_LOCKED)
		unlock_page(vmf->page);
	put_page(vmf->page);
	vmf->page = NULL;
	return mapped | (ret & VM_FAULT_MAJOR);
}

const struct vm_operations_struct bench_driver_vm_ops = {
	.fault = bench_driver_fault,
};

int bench_driver_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_ops = &bench_driver_vm_ops;
	return 0;
}

const struct file_operations bench_driver_fops = {
	.owner		= THIS_MODULE,
	.open		= bench_driver_open,
	.release	= bench_driver_release,
	.read		= bench_driver_read,
	.write		= bench_driver_write,
	.unlocked_ioctl	= bench_driver_unlocked_ioctl,
	.poll		= bench_driver_poll,
	.mmap		= bench_driver_mmap,
};

int __init bench_driver_init(void)
{
	bench_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	return bench_page ? 0 : -ENOMEM;
}

void bench_driver_exit(void)
{
	__free_page(bench_page);
}

/* No protection: the driver as it is. Who is inside when the device goes runs on freed memory. */
const struct bench_technique bench_bare = {
	.name		= "bare",
	.user		= "nobody",
	.size		= sizeof(struct bench),
	.own		= &bench_driver_fops,
};
