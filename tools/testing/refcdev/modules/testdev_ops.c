// SPDX-License-Identifier: GPL-2.0-only
/*
 * testdev_ops.c: the test driver's file operations: every one that there is a proxy for,
 * each of which counts how often it was called
 *
 * testdev%d has read, write and an llseek; testiter%d has read_iter and write_iter.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/splice.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "../../../../drivers/refcdev/compat.h"
#include "testdev.h"
#include "testdev_ioctl.h"

static int testdev_open(struct inode *inode, struct file *file)
{
	count(open);
	return 0;
}

static int testdev_close(struct inode *inode, struct file *file)
{
	count(release);
	return 0;
}

static ssize_t testdev_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	count(read);
	return clear_user(buf, size) ? -EFAULT : size;
}

static ssize_t testdev_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	count(write);
	return size;
}

static ssize_t testdev_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	count(read_iter);
	return iov_iter_zero(iov_iter_count(to), to);
}

static ssize_t testdev_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	size_t size = iov_iter_count(from);

	count(write_iter);
	iov_iter_advance(from, size);
	return size;
}

static __poll_t testdev_poll(struct file *file, poll_table *wait)
{
	count(poll);
	poll_wait(file, &testdev_of(file)->wait, wait);
	return EPOLLIN;
}

static loff_t testdev_llseek(struct file *file, loff_t offset, int whence)
{
	count(llseek);
	return fixed_size_llseek(file, offset, whence, PAGE_SIZE);
}

static int testdev_flush(struct file *file, fl_owner_t id)
{
	count(flush);
	return 0;
}

static int testdev_fasync(int fd, struct file *file, int on)
{
	count(fasync);
	return fasync_helper(fd, file, on, &testdev_of(file)->fasync);
}

static int testdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct testdev *testdev = testdev_of(file);

	count(mmap);
	if (vma->vm_pgoff == TESTDEV_MAP_PFN)
		return remap_pfn_range(vma, vma->vm_start, vmalloc_to_pfn(testdev->buffer),
				       PAGE_SIZE, vma->vm_page_prot);
	return remap_vmalloc_range(vma, testdev->buffer, vma->vm_pgoff);
}

static long testdev_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	count(compat_ioctl);
	return 0;
}

/* Any file may be asked to sync, and to let go of a range. */
static int testdev_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	count(fsync);
	return 0;
}

static int testdev_fadvise(struct file *file, loff_t start, loff_t end, int advice)
{
	count(fadvise);
	return 0;
}

/* Locks that are really held: by the inode in /dev, so beyond the device's end. */
static int testdev_lock(struct file *file, int cmd, struct file_lock *lock)
{
	count(lock);
	if (cmd == F_GETLK) {
		posix_test_lock(file, lock);
		return 0;
	}
	return locks_lock_file_wait(file, lock);
}

static int testdev_flock(struct file *file, int cmd, struct file_lock *lock)
{
	count(flock);
	return locks_lock_file_wait(file, lock);
}

/* A lease is no business of a device's: it says yes, and has none to break. */
static int testdev_setlease(struct file *file, setlease_arg arg, struct file_lease **lease,
			    void **priv)
{
	count(setlease);
	return 0;
}

/* Where the caller wants it, or not at all. */
static unsigned long testdev_get_unmapped_area(struct file *file, unsigned long addr,
					       unsigned long len, unsigned long pgoff,
					       unsigned long flags)
{
	count(get_unmapped_area);
	return addr ?: -ENOMEM;
}

static ssize_t testdev_splice_read(struct file *file, loff_t *pos, struct pipe_inode_info *pipe,
				   size_t len, unsigned int flags)
{
	count(splice_read);
	return 0;
}

/* Calls the file's write_iter, hence the core once more, from inside. */
static ssize_t testdev_splice_write(struct pipe_inode_info *pipe, struct file *file, loff_t *pos,
				    size_t len, unsigned int flags)
{
	count(splice_write);
	return iter_file_splice_write(pipe, file, pos, len, flags);
}

FOP_SPLICE_EOF(static void testdev_splice_eof(struct file *file)
{
	count(splice_eof);
})

static void testdev_show_fdinfo(struct seq_file *seq, struct file *file)
{
	count(show_fdinfo);
	seq_puts(seq, "testdev:\tis there\n");
}

static int testdev_iterate(struct file *file, struct dir_context *ctx)
{
	count(iterate);
	return 0;
}

/* These two are never called on a device. */
static long testdev_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	count(fallocate);
	return 0;
}

static ssize_t testdev_copy_file_range(struct file *in, loff_t pos_in, struct file *out,
				       loff_t pos_out, size_t len, unsigned int flags)
{
	count(copy_file_range);
	return len;
}

const struct file_operations testdev_plain_fops = {
	.owner		= THIS_MODULE,
	.open		= testdev_open,
	.release	= testdev_close,
	.read		= testdev_read,
	.write		= testdev_write,
	.poll		= testdev_poll,
	.unlocked_ioctl	= testdev_ioctl,
	.compat_ioctl	= testdev_compat_ioctl,
	.llseek		= testdev_llseek,
	.flush		= testdev_flush,
	.fasync		= testdev_fasync,
	.mmap		= testdev_mmap,
	.fsync		= testdev_fsync,
	.fadvise	= testdev_fadvise,
	.lock		= testdev_lock,
	.flock		= testdev_flock,
	.setlease	= testdev_setlease,
	.splice_read	= testdev_splice_read,
	.show_fdinfo	= testdev_show_fdinfo,
	.iterate_shared	= testdev_iterate,
	.fallocate	= testdev_fallocate,
	.copy_file_range = testdev_copy_file_range,
};

const struct file_operations testdev_iter_fops = {
	.owner		= THIS_MODULE,
	.open		= testdev_open,
	.release	= testdev_close,
	.read_iter	= testdev_read_iter,
	.write_iter	= testdev_write_iter,
	.unlocked_ioctl	= testdev_ioctl,
	.llseek		= testdev_llseek,
	.mmap		= testdev_mmap,
	.get_unmapped_area = testdev_get_unmapped_area,
	.splice_write	= testdev_splice_write,
	FOP_SPLICE_EOF(.splice_eof = testdev_splice_eof)
};
