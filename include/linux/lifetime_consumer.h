/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lifetime_consumer.h: drivers that use another driver's object, which comes and goes
 */
#ifndef _LINUX_LIFETIME_CONSUMER_H
#define _LINUX_LIFETIME_CONSUMER_H

#include <linux/lifetime.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

/**
 * DOC: Providers and consumers
 *
 * An object that other drivers use is *provided* under a name; a driver that wants it is a
 * *consumer* of that name. Neither needs to be there before the other, and neither keeps
 * the other's device from going. What keeps a consumer safe is what keeps a file safe: a
 * reference as long as it is attached, and the gate around each use::
 *
 *	life = lifetime_consumer_enter(&user->consumer);
 *	if (!life)
 *		return -ENXIO;
 *	bridge = container_of(life, struct bridge, life);
 *	ret = bridge->ops->transfer(bridge, ...);
 *	lifetime_exit(life);
 *
 * The name stands for what the object is: who provides it and who uses it agree in a header.
 *
 * Who is attached keeps the provider's module, but not the provider: it is unbound all the same,
 * and then its module may go. Two modules that each use an object of the other keep each other
 * until one of the two was unbound. A module that uses its own object does not keep itself.
 *
 * ===================  ======================================================================
 * it happens           and the consumer
 * ===================  ======================================================================
 * provider arrives     is attached, and &lifetime_consumer.arrived is called
 * provider goes        is refused; &lifetime_consumer.leaving is called once, before the
 *                      disconnect returns; calls that are inside are woken and waited for
 * provider is gone     is detached; with &lifetime_consumer.hold only when it says so, and until
 *                      then the provider's data and module stay
 * a new one arrives    if it is not attached any more: as above
 * ===================  ======================================================================
 */

/**
 * struct lifetime_provider - a name under which an object can be found
 * @name: set by lifetime_provide()
 *
 * Part of the object, or static.
 */
struct lifetime_provider {
	const char *name;
	/* private: under the lock in consumer.c */
	struct lifetime *life;
	struct list_head list;
};

/**
 * struct lifetime_consumer - who uses an object by name
 * @name: of the consumer, for messages and the dump; must stay
 * @wants: the name of the provider; must stay
 * @arrived: the consumer is attached: it may enter. Optional.
 * @leaving: the provider is being disconnected: nobody may enter, and calls inside are to
 *	leave. Called once, after each @arrived. Optional.
 * @hold: stay attached to a provider that is gone, until lifetime_consumer_detach()
 *
 * @arrived and @leaving are called in process context, one at a time for one consumer, with
 * no lock of the core held. They may sleep, but @leaving not on what needs the provider.
 * They must not add or remove their own consumer, nor take the lock of the consumer's device:
 * who holds it may wait for them in lifetime_consumer_remove(). Nor may they disconnect the
 * provider, or take the lock of its device: who disconnects it waits for them as well. And
 * @leaving must not wait for calls that are inside the provider: its cancel hook, which may be
 * what they wait for, comes after.
 */
struct lifetime_consumer {
	const char *name;
	const char *wants;
	void (*arrived)(struct lifetime_consumer *consumer);
	void (*leaving)(struct lifetime_consumer *consumer);
	bool hold;
	/* private: @life also under RCU, the rest under the lock in consumer.c */
	struct module *owner;
	struct lifetime __rcu *life;
	struct list_head list;
	struct task_struct *busy;
	bool told;
};

int lifetime_provide(struct lifetime *life, struct lifetime_provider *provider,
		     const char *name);

int __lifetime_consumer_add(struct lifetime_consumer *consumer, struct module *owner);
int __devm_lifetime_consumer_add(struct device *dev, struct lifetime_consumer *consumer,
				 struct module *owner);
void lifetime_consumer_remove(struct lifetime_consumer *consumer);
int lifetime_consumer_detach(struct lifetime_consumer *consumer);

/**
 * lifetime_consumer_add() - want an object by name
 * @consumer: the consumer; zeroed, but for its public members
 *
 * If the object is there it is attached before this returns, and
 * &lifetime_consumer.arrived was called; else as soon as it is.
 *
 * Context: process context, sleeps.
 * Return: 0; -EINVAL, with a warning, without names or if it was added before.
 */
#define lifetime_consumer_add(consumer)						\
	__lifetime_consumer_add(consumer, THIS_MODULE)

/**
 * devm_lifetime_consumer_add() - the same, until a device is unbound
 * @dev: the device that is being bound
 * @consumer: the consumer; zeroed, but for its public members
 *
 * Context: process context, sleeps.
 * Return: as lifetime_consumer_add(), or -ENOMEM.
 */
#define devm_lifetime_consumer_add(dev, consumer)				\
	__devm_lifetime_consumer_add(dev, consumer, THIS_MODULE)

/**
 * lifetime_consumer_enter() - start to use the provider
 * @consumer: the consumer, which was added
 *
 * Until lifetime_exit() of what this returns the provider's device, data and module stay.
 *
 * Context: task, softirq or hard interrupt; not NMI. Never sleeps.
 * Return: the provider's object; NULL if there is none, or if it is gone.
 */
static inline struct lifetime *__must_check
lifetime_consumer_enter(struct lifetime_consumer *consumer)
{
	struct lifetime *life;

	rcu_read_lock();
	life = rcu_dereference(consumer->life);
	if (life && !lifetime_enter(life))
		life = NULL;
	rcu_read_unlock();
	return life;
}

#endif /* _LINUX_LIFETIME_CONSUMER_H */
