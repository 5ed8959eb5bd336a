/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * consumer.h: what consumer.c and provider.c share, and what a disconnect does about those
 * who use an object by name
 */
#ifndef REFCDEV_CONSUMER_H
#define REFCDEV_CONSUMER_H

#include <linux/lifetime_consumer.h>
#include <linux/mutex.h>

/* Guards both lists, and all of a consumer but its callbacks. */
extern struct mutex consumers_lock;
extern struct list_head providers;
extern struct list_head consumers;

static inline struct lifetime *attached_to(const struct lifetime_consumer *consumer)
{
	return rcu_dereference_protected(consumer->life, lockdep_is_held(&consumers_lock));
}

struct lifetime_provider *provider_find(const char *name);
bool consumer_settle(struct lifetime_consumer *consumer);
void consumers_settle(struct lifetime *life);
void consumers_wait_for_change(void);
bool consumer_is_own(const struct lifetime_consumer *consumer, const struct lifetime *life);
void consumers_put(struct lifetime *life, unsigned int others, unsigned int own);

/* For disconnect.c. */
void lifetime_withdraw(struct lifetime *life);
void lifetime_tell_consumers(struct lifetime *life);
void lifetime_detach_consumers(struct lifetime *life);

#endif /* REFCDEV_CONSUMER_H */
