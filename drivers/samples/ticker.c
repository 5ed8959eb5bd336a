// SPDX-License-Identifier: GPL-2.0-only
/*
 * ticker.c: requests that complete later: the driver to copy from for aio and io_uring
 *
 * What it does for user space is described in <linux/refcdev_ticker.h>. What it shows,
 * beyond fifo.c:
 *
 * - a request that is not done when its call returns, -EIOCBQUEUED, waits in a queue of the
 *   device. Whoever takes it out of there completes it: that is what makes it once;
 * - until it is completed it is a call in flight. The cancel hook completes what is queued,
 *   and from then on nothing is queued any more, see ticker_queue_add();
 * - read and write complete with kiocb->ki_complete(), as in any driver; a uring_cmd with
 *   refcdev_uring_cmd_done(), which the flag REFCDEV_URING_CMD promises;
 * - the queue's work item enters the gate itself, as a timer does. What stays of it after
 *   that, its text and its memory, ends in the release.
 *
 * Submitter, ring, file, device and module may go in any order: a request holds the file,
 * the file the object and the module, and nothing holds the submitter's memory.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev.h>
#include <linux/refcdev_ticker.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../refcdev/compat.h"
#include "ticker_command.h"
#include "ticker_hw.h"
#include "ticker_io.h"
#include "ticker_queue.h"

struct ticker {
	struct lifetime life;
	struct refcdev cdev;

	/* hardware: to be touched inside the gate only; its registers are the queue's */
	struct hrtimer timer;

	struct ticker_queue queue;	/* requests that wait, and */
	struct work_struct work;	/* completes those whose tick has come */
	wait_queue_head_t ticked;	/* tasks that do */
};

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create (default 1)");

static unsigned int period_ms;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from tick to tick; 0: by ioctl only (default)");

static struct ticker *ticker_of(struct file *file)
{
	struct ticker *ticker = refcdev_object(file, struct ticker, cdev);

	ticker_regs_touch(ticker->queue.regs);
	return ticker;
}

/* Refused once the device goes: the hook has the queue then. */
static void ticker_work(struct work_struct *work)
{
	struct ticker *ticker = container_of(work, struct ticker, work);
	struct ticker_wait *wait;
	u64 now;

	if (!lifetime_enter(&ticker->life))
		return;
	now = ticker_regs_count(ticker->queue.regs);
	while ((wait = ticker_queue_take(&ticker->queue, now))) {
		atomic_inc(&ticker_stats.ticked);
		wait->done(wait, 0, now);
	}
	lifetime_exit(&ticker->life);
}

/* Inside the gate, also in hard interrupt. Sleepers look for themselves. */
static void ticker_tick(struct ticker *ticker)
{
	ticker_regs_tick(ticker->queue.regs);
	wake_up_interruptible(&ticker->ticked);
	schedule_work(&ticker->work);
}

static enum hrtimer_restart ticker_timer(struct hrtimer *timer)
{
	struct ticker *ticker = container_of(timer, struct ticker, timer);

	if (!lifetime_enter(&ticker->life))
		return HRTIMER_NORESTART;
	ticker_tick(ticker);
	hrtimer_forward_now(timer, ms_to_ktime(period_ms));
	lifetime_exit(&ticker->life);
	return HRTIMER_RESTART;
}

/* -EIOCBQUEUED; or -EALREADY if the tick has come in between. @to: of a read. */
static ssize_t ticker_queue_io(struct ticker *ticker, struct kiocb *iocb, struct iov_iter *to,
			       u64 tick)
{
	struct ticker_io *io = ticker_new_io(iocb, to, tick);
	int ret;

	if (!io)
		return iocb->ki_flags & IOCB_NOWAIT ? -EAGAIN : -ENOMEM;
	ret = ticker_queue_add(&ticker->queue, &io->wait);
	if (!ret)
		return -EIOCBQUEUED;
	ticker_free_io(io);
	return ret;
}

