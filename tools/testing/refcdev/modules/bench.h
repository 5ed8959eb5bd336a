/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h: one trivial driver, and the proxy that every technique of protection is put into
 *
 * A technique comes in two forms. Behind the proxy the driver knows nothing of it, and the
 * proxy does for each what refcdev's does, so that only the technique differs: an open looks
 * up the minor, enters, takes a reference for the file, puts the proxy's table and the
 * node's address_space in place, and calls the driver's; a call finds the instance through
 * that, enters, calls the driver's operation through the driver's table, and exits; a release
 * goes through, and enters if it can; page faults are calls. What a technique has per open
 * file beyond that comes on top. In its own form the driver's operations themselves are
 * written the way the technique's user in the kernel writes them.
 */
#ifndef BENCH_H
#define BENCH_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/refcount.h>

struct bench_technique;

/* What is behind one node. A technique has its own structure, which begins with this. */
struct bench {
	const struct file_operations *fops;	/* the driver's, for the proxy */
	const struct vm_operations_struct *vm_ops;
	const struct bench_technique *technique;
	struct inode *inode;			/* that the proxy finds the instance by */
	refcount_t ref;				/* the proxy's: the node and open files */
	struct cdev cdev;
	struct device dev;			/* its release frees this */
};

/**
 * struct bench_technique - a way to keep calls away from a device that is gone
 * @name: as in the names of its nodes
 * @user: who does it that way
 * @size: of its structure
 * @proxy: the cdev's operations where it is behind the proxy, nothing but an open; NULL if
 *	it never is
 * @own: the cdev's operations in its own form; NULL if it has none
 * @own_guards_all: mappings and faults as well, in its own form
 * @error: what calls are refused with
 * @error_open: what an open is refused with
 * @events: what poll reports when it is refused
 * @init: makes what the technique needs; optional
 * @disconnect: refuse from now on, and wait for the calls that are inside; NULL if nothing
 *	is guarded
 * @destroy: undoes @init; optional
 * @add: registers a node of that name by other means than a cdev; optional
 * @remove: undoes @add
 */
struct bench_technique {
	const char *name;
	const char *user;
	size_t size;
	const struct file_operations *proxy;
	const struct file_operations *own;
	bool own_guards_all;
	int error;
	int error_open;
	__poll_t events;
	int (*init)(struct bench *bench);
	int (*disconnect)(struct bench *bench);
	void (*destroy)(struct bench *bench);
	int (*add)(struct bench *bench, const char *name);
	void (*remove)(struct bench *bench);
};

extern const struct bench_technique bench_bare, bench_proxy, bench_counter, bench_rwsem,
	bench_srcu, bench_percpu_ref, bench_table, bench_refcdev;

/* bench_find.c */
int bench_find_init(void);
void bench_find_exit(void);
int bench_publish(struct bench *bench);
void bench_unpublish(struct bench *bench);
struct bench *bench_get(unsigned int minor);
void bench_put(struct bench *bench);

/* bench_driver.c */
extern const struct file_operations bench_driver_fops;
extern const struct vm_operations_struct bench_driver_vm_ops;
int bench_driver_init(void);
void bench_driver_exit(void);
int bench_driver_open(struct inode *inode, struct file *file);
int bench_driver_release(struct inode *inode, struct file *file);
int bench_driver_mmap(struct file *file, struct vm_area_struct *vma);
vm_fault_t bench_driver_fault(struct vm_fault *vmf);
vm_fault_t bench_map_returned(struct vm_fault *vmf, vm_fault_t ret);

/* The driver: all that its calls do. In the own form of a technique this is inline. */
static __always_inline ssize_t bench_do_read(struct file *file, char __user *buf, size_t len,
					     loff_t *pos)
{
	return len;
}

static __always_inline ssize_t bench_do_write(struct file *file, const char __user *buf,
					      size_t len, loff_t *pos)
{
	return len;
}

static __always_inline long bench_do_unlocked_ioctl(struct file *file, unsigned int cmd,
						    unsigned long arg)
{
	return 0;
}

