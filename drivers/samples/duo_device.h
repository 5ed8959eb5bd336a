/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * duo_device.h: the device of the duo sample: its data, its lock, the thread that makes samples
 *
 * The part that knows of no file. All of it but the thread runs inside the gate.
 */
#ifndef _REFCDEV_SAMPLES_DUO_DEVICE_H
#define _REFCDEV_SAMPLES_DUO_DEVICE_H

#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/refcdev.h>
#include <linux/wait.h>

#include "duo_hw.h"
#include "duo_queue.h"

struct duo {
	struct lifetime life;
	struct refcdev data;
	struct refcdev control;

	/* hardware: to be touched inside the gate only */
	struct duo_regs *regs;

	/* for the thread that makes the samples */
	wait_queue_head_t kick;
	atomic_t asked;			/* how many it has yet to make */
	u32 period_ms;

	struct mutex lock;		/* the rest */
	struct duo_samples samples;
	struct list_head listeners;
	bool output_waits;		/* what was written was not yet sampled */
	wait_queue_head_t sampled;	/* there is a sample, and room for output */
	wait_queue_head_t told;		/* somebody has an event */

	const char *label;		/* in hwmon */
};

/* The condition is a hint: another caller may be faster, so callers look again. */
#define duo_sleep(self, queue, condition)					\
({										\
	struct duo *__duo = (self);						\
	int __ret;								\
										\
	duo_regs_get(__duo->regs);						\
	__ret = lifetime_wait_event_interruptible(&__duo->life, queue, condition); \
	duo_regs_put(__duo->regs);						\
	__ret;									\
})

static void duo_make_sample(struct duo *duo)
{
	struct duo_listener *listener;
	u32 value;

	mutex_lock(&duo->lock);
	value = duo_regs_convert(duo->regs);
	duo_samples_add(&duo->samples, value);
	WRITE_ONCE(duo->output_waits, false);
	list_for_each_entry(listener, &duo->listeners, list)
		if (value > listener->limit)
			duo_listener_tell(listener, REFCDEV_DUO_EVENT_LIMIT, value,
					  duo->samples.newest);
	mutex_unlock(&duo->lock);
	wake_up_interruptible(&duo->sampled);
	wake_up_interruptible(&duo->told);
}

/* Sleeps outside of the gate: nobody has to wake it when the device goes, but to stop it. */
static int duo_thread(void *data)
{
	struct duo *duo = data;
	u32 period;

	atomic_inc(&duo_stats.threads);
	while (!kthread_should_stop()) {
		period = READ_ONCE(duo->period_ms);
		wait_event_idle_timeout(duo->kick,
					atomic_read(&duo->asked) || kthread_should_stop(),
					period ? msecs_to_jiffies(period) : MAX_SCHEDULE_TIMEOUT);
		atomic_dec_if_positive(&duo->asked);
		if (!lifetime_enter(&duo->life))
			continue;
		duo_make_sample(duo);
		lifetime_exit(&duo->life);
	}
	atomic_dec(&duo_stats.threads);
	return 0;
}

static void duo_ask_for_sample(struct duo *duo)
{
	atomic_inc(&duo->asked);
	wake_up(&duo->kick);
}

/* Of number @next; or -EAGAIN, or why there is none to wait for. Inside the gate. */
static int duo_take_sample(struct duo *duo, u64 *next, struct refcdev_duo_sample *sample,
			   bool wait)
{
	bool taken;
	int ret;

	for (;;) {
		mutex_lock(&duo->lock);
		taken = duo_samples_take(&duo->samples, next, sample);
		mutex_unlock(&duo->lock);
		if (taken)
			return 0;
		if (!wait)
			return -EAGAIN;
		ret = duo_sleep(duo, duo->sampled, duo_samples_ready(&duo->samples, next));
		if (ret)
			return ret;
	}
}

static bool duo_set_output(struct duo *duo, u32 value)
{
	bool room;

	mutex_lock(&duo->lock);
	room = !duo->output_waits;
	if (room) {
		duo_regs_set(duo->regs, value);
		WRITE_ONCE(duo->output_waits, true);
	}
	mutex_unlock(&duo->lock);
	return room;
}

#endif /* _REFCDEV_SAMPLES_DUO_DEVICE_H */
