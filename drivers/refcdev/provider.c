// SPDX-License-Identifier: GPL-2.0-only
/*
 * provider.c: objects that other drivers find by name: from when they are provided until
 * their last consumer was told that they go
 *
 * The lists, and how a consumer is called, are in consumer.c.
 */

#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "consumer.h"
#include "lifetime.h"

/**
 * lifetime_provide() - let other drivers find an object
 * @life: the object
 * @provider: part of the object, or static; zeroed, and not in use
 * @name: under which it is found; must stay as long as the object is not disconnected
 *
 * It ends when the object is disconnected. Consumers that wait for @name are attached before
 * this returns, unless they are busy, and may use the object at once: so it comes when the
 * hardware is there.
 *
 * Context: process context, sleeps; calls &lifetime_consumer.arrived.
 * Return: 0; -ENXIO if the object was disconnected; -EBUSY if @name is provided already;
 *	-EINVAL, with a warning, without a name or if @provider is in use.
 */
int lifetime_provide(struct lifetime *life, struct lifetime_provider *provider,
		     const char *name)
{
	int ret = 0;

	/* So that a disconnect finds it, or is found. */
	mutex_lock(&life->list_lock);
	mutex_lock(&consumers_lock);
	if (WARN_ONCE(!name || provider->list.next,
		      "refcdev: %s: a provider without a name, or one that is in use\n",
		      life->name)) {
		ret = -EINVAL;
	} else if (lifetime_disconnected(life)) {
		ret = LIFETIME_GONE;
	} else if (provider_find(name)) {
		ret = -EBUSY;
	} else {
		provider->name = name;
		provider->life = life;
		list_add_tail(&provider->list, &providers);
		life->provides = true;
	}
	mutex_unlock(&life->list_lock);
	if (!ret)
		consumers_settle(NULL);
	mutex_unlock(&consumers_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(lifetime_provide);

/* Nobody finds it from here on. The flag is set, under the list's lock, which is held. */
void lifetime_withdraw(struct lifetime *life)
{
	struct lifetime_provider *provider, *next;

	if (!life->provides)
		return;
	mutex_lock(&consumers_lock);
	list_for_each_entry_safe(provider, next, &providers, list) {
		if (provider->life != life)
			continue;
		list_del(&provider->list);
		provider->list.next = NULL;
	}
	mutex_unlock(&consumers_lock);
}

/* Those who are busy are told by who is at it. */
void lifetime_tell_consumers(struct lifetime *life)
{
	if (!life->provides)
		return;
	mutex_lock(&consumers_lock);
	consumers_settle(life);
	mutex_unlock(&consumers_lock);
}

/* One that is attached and still has to be told, or is being called. */
static struct lifetime_consumer *find_unsettled(struct lifetime *life)
{
	struct lifetime_consumer *consumer;

	list_for_each_entry(consumer, &consumers, list)
		if (attached_to(consumer) == life && consumer->busy != current &&
		    (consumer->busy || !consumer->told))
			return consumer;
	return NULL;
}

/* Returns how many; *@own: of them of the provider's own module. */
static unsigned int detach_all(struct lifetime *life, unsigned int *own)
{
	struct lifetime_consumer *consumer;
	unsigned int count = 0;

	*own = 0;
	list_for_each_entry(consumer, &consumers, list) {
		if (attached_to(consumer) != life || consumer->hold || consumer->busy)
			continue;
		RCU_INIT_POINTER(consumer->life, NULL);
		*own += consumer_is_own(consumer, life);
		count++;
	}
	return count;
}

/*
 * After the drain: wait until all were told, and detach those who do not hold on. Some may
 * find a new provider at once.
 */
void lifetime_detach_consumers(struct lifetime *life)
{
	struct lifetime_consumer *consumer;
	unsigned int count, own;

	if (!life->provides)
		return;
	mutex_lock(&consumers_lock);
	while ((consumer = find_unsettled(life))) {
		if (consumer->busy)
			consumers_wait_for_change();
		else
			consumer_settle(consumer);
	}
	count = detach_all(life, &own);
	mutex_unlock(&consumers_lock);
	consumers_put(life, count - own, own);
	mutex_lock(&consumers_lock);
	consumers_settle(NULL);
	mutex_unlock(&consumers_lock);
}
