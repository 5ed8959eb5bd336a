// SPDX-License-Identifier: GPL-2.0-only
/*
 * allocs.c: counts slab allocations, by task and by where in the kernel they are made
 *
 * By the tracepoints of the allocators, of which all have the address of the caller as
 * their first argument, in every kernel, and others after it that this does not look at.
 */
#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include "allocs_ioctl.h"

#define MAX_SITES	16

static const char * const names[] = {
	"kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node",
};

static struct tracepoint *points[ARRAY_SIZE(names)];
static struct module *core;
static struct task_struct *watched;
static atomic64_t by_task, by_core;

/* Of the watched task, which alone writes it. */
static struct {
	unsigned long address;
	unsigned long count;
} sites[MAX_SITES];

static void count_site(unsigned long site)
{
	int i;

	for (i = 0; i < MAX_SITES; i++) {
		if (sites[i].count && sites[i].address != site)
			continue;
		sites[i].address = site;
		sites[i].count++;
		return;
	}
}

static void on_alloc(void *data, unsigned long site)
{
	struct task_struct *task = READ_ONCE(watched);

	if (!task)
		return;
	if (core && within_module(site, core))
		atomic64_inc(&by_core);
	if (task != current || !in_task())
		return;
	atomic64_inc(&by_task);
	count_site(site);
}

/* A node's inode has cached the core's cdev when it was opened. */
static long allocs_core(unsigned int fd)
{
	struct file *file = fget(fd);
	struct cdev *cdev;
	long ret = -EINVAL;

	if (!file)
		return -EBADF;
	cdev = S_ISCHR(file_inode(file)->i_mode) ? file_inode(file)->i_cdev : NULL;
	if (cdev && cdev->owner && !strcmp(cdev->owner->name, "refcdev")) {
		core = cdev->owner;
		ret = 0;
	}
	fput(file);
	return ret;
}

static long allocs_end(struct allocs_counts __user *to)
{
	struct allocs_counts counts;

	WRITE_ONCE(watched, NULL);
	counts.task = atomic64_read(&by_task);
	counts.core = atomic64_read(&by_core);
	return copy_to_user(to, &counts, sizeof(counts)) ? -EFAULT : 0;
}

static long allocs_show(void)
{
	int i;

	for (i = 0; i < MAX_SITES && sites[i].count; i++)
		pr_info("allocs: %lu from %pS\n", sites[i].count, (void *)sites[i].address);
	return 0;
}

static long allocs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case ALLOCS_CORE:
		return allocs_core(arg);
	case ALLOCS_BEGIN:
		atomic64_set(&by_task, 0);
		atomic64_set(&by_core, 0);
		memset(sites, 0, sizeof(sites));
		WRITE_ONCE(watched, current);
		return 0;
	case ALLOCS_END:
		return allocs_end((void __user *)arg);
	case ALLOCS_SHOW:
		return allocs_show();
	default:
		return -ENOTTY;
	}
}

/* The task may be gone after this, and another one have its address. */
static int allocs_release(struct inode *inode, struct file *file)
{
	WRITE_ONCE(watched, NULL);
	return 0;
}

static const struct file_operations allocs_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = allocs_ioctl,
	.release = allocs_release,
};

static struct miscdevice allocs = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "allocs",
	.fops = &allocs_fops,
};

static void find_point(struct tracepoint *point, void *data)
{
	int i = match_string(names, ARRAY_SIZE(names), point->name);

	if (i >= 0)
		points[i] = point;
}

static void remove_probes(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i])
			tracepoint_probe_unregister(points[i], on_alloc, NULL);
	tracepoint_synchronize_unregister();
}

/* Those of nodes were merged with the others in later kernels. */
static int __init allocs_init(void)
{
	int ret, i;

	for_each_kernel_tracepoint(find_point, NULL);
	if (!points[0] || !points[2])
		return -ENODEV;
	for (i = 0; i < ARRAY_SIZE(points); i++) {
		ret = points[i] ? tracepoint_probe_register(points[i], on_alloc, NULL) : 0;
		if (ret) {
			points[i] = NULL;
			remove_probes();
			return ret;
		}
	}
	ret = misc_register(&allocs);
	if (ret)
		remove_probes();
	return ret;
}
module_init(allocs_init);

static void __exit allocs_exit(void)
{
	misc_deregister(&allocs);
	remove_probes();
}
module_exit(allocs_exit);

MODULE_DESCRIPTION("Counts slab allocations");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
