// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_engine.c: transfers, one at a time and in order, and how each of them ends
 *
 * A transfer is in the queue, or it is edu->running, or it was taken out of there. Whoever takes
 * it out, under edu->lock, ends it, and nobody else does: the interrupt, when the device is
 * done; the work, when no interrupt came; a caller who does not wait any longer, from the queue
 * only; and edu_stop_engine(). What runs cannot be called back: its buffer is the device's
 * until that says so, or may not reach memory any more. So a caller who leaves earlier leaves
 * it to the engine.
 *
 * All of it is process context, but for edu_main.c's first half of the interrupt.
 */
#include <linux/jiffies.h>

#include "edu.h"

/* The next one, if there is one. Its registers are only written while nothing runs. */
static void edu_start_next(struct edu *edu)
{
	u32 command = EDU_DMA_RUNS | EDU_DMA_INTERRUPT;
	struct edu_transfer *next = NULL;
	u32 memory;

	lockdep_assert_held(&edu->lock);
	if (!edu->held)
		next = list_first_entry_or_null(&edu->queue, struct edu_transfer, list);
	edu->running = next;
	if (!next)
		return;
	list_del(&next->list);
	memory = EDU_MEMORY + next->offset;
	if (next->from_device)
		command |= EDU_DMA_FROM_DEVICE;
	writel(next->from_device ? memory : next->address, edu->regs + EDU_DMA_SOURCE);
	writel(next->from_device ? next->address : memory, edu->regs + EDU_DMA_TARGET);
	writel(next->bytes, edu->regs + EDU_DMA_BYTES);
	writel(command, edu->regs + EDU_DMA_COMMAND);
	edu->deadline = jiffies + edu_timeout();
	mod_delayed_work(edu->workqueue, &edu->overdue, edu_timeout());
}

/* What QEMU would not survive; whoever made the transfer has seen to it. */
static bool edu_out_of_range(const struct edu_transfer *transfer)
{
	return !transfer->bytes || transfer->offset > REFCDEV_EDU_BYTES ||
	       transfer->bytes > REFCDEV_EDU_BYTES - transfer->offset ||
	       (u64)transfer->address + transfer->bytes > BIT_ULL(EDU_DMA_ADDRESS_BITS);
}

/* 0: it will be ended by its done(). Otherwise it was given back, and this is why. */
int edu_submit(struct edu_transfer *transfer)
{
	struct edu *edu = transfer->edu;
	int ret = 0;

	if (WARN_ONCE(edu_out_of_range(transfer), "edu: %s: %u bytes at %u, %pad: refused\n",
		      lifetime_name(&edu->life), transfer->bytes, transfer->offset,
		      &transfer->address))
		ret = -EINVAL;
	else if (!lifetime_enter(&edu->life))
		ret = LIFETIME_GONE;
	if (ret) {
		edu_put_transfer(transfer);
		return ret;
	}
	transfer->inside = true;
	spin_lock(&edu->lock);
	if (!edu->error && edu_is_gone(edu->regs))
		edu->error = LIFETIME_GONE;
	ret = edu->error;
	if (!ret) {
		atomic_inc(&edu_stats.accepted);
		/* With its place in the queue: what was read ahead is out of date from here on. */
		if (!transfer->from_device)
			atomic_inc(&edu->writes);
		transfer->writes = atomic_read(&edu->writes);
		list_add_tail(&transfer->list, &edu->queue);
		if (!edu->running)
			edu_start_next(edu);
	}
	spin_unlock(&edu->lock);
	if (ret)
		edu_put_transfer(transfer);
	return ret;
}

static void edu_end(struct edu_transfer *transfer, int error)
{
	atomic_inc(!error ? &edu_stats.done :
		   error == LIFETIME_GONE ? &edu_stats.gone : &edu_stats.failed);
	transfer->done(transfer, error);
}

/* The second half of the interrupt. What it says may be of the transfer before, or nothing. */
void edu_engine_interrupt(struct edu *edu)
{
	struct edu_transfer *transfer;

	spin_lock(&edu->lock);
	transfer = edu->running;
	if (!transfer || readl(edu->regs + EDU_DMA_COMMAND) & EDU_DMA_RUNS) {
		spin_unlock(&edu->lock);
		atomic_inc(&edu->spurious);
		return;
	}
	edu->transfers++;
	edu_start_next(edu);
	spin_unlock(&edu->lock);
	edu_end(transfer, 0);
}

/* Takes out all there is, and nothing is accepted any more. */
static void edu_take_all(struct edu *edu, int error, struct list_head *taken)
{
	lockdep_assert_held(&edu->lock);
	if (!edu->error)
		edu->error = error;
	if (edu->running)
		list_add(&edu->running->list, taken);
	list_splice_tail_init(&edu->queue, taken);
	edu->running = NULL;
}

/*
 * The device may be at it still: so first it is cut off from memory, then the buffers are given
 * back. What it wrote before that has arrived: on its way back the answer to a configuration
 * write passes nothing.
 */
