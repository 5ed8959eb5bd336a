/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lifetime.h: an object that outlives its device, and the gate in front of it
 */
#ifndef _LINUX_LIFETIME_H
#define _LINUX_LIFETIME_H

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/**
 * DOC: Two lifetimes, two counters
 *
 * A driver's private data and the device it drives do not die together. The
 * device goes when it is unplugged or its driver is unbound; the data must stay
 * until the last open file, mapping or in-kernel user has let go. Each of the
 * two has a counter here, and a vocabulary of its own, as in kernfs:
 *
 * *Memory*: lifetime_get() and lifetime_put() say who may still **name** the
 * object. The last put calls &lifetime_ops.release and frees it.
 *
 * *Use*: lifetime_enter() and lifetime_exit() say who is **inside** right now.
 * lifetime_disconnect() refuses whoever comes later, wakes whoever sleeps, and
 * waits until nobody is inside. Hardware may be touched only inside.
 *
 * Whoever is inside is covered by a reference. So: exit before put.
 *
 * The object goes through three states and never back: a device that returns is
 * a new object.
 *
 * ===============  ====================  ==========================================
 * state            lifetime_enter()      what holds
 * ===============  ====================  ==========================================
 * live             true                  the hardware is there
 * disconnecting    false                 calls that were inside are leaving
 * dead             false                 nobody is inside, for ever
 * ===============  ====================  ==========================================
 *
 * What a caller did before lifetime_exit() is visible to whoever returns from
 * lifetime_disconnect(), on every CPU. Nothing else is ordered: enter and exit
 * are two per-CPU additions, not a lock.
 *
 * A driver needs four of the calls here::
 *
 *	foo = lifetime_alloc(struct foo, life, dev, &foo_lifetime_ops);
 *	if (IS_ERR(foo))
 *		return PTR_ERR(foo);
 *	init_waitqueue_head(&foo->wait);
 *	ret = lifetime_add_waitqueue(&foo->life, &foo->wait);
 *	...
 *	ret = lifetime_wait_event_interruptible(&foo->life, foo->wait, foo->done);
 *
 * and for its file operations none of them: refcdev enters, exits, gets and
 * puts for it.
 */

struct fasync_struct;
struct lifetime;
struct page;
struct refcdev;

/* What a call gets once the device is gone. The one place that says so. */
#define LIFETIME_GONE		(-ENXIO)
/* How many kinds of calls the gate tells apart; what each is called: fops.c. */
#define LIFETIME_NR_OPS		40
/* Calls by the kernel itself: timers, interrupts, other drivers. */
#define LIFETIME_OP_KERNEL	0

/* private: one per CPU */
struct lifetime_counts {
	unsigned int nr[LIFETIME_NR_OPS];
};

/* public: */
/**
 * struct lifetime_ops - what a driver does at the two ends of its object
 * @owner: the driver's module, THIS_MODULE
 * @cancel: makes the calls that are inside leave: completes or cancels what they
 *	wait for. Optional where registered wait queues suffice, see
 *	lifetime_add_waitqueue(). Called after the gate was closed: at least once,
 *	even when nobody is inside, and again at intervals until nobody is, so a
 *	wake-up that came too early is not lost. Context: process context, may
 *	sleep, never twice at once, with no lock of the core held; on unbind the
 *	driver core holds the device's lock. It must not wait for the calls
 *	themselves, nor disconnect the object. The hardware is there; so it is not
 *	called where devres ends an object that was never disconnected before, as
 *	when a probe fails early, unless somebody is inside even then.
 * @release: undoes what the driver put into the object: called once, when the last
 *	reference is gone and before the core frees the memory. Optional.
 *	Context: process context, may sleep. The hardware is gone.
 */
struct lifetime_ops {
	struct module *owner;
	void (*cancel)(struct lifetime *life);
	void (*release)(struct lifetime *life);
};

/**
 * struct lifetime - the counters of one driver instance, embedded in its data
 *
 * Only ever made by lifetime_alloc(). All members are private.
 */
