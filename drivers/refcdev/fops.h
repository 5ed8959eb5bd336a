/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fops.h: the table of file operations: one row per operation that is guarded
 *
 * A new operation is one row here. Its proxy enters the gate, calls the driver's
 * operation and exits; if the gate is closed it returns the last column. Rows of
 * REFCDEV_FOPS_OWN have a proxy written by hand, in fops.c or node.c, because
 * being refused, or what is passed on, is not that simple.
 */
#ifndef REFCDEV_FOPS_H
#define REFCDEV_FOPS_H

#include <linux/poll.h>
#include <linux/refcdev.h>

#include "compat.h"

/* What a call gets after disconnect, unless the table says otherwise. */
#define REFCDEV_GONE	(-ENXIO)

/*  member, type, parameters, arguments, file, when refused */
#define REFCDEV_FOPS(X)								\
	X(llseek, loff_t, (struct file *file, loff_t offset, int whence),	\
	  (file, offset, whence), file, REFCDEV_GONE)				\
	X(read, ssize_t,							\
	  (struct file *file, char __user *buf, size_t len, loff_t *pos),	\
	  (file, buf, len, pos), file, REFCDEV_GONE)				\
	X(write, ssize_t,							\
	  (struct file *file, const char __user *buf, size_t len, loff_t *pos),	\
	  (file, buf, len, pos), file, REFCDEV_GONE)				\
	X(poll, __poll_t, (struct file *file, struct poll_table_struct *wait),	\
	  (file, wait), file, EPOLLERR | EPOLLHUP)				\
	X(unlocked_ioctl, long,							\
	  (struct file *file, unsigned int cmd, unsigned long arg),		\
	  (file, cmd, arg), file, REFCDEV_GONE)					\
	X(compat_ioctl, long,							\
	  (struct file *file, unsigned int cmd, unsigned long arg),		\
	  (file, cmd, arg), file, REFCDEV_GONE)					\
	X(flush, int, (struct file *file, fl_owner_t id),			\
	  (file, id), file, 0)

#define REFCDEV_FOPS_OWN(X)							\
	X(read_iter)								\
	X(write_iter)								\
	X(mmap)									\
	X(fasync)								\
	X(open)									\
	X(release)

/* Not guarded yet: a driver that has one of them cannot register. */
#define REFCDEV_FOPS_REFUSED(X)							\
	REFCDEV_FOPS_OF_VERSION(X)						\
	X(iopoll)								\
	X(iterate_shared)							\
	X(fsync)								\
	X(lock)									\
	X(get_unmapped_area)							\
	X(check_flags)								\
	X(flock)								\
	X(splice_write)								\
	X(splice_read)								\
	X(setlease)								\
	X(fallocate)								\
	X(show_fdinfo)								\
	X(copy_file_range)							\
	X(remap_file_range)							\
	X(fadvise)								\
	X(uring_cmd)								\
	X(uring_cmd_iopoll)

/* The kinds of calls that the gate counts apart: LIFETIME_OP_KERNEL, then these. */
#define REFCDEV_OP_ENUM(member, ...)	REFCDEV_OP_##member,
enum refcdev_op {
	REFCDEV_OP_kernel = LIFETIME_OP_KERNEL,
	REFCDEV_FOPS(REFCDEV_OP_ENUM)
	REFCDEV_FOPS_OWN(REFCDEV_OP_ENUM)
	REFCDEV_NR_OPS
};

const char *refcdev_op_name(unsigned int op);
int refcdev_make_proxy(struct refcdev_type *type);

/* node.c: their proxies take and drop the file's reference. */
int refcdev_release(struct inode *inode, struct file *file);

#endif /* REFCDEV_FOPS_H */
