// SPDX-License-Identifier: GPL-2.0-only
/*
 * twin_ops.c: the twins' file operations: whatever they are asked, they answer by their
 * arguments and data alone, and write down what they were asked
 */
#include <asm/ioctls.h>
#include <linux/crc32.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include <linux/splice.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "../../../../drivers/refcdev/compat.h"
#include "twin.h"

/* Written down without lock: twin_test makes one call at a time. */
static void note_words(struct twin_side_data *side, const u64 *words, size_t size)
{
	side->log->hash = crc32_le(side->log->hash, (const u8 *)words, size);
}

#define note(side, op, ...)							\
({										\
	const u64 __words[] = { op, __VA_ARGS__ };				\
										\
	note_words(side, __words, sizeof(__words));				\
})

static struct twin_side_data *called(struct file *file)
{
	struct twin_side_data *side = file->private_data;

	side->log->calls++;
	return side;
}

static int twin_open(struct inode *inode, struct file *file)
{
	struct twin_side_data *side = twin_side_of(file);

	note(side, 101, file->f_flags, (__force u32)file->f_mode);
	file->private_data = side;
	if (twin_setup.flags & TWIN_NOWAIT)
		file->f_mode |= FMODE_NOWAIT;
	switch (twin_setup.open) {
	case TWIN_OPEN_STREAM:
		return stream_open(inode, file);
	case TWIN_OPEN_NONSEEKABLE:
		return nonseekable_open(inode, file);
	default:
		return 0;
	}
}

static int twin_release(struct inode *inode, struct file *file)
{
	note(file->private_data, 102, file->f_flags, (__force u32)file->f_mode);
	return 0;
}

static loff_t twin_llseek(struct file *file, loff_t offset, int whence)
{
	note(called(file), TWIN_OP_llseek, offset, whence);
	return fixed_size_llseek(file, offset, whence, TWIN_DATA_SIZE);
}

/* A stream has no position. */
static ssize_t twin_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct twin_side_data *side = called(file);
	loff_t zero = 0;

	note(side, TWIN_OP_read, len, !!pos, pos ? *pos : 0, file->f_flags);
	return simple_read_from_buffer(buf, len, pos ?: &zero, side->data, TWIN_DATA_SIZE);
}

static ssize_t twin_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct twin_side_data *side = called(file);
	loff_t zero = 0;

	note(side, TWIN_OP_write, len, !!pos, pos ? *pos : 0, file->f_flags);
	return simple_write_to_buffer(side->data, TWIN_DATA_SIZE, pos ?: &zero, buf, len);
}

static void note_iocb(struct twin_side_data *side, enum twin_op op, struct kiocb *iocb,
		      struct iov_iter *iter)
{
	int flags = IOCB_EVENTFD | IOCB_APPEND | IOCB_DIRECT | IOCB_HIPRI | IOCB_DSYNC |
		    IOCB_SYNC | IOCB_NOWAIT;

	note(side, op, iocb->ki_pos, iocb->ki_flags & flags, iov_iter_count(iter),
	     iocb->ki_filp->f_flags, is_sync_kiocb(iocb));
}

static ssize_t twin_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct twin_side_data *side = called(iocb->ki_filp);
	size_t len = iov_iter_count(to), done;

	note_iocb(side, TWIN_OP_read_iter, iocb, to);
	if (iocb->ki_pos < 0)
		return -EINVAL;
	if (iocb->ki_pos >= TWIN_DATA_SIZE || !len)
		return 0;
	len = min_t(size_t, len, TWIN_DATA_SIZE - iocb->ki_pos);
	done = copy_to_iter(side->data + iocb->ki_pos, len, to);
	iocb->ki_pos += done;
	return done ?: -EFAULT;
}

static ssize_t twin_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct twin_side_data *side = called(iocb->ki_filp);
	size_t len = iov_iter_count(from), done;

	note_iocb(side, TWIN_OP_write_iter, iocb, from);
	if (iocb->ki_pos < 0)
		return -EINVAL;
	if (iocb->ki_pos >= TWIN_DATA_SIZE)
		return -ENOSPC;
	len = min_t(size_t, len, TWIN_DATA_SIZE - iocb->ki_pos);
	done = copy_from_iter(side->data + iocb->ki_pos, len, from);
	iocb->ki_pos += done;
	return done || !len ? done : -EFAULT;
}