struct lifetime {
	/* private: read by every call; NULL once disconnected, and that is the flag */
	struct lifetime_counts __percpu *active;

	/* never written; what is, by opens for one, is further away than a cache line */
	struct lifetime_counts __percpu *counts;	/* what @active was */
	const struct lifetime_ops *ops;
	const char *name;
	void *memory;			/* where the allocation starts */

	/* who is still inside, once the per-CPU counters were folded; under lock */
	raw_spinlock_t lock;
	bool folded;
	unsigned int inside;
	unsigned int inside_by_op[LIFETIME_NR_OPS];
	refcount_t ref;
	struct completion idle;

	/* the way down; see disconnect.c */
	unsigned long quiescence;
	unsigned long drain_claimed;
	unsigned long drain_since;	/* jiffies */
	struct task_struct *drainer;
	struct delayed_work report_work;
	bool hardware_gone;		/* devres ends it, and nobody disconnected before */
	struct completion dead;

	struct mutex list_lock;		/* the three lists, and provides */
	bool provides;			/* other drivers may find it by name */
	struct list_head nodes;		/* of struct refcdev */
	struct list_head waiters;
	struct list_head lockers;
	struct page *zero_page;		/* for mappings whose device is gone */
	struct work_struct release_work;

	/* what it owns; see managed.c */
	spinlock_t managed_lock;
	struct list_head managed;
	struct managed *running;	/* by a phase; still on the list */
	struct task_struct *runner;
	unsigned int releasing;		/* actions of a phase that others run */
	unsigned int phases_over;
#ifdef CONFIG_LOCKDEP
	struct lockdep_map dep_map;
#endif
};

void *__lifetime_alloc(size_t size, size_t offset, struct device *dev,
		       const struct lifetime_ops *ops, struct module *owner,
		       struct lock_class_key *key);

/**
 * lifetime_alloc() - allocate an object that outlives its device
 * @type: the driver's private structure
 * @member: its &struct lifetime
 * @dev: the device that the driver is being bound to, or NULL
 * @ops: what to call at its ends
 *
 * The memory is zeroed, and is neither devm memory nor tied to @dev. What is tied
 * to @dev is the *binding*: when @dev is unbound, or its probe fails, the object is
 * disconnected and the reference that this function returns is dropped. So make
 * this the first managed call of probe, and never put that reference yourself.
 * Without @dev, lifetime_end() does the same. @dev must be the device that is being
 * bound to the driver of @ops, not its parent.
 *
 * First to be allocated means last to be undone: after the hardware is gone. What
 * disconnects before is devm_refcdev_register(), or for an object without nodes
 * devm_lifetime_disconnect(), to be called once the hardware is there and before
 * anything is started that enters the object by itself: a timer, a thread, another
 * driver.
 *
 * Context: process context, may sleep.
 * Return: the object, or ERR_PTR(-ENOMEM); ERR_PTR(-EINVAL), with a warning, if @ops
 *	is NULL or its owner is not the calling module.
 */
#define lifetime_alloc(type, member, dev, ops)					\
({										\
	static struct lock_class_key __key;					\
										\
	(type *)__lifetime_alloc(sizeof(type), offsetof(type, member),	\
				 dev, ops, THIS_MODULE, &__key);		\
})

void lifetime_end(struct lifetime *life);
void lifetime_get(struct lifetime *life);
bool __must_check lifetime_tryget(struct lifetime *life);
void lifetime_put(struct lifetime *life);
void lifetime_put_async(struct lifetime *life);

int lifetime_disconnect(struct lifetime *life);
int lifetime_disconnect_begin(struct lifetime *life);
int lifetime_disconnect_finish(struct lifetime *life);
int devm_lifetime_disconnect(struct device *dev, struct lifetime *life);

int lifetime_add_waitqueue(struct lifetime *life, wait_queue_head_t *wq);
void lifetime_remove_waitqueue(struct lifetime *life, wait_queue_head_t *wq);
int lifetime_add_fasync(struct lifetime *life, struct fasync_struct **fasync);

