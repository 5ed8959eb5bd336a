/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu_hardware.h: the edu device behind its driver's back: what it is at, and that it vanishes
 * without a word
 */
#ifndef REFCDEV_TEST_EDU_HARDWARE_H
#define REFCDEV_TEST_EDU_HARDWARE_H

#include "edu.h"

/* In the registers: what the engine is at, or is to do, see edu_registers(). */
#define EDU_DMA_COMMAND	(0x98 / 4)
#define EDU_DMA_RUNS	0x1

/* The command register of its configuration, or a negative errno. */
int edu_command(void);

/*
 * Another device's memory answers in the place of its registers, until edu_appear(). Its
 * configuration stays, and its transfers go on. It takes machine=acpiphp.
 *
 * edu_vanish(): they read as all ones, as those of hardware that was pulled out do; QEMU by itself
 * has them read as zero where nothing answers.
 * edu_get_stuck(): it is there, and keeps what is written to it, and that is all it does. So a
 * transfer that was begun never ends.
 */
void edu_vanish(void);
void edu_get_stuck(void);
/* As it was; does nothing if that was not called, and may be called by another process. */
void edu_appear(void);

#endif /* REFCDEV_TEST_EDU_HARDWARE_H */