/*
 * Wait for a tick in the way that the caller wants. 0 if it has come.
 *
 * io_uring tries files with FMODE_NOWAIT at once, with IOCB_NOWAIT. To queue is not to
 * wait, so such a request is queued then and there. With O_NONBLOCK it is told EAGAIN, polls
 * the file, and tries again.
 */
static ssize_t ticker_wait_for(struct ticker *ticker, struct kiocb *iocb, struct iov_iter *to,
			       u64 tick)
{
	ssize_t ret;

	if (ticker_regs_count(ticker->queue.regs) >= tick)
		return 0;
	if (iocb->ki_filp->f_flags & O_NONBLOCK)
		return -EAGAIN;
	if (!is_sync_kiocb(iocb)) {
		ret = ticker_queue_io(ticker, iocb, to, tick);
		return ret == -EALREADY ? 0 : ret;
	}
	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	return lifetime_wait_event_interruptible(&ticker->life, ticker->ticked,
						 ticker_regs_count(ticker->queue.regs) >= tick);
}

static ssize_t ticker_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct ticker_file *self = iocb->ki_filp->private_data;
	struct ticker *ticker = ticker_of(iocb->ki_filp);
	ssize_t ret;

	if (iov_iter_count(to) < sizeof(u64))
		return -EINVAL;
	ret = ticker_wait_for(ticker, iocb, to, atomic64_read(&self->seen) + 1);
	return ret ?: ticker_give(iocb, to, ticker_regs_count(ticker->queue.regs));
}

/* The next one that poll has to say something about. */
static void ticker_set_alarm(struct ticker *ticker, struct ticker_file *self, u64 tick)
{
	unsigned long flags;

	spin_lock_irqsave(&ticker->queue.lock, flags);
	if (self->alarm > tick || self->alarm <= ticker_regs_count(ticker->queue.regs))
		WRITE_ONCE(self->alarm, tick);
	spin_unlock_irqrestore(&ticker->queue.lock, flags);
}

static ssize_t ticker_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct ticker *ticker = ticker_of(iocb->ki_filp);
	ssize_t ret;
	u64 tick;

	if (iov_iter_count(from) < sizeof(tick))
		return -EINVAL;
	if (copy_from_iter(&tick, sizeof(tick), from) != sizeof(tick))
		return -EFAULT;
	ret = ticker_wait_for(ticker, iocb, NULL, tick);
	if (ret == -EAGAIN)
		ticker_set_alarm(ticker, iocb->ki_filp->private_data, tick);
	if (ret)
		return ret;
	iocb->ki_pos += sizeof(tick);
	return sizeof(tick);
}

