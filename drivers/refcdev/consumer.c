// SPDX-License-Identifier: GPL-2.0-only
/*
 * consumer.c: drivers that use another driver's object, which they find by name; what
 * becomes of it is told in provider.c
 *
 * Two lists under one lock, which is never held while a driver is called: those who provide
 * and are not disconnected, and those who want something. A consumer that is being called
 * is marked busy; whoever finds it so leaves it alone, as the one who is at it looks once
 * more when the call has returned. So callbacks of one consumer come one at a time and in
 * order, and a callback may itself provide something, or wait for another's.
 *
 * What a consumer is attached to can be:
 *
 * (1) live: on the list of providers, or about to be disconnected and not yet taken off;
 * (2) disconnected, the consumer not told: the drain tells it, or who is busy with it;
 * (3) disconnected, and told: until the drain is over, and if it holds on, until it lets go.
 *
 * Attached means: it has a reference, and with it the provider's module, if that is not its own.
 * Its pointer is read under RCU by lifetime_consumer_enter(), so it is a grace period older than
 * the put.
 */

#include <linux/bug.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "consumer.h"
#include "lifetime.h"

DEFINE_MUTEX(consumers_lock);			/* see consumer.h */
static DECLARE_WAIT_QUEUE_HEAD(consumers_wait);
static unsigned long changes;			/* consumers that are not busy any more, or gone */
LIST_HEAD(providers);
LIST_HEAD(consumers);

struct lifetime_provider *provider_find(const char *name)
{
	struct lifetime_provider *provider;

	lockdep_assert_held(&consumers_lock);
	list_for_each_entry(provider, &providers, list)
		if (!strcmp(provider->name, name))
			return provider;
	return NULL;
}

/*
 * Of the provider's own module: that would keep itself, and nobody could unload it. It need not, as
 * such a consumer is removed before the module's exit function returns.
 */
bool consumer_is_own(const struct lifetime_consumer *consumer, const struct lifetime *life)
{
	return consumer->owner == life->ops->owner;
}

/* On the list, so not disconnected to the end: the object is there. */
static bool consumer_attach(struct lifetime_consumer *consumer)
{
	struct lifetime_provider *provider = provider_find(consumer->wants);

	if (!provider)
		return false;
	if (consumer_is_own(consumer, provider->life))
		lifetime_get_bare(provider->life, HOLDER_consumer);
	else if (!lifetime_tryget_for(provider->life, HOLDER_consumer))
		return false;
	consumer->told = false;
	rcu_assign_pointer(consumer->life, provider->life);
	return true;
}

static bool consumer_is_to_be_told(const struct lifetime_consumer *consumer)
{
	struct lifetime *life = attached_to(consumer);

	return life && !consumer->told && lifetime_disconnected(life);
}

static void consumers_changed(void)
{
	lockdep_assert_held(&consumers_lock);
	changes++;
	wake_up_all(&consumers_wait);
}

/* Others leave it alone until consumer_unmark() of what this returns: a callback may detach. */
static struct task_struct *consumer_mark(struct lifetime_consumer *consumer)
{
	struct task_struct *before = consumer->busy;

	consumer->busy = current;
	mutex_unlock(&consumers_lock);
	return before;
}

/* Told after each step, not after the last: who waits for the one may hold up the other. */
static void consumer_unmark(struct lifetime_consumer *consumer, struct task_struct *before)
{
	mutex_lock(&consumers_lock);
	consumer->busy = before;
	consumers_changed();
}

static void consumer_call(struct lifetime_consumer *consumer,
			  void (*callback)(struct lifetime_consumer *consumer))
{
	struct task_struct *before;

	if (!callback)
		return;
	before = consumer_mark(consumer);
	callback(consumer);
	consumer_unmark(consumer, before);
}

/*
 * What so many @others and @own consumers had. The caller has taken @life out of where
 * lifetime_consumer_enter() looks.
 */
void consumers_put(struct lifetime *life, unsigned int others, unsigned int own)
{
	if (others || own)
		synchronize_rcu_expedited();
	while (own--)
		lifetime_put_bare(life, HOLDER_consumer);
	while (others--)
		lifetime_put_for(life, HOLDER_consumer);
}

/* Has disconnected its own provider from a callback: nobody else could detach it. */
static bool consumer_was_left(const struct lifetime_consumer *consumer)
{
	struct lifetime *life = attached_to(consumer);

	return life && consumer->told && !consumer->hold && completion_done(&life->dead);
}

static void consumer_detach(struct lifetime_consumer *consumer)
{
	struct lifetime *life = attached_to(consumer);
	bool own = consumer_is_own(consumer, life);
	struct task_struct *before;

	RCU_INIT_POINTER(consumer->life, NULL);
	before = consumer_mark(consumer);
	consumers_put(life, !own, own);
	consumer_unmark(consumer, before);
}

/* What it waits for may be freed by then, so the caller looks for it anew. */
void consumers_wait_for_change(void)
{
	unsigned long before = changes;

	lockdep_assert_held(&consumers_lock);
	mutex_unlock(&consumers_lock);
	wait_event(consumers_wait, READ_ONCE(changes) != before);
	mutex_lock(&consumers_lock);
}

