/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * helpers.h: what the suites share: an object that counts what is done to it, and
 * crews of kthreads whose end can be waited for
 */
#ifndef REFCDEV_KUNIT_HELPERS_H
#define REFCDEV_KUNIT_HELPERS_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/iopoll.h>
#include <linux/kthread.h>
#include <linux/lifetime.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/slab.h>

/* A bound on waits for what is about to happen, on an emulated machine. */
#define SOON		(10 * HZ)

/* Wait for what has no completion; true if it came about. */
#define eventually(condition)							\
({										\
	bool __true;								\
										\
	!read_poll_timeout((bool), __true, __true, 500, 10 * USEC_PER_SEC, false, (condition)); \
})

/**
 * struct record - what was done to an object; outlives it
 * @cancelled: how often the cancel hook was called
 * @cancelling: how many calls of it are running
 * @overlaps: how often it was called while it was running
 * @too_early: how often it was called while the object could be entered
 * @released: how often the release was called
 * @released_atomic: how often that was where it may not sleep
 */
struct record {
	atomic_t cancelled;
	atomic_t cancelling;
	atomic_t overlaps;
	atomic_t too_early;
	atomic_t released;
	atomic_t released_atomic;
};

/**
 * struct thing - the object that the suites disconnect
 * @life: its lifetime
 * @record: where it writes what was done to it
 * @value: its data
 */
struct thing {
	struct lifetime life;
	struct record *record;
	unsigned long value;
};

static inline struct thing *to_thing(struct lifetime *life)
{
	return container_of(life, struct thing, life);
}

static inline bool may_enter(struct lifetime *life)
{
	if (!lifetime_enter(life))
		return false;
	lifetime_exit(life);
	return true;
}

static inline void thing_cancel(struct lifetime *life)
{
	struct record *record = to_thing(life)->record;

	if (atomic_inc_return(&record->cancelling) > 1)
		atomic_inc(&record->overlaps);
	if (may_enter(life))
		atomic_inc(&record->too_early);
	/* A second call at the same time gets every chance to be seen. */
	cond_resched();
	atomic_inc(&record->cancelled);
	atomic_dec(&record->cancelling);
}

static inline void thing_release(struct lifetime *life)
{
	struct record *record = to_thing(life)->record;

	might_sleep();
	if (!in_task() || irqs_disabled())
		atomic_inc(&record->released_atomic);
	atomic_inc(&record->released);
}

static const struct lifetime_ops thing_ops = {
	.owner = THIS_MODULE,
	.cancel = thing_cancel,
	.release = thing_release,
};

/**
 * struct crew - kthreads that run the same function
 * @work: the function; gets the number of its kthread, from 0
 * @gone: all have returned from @work
 */
struct crew {
	void (*work)(struct crew *crew, unsigned int nr);
	struct completion gone;
	/* private: */
	atomic_t next;
	atomic_t left;
};

/* Ends in the kernel's own text: the module may go as soon as its reference is put. */
static inline int crew_member(void *arg)
{
	struct crew *crew = arg;

	crew->work(crew, atomic_fetch_inc(&crew->next));
	if (atomic_dec_and_test(&crew->left))
		complete(&crew->gone);
	module_put_and_kthread_exit(0);
}

/* Start so many kthreads; they hold the module, so one that hangs fails the rmmod. */
static inline void crew_start(struct kunit *test, struct crew *crew, unsigned int members)
{
	unsigned int i;

	atomic_set(&crew->next, 0);
	atomic_set(&crew->left, members);
	init_completion(&crew->gone);
	for (i = 0; i < members; i++) {
		struct task_struct *task;

		__module_get(THIS_MODULE);
		task = kthread_run(crew_member, crew, "refcdev_kunit/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	}
}

/* Have all of them returned? Waits for it, but not for ever. */
static inline bool crew_gone(struct crew *crew)
{
	return wait_for_completion_timeout(&crew->gone, SOON);
}

/**
 * struct scene - what a case works with, in &kunit.priv
 * @record: what was done to @thing
 * @thing: the object, if the case made one
 * @users: kthreads inside @thing
 * @enders: kthreads that disconnect it
 * @entered: completed once per user that is inside
 * @leave: completed once per user that may leave
 * @left: how many users have begun to leave
 */
struct scene {
	struct record record;
	struct thing *thing;
	struct crew users;
	struct crew enders;
	struct completion entered;
	struct completion leave;
	atomic_t left;
};

static inline int scene_init(struct kunit *test)
{
	struct scene *scene = kzalloc(sizeof(*scene), GFP_KERNEL);

	if (!scene)
		return -ENOMEM;
	init_completion(&scene->entered);
	init_completion(&scene->leave);
	test->priv = scene;
	return 0;
}

/* Left to kthreads that hang: it would be freed under their feet. */
static inline void scene_exit(struct kunit *test)
{
	struct scene *scene = test->priv;

	if (scene && !atomic_read(&scene->users.left) && !atomic_read(&scene->enders.left))
		kfree(scene);
}

/* A live object without a device, to be ended with lifetime_end(). */
static inline struct thing *thing_new(struct kunit *test)
{
	struct thing *thing = lifetime_alloc(struct thing, life, NULL, &thing_ops);
	struct scene *scene = test->priv;

	KUNIT_ASSERT_FALSE(test, IS_ERR(thing));
	thing->record = &scene->record;
	scene->thing = thing;
	return thing;
}

static inline void disconnect_work(struct crew *crew, unsigned int nr)
{
	struct scene *scene = container_of(crew, struct scene, enders);

	if (lifetime_disconnect(&scene->thing->life))
		atomic_inc(&scene->record.overlaps);
}

/* Disconnect the scene's object from so many kthreads at once. */
static inline void start_disconnect(struct kunit *test, unsigned int enders)
{
	struct scene *scene = test->priv;

	scene->enders.work = disconnect_work;
	crew_start(test, &scene->enders, enders);
}

#endif /* REFCDEV_KUNIT_HELPERS_H */