/* Always ready, so nobody waits, and a queue to wait on would cost each row the same. */
static __always_inline __poll_t bench_do_poll(struct file *file, struct poll_table_struct *wait)
{
	return EPOLLIN | EPOLLOUT;
}

/* As refcdev_of(): two loads. */
static __always_inline struct bench *bench_of(const struct file *file)
{
	return container_of(file->f_mapping, struct inode, i_data)->i_private;
}

/* The cdev keeps the instance, and an open file keeps the cdev. */
static __always_inline struct bench *bench_of_inode(const struct inode *inode)
{
	return container_of(inode->i_cdev, struct bench, cdev);
}

/* An open that leads to another table of operations, as those of debugfs and of DRM do. */
static inline int bench_open_with(const struct file_operations *fops, struct inode *inode,
				  struct file *file)
{
	fops = fops_get(fops);
	if (!fops)
		return -ENXIO;
	replace_fops(file, fops);
	return fops->open(inode, file);
}

/* The driver's operation: called through its table, or inline. */
#define BENCH_VIA_TABLE(bench, member)	(bench)->fops->member
#define BENCH_INLINE(bench, member)	bench_do_##member

/*
 * One guarded call. WAY_find(file) returns the instance; WAY_enter(bench) a number that
 * WAY_exit(bench, number) gets back, or a negative one if the device is gone.
 */
#define BENCH_CALL(way, via, member, type, params, args, refused)		\
static type way##_##member params						\
{										\
	struct bench *bench = way##_find(file);					\
	int token = way##_enter(bench);						\
	type ret;								\
										\
	if (unlikely(token < 0))						\
		return refused;							\
	ret = via(bench, member) args;						\
	way##_exit(bench, token);						\
	return ret;								\
}

/* All that are called on an open file, but for mappings. */
#define BENCH_CALLS(way, via, error, events)					\
BENCH_CALL(way, via, read, ssize_t,						\
	   (struct file *file, char __user *buf, size_t len, loff_t *pos),	\
	   (file, buf, len, pos), error)					\
BENCH_CALL(way, via, write, ssize_t,						\
	   (struct file *file, const char __user *buf, size_t len, loff_t *pos),	\
	   (file, buf, len, pos), error)					\
BENCH_CALL(way, via, unlocked_ioctl, long,					\
	   (struct file *file, unsigned int cmd, unsigned long arg),		\
	   (file, cmd, arg), error)						\
BENCH_CALL(way, via, poll, __poll_t,						\
	   (struct file *file, struct poll_table_struct *wait),			\
	   (file, wait), events)

/* What comes with no page that is to be mapped. */
#define BENCH_FAULT_DONE							\
	(VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY | VM_FAULT_COMPLETED | VM_FAULT_DONE_COW)

/*
 * The proxy maps a page that a handler returns, as the caller would when nobody is inside any
 * more. In its own form a driver inserts it.
 */
#define BENCH_FAULT_VIA_TABLE(bench, vmf)					\
({										\
	vm_fault_t __ret = (bench)->vm_ops->fault(vmf);				\
										\
	__ret & BENCH_FAULT_DONE ? __ret : bench_map_returned(vmf, __ret);	\
})
#define BENCH_FAULT_INLINE(bench, vmf)	bench_driver_fault(vmf)

/* Mappings: the driver's own table of operations gives way to one that guards faults. */
#define BENCH_MAPPINGS(way, via, error)						\
static vm_fault_t way##_fault(struct vm_fault *vmf)				\
{										\
	struct bench *bench = way##_find(vmf->vma->vm_file);			\
	int token = way##_enter(bench);						\
	vm_fault_t ret;								\
										\
	if (unlikely(token < 0))						\
		return VM_FAULT_SIGBUS;						\
	ret = via(bench, vmf);							\
	way##_exit(bench, token);						\
	return ret;								\
}										\
										\
static const struct vm_operations_struct way##_vm_ops = {			\
	.fault = way##_fault,							\
};										\
										\
