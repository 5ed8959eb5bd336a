// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_pool.c: where the memory of buffers comes from, and who may have how much of it
 *
 * Two kinds. "system" takes page by page from the kernel's own allocator; its size is no more than
 * a limit, which may be changed at any time. "reserved" is one piece, set aside at probe, so its
 * buffers are of one piece as well, and it cannot grow.
 *
 * Neither is devm's, nor the DMA API's: what is mapped or attached outlives the device, and
 * dma_free_*() and devres need that. Pages need nobody. The reserve goes with the object.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "heap.h"

/* What is set aside is of one piece, so it cannot be larger than the page allocator's largest. */
#define HEAP_RESERVED_MAX	SZ_4M

/* From where there is most of it to where there is least. */
static const gfp_t heap_zones[] = { 0, GFP_DMA32, GFP_DMA };

/*
 * In the lowest zone; how many bits that has depends on the machine, so on some of them such a
 * buffer is ENOMEM where this promises too much.
 */
#define HEAP_FEWEST_BITS	(IS_ENABLED(CONFIG_ZONE_DMA) ? 24 :		\
				 IS_ENABLED(CONFIG_ZONE_DMA32) ? 32 : HEAP_ANY_ADDRESS)

/* As the processor sees it, which is as a device does that no IOMMU is in front of. */
static bool heap_fits(struct page *page, u64 bytes, u32 address_bits)
{
	return address_bits >= HEAP_ANY_ADDRESS ||
	       (page_to_phys(page) + bytes - 1) >> address_bits == 0;
}

int heap_charge(struct heap *heap, u64 bytes)
{
	int ret = -ENOMEM;

	spin_lock(&heap->lock);
	/* The size may be below what is used, by now. */
	if (heap->used <= heap->size && bytes <= heap->size - heap->used) {
		heap->used += bytes;
		heap->buffers++;
		ret = 0;
	}
	spin_unlock(&heap->lock);
	return ret;
}

/* What was charged for is there; it might not have been. */
void heap_handed_out(struct heap *heap)
{
	spin_lock(&heap->lock);
	heap->peak = max(heap->peak, heap->used);
	spin_unlock(&heap->lock);
}

void heap_uncharge(struct heap *heap, u64 bytes)
{
	spin_lock(&heap->lock);
	heap->used -= bytes;
	heap->buffers--;
	spin_unlock(&heap->lock);
}

static struct page *heap_system_page(u32 address_bits)
{
	struct page *page;
	int i;

	for (i = address_bits < 32; i < ARRAY_SIZE(heap_zones); i++) {
		/* The OOM killer is not for what the caller can be refused. */
		page = alloc_page(GFP_USER | __GFP_ACCOUNT | __GFP_ZERO | __GFP_NOWARN |
				  __GFP_RETRY_MAYFAIL | heap_zones[i]);
		if (page && heap_fits(page, PAGE_SIZE, address_bits))
			return page;
		if (page)
			__free_page(page);
		else if (address_bits >= HEAP_ANY_ADDRESS)
			break;
	}
	return NULL;
}

static void heap_system_free(struct heap *heap, struct page **pages, unsigned long nr)
{
	while (nr)
		__free_page(pages[--nr]);
}

/* May take long, and nobody waits for it who has gone, nor once the device has. */
static int heap_system_alloc(struct heap *heap, struct page **pages, unsigned long nr,
			     u32 address_bits)
{
	unsigned long i;
	int ret = 0;

	for (i = 0; i < nr; i++) {
		if (lifetime_disconnected(heap_life(heap)))
			ret = LIFETIME_GONE;
		else if (fatal_signal_pending(current))
			ret = -ERESTARTSYS;
		pages[i] = ret ? NULL : heap_system_page(address_bits);
		if (!pages[i]) {
			heap_system_free(heap, pages, i);
			return ret ?: -ENOMEM;
		}
		cond_resched();
	}
	return 0;
}

