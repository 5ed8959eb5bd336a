/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample_dma.h: how far a device can reach, for who shares memory with it
 */
#ifndef _REFCDEV_SAMPLES_SAMPLE_DMA_H
#define _REFCDEV_SAMPLES_SAMPLE_DMA_H

#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/minmax.h>

/*
 * Is there an IOMMU that puts memory where the device can reach it? One that passes addresses
 * through, as with iommu=pt, does not; device_iommu_mapped() would not tell.
 */
static inline bool sample_dma_is_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type & __IOMMU_DOMAIN_PAGING;
}

/* The highest address for streaming DMA. */
static inline u64 sample_dma_limit(struct device *dev)
{
	return min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}

#endif /* _REFCDEV_SAMPLES_SAMPLE_DMA_H */