/* The core adds EPOLLERR and EPOLLHUP when the device goes, and wakes the queue. */
static __poll_t ticker_poll(struct file *file, poll_table *wait)
{
	struct ticker_file *self = file->private_data;
	struct ticker *ticker = ticker_of(file);
	__poll_t mask = 0;
	u64 now;

	poll_wait(file, &ticker->ticked, wait);
	now = ticker_regs_count(ticker->queue.regs);
	if (now > atomic64_read(&self->seen))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (now >= READ_ONCE(self->alarm))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static long ticker_get_state(struct ticker *ticker, void __user *arg)
{
	struct refcdev_ticker_state state = {
		.ticks = ticker_regs_count(ticker->queue.regs),
		.queued = READ_ONCE(ticker->queue.length),
	};

	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long ticker_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ticker *ticker = ticker_of(file);

	switch (cmd) {
	case REFCDEV_TICKER_TICK:
		ticker_tick(ticker);
		return 0;
	case REFCDEV_TICKER_GET_STATE:
		return ticker_get_state(ticker, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int ticker_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct ticker *ticker = ticker_of(ioucmd->file);

	if (issue_flags & IO_URING_F_CANCEL)
		return ticker_command_cancel(&ticker->queue, ioucmd, issue_flags);
	switch (ioucmd->cmd_op) {
	case REFCDEV_TICKER_URING_WAIT:
		return ticker_command_wait(&ticker->queue, ioucmd, issue_flags);
	default:
		return -ENOTTY;
	}
}

static int ticker_open(struct inode *inode, struct file *file)
{
	struct ticker *ticker = ticker_of(file);
	struct ticker_file *self = kzalloc(sizeof(*self), GFP_KERNEL);

	if (!self)
		return -ENOMEM;
	atomic64_set(&self->seen, ticker_regs_count(ticker->queue.regs));
	file->private_data = self;
	/* What must not wait queues, or returns EAGAIN. */
	file->f_mode |= FMODE_NOWAIT;
	atomic_inc(&ticker_stats.opens);
	return 0;
}

/* No request waits any more, as each holds the file. But the device may be gone. */
static int ticker_close(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	atomic_inc(&ticker_stats.closes);
	return 0;
}

static const struct file_operations ticker_fops = {
	.owner		= THIS_MODULE,
	.open		= ticker_open,
	.release	= ticker_close,
	.read_iter	= ticker_read_iter,
	.write_iter	= ticker_write_iter,
	.splice_write	= iter_file_splice_write,
	.poll		= ticker_poll,
	.unlocked_ioctl	= ticker_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.uring_cmd	= ticker_uring_cmd,
};

/*
 * May be called more than once. What the work has taken out it completes, and the core
 * waits for that.
 */
static void ticker_cancel(struct lifetime *life)
{
	struct ticker *ticker = container_of(life, struct ticker, life);
	struct ticker_wait *wait;

	hrtimer_cancel(&ticker->timer);
	while ((wait = ticker_queue_take(&ticker->queue, U64_MAX))) {
		atomic_inc(&ticker_stats.gone);
		wait->done(wait, LIFETIME_GONE, 0);
	}
}

/* The work may have left the gate, and not yet returned. */
static void ticker_release(struct lifetime *life)
{
	struct ticker *ticker = container_of(life, struct ticker, life);

	cancel_work_sync(&ticker->work);
	atomic_inc(&ticker_stats.released);
}

static const struct lifetime_ops ticker_lifetime_ops = {
	.owner		= THIS_MODULE,
	.cancel		= ticker_cancel,
	.release	= ticker_release,
};

static struct refcdev_type ticker_type = {
	.name		= "ticker%d",
	.fops		= &ticker_fops,
	.flags		= REFCDEV_FIXED_INDEX | REFCDEV_URING_CMD,
};

static int ticker_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct ticker *ticker;
	int ret;

	ticker = lifetime_alloc(struct ticker, life, dev, &ticker_lifetime_ops);
	if (IS_ERR(ticker))
		return PTR_ERR(ticker);
	atomic_inc(&ticker_stats.created);
	init_waitqueue_head(&ticker->ticked);
	ticker_queue_init(&ticker->queue, &ticker->life);
	INIT_WORK(&ticker->work, ticker_work);
	hrtimer_setup(&ticker->timer, ticker_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	ret = lifetime_add_waitqueue(&ticker->life, &ticker->ticked);
	if (ret)
		return ret;
	ticker->queue.regs = devm_ticker_ioremap(dev);
	if (!ticker->queue.regs)
		return -ENOMEM;
	if (period_ms)
		hrtimer_start(&ticker->timer, ms_to_ktime(period_ms), HRTIMER_MODE_REL);
	ticker->cdev.index = pdev->id < 0 ? 0 : pdev->id;
	/* Last: from here on user space may call, and devres undoes it first. */
	return devm_refcdev_register(dev, &ticker->cdev, &ticker->life, &ticker_type);
}

static struct platform_driver ticker_driver = {
	.driver.name	= "refcdev-ticker",
	.probe		= ticker_probe,
	.remove_void	= refcdev_remove,
};

static int __init ticker_module_init(void)
{
	return sample_bus_init(&ticker_driver, devices, ticker_counters);
}
module_init(ticker_module_init);

static void __exit ticker_module_exit(void)
{
	sample_bus_exit(&ticker_driver);
}
module_exit(ticker_module_exit);

MODULE_DESCRIPTION("Ticker: sample of asynchronous requests that survive unplug");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