static __poll_t twin_poll(struct file *file, struct poll_table_struct *wait)
{
	struct twin_side_data *side = called(file);

	note(side, TWIN_OP_poll, (__force u32)poll_requested_events(wait));
	poll_wait(file, &side->wait, wait);
	return EPOLLIN | EPOLLPRI | EPOLLOUT;
}

static long add_one(u32 __user *where, int more)
{
	u32 number;

	if (get_user(number, where) || put_user(number + 1 + more, where))
		return -EFAULT;
	return 17 + more;
}

static long any_ioctl(unsigned int cmd, void __user *arg, int more)
{
	switch (cmd) {
	case TWIN_ADD_ONE:
		return add_one(arg, more);
	case TWIN_NO_COMMAND:
		return -ENOIOCTLCMD;
	case FIONREAD:
		return put_user(4711 + more, (int __user *)arg);
	default:
		return -ENOTTY;
	}
}

static long twin_unlocked_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	note(called(file), TWIN_OP_unlocked_ioctl, cmd, arg);
	return any_ioctl(cmd, (void __user *)arg, 0);
}

static long twin_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	note(called(file), TWIN_OP_compat_ioctl, cmd, arg);
	return any_ioctl(cmd, (void __user *)arg, 1);
}

static int twin_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct twin_side_data *side = called(file);

	note(side, TWIN_OP_mmap, vma->vm_pgoff, vma->vm_end - vma->vm_start, vma->vm_flags);
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	return remap_vmalloc_range(vma, side->data, vma->vm_pgoff);
}

static void put_spd_page(struct splice_pipe_desc *spd, unsigned int nr)
{
	put_page(spd->pages[nr]);
}

/* One page at most. */
static ssize_t twin_splice_read(struct file *file, loff_t *pos, struct pipe_inode_info *pipe,
				size_t len, unsigned int flags)
{
	struct twin_side_data *side = called(file);
	struct page *page = NULL;
	struct partial_page partial = {};
	struct splice_pipe_desc spd = {
		.pages = &page, .partial = &partial, .nr_pages = 1, .nr_pages_max = 1,
		.ops = &nosteal_pipe_buf_ops, .spd_release = put_spd_page,
	};
	ssize_t ret;

	note(side, TWIN_OP_splice_read, *pos, len, flags);
	if (*pos < 0 || *pos >= TWIN_DATA_SIZE)
		return *pos < 0 ? -EINVAL : 0;
	partial.len = min3(len, (size_t)PAGE_SIZE, (size_t)(TWIN_DATA_SIZE - *pos));
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	memcpy_to_page(page, 0, side->data + *pos, partial.len);
	ret = splice_to_pipe(pipe, &spd);
	if (ret > 0)
		*pos += ret;
	return ret;
}

static int splice_one(struct pipe_inode_info *pipe, struct pipe_buffer *buf,
		      struct splice_desc *sd)
{
	size_t len = min_t(u64, sd->len, TWIN_DATA_SIZE - sd->pos);

	if (!len)
		return -ENOSPC;
	memcpy_from_page(sd->u.data + sd->pos, buf->page, buf->offset, len);
	return len;
}

static ssize_t twin_splice_write(struct pipe_inode_info *pipe, struct file *file, loff_t *pos,
				 size_t len, unsigned int flags)
{
	struct twin_side_data *side = called(file);
	struct splice_desc sd = {
		.total_len = len, .flags = flags, .pos = *pos, .u.data = side->data,
	};
	ssize_t ret;

	note(side, TWIN_OP_splice_write, *pos, len, flags);
	if (*pos < 0 || *pos >= TWIN_DATA_SIZE)
		return -ENOSPC;
	pipe_lock(pipe);
	ret = __splice_from_pipe(pipe, &sd, splice_one);
	pipe_unlock(pipe);
	if (ret > 0)
		*pos += ret;
	return ret;
}

#define FILL(name)								\
	if (ops & BIT(TWIN_OP_##name))						\
		fops->name = twin_##name;

void twin_fill_fops(struct file_operations *fops, u32 ops, u32 flags)
{
	memset(fops, 0, sizeof(*fops));
	fops->owner = THIS_MODULE;
	fops->open = twin_open;
	fops->release = twin_release;
	TWIN_OPS(FILL)
	if (flags & TWIN_MAP_SYNC) {
		FOP_MMAP_SUPPORTED_FLAGS(fops->mmap_supported_flags = MAP_SYNC;)
		FOP_FOP_FLAGS(fops->fop_flags = FOP_MMAP_SYNC;)
	}
}
