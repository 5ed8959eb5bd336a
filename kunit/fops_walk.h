/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fops_walk.h: a driver with every file operation that the VFS may call on a device, and
 * a call of each that says what arrived and what came back
 *
 * The signatures are written down here once more, and not taken from the core's table:
 * a row that mixes up its arguments must not be compared with itself.
 */
#ifndef REFCDEV_KUNIT_FOPS_WALK_H
#define REFCDEV_KUNIT_FOPS_WALK_H

#include <linux/mman.h>

#include "../drivers/refcdev/fops.h"
#include "gadget.h"
#include "table.h"
#include "words.h"

/**
 * struct walk - the driver's records, and the arguments that are no fakes
 * @calls: how often each operation of the driver was called
 * @total: how often any was
 * @seen: arguments that the driver was last called with
 * @sent: arguments of the last call
 * @ret: what that returned
 * @undo: make the call one that undoes something
 * @file: what is called
 * @path: the node
 * @spare: another file of the node
 * @iocb: of @file
 * @ioucmd: of @file
 * @vma: for a mapping that fails
 * @desc: the same
 * @lock: locks, by @undo
 * @lease: leases, by @undo
 * @fake: what other pointers point to
 */
static struct walk {
	unsigned int calls[REFCDEV_NR_OPS];
	unsigned int total;
	struct words seen, sent;
	long ret;
	bool undo;
	struct file *file;
	struct path path;
	struct file *spare;
	struct kiocb iocb;
	struct io_uring_cmd ioucmd;
	struct vm_area_struct vma;
#ifdef HAVE_MMAP_PREPARE
	struct vm_area_desc desc;
#endif
	struct file_lock lock[2];
	struct file_lease *lease[2];
	char fake[8];
} walk;

/* Where a kernel has the operation, and the core refuses it. */
#define NO_ROW
#define FAKE(nr)		((void *)&walk.fake[nr])
/* What a call of an operation that returns nothing leaves in walk.ret. */
#define NOTHING			(-77)
/* What the driver's operations return, each something else. */
#define ANSWER(member)		(1000 + REFCDEV_OP_##member)

