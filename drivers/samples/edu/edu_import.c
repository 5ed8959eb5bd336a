// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_import.c: memory of another driver's, a dma-buf, in place of a buffer of ours
 *
 * Two devices may go, in either order. If the exporter's does, nothing happens here: the buffer is
 * ours as long as we have a reference. If this one does, it has to let go before devres takes the
 * hardware and the bus what it knows about DMA, although files that asked for it are still open.
 *
 * So who may hold an import is
 *
 * (1) edu->imports, until it is detached: by its file, or when that is closed, each inside the
 *     gate; or by the way down, when nobody is inside any more. Whoever takes it out, drops it;
 * (2) a transfer, which is a call in flight, also where its caller has left.
 *
 * All of that is before the hardware goes, and so is the last of them, which unmaps. A file that
 * is closed after that finds the gate closed, and has nothing to let go of.
 */
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "edu.h"

/* For one open file: what is attached is memory that nobody gets back. */
#define EDU_FILE_IMPORTS_MAX	64

struct edu_import {
	struct kref ref;
	struct edu *edu;
	const struct edu_file *file;	/* who may use it: a name, no reference */
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
};

static struct device *edu_device(struct edu *edu)
{
	return &edu->pdev->dev;
}

/* An IOMMU puts memory where the device can reach it. */
u32 edu_address_bits(struct edu *edu)
{
	return device_iommu_mapped(edu_device(edu)) ? 64 : EDU_DMA_ADDRESS_BITS;
}

/*
 * It was mapped, by an exporter that may not have cared where for. A copy that the DMA API makes
 * would be what a later DMA_BUF_IOCTL_SYNC, or unmapping, brings up to date, and not what the
 * caller thinks the transfer is done to.
 */
static bool edu_is_within_reach(struct edu *edu, struct sg_table *table)
{
	struct device *dev = edu_device(edu);
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		dma_addr_t address = sg_dma_address(sg);

		if (address + sg_dma_len(sg) > BIT_ULL(EDU_DMA_ADDRESS_BITS))
			return false;
		/* Where nothing has to be done for caches, nor an IOMMU, it is for a copy. */
		if (dev_is_dma_coherent(dev) && !device_iommu_mapped(dev) &&
		    dma_need_sync(dev, address))
			return false;
	}
	return true;
}

static int edu_map_import(struct edu_import *import)
{
	struct edu *edu = import->edu;
	struct sg_table *table;

	import->attachment = dma_buf_attach(import->dmabuf, edu_device(edu));
	if (IS_ERR(import->attachment))
		return PTR_ERR(import->attachment);
	table = dma_buf_map_attachment_unlocked(import->attachment, DMA_BIDIRECTIONAL);
	if (!IS_ERR(table)) {
		import->table = table;
		if (edu_is_within_reach(edu, table))
			return 0;
		dma_buf_unmap_attachment_unlocked(import->attachment, table, DMA_BIDIRECTIONAL);
	}
	dma_buf_detach(import->dmabuf, import->attachment);
	return IS_ERR(table) ? PTR_ERR(table) : -EBUSY;
}

static void edu_free_import(struct kref *ref)
{
	struct edu_import *import = container_of(ref, struct edu_import, ref);

	dma_buf_unmap_attachment_unlocked(import->attachment, import->table, DMA_BIDIRECTIONAL);
	dma_buf_detach(import->dmabuf, import->attachment);
	dma_buf_put(import->dmabuf);
	kfree(import);
	atomic_dec(&edu_stats.imports);
}

/* Inside the gate, or on the way down; may sleep. */
void edu_put_import(struct edu_import *import)
{
	kref_put(&import->ref, edu_free_import);
}

/* Takes over the reference to @dmabuf, if it does not fail. */
static struct edu_import *edu_new_import(struct edu *edu, const struct edu_file *self,
					 struct dma_buf *dmabuf)
{
	struct edu_import *import = kzalloc(sizeof(*import), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!import)
		return ERR_PTR(-ENOMEM);
	kref_init(&import->ref);
	import->edu = edu;
	import->file = self;
	import->dmabuf = dmabuf;
	ret = edu_map_import(import);
	if (ret) {
		kfree(import);
		return ERR_PTR(ret);
	}
	atomic_inc(&edu_stats.imports);
	return import;
}

