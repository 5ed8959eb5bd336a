// SPDX-License-Identifier: GPL-2.0-only
/*
 * locks.c: wakes calls that sleep for a file lock inside the driver
 */

#include "lifetime.h"
#include "locks.h"

/* Inside the gate. */
void locker_begin(struct lifetime *life, struct locker *self, struct file_lock *lock)
{
	INIT_LIST_HEAD(&self->list);
	self->lock = lock;
	if (!(file_lock_flags(lock) & FL_SLEEP))
		return;
	mutex_lock(&life->list_lock);
	list_add_tail(&self->list, &life->lockers);
	mutex_unlock(&life->list_lock);
}

/* Returns @ret, or that the device is gone if that is why there is no lock. */
int locker_end(struct lifetime *life, struct locker *self, int ret)
{
	if (list_empty(&self->list))
		return ret;
	mutex_lock(&life->list_lock);
	list_del(&self->list);
	mutex_unlock(&life->list_lock);
	return ret == -EAGAIN && lifetime_disconnected(life) ? LIFETIME_GONE : ret;
}

/*
 * Called in each round of a drain that somebody holds up: a request that is about to block
 * does so at most once more, as it looks for the flag before.
 */
void lifetime_wake_lockers(struct lifetime *life)
{
	struct locker *locker;

	mutex_lock(&life->list_lock);
	list_for_each_entry(locker, &life->lockers, list) {
		file_lock_flags(locker->lock) &= ~FL_SLEEP;
		locks_delete_block(locker->lock);
		wake_up(file_lock_wait(locker->lock));
	}
	mutex_unlock(&life->list_lock);
}
