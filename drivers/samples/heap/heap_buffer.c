// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_buffer.c: buffers, as dma-bufs
 *
 * Who can still hold one when its exporter has gone: a program, with the file or a mapping of it,
 * which has the file; a driver, with an attachment, for which it has a reference of the file; a
 * message on its way between two programs. So the file's release is the end of all of it, and
 * until then the buffer has
 *
 * (1) a reference to the exporter's object, where its pages go back to, and with it the module;
 * (2) its share of what the open file that it was allocated through may have. That file may be
 *     closed: the share outlives it;
 * (3) the module once more, by the dma-buf: for the return from our own release.
 *
 * Nothing here is inside the gate, as nothing here needs the device: what a buffer has is memory.
 * An exporter of memory that goes with the device would have to call mappings back (move_notify,
 * zap_vma_ptes) before it lets go.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "../../refcdev/compat.h"
#include "../sample_dma.h"
#include "heap.h"

struct heap_buffer {
	struct heap *heap;
	struct heap_file *file;
	u64 bytes;
	unsigned long nr_pages;
	struct page **pages;
	struct mutex lock;		/* the list */
	struct list_head mappings;	/* by importers' devices */
};

struct heap_mapping {
	struct list_head list;
	struct device *dev;
	enum dma_data_direction direction;
	struct sg_table table;
};

/*
 * May @dev reach all of it? It is asked before the DMA API is: that would warn, or copy to and fro
 * behind everybody's back.
 */
static int heap_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct heap_buffer *buffer = dmabuf->priv;
	struct device *dev = attachment->dev;
	u64 limit = sample_dma_limit(dev);
	unsigned long i;

	if (sample_dma_is_translated(dev))
		return 0;
	for (i = 0; i < buffer->nr_pages; i++)
		if (page_to_phys(buffer->pages[i]) + PAGE_SIZE - 1 > limit)
			return -EBUSY;
	return 0;
}

static struct sg_table *heap_map(struct dma_buf_attachment *attachment,
				 enum dma_data_direction direction)
{
	struct heap_buffer *buffer = attachment->dmabuf->priv;
	struct device *dev = attachment->dev;
	struct heap_mapping *mapping;
	int ret;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dev = dev;
	mapping->direction = direction;
	ret = sg_alloc_table_from_pages_segment(&mapping->table, buffer->pages, buffer->nr_pages, 0,
						buffer->bytes, dma_get_max_seg_size(dev),
						GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = dma_map_sgtable(dev, &mapping->table, direction, 0);
	if (ret)
		goto err_free_table;
	mutex_lock(&buffer->lock);
	list_add(&mapping->list, &buffer->mappings);
	mutex_unlock(&buffer->lock);
	atomic_inc(&heap_stats.mapped);
	return &mapping->table;

err_free_table:
	sg_free_table(&mapping->table);
err_free:
	kfree(mapping);
	return ERR_PTR(ret);
}

static void heap_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
		       enum dma_data_direction direction)
{
	struct heap_mapping *mapping = container_of(table, struct heap_mapping, table);
	struct heap_buffer *buffer = attachment->dmabuf->priv;

	mutex_lock(&buffer->lock);
	list_del(&mapping->list);
	mutex_unlock(&buffer->lock);
	dma_unmap_sgtable(attachment->dev, table, direction, 0);
	sg_free_table(table);
	kfree(mapping);
	atomic_dec(&heap_stats.mapped);
}

/*
 * Who is on the list is attached, and has not gone: see edu_import.c for how that is kept. What
 * they do with the memory is in how they have mapped it, whatever the processor is to do.
 */
static int heap_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct heap_buffer *buffer = dmabuf->priv;
	struct heap_mapping *mapping;

	mutex_lock(&buffer->lock);
	list_for_each_entry(mapping, &buffer->mappings, list)
		dma_sync_sgtable_for_cpu(mapping->dev, &mapping->table, mapping->direction);
	mutex_unlock(&buffer->lock);
	return 0;
}

static int heap_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct heap_buffer *buffer = dmabuf->priv;
	struct heap_mapping *mapping;

	mutex_lock(&buffer->lock);
	list_for_each_entry(mapping, &buffer->mappings, list)
		dma_sync_sgtable_for_device(mapping->dev, &mapping->table, mapping->direction);
	mutex_unlock(&buffer->lock);
	return 0;
}

