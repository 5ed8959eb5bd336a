// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_factorial.c: has the device compute, one number at a time
 *
 * A number that comes while the device computes is lost, so it is one caller's from edu->computing
 * on: until he has the result, or, if he leaves before, until the interrupt.
 */
#include "edu.h"

static long edu_no_answer(struct edu *edu)
{
	return edu_is_gone(edu->regs) ? LIFETIME_GONE : -ETIMEDOUT;
}

/* Whoever asked has left, and the interrupt that was to say that it is free again got lost. */
static bool edu_unit_was_forgotten(struct edu *edu)
{
	return edu->abandoned && !(readl(edu->regs + EDU_STATUS) & EDU_STATUS_COMPUTING);
}

/* Started under the lock: an interrupt that comes for no reason finds it computing. */
static bool edu_start_unit(struct edu *edu, u32 n)
{
	bool started;

	spin_lock(&edu->lock);
	started = !edu->computing || edu_unit_was_forgotten(edu);
	if (started) {
		edu->computing = true;
		edu->computed = false;
		edu->abandoned = false;
		writel(EDU_STATUS_INTERRUPT, edu->regs + EDU_STATUS);
		writel(n, edu->regs + EDU_FACTORIAL);
	}
	spin_unlock(&edu->lock);
	return started;
}

/* Waits for one's turn. */
static long edu_get_unit(struct edu *edu, u32 n)
{
	long left = edu_timeout();

	while (!edu_start_unit(edu, n)) {
		left = lifetime_wait_event_interruptible_timeout(&edu->life, edu->events,
								 !READ_ONCE(edu->computing), left);
		if (left <= 0)
			return left ?: edu_no_answer(edu);
	}
	return 0;
}

/* Returns @why, unless there is a result all the same. */
static long edu_put_unit(struct edu *edu, long why, u32 *result)
{
	u32 status = readl(edu->regs + EDU_STATUS);

	spin_lock(&edu->lock);
	if (edu->computed) {
		*result = edu->factorial;
		why = 0;
	}
	/* An interrupt that got lost does not come later. */
	edu->abandoned = !edu->computed && status & EDU_STATUS_COMPUTING;
	edu->computing = edu->abandoned;
	spin_unlock(&edu->lock);
	wake_up_all(&edu->events);
	return why;
}

long edu_compute_factorial(struct edu *edu, u32 n, u32 *result)
{
	long ret;

	if (n > REFCDEV_EDU_FACTORIAL_MAX)
		return -EINVAL;
	if (edu_is_gone(edu->regs))
		return LIFETIME_GONE;
	ret = edu_get_unit(edu, n);
	if (ret)
		return ret;
	ret = lifetime_wait_event_interruptible_timeout(&edu->life, edu->events,
							READ_ONCE(edu->computed), edu_timeout());
	return edu_put_unit(edu, ret ?: edu_no_answer(edu), result);
}

/* The second half of the interrupt. */
void edu_factorial_interrupt(struct edu *edu)
{
	spin_lock(&edu->lock);
	if (!edu->computing || edu->computed ||
	    readl(edu->regs + EDU_STATUS) & EDU_STATUS_COMPUTING) {
		spin_unlock(&edu->lock);
		atomic_inc(&edu->spurious);
		return;
	}
	edu->factorial = readl(edu->regs + EDU_FACTORIAL);
	if (edu->abandoned)
		edu->computing = false;
	else
		WRITE_ONCE(edu->computed, true);
	spin_unlock(&edu->lock);
	wake_up_all(&edu->events);
}
