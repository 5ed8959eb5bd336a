/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quiesce.h: waits for sections with preemption off; see quiesce.c
 */
#ifndef REFCDEV_QUIESCE_H
#define REFCDEV_QUIESCE_H

unsigned long quiesce_state(void);
void quiesce_wait(unsigned long state, const char *name);

#endif /* REFCDEV_QUIESCE_H */
