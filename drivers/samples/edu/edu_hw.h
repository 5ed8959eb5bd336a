/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu_hw.h: the registers of QEMU's edu device, and what it does not forgive
 *
 * From QEMU's docs/specs/edu. What that does not say:
 *
 * - a transfer that touches the last byte of the device's memory, has no length, or lies outside,
 *   ends QEMU itself; so does nothing else;
 * - a transfer can neither be stopped nor changed; only without the permission to master the bus
 *   it reaches no memory;
 * - a number that comes while the device computes is lost;
 * - pulled out while it computes, and is to interrupt then, it hangs QEMU for good;
 * - registers below EDU_DMA_SOURCE are four bytes wide, and read as all ones in any other width.
 */
#ifndef _REFCDEV_SAMPLES_EDU_HW_H
#define _REFCDEV_SAMPLES_EDU_HW_H

#include <linux/bits.h>
#include <linux/io.h>
#include <linux/refcdev_edu.h>
#include <linux/types.h>

#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8
#define EDU_BAR			0
#define EDU_DMA_ADDRESS_BITS	28

#define EDU_IDENTIFICATION	0x00
#define EDU_INVERTED		0x04
#define EDU_FACTORIAL		0x08
#define EDU_STATUS		0x20
#define EDU_INTERRUPTS		0x24
#define EDU_ACKNOWLEDGE		0x64
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_TARGET		0x88
#define EDU_DMA_BYTES		0x90
#define EDU_DMA_COMMAND		0x98

#define EDU_IDENTIFICATION_MASK	0xff
#define EDU_IS_EDU		0xed

#define EDU_STATUS_COMPUTING	BIT(0)
#define EDU_STATUS_INTERRUPT	BIT(7)

#define EDU_COMPUTED		BIT(0)	/* in EDU_INTERRUPTS */
#define EDU_TRANSFERRED		BIT(8)

#define EDU_DMA_RUNS		BIT(0)
#define EDU_DMA_FROM_DEVICE	BIT(1)
#define EDU_DMA_INTERRUPT	BIT(2)

/* Where the engine sees the device's memory; no register is there. */
#define EDU_MEMORY		0x40000
#define EDU_BAR_BYTES		(EDU_MEMORY + 0x1000)

/* What is not there reads as all ones; so may a register that says anything else than who it is. */
#define EDU_ALL_ONES		0xffffffffu

static inline bool edu_is_gone(void __iomem *regs)
{
	return readl(regs + EDU_IDENTIFICATION) == EDU_ALL_ONES;
}

#endif /* _REFCDEV_SAMPLES_EDU_HW_H */