/* Numbers are not used again soon: a stale one is nobody's. */
static int edu_add_import(struct edu *edu, struct edu_file *self, struct edu_import *import,
			  u32 *id)
{
	int ret;

	if (!atomic_add_unless(&self->imports, 1, EDU_FILE_IMPORTS_MAX))
		return -EMFILE;
	ret = xa_alloc_cyclic(&edu->imports, id, import, XA_LIMIT(1, INT_MAX), &edu->next_import,
			      GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		atomic_dec(&self->imports);
	return min(ret, 0);
}

/* NULL if it is not @self's, or not there any more. Then, and else, somebody else's to drop. */
static struct edu_import *edu_take_import(struct edu *edu, struct edu_file *self, u32 id)
{
	struct edu_import *import;

	xa_lock(&edu->imports);
	import = xa_load(&edu->imports, id);
	if (import && import->file == self)
		__xa_erase(&edu->imports, id);
	else
		import = NULL;
	xa_unlock(&edu->imports);
	if (import)
		atomic_dec(&self->imports);
	return import;
}

long edu_attach(struct edu *edu, struct edu_file *self, struct refcdev_edu_attachment __user *arg)
{
	struct edu_import *import;
	struct dma_buf *dmabuf;
	int ret;
	u32 id;
	s32 fd;

	if (get_user(fd, &arg->fd))
		return -EFAULT;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	import = edu_new_import(edu, self, dmabuf);
	if (IS_ERR(import)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(import);
	}
	ret = edu_add_import(edu, self, import, &id);
	if (ret) {
		edu_put_import(import);
		return ret;
	}
	if (!put_user(id, &arg->id))
		return 0;
	/* Unless another thread has guessed the number, and detached it. */
	import = edu_take_import(edu, self, id);
	if (import)
		edu_put_import(import);
	return -EFAULT;
}

long edu_detach(struct edu *edu, struct edu_file *self, u32 __user *arg)
{
	struct edu_import *import;
	u32 id;

	if (get_user(id, arg))
		return -EFAULT;
	import = edu_take_import(edu, self, id);
	if (!import)
		return -EINVAL;
	edu_put_import(import);
	return 0;
}

static struct edu_import *edu_get_import(struct edu *edu, const struct edu_file *self, u32 id)
{
	struct edu_import *import;

	xa_lock(&edu->imports);
	import = xa_load(&edu->imports, id);
	if (import && import->file == self)
		kref_get(&import->ref);
	else
		import = NULL;
	xa_unlock(&edu->imports);
	return import;
}

/* Where the device finds what is at @offset, and how much of it in one piece, at most @bytes. */
static dma_addr_t edu_import_address(const struct edu_import *import, u64 offset, u32 *bytes)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(import->table, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*bytes = min_t(u64, *bytes, sg_dma_len(sg) - offset);
			return sg_dma_address(sg) + offset;
		}
		offset -= sg_dma_len(sg);
	}
	*bytes = 0;
	return 0;
}

/* One piece. Returns how many bytes that was. */
static int edu_transfer_piece(struct edu_import *import, const struct refcdev_edu_transfer *wanted,
			      u32 done)
{
	u32 bytes = wanted->bytes - done;
	dma_addr_t address = edu_import_address(import, wanted->buffer_offset + done, &bytes);
	struct edu_transfer *transfer;
	int ret;

	/* The exporter has mapped less than the size that it has told us. */
	if (!bytes)
		return -EIO;
	transfer = edu_get_transfer(import->edu, true);
	if (IS_ERR(transfer))
		return PTR_ERR(transfer);
	kref_get(&import->ref);
	transfer->import = import;
	transfer->address = address;
	transfer->from_device = wanted->flags & REFCDEV_EDU_FROM_DEVICE;
	transfer->offset = wanted->offset + done;
	transfer->bytes = bytes;
	ret = edu_transfer(transfer);
	if (ret)
		return ret;
	edu_put_transfer(transfer);
	return bytes;
}

static int edu_check_transfer(const struct edu_import *import,
			      const struct refcdev_edu_transfer *wanted)
{
	u64 size = import->dmabuf->size;

	if (wanted->flags & ~REFCDEV_EDU_FROM_DEVICE || !wanted->bytes ||
	    wanted->offset > REFCDEV_EDU_BYTES ||
	    wanted->bytes > REFCDEV_EDU_BYTES - wanted->offset ||
	    wanted->buffer_offset > size || wanted->bytes > size - wanted->buffer_offset)
		return -EINVAL;
	/* The file was opened by whoever made the buffer, to be written to or not. */
	if (wanted->flags & REFCDEV_EDU_FROM_DEVICE &&
	    !(import->dmabuf->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return 0;
}

long edu_transfer_import(struct edu *edu, struct edu_file *self, bool may_wait,
			 struct refcdev_edu_transfer __user *arg)
{
	struct refcdev_edu_transfer wanted;
	struct edu_import *import;
	u32 done = 0;
	int ret;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	import = edu_get_import(edu, self, wanted.id);
	if (!import)
		return -EINVAL;
	ret = edu_check_transfer(import, &wanted);
	if (!ret && !may_wait)
		ret = -EAGAIN;
	while (!ret && done < wanted.bytes) {
		ret = edu_transfer_piece(import, &wanted, done);
		if (ret > 0) {
			done += ret;
			ret = 0;
		}
	}
	edu_put_import(import);
	return done ?: ret;
}

/*
 * For a file that is being closed. If the gate is closed, the way down has dropped them, or will:
 * they are not looked up by this file again.
 */
void edu_close_imports(struct edu *edu, struct edu_file *self)
{
	struct edu_import *import;
	unsigned long id;

	if (!lifetime_enter(&edu->life))
		return;
	xa_for_each(&edu->imports, id, import) {
		import = edu_take_import(edu, self, id);
		if (import)
			edu_put_import(import);
	}
	lifetime_exit(&edu->life);
}

static void edu_drop_imports(void *data)
{
	struct edu *edu = data;
	struct edu_import *import;
	unsigned long id;

	/* Nobody is inside, so nobody else takes one out. */
	xa_for_each(&edu->imports, id, import) {
		xa_erase(&edu->imports, id);
		edu_put_import(import);
	}
	xa_destroy(&edu->imports);
}

int edu_init_imports(struct edu *edu)
{
	xa_init_flags(&edu->imports, XA_FLAGS_ALLOC1);
	return lifetime_add_action_at_or_reset(&edu->life, LIFETIME_AT_DRAINED, edu_drop_imports,
					       edu);
}