static vm_fault_t heap_fault(struct vm_fault *vmf)
{
	struct heap_buffer *buffer = vmf->vma->vm_private_data;

	if (vmf->pgoff >= buffer->nr_pages)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(buffer->pages[vmf->pgoff]));
}

static const struct vm_operations_struct heap_vm_ops = {
	.fault	= heap_fault,
};

/*
 * Frames and not pages: who pins a page keeps that, but not the buffer, and pages of the reserve
 * have a next owner. The mapping has the file, hence the buffer.
 */
static int heap_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	/* A private copy would be made of pages. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = dmabuf->priv;
	vma->vm_ops = &heap_vm_ops;
	return 0;
}

static void heap_free_buffer(struct heap_buffer *buffer)
{
	struct heap *heap = buffer->heap;
	struct lifetime *life = heap_life(heap);

	WARN_ONCE(!list_empty(&buffer->mappings), "heap: %s: freed while a device has it\n",
		  lifetime_name(life));
	heap->kind->free(heap, buffer->pages, buffer->nr_pages);
	heap_uncharge(heap, buffer->bytes);
	heap_put_file(buffer->file, buffer->bytes);
	kvfree(buffer->pages);
	mutex_destroy(&buffer->lock);
	kfree(buffer);
	atomic_dec(&heap_stats.buffers);
	if (lifetime_disconnected(life))
		atomic_inc(&heap_stats.late);
	lifetime_put(life);
}

static void heap_release_buffer(struct dma_buf *dmabuf)
{
	heap_free_buffer(dmabuf->priv);
}

static const struct dma_buf_ops heap_buffer_ops = {
	.attach			= heap_attach,
	.map_dma_buf		= heap_map,
	.unmap_dma_buf		= heap_unmap,
	.begin_cpu_access	= heap_begin_cpu_access,
	.end_cpu_access		= heap_end_cpu_access,
	.mmap			= heap_mmap,
	.release		= heap_release_buffer,
};

/* Charged for. From the moment that it has its pages on it is freed as a whole. */
static struct heap_buffer *heap_new_buffer(struct heap *heap, u64 bytes, u32 address_bits)
{
	struct heap_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!buffer)
		return ERR_PTR(ret);
	buffer->heap = heap;
	buffer->bytes = bytes;
	buffer->nr_pages = bytes >> PAGE_SHIFT;
	mutex_init(&buffer->lock);
	INIT_LIST_HEAD(&buffer->mappings);
	buffer->pages = kvmalloc_array(buffer->nr_pages, sizeof(*buffer->pages),
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (buffer->pages)
		ret = heap->kind->alloc(heap, buffer->pages, buffer->nr_pages, address_bits);
	if (!ret)
		return buffer;
	kvfree(buffer->pages);
	mutex_destroy(&buffer->lock);
	kfree(buffer);
	return ERR_PTR(ret);
}

/**
 * heap_export() - make a buffer
 * @heap: from which
 * @file: a reference to it, and @bytes of what it may have, are the buffer's, also if this fails
 * @bytes: whole pages, and more than none
 * @address_bits: that @heap can do
 *
 * Context: process context, inside the gate: the exporter's object is there.
 * Return: the dma-buf; ERR_PTR(-ENOMEM); what &heap_kind.alloc returned.
 */
struct dma_buf *heap_export(struct heap *heap, struct heap_file *file, u64 bytes,
			    u32 address_bits)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct heap_buffer *buffer;
	struct dma_buf *dmabuf;
	int ret = heap_charge(heap, bytes);

	if (ret)
		goto err_put_file;
	buffer = heap_new_buffer(heap, bytes, address_bits);
	if (IS_ERR(buffer)) {
		ret = PTR_ERR(buffer);
		heap_uncharge(heap, bytes);
		goto err_put_file;
	}
	heap_handed_out(heap);
	buffer->file = file;
	lifetime_get(heap_life(heap));
	atomic_inc(&heap_stats.buffers);
	info.ops = &heap_buffer_ops;
	info.size = bytes;
	info.flags = O_RDWR;
	info.priv = buffer;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		heap_free_buffer(buffer);
	return dmabuf;

err_put_file:
	heap_put_file(file, bytes);
	return ERR_PTR(ret);
}

import_dma_buf_ns();
