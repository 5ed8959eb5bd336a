/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fops.h: the table of file operations: the one place that knows all of them
 *
 * One row per member of struct file_operations, and the kind of the row says what
 * becomes of it. A member without a row breaks the build, in fops.c; so a new kernel
 * cannot open a hole. Rows that some kernels lack stand in a FOP_...() of compat.h.
 *
 *  CALL	has a proxy: it enters the gate, calls the driver's operation and exits;
 *		if the gate is closed it returns the last column.
 *  PASS	the same, but where the last column is true it goes through in any case.
 *		These undo something that would outlive the file.
 *  LOCK	the same as PASS, for what gives up a lock, and see locks.h for the rest.
 *  VOID	the same as CALL, for an operation that returns nothing.
 *  OWN		has a proxy written by hand, in async.c, uring.c or mmap.c.
 *  ENDS	the core's own, in open.c, whether the driver has one or not.
 *  DATA	no operation: copied.
 *  NEVER	the VFS does not call it on a character device, for the reason given: no
 *		proxy, so it is not there.
 *  REFUSED	cannot be guarded, for the reason given: registration fails with it.
 */
#ifndef REFCDEV_FOPS_H
#define REFCDEV_FOPS_H

#include <linux/poll.h>
#include <linux/refcdev.h>

#include "compat.h"

/*  kind, member, type, parameters, arguments, file, when refused, goes through */
#define REFCDEV_FOPS(X)								\
	X(DATA, owner)								\
	FOP_FOP_FLAGS(X(DATA, fop_flags))					\
	FOP_MMAP_SUPPORTED_FLAGS(X(DATA, mmap_supported_flags))			\
	X(CALL, llseek, loff_t, (struct file *file, loff_t offset, int whence),	\
	  (file, offset, whence), file, LIFETIME_GONE)				\
	X(CALL, read, ssize_t,							\
	  (struct file *file, char __user *buf, size_t len, loff_t *pos),	\
	  (file, buf, len, pos), file, LIFETIME_GONE)				\
	X(CALL, write, ssize_t,							\
	  (struct file *file, const char __user *buf, size_t len, loff_t *pos),	\
	  (file, buf, len, pos), file, LIFETIME_GONE)				\
	X(OWN, read_iter)							\
	X(OWN, write_iter)							\
	X(CALL, poll, __poll_t,							\
	  (struct file *file, struct poll_table_struct *wait),			\
	  (file, wait), file, EPOLLERR | EPOLLHUP)				\
	X(CALL, unlocked_ioctl, long,						\
	  (struct file *file, unsigned int cmd, unsigned long arg),		\
	  (file, cmd, arg), file, LIFETIME_GONE)				\
	X(CALL, compat_ioctl, long,						\
	  (struct file *file, unsigned int cmd, unsigned long arg),		\
	  (file, cmd, arg), file, LIFETIME_GONE)				\
	X(OWN, mmap)								\
	X(ENDS, open)								\
	X(ENDS, release)							\
	X(CALL, flush, int, (struct file *file, fl_owner_t id),			\
	  (file, id), file, 0)							\
	X(CALL, fsync, int,							\
	  (struct file *file, loff_t start, loff_t end, int datasync),		\
	  (file, start, end, datasync), file, LIFETIME_GONE)			\
	X(PASS, fasync, int, (int fd, struct file *file, int on),		\
	  (fd, file, on), file, LIFETIME_GONE, !on)				\
	X(LOCK, lock)								\
	X(LOCK, flock)								\
	X(PASS, setlease, int,							\
	  (struct file *file, setlease_arg arg, struct file_lease **lease, void **priv),	\
	  (file, arg, lease, priv), file, LIFETIME_GONE, arg == F_UNLCK)	\
	X(CALL, get_unmapped_area, unsigned long,				\
	  (struct file *file, unsigned long addr, unsigned long len,		\
	   unsigned long pgoff, unsigned long flags),				\
	  (file, addr, len, pgoff, flags), file, LIFETIME_GONE)			\
	X(CALL, splice_read, ssize_t,						\
	  (struct file *file, loff_t *pos, struct pipe_inode_info *pipe,	\
	   size_t len, unsigned int flags),					\
	  (file, pos, pipe, len, flags), file, LIFETIME_GONE)			\
	X(CALL, splice_write, ssize_t,						\
	  (struct pipe_inode_info *pipe, struct file *file, loff_t *pos,	\
	   size_t len, unsigned int flags),					\
	  (pipe, file, pos, len, flags), file, LIFETIME_GONE)			\
	FOP_SPLICE_EOF(X(VOID, splice_eof, (struct file *file), (file), file))	\
	FOP_SENDPAGE(X(CALL, sendpage, ssize_t,					\
	  (struct file *file, struct page *page, int offset, size_t len,	\
	   loff_t *pos, int more),						\
	  (file, page, offset, len, pos, more), file, LIFETIME_GONE))		\
	X(CALL, fadvise, int,							\
	  (struct file *file, loff_t start, loff_t end, int advice),		\
	  (file, start, end, advice), file, LIFETIME_GONE)			\
	X(VOID, show_fdinfo, (struct seq_file *seq, struct file *file),		\
	  (seq, file), file)							\
	FOP_ITERATE(X(CALL, iterate, int,					\
	  (struct file *file, struct dir_context *ctx),				\
	  (file, ctx), file, LIFETIME_GONE))					\
	X(CALL, iterate_shared, int,						\
	  (struct file *file, struct dir_context *ctx),				\
	  (file, ctx), file, LIFETIME_GONE)					\
	X(OWN, uring_cmd)							\
	X(NEVER, fallocate, "vfs_fallocate() wants a regular file or a block device")	\
	X(NEVER, copy_file_range, "generic_file_rw_checks() wants two regular files")	\
	X(REFUSED, remap_file_range, "as a target it may be called for a file it does not own")	\
	X(REFUSED, check_flags, "it is not told the file, so nobody knows the device")	\
	X(REFUSED, iopoll, "it looks for requests that may have completed, and gone")	\
	X(REFUSED, uring_cmd_iopoll, "it looks for requests that may have completed, and gone") \
	FOP_MMAP_PREPARE(X(OWN, mmap_prepare), X(REFUSED, mmap_prepare, "use mmap"))

/*
 * The kinds of calls that the gate counts apart: LIFETIME_OP_KERNEL, then a row each, then
 * what is called for mappings: by page faults, and the rest.
 */
#define REFCDEV_OP_ENUM(kind, member, ...)	REFCDEV_OP_##member,
enum refcdev_op {
	REFCDEV_OP_kernel = LIFETIME_OP_KERNEL,
	REFCDEV_FOPS(REFCDEV_OP_ENUM)
	REFCDEV_OP_fault,
	REFCDEV_OP_vma,
	REFCDEV_NR_OPS
};

const char *refcdev_op_name(unsigned int op);
void refcdev_refused(struct lifetime *life, enum refcdev_op op);
int refcdev_make_proxy(struct refcdev_type *type);

/* open.c: they take and drop the file's reference. */
int refcdev_release(struct inode *inode, struct file *file);

/* async.c, uring.c: calls that may return before they are done. */
ssize_t refcdev_read_iter(struct kiocb *iocb, struct iov_iter *iter);
ssize_t refcdev_write_iter(struct kiocb *iocb, struct iov_iter *iter);
int refcdev_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags);
int refcdev_init_async(void);
void refcdev_exit_async(void);
void refcdev_init_uring(void);

#endif /* REFCDEV_FOPS_H */