/**
 * lifetime_name() - what the core calls an object in its messages
 * @life: the object
 *
 * Context: any, with a reference.
 * Return: the name of the device it was allocated for; valid as long as @life is.
 */
static inline const char *lifetime_name(const struct lifetime *life)
{
	return life->name;
}

/**
 * lifetime_disconnected() - is the device gone?
 * @life: the object
 *
 * For loops that poll hardware, and to fold into a wait's condition. It protects
 * nothing: the answer may be out of date at once, unless it is true.
 *
 * Context: any, with a reference.
 * Return: true once the object was disconnected, and for ever after.
 */
static inline bool lifetime_disconnected(const struct lifetime *life)
{
	return unlikely(!READ_ONCE(life->active));
}

/* private: the gate's slow half, in gate.c */
void __lifetime_exit_slow(struct lifetime *life, unsigned int op);

/*
 * The flag, which is the pointer, is read and the counter moved in one section with
 * preemption off, the caller's. The drainer sets the flag and then waits for every such
 * section that may have read it unset (quiesce.c): what it adds up afterwards (gate.c) is
 * complete. this_cpu_inc(), not __this_cpu_inc(): an interrupt may enter in the middle.
 */
static __always_inline bool __lifetime_enter_atomic(struct lifetime *life, unsigned int op)
{
	struct lifetime_counts __percpu *active;

	lockdep_assert_preemption_disabled();
	active = READ_ONCE(life->active);
	if (likely(active))
		this_cpu_inc(active->nr[op]);
	return active;
}

static __always_inline bool __lifetime_enter(struct lifetime *life, unsigned int op)
{
	bool entered;

	preempt_disable();
	entered = __lifetime_enter_atomic(life, op);
	preempt_enable();
	return entered;
}

/*
 * The flag is read before the decrement: after it, the drainer may have seen the
 * last caller leave, and @life may be gone.
 */
static __always_inline void __lifetime_exit(struct lifetime *life, unsigned int op)
{
	struct lifetime_counts __percpu *active;

	preempt_disable();
	active = READ_ONCE(life->active);
	if (likely(active))
		this_cpu_dec(active->nr[op]);
	else
		__lifetime_exit_slow(life, op);
	preempt_enable();
}

/* public: */
/**
 * lifetime_enter() - start to use the device from inside the kernel
 * @life: the object
 *
 * For timers, interrupts, work items, sysfs attributes and other drivers. File
 * operations are inside already.
 *
 * Between a successful enter and lifetime_exit() the device stays; one may sleep
 * there, but whatever one sleeps on must end when the object is disconnected.
 * Calls nest; an inner enter may be refused while an outer one is held.
 *
 * Context: task, softirq or hard interrupt; not NMI. Never sleeps. The caller
 *	holds a reference, or is otherwise sure that @life exists.
 * Return: true; or false if the object was disconnected: do not touch the
 *	hardware, and do not call lifetime_exit().
 */
static __always_inline bool __must_check lifetime_enter(struct lifetime *life)
{
	return __lifetime_enter(life, LIFETIME_OP_KERNEL);
}

/**
 * lifetime_exit() - end what lifetime_enter() started
 * @life: the object
 *
 * May be called on another CPU, in another task or in another context than the
 * enter. Without a reference of one's own this is the last access to @life: once
 * the last caller has left, the object may be freed. It covers neither the object
 * nor the driver's text after it returned: a timer, work or thread is still to be
 * cancelled or stopped where its memory ends, and before the module does.
 *
 * Context: task, softirq or hard interrupt; not NMI. Never sleeps.
 */
static __always_inline void lifetime_exit(struct lifetime *life)
{
	__lifetime_exit(life, LIFETIME_OP_KERNEL);
}

/* private: the disconnect wins over a condition that came true, a signal over both */
#define __lifetime_waited(life, ret)						\
({										\
	__typeof__(ret) __waited = (ret);					\
										\
	__waited >= 0 && lifetime_disconnected(life) ? LIFETIME_GONE : __waited; \
})