static int way##_mmap(struct file *file, struct vm_area_struct *vma)		\
{										\
	struct bench *bench = way##_find(file);					\
	int token = way##_enter(bench);						\
	int ret;								\
										\
	if (unlikely(token < 0))						\
		return error;							\
	ret = bench_driver_mmap(file, vma);					\
	if (!ret)								\
		vma->vm_ops = &way##_vm_ops;					\
	way##_exit(bench, token);						\
	return ret;								\
}

#define BENCH_MEMBERS(way)							\
	.release	= way##_release,					\
	.read		= way##_read,						\
	.write		= way##_write,						\
	.unlocked_ioctl	= way##_unlocked_ioctl,					\
	.poll		= way##_poll,						\
	.mmap		= way##_mmap,

/* For own forms. */
#define BENCH_FOPS(way)								\
static const struct file_operations way##_fops = {				\
	.owner		= THIS_MODULE,						\
	.open		= way##_open,						\
	BENCH_MEMBERS(way)							\
}

/*
 * The proxy's open, from a table that has nothing else, and its release. WAY_table(bench)
 * returns the table for one file, or NULL, and WAY_untable(file) ends its use.
 */
#define BENCH_RELEASE(way)							\
static int way##_release(struct inode *inode, struct file *file)		\
{										\
	struct bench *bench = way##_find(file);					\
	int token = way##_enter(bench);						\
	int ret = bench->fops->release(inode, file);				\
										\
	if (likely(token >= 0))							\
		way##_exit(bench, token);					\
	way##_untable(file);							\
	bench_put(bench);							\
	return ret;								\
}

#define BENCH_OPEN(way, error)							\
static int way##_open_with_table(struct bench *bench, struct inode *inode,	\
				 struct file *file)				\
{										\
	int ret;								\
										\
	file->f_op = way##_table(bench);					\
	if (!file->f_op || !try_module_get(THIS_MODULE)) {			\
		way##_untable(file);						\
		file->f_op = NULL;						\
		return -ENXIO;							\
	}									\
	file->f_mapping = bench->inode->i_mapping;				\
	file->private_data = bench;						\
	ret = bench->fops->open(inode, file);					\
	if (ret)								\
		way##_untable(file);						\
	return ret;								\
}										\
										\
static int way##_open(struct inode *inode, struct file *file)			\
{										\
	struct bench *bench = bench_get(iminor(inode));				\
	int token, ret = error;							\
										\
	/* If this fails, the table is looked at when nothing keeps the module. */	\
	file->f_op = NULL;							\
	if (!bench)								\
		return -ENXIO;							\
	token = way##_enter(bench);						\
	if (likely(token >= 0)) {						\
		ret = way##_open_with_table(bench, inode, file);		\
		way##_exit(bench, token);					\
	}									\
	if (ret)								\
		bench_put(bench);						\
	return ret;								\
}										\
										\
/* No owner: an open file keeps the module through the cdev. */			\
static const struct file_operations way##_dispatcher = {			\
	.open	= way##_open,							\
}

/* A whole technique behind the proxy. */
#define BENCH_PROXY_WITH_TABLE(way, error, events)				\
static __always_inline struct bench *way##_find(const struct file *file)	\
{										\
	return bench_of(file);							\
}										\
BENCH_CALLS(way, BENCH_VIA_TABLE, error, events)				\
BENCH_MAPPINGS(way, BENCH_FAULT_VIA_TABLE, error)				\
BENCH_RELEASE(way)								\
static const struct file_operations way##_fops = {				\
	.owner		= THIS_MODULE,						\
	BENCH_MEMBERS(way)							\
};										\
BENCH_OPEN(way, error)

/* One with the same table for all files. */
#define BENCH_PROXY(way, error, events)						\
static const struct file_operations way##_fops;					\
static __always_inline const struct file_operations *way##_table(struct bench *bench)	\
{										\
	return &way##_fops;							\
}										\
static __always_inline void way##_untable(struct file *file)			\
{										\
}										\
BENCH_PROXY_WITH_TABLE(way, error, events)

#endif /* BENCH_H */