/* member, type, parameters, arguments in the order of the parameters, values of a call */
#define WALK_CALLS(X)								\
	X(llseek, loff_t, (struct file *file, loff_t offset, int whence),	\
	  (file, offset, whence), (walk.file, 11, 12))				\
	X(read, ssize_t, (struct file *file, char __user *buf, size_t len, loff_t *pos), \
	  (file, buf, len, pos), (walk.file, FAKE(1), 22, FAKE(2)))		\
	X(write, ssize_t,							\
	  (struct file *file, const char __user *buf, size_t len, loff_t *pos),	\
	  (file, buf, len, pos), (walk.file, FAKE(1), 32, FAKE(2)))		\
	X(read_iter, ssize_t, (struct kiocb *iocb, struct iov_iter *iter),	\
	  (iocb, iter), (&walk.iocb, FAKE(1)))					\
	X(write_iter, ssize_t, (struct kiocb *iocb, struct iov_iter *iter),	\
	  (iocb, iter), (&walk.iocb, FAKE(1)))					\
	X(poll, __poll_t, (struct file *file, struct poll_table_struct *wait),	\
	  (file, wait), (walk.file, FAKE(1)))					\
	X(unlocked_ioctl, long, (struct file *file, unsigned int cmd, unsigned long arg), \
	  (file, cmd, arg), (walk.file, 41, 42))				\
	X(compat_ioctl, long, (struct file *file, unsigned int cmd, unsigned long arg),	\
	  (file, cmd, arg), (walk.file, 51, 52))				\
	X(mmap, int, (struct file *file, struct vm_area_struct *vma),		\
	  (file, vma), (walk.file, &walk.vma))					\
	FOP_MMAP_PREPARE(X(mmap_prepare, int, (struct vm_area_desc *desc), (desc),	\
			   (&walk.desc)), NO_ROW)				\
	X(flush, int, (struct file *file, fl_owner_t id), (file, id), (walk.file, FAKE(1))) \
	X(fsync, int, (struct file *file, loff_t start, loff_t end, int datasync), \
	  (file, start, end, datasync), (walk.file, 61, 62, 63))		\
	X(get_unmapped_area, unsigned long,					\
	  (struct file *file, unsigned long addr, unsigned long len, unsigned long pgoff, \
	   unsigned long flags),						\
	  (file, addr, len, pgoff, flags), (walk.file, 71, 72, 73, 74))		\
	X(splice_read, ssize_t,							\
	  (struct file *file, loff_t *pos, struct pipe_inode_info *pipe, size_t len, \
	   unsigned int flags),							\
	  (file, pos, pipe, len, flags), (walk.file, FAKE(1), FAKE(2), 83, 84))	\
	X(splice_write, ssize_t,						\
	  (struct pipe_inode_info *pipe, struct file *file, loff_t *pos, size_t len, \
	   unsigned int flags),							\
	  (pipe, file, pos, len, flags), (FAKE(1), walk.file, FAKE(2), 93, 94))	\
	FOP_SENDPAGE(X(sendpage, ssize_t,					\
	  (struct file *file, struct page *page, int offset, size_t len, loff_t *pos, \
	   int more),								\
	  (file, page, offset, len, pos, more),					\
	  (walk.file, FAKE(1), 101, 102, FAKE(2), 103)))			\
	X(fadvise, int, (struct file *file, loff_t start, loff_t end, int advice), \
	  (file, start, end, advice), (walk.file, 111, 112, 113))		\
	FOP_ITERATE(X(iterate, int, (struct file *file, struct dir_context *ctx), \
	  (file, ctx), (walk.file, FAKE(1))))					\
	X(iterate_shared, int, (struct file *file, struct dir_context *ctx),	\
	  (file, ctx), (walk.file, FAKE(1)))					\
	X(uring_cmd, int, (struct io_uring_cmd *ioucmd, unsigned int issue_flags), \
	  (ioucmd, issue_flags), (&walk.ioucmd, IO_URING_F_NONBLOCK))

/* The same, for those that get through when they undo something. */
#define WALK_UNDOING(X)								\
	X(fasync, int, (int fd, struct file *file, int on),			\
	  (fd, file, on), (121, walk.file, !walk.undo))				\
	X(lock, int, (struct file *file, int cmd, struct file_lock *lock),	\
	  (file, cmd, lock), (walk.file, 131, &walk.lock[walk.undo]))		\
	X(flock, int, (struct file *file, int cmd, struct file_lock *lock),	\
	  (file, cmd, lock), (walk.file, 141, &walk.lock[walk.undo]))		\
	X(setlease, int,							\
	  (struct file *file, setlease_arg arg, struct file_lease **lease, void **priv), \
	  (file, arg, lease, priv),						\
	  (walk.file, walk.undo ? F_UNLCK : F_RDLCK, &walk.lease[walk.undo], FAKE(1)))

/* For those that return nothing. */
#define WALK_VOID(X)								\
	X(show_fdinfo, void, (struct seq_file *seq, struct file *file),		\
	  (seq, file), (FAKE(1), walk.file))					\
	FOP_SPLICE_EOF(X(splice_eof, void, (struct file *file), (file), (walk.file)))

/* And those that the VFS does not call on a character device. */
#define WALK_NEVER(X)								\
	X(fallocate, long, (struct file *file, int mode, loff_t offset, loff_t len), \
	  (file, mode, offset, len), ())					\
	X(copy_file_range, ssize_t,						\
	  (struct file *in, loff_t pos_in, struct file *out, loff_t pos_out,	\
	   size_t len, unsigned int flags),					\
	  (in, pos_in, out, pos_out, len, flags), ())

static void saw(enum refcdev_op op, struct words args)
{
	walk.calls[op]++;
	walk.total++;
	walk.seen = args;
}

