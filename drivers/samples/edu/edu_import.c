// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_import.c: memory of another driver's, a dma-buf, in place of a buffer of ours
 *
 * Two devices may go, in either order. If the exporter's does, nothing happens here: the buffer is
 * ours as long as we have a reference. If this one does, it has to let go before devres takes the
 * hardware and the bus what it knows about DMA, although files that asked for it are still open.
 *
 * An import is a buffer that is mapped for the device; once, however often it is attached, as the
 * DMA API has nothing to say of memory that is mapped twice. Who may hold it is
 *
 * (1) what an open file has attached: see edu_attach.c;
 * (2) a call that is about to transfer, and a transfer, which is a call in flight, also where its
 *     caller has left.
 *
 * All of that is before the hardware goes, and so is the last of them, which unmaps.
 *
 * To unmap may take as long as the exporter likes. So it is not done by the interrupt, nor by the
 * work that looks after it: edu_put_transfer_later().
 */
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "../sample_dma.h"
#include "edu.h"

struct edu_import {
	struct list_head list;
	struct kref ref;
	struct edu *edu;
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
	return sample_dma_is_translated(edu_device(edu)) ? 64 : EDU_DMA_ADDRESS_BITS;
}

/*
 * It was mapped, by an exporter that may not have cared where for. A copy that the DMA API makes
 * would be what a later DMA_BUF_IOCTL_SYNC, or unmapping, brings up to date, and not what the
 * caller thinks the transfer is done to.
 */
static bool edu_is_within_reach(struct edu *edu, struct sg_table *table)
{
	struct device *dev = edu_device(edu);
	/* Where nothing has to be done for caches, nor an IOMMU, syncing is for a copy. */
	bool tells = dev_is_dma_coherent(dev) && !sample_dma_is_translated(dev);
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		dma_addr_t address = sg_dma_address(sg);

		if ((u64)address + sg_dma_len(sg) > BIT_ULL(EDU_DMA_ADDRESS_BITS) ||
		    (tells && dma_need_sync(dev, address)))
			return false;
	}
	return true;
}

static int edu_map_import(struct edu_import *import)
{
	struct edu *edu = import->edu;
	struct sg_table *table;
	int ret;

	import->attachment = dma_buf_attach(import->dmabuf, edu_device(edu));
	if (IS_ERR(import->attachment))
		return PTR_ERR(import->attachment);
	table = dma_buf_map_attachment_unlocked(import->attachment, DMA_BIDIRECTIONAL);
	ret = PTR_ERR_OR_ZERO(table);
	if (!ret) {
		import->table = table;
		if (edu_is_within_reach(edu, table))
			return 0;
		dma_buf_unmap_attachment_unlocked(import->attachment, table, DMA_BIDIRECTIONAL);
	}
	dma_buf_detach(import->dmabuf, import->attachment);
	/* The DMA API's word for what it could not map: it is out of reach, then. */
	return !ret || ret == -EIO ? -EBUSY : ret;
}

/* Under the lock until it is unmapped: who attaches it anew would map it a second time. */
static void edu_free_import(struct kref *ref)
{
	struct edu_import *import = container_of(ref, struct edu_import, ref);
	struct edu *edu = import->edu;

	list_del(&import->list);
	dma_buf_unmap_attachment_unlocked(import->attachment, import->table, DMA_BIDIRECTIONAL);
	dma_buf_detach(import->dmabuf, import->attachment);
	mutex_unlock(&edu->imports_lock);
	dma_buf_put(import->dmabuf);
	kfree(import);
	atomic_dec(&edu_stats.imports);
}

void edu_get_import(struct edu_import *import)
{
	kref_get(&import->ref);
}

/* Inside the gate, or on the way down; may sleep. */
void edu_put_import(struct edu_import *import)
{
	kref_put_mutex(&import->ref, edu_free_import, &import->edu->imports_lock);
}

static void edu_put_transfer_work(struct work_struct *work)
{
	edu_put_transfer(container_of(work, struct edu_transfer, put_work));
}

/* For a transfer whose caller has left, from where others wait for. */
void edu_put_transfer_later(struct edu_transfer *transfer)
{
	if (!transfer->import) {
		edu_put_transfer(transfer);
		return;
	}
	INIT_WORK(&transfer->put_work, edu_put_transfer_work);
	queue_work(transfer->edu->import_queue, &transfer->put_work);
}

/* Takes over the reference to @dmabuf, if it does not fail. */
static struct edu_import *edu_new_import(struct edu *edu, struct dma_buf *dmabuf)
{
	struct edu_import *import = kzalloc(sizeof(*import), GFP_KERNEL_ACCOUNT);
	int ret;

	lockdep_assert_held(&edu->imports_lock);
	if (!import)
		return ERR_PTR(-ENOMEM);
	kref_init(&import->ref);
	import->edu = edu;
	import->dmabuf = dmabuf;
	ret = edu_map_import(import);
	if (ret) {
		kfree(import);
		return ERR_PTR(ret);
	}
	list_add(&import->list, &edu->imports);
	atomic_inc(&edu_stats.imports);
	return import;
}

/* Of a dma-buf: the one that there is, or a new one. */
struct edu_import *edu_import(struct edu *edu, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct edu_import *import;

	if (IS_ERR(dmabuf))
		return ERR_CAST(dmabuf);
	if (mutex_lock_interruptible(&edu->imports_lock)) {
		dma_buf_put(dmabuf);
		return ERR_PTR(-ERESTARTSYS);
	}
	list_for_each_entry(import, &edu->imports, list) {
		if (import->dmabuf == dmabuf) {
			kref_get(&import->ref);
			mutex_unlock(&edu->imports_lock);
			dma_buf_put(dmabuf);
			return import;
		}
	}
	import = edu_new_import(edu, dmabuf);
	mutex_unlock(&edu->imports_lock);
	if (IS_ERR(import))
		dma_buf_put(dmabuf);
	return import;
}

/* Where the device finds what is at @offset, and how much of it in one piece, at most @bytes. */
dma_addr_t edu_import_address(const struct edu_import *import, u64 offset, u32 *bytes)
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

/* May the device do that to it? */
int edu_check_import(const struct edu_import *import, const struct refcdev_edu_transfer *wanted)
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

int edu_init_imports(struct edu *edu)
{
	int ret;

	INIT_LIST_HEAD(&edu->imports);
	ret = lifetime_mutex_init(&edu->life, &edu->imports_lock);
	if (ret)
		return ret;
	edu->import_queue = lifetime_alloc_workqueue(&edu->life, "edu_imports", WQ_UNBOUND, 0);
	return edu->import_queue ? 0 : -ENOMEM;
}