static void edu_cut_off(struct edu *edu, int error, struct list_head *taken)
{
	struct edu_transfer *transfer, *next;

	pci_clear_master(edu->pdev);
	list_for_each_entry_safe(transfer, next, taken, list)
		edu_end(transfer, error);
}

void edu_stop_engine(struct edu *edu, int error)
{
	LIST_HEAD(taken);

	spin_lock(&edu->lock);
	edu_take_all(edu, error, &taken);
	spin_unlock(&edu->lock);
	edu_cut_off(edu, error, &taken);
}

/*
 * Before the bus takes away the permission to reach memory, and whatever was under way would end as
 * if it had been carried out. Bounded, as each transfer is.
 */
void edu_hold_engine(struct edu *edu)
{
	spin_lock(&edu->lock);
	edu->held = true;
	spin_unlock(&edu->lock);
	wait_event(edu->events, !READ_ONCE(edu->running));
}

void edu_continue_engine(struct edu *edu)
{
	spin_lock(&edu->lock);
	edu->held = false;
	if (!edu->running)
		edu_start_next(edu);
	spin_unlock(&edu->lock);
}

/*
 * No interrupt came in time. Is the device there, is it at it, or has the interrupt got lost?
 * Then so may have the data.
 */
static void edu_overdue(struct work_struct *work)
{
	struct edu *edu = container_of(to_delayed_work(work), struct edu, overdue);
	struct edu_transfer *transfer;
	LIST_HEAD(taken);
	bool stuck;
	int error;

	spin_lock(&edu->lock);
	transfer = edu->running;
	if (!transfer || time_before(jiffies, edu->deadline)) {
		spin_unlock(&edu->lock);
		return;
	}
	stuck = readl(edu->regs + EDU_DMA_COMMAND) & EDU_DMA_RUNS;
	error = edu_is_gone(edu->regs) ? LIFETIME_GONE : stuck ? -EIO : -ETIMEDOUT;
	if (stuck)
		edu_take_all(edu, error, &taken);
	else
		edu_start_next(edu);
	spin_unlock(&edu->lock);
	if (!stuck) {
		edu_end(transfer, error);
		return;
	}
	dev_err(&edu->pdev->dev, "%s\n", error == LIFETIME_GONE ? "the device does not answer" :
		"a transfer does not end; there are none until the driver is bound anew");
	edu_cut_off(edu, error, &taken);
}

static void edu_waited_for(struct edu_transfer *transfer, int error)
{
	struct edu *edu = transfer->edu;
	bool unwanted;

	spin_lock(&edu->lock);
	unwanted = transfer->unwanted;
	transfer->error = error;
	/* From here on it is the caller's, once he gets the lock. */
	WRITE_ONCE(transfer->over, true);
	wake_up_all(&edu->events);
	spin_unlock(&edu->lock);
	if (unwanted)
		edu_put_transfer_later(transfer);
}

/* True if it is over; otherwise it is not the caller's any more, and will end by itself. */
static bool edu_leave_transfer(struct edu_transfer *transfer)
{
	struct edu *edu = transfer->edu;
	struct edu_transfer *queued;
	bool over, withdrawn = false;

	spin_lock(&edu->lock);
	over = transfer->over;
	transfer->unwanted = !over;
	list_for_each_entry(queued, &edu->queue, list) {
		if (queued == transfer) {
			withdrawn = true;
			list_del(&transfer->list);
			break;
		}
	}
	spin_unlock(&edu->lock);
	if (withdrawn) {
		atomic_inc(&edu_stats.withdrawn);
		edu_put_transfer(transfer);
	}
	return over;
}

/*
 * Submit and wait. 0: the caller has it, and what was read, and gives it back. Otherwise it was
 * given back, or will be when the device is done with it.
 */
int edu_transfer(struct edu_transfer *transfer)
{
	struct edu *edu = transfer->edu;
	int ret, error;

	transfer->done = edu_waited_for;
	transfer->over = false;
	transfer->unwanted = false;
	ret = edu_submit(transfer);
	if (ret)
		return ret;
	ret = lifetime_wait_event_interruptible(&edu->life, edu->events,
						READ_ONCE(transfer->over));
	if (!edu_leave_transfer(transfer))
		return ret;
	error = transfer->error;
	if (error)
		edu_put_transfer(transfer);
	return error;
}

int edu_init_engine(struct edu *edu)
{
	spin_lock_init(&edu->lock);
	INIT_LIST_HEAD(&edu->queue);
	INIT_DELAYED_WORK(&edu->overdue, edu_overdue);
	/* Somebody may wait for these transfers in order to free memory. */
	edu->workqueue = lifetime_alloc_workqueue(&edu->life, "edu", WQ_UNBOUND | WQ_MEM_RECLAIM,
						  0);
	return edu->workqueue ? 0 : -ENOMEM;
}