#define DRIVER(member, type, params, args, ...)					\
static type driver_##member params						\
{										\
	saw(REFCDEV_OP_##member, WORDS args);					\
	return (__force type)ANSWER(member);					\
}

#define DRIVER_VOID(member, type, params, args, ...)				\
static void driver_##member params						\
{										\
	saw(REFCDEV_OP_##member, WORDS args);					\
}

WALK_CALLS(DRIVER)
WALK_UNDOING(DRIVER)
WALK_VOID(DRIVER_VOID)
WALK_NEVER(DRIVER)

static int driver_open(struct inode *inode, struct file *file)
{
	saw(REFCDEV_OP_open, WORDS(inode, file));
	return 0;
}

static int driver_release(struct inode *inode, struct file *file)
{
	saw(REFCDEV_OP_release, WORDS(inode, file));
	return 0;
}

/* A function with the operation's parameters, and a call of it with the values. */
#define CALLER(member, type, params, args, values)				\
static long pass_##member params						\
{										\
	walk.sent = WORDS args;							\
	return (__force long)walk.file->f_op->member args;			\
}										\
										\
static void invoke_##member(void)							\
{										\
	walk.ret = pass_##member values;					\
}

#define CALLER_VOID(member, type, params, args, values)				\
static void pass_##member params						\
{										\
	walk.sent = WORDS args;							\
	walk.file->f_op->member args;						\
}										\
										\
static void invoke_##member(void)							\
{										\
	pass_##member values;							\
	walk.ret = NOTHING;							\
}

WALK_CALLS(CALLER)
WALK_UNDOING(CALLER)
WALK_VOID(CALLER_VOID)

/**
 * struct caller - how to call an operation
 * @name: the member
 * @call: calls it once
 * @answer: what the driver returns
 * @undoes: it may undo something, and get through then
 */
struct caller {
	const char *name;
	void (*call)(void);
	long answer;
	bool undoes;
};

#define CALLER_ROW(member, ...)							\
	{ #member, invoke_##member, ANSWER(member), false },
#define CALLER_ROW_UNDOES(member, ...)						\
	{ #member, invoke_##member, ANSWER(member), true },
#define CALLER_ROW_VOID(member, ...)						\
	{ #member, invoke_##member, NOTHING, false },

static const struct caller callers[] = {
	WALK_CALLS(CALLER_ROW)
	WALK_UNDOING(CALLER_ROW_UNDOES)
	WALK_VOID(CALLER_ROW_VOID)
};

enum kind { CALL, PASS, LOCK, VOID, OWN, ENDS, DATA, NEVER, REFUSED };

#define ROW(kind, member, ...)							\
	{ #member, kind, REFCDEV_OP_##member, offsetof(struct file_operations, member), \
	  sizeof_field(struct file_operations, member) },

/* The core's table. */
static const struct row {
	const char *name;
	enum kind kind;
	enum refcdev_op op;
	size_t offset, size;
} rows[] = {
	REFCDEV_FOPS(ROW)
};

static void *slot(const struct file_operations *fops, const struct row *row)
{
	return (void *)fops + row->offset;
}

static bool slot_is_set(const struct file_operations *fops, const struct row *row)
{
	return memchr_inv(slot(fops, row), 0, row->size);
}

static struct file_operations driver_fops;

#define DRIVER_SET(member, ...)		driver_fops.member = driver_##member;

/* Everything that a registration accepts. */
static void driver_fops_init(void)
{
	memset(&driver_fops, 0, sizeof(driver_fops));
	driver_fops.owner = THIS_MODULE;
	FOP_MMAP_SUPPORTED_FLAGS(driver_fops.mmap_supported_flags = MAP_SYNC;)
	FOP_FOP_FLAGS(driver_fops.fop_flags = FOP_MMAP_SYNC;)
	driver_fops.open = driver_open;
	driver_fops.release = driver_release;
	WALK_CALLS(DRIVER_SET)
	WALK_UNDOING(DRIVER_SET)
	WALK_VOID(DRIVER_SET)
	WALK_NEVER(DRIVER_SET)
}

#endif /* REFCDEV_KUNIT_FOPS_WALK_H */
