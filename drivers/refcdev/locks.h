/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * locks.h: calls that may sleep for a file lock inside the driver
 *
 * Who waits for a lock sleeps on a queue of the VFS, inside the driver's operation, and
 * neither the driver nor its wait queues can wake him. But the core can: it takes the
 * request's permission to sleep away, and unblocks it. Then it is tried once more, and
 * fails with -EAGAIN.
 */
#ifndef REFCDEV_LOCKS_H
#define REFCDEV_LOCKS_H

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/lifetime.h>
#include <linux/list.h>

#include "compat.h"

/* A call that may sleep for a lock; on its stack. */
struct locker {
	struct list_head list;		/* life->lockers; empty if it may not sleep */
	struct file_lock *lock;
};

/* What is given up is let through at any time; else it would outlive the file. */
static inline bool gives_up_lock(int cmd, struct file_lock *lock)
{
	return cmd != F_GETLK && file_lock_type(lock) == F_UNLCK;
}

void locker_begin(struct lifetime *life, struct locker *self, struct file_lock *lock);
int locker_end(struct lifetime *life, struct locker *self, int ret);
void lifetime_wake_lockers(struct lifetime *life);

#endif /* REFCDEV_LOCKS_H */