/* Tell a consumer all that has happened. Returns true if the lock was dropped for that. */
bool consumer_settle(struct lifetime_consumer *consumer)
{
	bool dropped = false;

	lockdep_assert_held(&consumers_lock);
	for (; !consumer->busy; dropped = true) {
		if (consumer_is_to_be_told(consumer)) {
			consumer->told = true;
			consumer_call(consumer, consumer->leaving);
		} else if (consumer_was_left(consumer)) {
			consumer_detach(consumer);
		} else if (!attached_to(consumer) && consumer_attach(consumer)) {
			consumer_call(consumer, consumer->arrived);
		} else {
			break;
		}
	}
	return dropped;
}

/*
 * Only those who are attached to @life, or to nothing: what others have to be told may wait
 * for the caller.
 */
void consumers_settle(struct lifetime *life)
{
	struct lifetime_consumer *consumer;

	lockdep_assert_held(&consumers_lock);
again:
	list_for_each_entry(consumer, &consumers, list)
		if (attached_to(consumer) == life && consumer_settle(consumer))
			goto again;
}

#ifdef CONFIG_REFCDEV_DEBUG
void lifetime_each_consumer(struct lifetime *life,
			    void (*show)(const char *name, void *data), void *data)
{
	struct lifetime_consumer *consumer;

	if (!life->provides)
		return;
	mutex_lock(&consumers_lock);
	list_for_each_entry(consumer, &consumers, list)
		if (attached_to(consumer) == life)
			show(consumer->name, data);
	mutex_unlock(&consumers_lock);
}
#endif

/* For its owner; not for oneself: a callback may come here. */
static void wait_until_not_busy(struct lifetime_consumer *consumer)
{
	while (consumer->busy && consumer->busy != current)
		consumers_wait_for_change();
}

/**
 * __lifetime_consumer_add() - lifetime_consumer_add() for whichever module
 * @consumer: the consumer; zeroed, but for its public members
 * @owner: the module it belongs to
 *
 * Context: process context, sleeps.
 * Return: as lifetime_consumer_add().
 */
int __lifetime_consumer_add(struct lifetime_consumer *consumer, struct module *owner)
{
	if (WARN_ONCE(!consumer->name || !consumer->wants || consumer->list.next,
		      "refcdev: %s: a consumer without names, or one that was added before\n",
		      consumer->name ?: "(no name)"))
		return -EINVAL;
	consumer->owner = owner;
	mutex_lock(&consumers_lock);
	list_add_tail(&consumer->list, &consumers);
	consumer_settle(consumer);
	mutex_unlock(&consumers_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(__lifetime_consumer_add);

/**
 * lifetime_consumer_remove() - end what lifetime_consumer_add() began
 * @consumer: the consumer
 *
 * None of its callbacks runs when this has returned, and it holds nothing. It is not told
 * that its provider is leaving. It may be added again.
 *
 * Context: process context, sleeps. The caller holds no lock that a callback takes. Nobody is
 *	in lifetime_consumer_enter() with it.
 */
void lifetime_consumer_remove(struct lifetime_consumer *consumer)
{
	struct lifetime *life;
	bool own;

	mutex_lock(&consumers_lock);
	wait_until_not_busy(consumer);
	if (WARN_ONCE(consumer->busy || !consumer->list.next,
		      "refcdev: %s: a consumer is removed by its own callback, or twice\n",
		      consumer->name)) {
		mutex_unlock(&consumers_lock);
		return;
	}
	list_del(&consumer->list);
	consumer->list.next = NULL;
	life = attached_to(consumer);
	RCU_INIT_POINTER(consumer->life, NULL);
	/* A drain may wait for it to be told. */
	consumers_changed();
	mutex_unlock(&consumers_lock);
	own = life && consumer_is_own(consumer, life);
	consumers_put(life, life && !own, own);
}
EXPORT_SYMBOL_GPL(lifetime_consumer_remove);

static void consumer_remove_action(void *consumer)
{
	lifetime_consumer_remove(consumer);
}

/**
 * __devm_lifetime_consumer_add() - devm_lifetime_consumer_add() for whichever module
 * @dev: the device that is being bound
 * @consumer: the consumer; zeroed, but for its public members
 * @owner: the module it belongs to
 *
 * Context: process context, sleeps.
 * Return: as lifetime_consumer_add(), or -ENOMEM.
 */
int __devm_lifetime_consumer_add(struct device *dev, struct lifetime_consumer *consumer,
				 struct module *owner)
{
	int ret = __lifetime_consumer_add(consumer, owner);

	return ret ?: devm_add_action_or_reset(dev, consumer_remove_action, consumer);
}
EXPORT_SYMBOL_GPL(__devm_lifetime_consumer_add);

/**
 * lifetime_consumer_detach() - let go of a provider that is gone
 * @consumer: the consumer, which has &lifetime_consumer.hold
 *
 * Then a new provider of that name can arrive, before this returns if it is there. May be
 * called by &lifetime_consumer.leaving; the new one arrives after that.
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOENT if the consumer is not attached; -EBUSY if its provider is not gone.
 */
int lifetime_consumer_detach(struct lifetime_consumer *consumer)
{
	int ret = 0;

	mutex_lock(&consumers_lock);
	wait_until_not_busy(consumer);
	if (!attached_to(consumer)) {
		ret = -ENOENT;
	} else if (!consumer->told) {
		ret = -EBUSY;
	} else {
		consumer_detach(consumer);
		consumer_settle(consumer);
	}
	mutex_unlock(&consumers_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(lifetime_consumer_detach);
