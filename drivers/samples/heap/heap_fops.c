// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_fops.c: the node: which heaps there are, and buffers from them
 *
 * An open file knows the heaps by numbers of its own, drawn when it was opened, in an order of its
 * own. So none that a program has from elsewhere (another file, another boot, a header) means
 * anything here.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../refcdev/compat.h"
#include "heap.h"

/* The open file, and each buffer that was allocated through it, have a reference each. */
struct heap_file {
	struct kref ref;
	spinlock_t lock;		/* @used */
	u64 used;			/* bytes, of heap_file_limit */
	struct {
		u64 handle;		/* not 0 */
		struct heap *heap;
	} known[HEAPS_MAX];
	unsigned int nr_known;
};

static struct heap_device *heap_device_of(struct file *file)
{
	return refcdev_object(file, struct heap_device, cdev);
}

static void heap_free_file(struct kref *ref)
{
	kfree(container_of(ref, struct heap_file, ref));
	atomic_dec(&heap_stats.files);
}

static int heap_get_file(struct heap_file *file, u64 bytes)
{
	int ret = 0;

	spin_lock(&file->lock);
	if (bytes > heap_file_limit - file->used)
		ret = -EDQUOT;
	else
		file->used += bytes;
	spin_unlock(&file->lock);
	if (!ret)
		kref_get(&file->ref);
	return ret;
}

/**
 * heap_put_file() - give back what a buffer had of its open file
 * @file: the file; it may be closed, and is not to be touched afterwards
 * @bytes: of the buffer
 *
 * Context: process context.
 */
void heap_put_file(struct heap_file *file, u64 bytes)
{
	spin_lock(&file->lock);
	file->used -= bytes;
	spin_unlock(&file->lock);
	kref_put(&file->ref, heap_free_file);
}

static u64 heap_new_handle(const struct heap_file *file)
{
	unsigned int i;
	u64 handle;

	do {
		handle = get_random_u64();
		for (i = 0; i < file->nr_known; i++)
			if (file->known[i].handle == handle)
				handle = 0;
	} while (!handle);
	return handle;
}

static struct heap *heap_by_handle(const struct heap_file *file, u64 handle)
{
	unsigned int i;

	for (i = 0; i < file->nr_known; i++)
		if (file->known[i].handle == handle)
			return file->known[i].heap;
	return NULL;
}

static long heap_get_info(struct heap_file *file, struct refcdev_heap_info __user *arg)
{
	struct refcdev_heap_info info = {};
	struct heap *heap;

	if (get_user(info.index, &arg->index))
		return -EFAULT;
	if (info.index >= file->nr_known)
		return -ENOENT;
	info.handle = file->known[info.index].handle;
	heap = file->known[info.index].heap;
	info.flags = heap->kind->flags;
	info.address_bits = heap->address_bits;
	spin_lock(&heap->lock);
	info.size = heap->size;
	info.left = heap->size - min(heap->size, heap->used);
	spin_unlock(&heap->lock);
	info.largest = heap->kind->largest ? heap->kind->largest(heap) : info.left;
	spin_lock(&file->lock);
	info.largest = min(info.largest, heap_file_limit - file->used);
	spin_unlock(&file->lock);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* What no buffer of this heap could ever be. */
static bool heap_cannot(struct heap *heap, const struct refcdev_heap_allocation *wanted, u64 bytes)
{
	if (!bytes || bytes < wanted->bytes || bytes > heap_file_limit ||
	    bytes > READ_ONCE(heap->size) || bytes >> PAGE_SHIFT > INT_MAX)
		return true;
	if (wanted->address_bits > HEAP_ANY_ADDRESS ||
	    (wanted->address_bits && wanted->address_bits < heap->address_bits))
		return true;
	return wanted->flags & REFCDEV_HEAP_CONTIGUOUS && bytes > PAGE_SIZE &&
	       !(heap->kind->flags & REFCDEV_HEAP_CONTIGUOUS);
}

static struct dma_buf *heap_allocate_from(struct heap_file *file,
					  const struct refcdev_heap_allocation *wanted)
{
	struct heap *heap = heap_by_handle(file, wanted->handle);
	u64 bytes = round_up(wanted->bytes, PAGE_SIZE);
	int ret;

	if (!heap || wanted->flags & ~REFCDEV_HEAP_CONTIGUOUS || wanted->reserved ||
	    heap_cannot(heap, wanted, bytes))
		return ERR_PTR(-EINVAL);
	ret = heap_get_file(file, bytes);
	if (ret)
		return ERR_PTR(ret);
	return heap_export(heap, file, bytes, wanted->address_bits ?: HEAP_ANY_ADDRESS);
}

/* Nobody has the number before it is installed, and then there is nothing left that fails. */
static long heap_allocate(struct heap_file *file, struct refcdev_heap_allocation __user *arg)
{
	struct refcdev_heap_allocation wanted;
	struct dma_buf *dmabuf;
	int fd;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	dmabuf = heap_allocate_from(file, &wanted);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dmabuf);
		return fd;
	}
	if (put_user(fd, &arg->fd)) {
		put_unused_fd(fd);
		dma_buf_put(dmabuf);
		return -EFAULT;
	}
	fd_install(fd, dmabuf->file);
	return 0;
}

static long heap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case REFCDEV_HEAP_GET_INFO:
		return heap_get_info(file->private_data, (void __user *)arg);
	case REFCDEV_HEAP_ALLOCATE:
		return heap_allocate(file->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* In any order but a fixed one. */
static void heap_know(struct heap_file *file, struct heap_device *owner)
{
	unsigned int first = get_random_u32() % owner->nr_heaps, i;

	for (i = 0; i < owner->nr_heaps; i++) {
		file->known[i].handle = heap_new_handle(file);
		file->known[i].heap = &owner->heaps[(first + i) % owner->nr_heaps];
		file->nr_known++;
	}
}

static int heap_open(struct inode *inode, struct file *file)
{
	struct heap_file *self = kzalloc(sizeof(*self), GFP_KERNEL_ACCOUNT);

	if (!self)
		return -ENOMEM;
	kref_init(&self->ref);
	spin_lock_init(&self->lock);
	heap_know(self, heap_device_of(file));
	file->private_data = self;
	atomic_inc(&heap_stats.files);
	atomic_inc(&heap_stats.opens);
	return nonseekable_open(inode, file);
}

/* Comes when it comes, long after the device perhaps. Buffers go on having their share. */
static int heap_close(struct inode *inode, struct file *file)
{
	struct heap_file *self = file->private_data;

	kref_put(&self->ref, heap_free_file);
	atomic_inc(&heap_stats.closes);
	return 0;
}

static const struct file_operations heap_fops = {
	.owner		= THIS_MODULE,
	.open		= heap_open,
	.release	= heap_close,
	.unlocked_ioctl	= heap_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

struct refcdev_type heap_type = {
	.name		= "heap%d",
	.fops		= &heap_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};