/* public: */
/**
 * lifetime_wait_event() - sleep until a condition is true or the device is gone
 * @life: the object; the caller is inside
 * @wq: the wait queue, registered with lifetime_add_waitqueue()
 * @condition: a C expression, evaluated every time @wq is woken
 *
 * As wait_event(); no signal ends it. @condition may be true and the answer -ENXIO
 * all the same, for this and its siblings: so it should have no side effects.
 *
 * Context: process context, sleeps.
 * Return: 0 if @condition is true; -ENXIO if the object was disconnected.
 */
#define lifetime_wait_event(life, wq, condition)				\
({										\
	struct lifetime *__life = (life);					\
										\
	wait_event(wq, lifetime_disconnected(__life) || (condition));		\
	__lifetime_waited(__life, 0);						\
})

/**
 * lifetime_wait_event_interruptible() - the same, and a signal ends it
 * @life: the object; the caller is inside
 * @wq: the wait queue, registered with lifetime_add_waitqueue()
 * @condition: a C expression, evaluated every time @wq is woken
 *
 * Context: process context, sleeps.
 * Return: 0 if @condition is true; -ENXIO if the object was disconnected;
 *	-ERESTARTSYS if a signal came first.
 */
#define lifetime_wait_event_interruptible(life, wq, condition)			\
({										\
	struct lifetime *__life = (life);					\
										\
	__lifetime_waited(__life, wait_event_interruptible(wq,			\
			  lifetime_disconnected(__life) || (condition)));	\
})

/**
 * lifetime_wait_event_interruptible_exclusive() - the same, woken one at a time
 * @life: the object; the caller is inside
 * @wq: the wait queue, registered with lifetime_add_waitqueue()
 * @condition: a C expression, evaluated every time @wq is woken
 *
 * A wake_up() wakes one exclusive waiter; the disconnect wakes all of them.
 *
 * Context: process context, sleeps.
 * Return: 0 if @condition is true; -ENXIO if the object was disconnected;
 *	-ERESTARTSYS if a signal came first.
 */
#define lifetime_wait_event_interruptible_exclusive(life, wq, condition)	\
({										\
	struct lifetime *__life = (life);					\
										\
	__lifetime_waited(__life, wait_event_interruptible_exclusive(wq,	\
			  lifetime_disconnected(__life) || (condition)));	\
})

/**
 * lifetime_wait_event_interruptible_timeout() - the same, for a limited time
 * @life: the object; the caller is inside
 * @wq: the wait queue, registered with lifetime_add_waitqueue()
 * @condition: a C expression, evaluated every time @wq is woken
 * @timeout: at most this long, in jiffies
 *
 * Context: process context, sleeps.
 * Return: the jiffies left, at least 1, if @condition is true; 0 if the time is up
 *	and it is not; -ENXIO if the object was disconnected; -ERESTARTSYS if a
 *	signal came first.
 */
#define lifetime_wait_event_interruptible_timeout(life, wq, condition, timeout)	\
({										\
	struct lifetime *__life = (life);					\
										\
	__lifetime_waited(__life, wait_event_interruptible_timeout(wq,		\
			  lifetime_disconnected(__life) || (condition),		\
			  timeout));						\
})

/**
 * lifetime_wait_event_killable() - the same, and only a fatal signal ends it
 * @life: the object; the caller is inside
 * @wq: the wait queue, registered with lifetime_add_waitqueue()
 * @condition: a C expression, evaluated every time @wq is woken
 *
 * Context: process context, sleeps.
 * Return: 0 if @condition is true; -ENXIO if the object was disconnected;
 *	-ERESTARTSYS if a fatal signal came first.
 */
#define lifetime_wait_event_killable(life, wq, condition)			\
({										\
	struct lifetime *__life = (life);					\
										\
	__lifetime_waited(__life, wait_event_killable(wq,			\
			  lifetime_disconnected(__life) || (condition)));	\
})

#endif /* _LINUX_LIFETIME_H */