const struct heap_kind heap_system = {
	.name		= "system",
	.alloc		= heap_system_alloc,
	.free		= heap_system_free,
};

static int heap_reserved_alloc(struct heap *heap, struct page **pages, unsigned long nr,
			       u32 address_bits)
{
	unsigned long start, i;

	spin_lock(&heap->lock);
	start = bitmap_find_next_zero_area(heap->taken, heap->pool_pages, 0, nr, 0);
	if (start < heap->pool_pages)
		bitmap_set(heap->taken, start, nr);
	spin_unlock(&heap->lock);
	if (start >= heap->pool_pages)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		pages[i] = heap->pool + start + i;
		/* What its last owner has left in it. */
		clear_highpage(pages[i]);
	}
	return 0;
}

static void heap_reserved_free(struct heap *heap, struct page **pages, unsigned long nr)
{
	spin_lock(&heap->lock);
	bitmap_clear(heap->taken, pages[0] - heap->pool, nr);
	spin_unlock(&heap->lock);
}

static u64 heap_reserved_largest(struct heap *heap)
{
	unsigned long nr = heap->pool_pages, start = 0, end, largest = 0;

	spin_lock(&heap->lock);
	for (;;) {
		start = find_next_zero_bit(heap->taken, nr, start);
		if (start >= nr)
			break;
		end = find_next_bit(heap->taken, nr, start);
		largest = max(largest, end - start);
		start = end;
	}
	spin_unlock(&heap->lock);
	return (u64)largest << PAGE_SHIFT;
}

const struct heap_kind heap_reserved = {
	.name		= "reserved",
	.flags		= REFCDEV_HEAP_CONTIGUOUS | REFCDEV_HEAP_FIXED,
	.alloc		= heap_reserved_alloc,
	.free		= heap_reserved_free,
	.largest	= heap_reserved_largest,
};

static void heap_free_pool(void *data)
{
	struct heap *heap = data;

	free_pages_exact(page_address(heap->pool), heap->pool_pages << PAGE_SHIFT);
}

/* As low as it can be had: it is for those who cannot reach far. */
static int heap_set_aside(struct heap *heap)
{
	struct lifetime *life = heap_life(heap);
	void *memory = NULL;
	int i;

	heap->pool_pages = heap->size >> PAGE_SHIFT;
	heap->taken = lifetime_kcalloc(life, BITS_TO_LONGS(heap->pool_pages),
				       sizeof(*heap->taken), GFP_KERNEL);
	if (!heap->taken)
		return -ENOMEM;
	for (i = ARRAY_SIZE(heap_zones) - 1; i >= 0 && !memory; i--)
		memory = alloc_pages_exact(heap->size,
					   GFP_KERNEL | __GFP_NOWARN | heap_zones[i]);
	if (!memory)
		return -ENOMEM;
	heap->pool = virt_to_page(memory);
	heap->address_bits = fls64(virt_to_phys(memory) + heap->size - 1);
	return lifetime_add_action_or_reset(life, heap_free_pool, heap);
}

/**
 * heap_init() - make a heap
 * @heap: zeroed, part of @owner
 * @owner: the exporter
 * @kind: where its memory comes from
 * @size: bytes
 *
 * Return: 0; -EINVAL if @kind cannot have that size; -ENOMEM.
 */
int heap_init(struct heap *heap, struct heap_device *owner, const struct heap_kind *kind,
	      u64 size)
{
	heap->owner = owner;
	heap->kind = kind;
	heap->size = ALIGN_DOWN(size, PAGE_SIZE);
	spin_lock_init(&heap->lock);
	heap->address_bits = HEAP_FEWEST_BITS;
	if (!(kind->flags & REFCDEV_HEAP_FIXED))
		return 0;
	if (!size || heap->size != size || size > HEAP_RESERVED_MAX)
		return -EINVAL;
	return heap_set_aside(heap);
}
