// SPDX-License-Identifier: GPL-2.0-only
/*
 * waysdev_drv.c: the driver with many ways down: its probe can be made to fail after each
 * step, and every call looks whether all that it needs is there
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/refcdev.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../../../drivers/refcdev/compat.h"
#include "waysdev.h"
#include "waysdev_ioctl.h"

struct ways {
	struct lifetime life;
	struct refcdev node, clash, last;
	wait_queue_head_t wait;
	struct ways_power *power;
	const struct ways_regs *regs, *supply;
	bool ready;		/* the driver has said so */
	atomic_t opens;
};

/* A call by the kernel: one at a time, in the module. */
static struct {
	struct work_struct work;
	struct ways *ways;
	unsigned int ms;
	atomic_t busy;
} lingerer;

static unsigned int fail_at;
module_param(fail_at, uint, 0644);
MODULE_PARM_DESC(fail_at, "after which step probe is to fail: enum ways_step; 0: it is not");

static unsigned int probe_ms;
module_param(probe_ms, uint, 0644);
MODULE_PARM_DESC(probe_ms, "how long a probe takes at least");

static unsigned int let_in_ms = 20;
module_param(let_in_ms, uint, 0644);
MODULE_PARM_DESC(let_in_ms, "how long a probe about to fail waits for somebody to open");

static unsigned int shutdown_ms = 1000;
module_param(shutdown_ms, uint, 0644);
MODULE_PARM_DESC(shutdown_ms, "how long shutdown waits for calls");

static DECLARE_WAIT_QUEUE_HEAD(opened);
DECLARE_COMPLETION(ways_let_go);

static void ways_touch(const struct ways *ways)
{
	if (!READ_ONCE(ways->ready))
		count(unready);
	if (!READ_ONCE(ways->power->on))
		count(cold);
	if (READ_ONCE(ways->regs->id) != WAYS_REGS_ID)
		count(late);
	if (READ_ONCE(ways->supply->id) != WAYS_REGS_ID)
		count(unsupplied);
}

/* Every call of the driver begins and ends like this. */
static struct ways *ways_begin(struct file *file)
{
	struct ways *ways = refcdev_object(file, struct ways, node);

	atomic_inc(&ways->power->inside);
	ways_touch(ways);
	return ways;
}

static long ways_end(struct ways *ways, long ret)
{
	ways_touch(ways);
	atomic_dec(&ways->power->inside);
	return ret;
}

static int ways_open(struct inode *inode, struct file *file)
{
	struct ways *ways = ways_begin(file);

	count(opens);
	atomic_inc(&ways->opens);
	wake_up(&opened);
	return ways_end(ways, 0);
}

/* Comes when it comes, long after the device perhaps. */
static int ways_close(struct inode *inode, struct file *file)
{
	count(closes);
	return 0;
}

static ssize_t ways_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct ways *ways = ways_begin(file);
	int ret = lifetime_wait_event_interruptible(&ways->life, ways->wait, false);

	return ways_end(ways, ret);
}

/* As hardware that takes its time to give up. */
static long ways_linger(struct ways *ways, unsigned int ms)
{
	int ret;

	count(lingering);
	ret = lifetime_wait_event(&ways->life, ways->wait, false);
	if (ms)
		schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	else
		wait_for_completion(&ways_let_go);
	atomic_dec(&ways_counts[WAYS_COUNT_lingering]);
	return ret;
}

static void lingerer_work(struct work_struct *work)
{
	struct ways *ways = lingerer.ways;

	ways_linger(ways, lingerer.ms);
	ways_end(ways, 0);
	lifetime_exit(&ways->life);
	atomic_set(&lingerer.busy, 0);
}

static DECLARE_WORK(lingerer_work_item, lingerer_work);

void ways_flush(void)
{
	flush_work(&lingerer_work_item);
}

static long ways_linger_kernel(struct ways *ways, unsigned int ms)
{
	if (atomic_cmpxchg(&lingerer.busy, 0, 1))
		return -EBUSY;
	if (!lifetime_enter(&ways->life)) {
		atomic_set(&lingerer.busy, 0);
		return LIFETIME_GONE;
	}
	atomic_inc(&ways->power->inside);
	lingerer.ways = ways;
	lingerer.ms = ms;
	queue_work(system_unbound_wq, &lingerer_work_item);
	return 0;
}

static long ways_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ways *ways = ways_begin(file);
	long ret = -ENOTTY;

	switch (cmd) {
	case WAYS_TOUCH:
		ret = 0;
		break;
	case WAYS_LINGER:
		ret = ways_linger(ways, arg);
		break;
	case WAYS_STUCK:
		atomic_inc(&ways->power->stuck);
		schedule_timeout_uninterruptible(msecs_to_jiffies(arg));
		atomic_dec(&ways->power->stuck);
		ret = 0;
		break;
	case WAYS_LINGER_KERNEL:
		ret = ways_linger_kernel(ways, arg);
		break;
	}
	return ways_end(ways, ret);
}

static const struct file_operations ways_fops = {
	.owner		= THIS_MODULE,
	.open		= ways_open,
	.release	= ways_close,
	.read		= ways_read,
	.unlocked_ioctl	= ways_ioctl,
	.llseek		= noop_llseek,
};

static struct refcdev_type ways_type = {
	.name		= "ways%d",
	.fops		= &ways_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};

/* The others are for their registration only. */
static const struct file_operations ways_no_fops = {
	.owner		= THIS_MODULE,
};

static struct refcdev_type ways_clash_type = {
	.name		= "ways0",
	.fops		= &ways_no_fops,
};

static struct refcdev_type ways_last_type = {
	.name		= "wayslast%d",
	.fops		= &ways_no_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};

static void ways_release(struct lifetime *life)
{
	count(released);
}

static const struct lifetime_ops ways_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= ways_release,
};

/* Not an error that the kernel would write a line about. */
static int step(enum ways_step step)
{
	return READ_ONCE(fail_at) == step ? -ENODEV : 0;
}

static int ways_prepare(struct ways *ways, struct device *dev)
{
	int ret = step(WAYS_ALLOCATED);

	init_waitqueue_head(&ways->wait);
	if (!ret)
		ret = lifetime_add_waitqueue(&ways->life, &ways->wait) ?: step(WAYS_QUEUED);
	if (ret)
		return ret;
	ways->regs = devm_ways_ioremap(dev);
	if (!ways->regs)
		return -ENOMEM;
	ret = step(WAYS_MAPPED);
	if (ret)
		return ret;
	ways->supply = ways_supply(dev);
	if (!ways->supply)
		return -EPROBE_DEFER;
	ret = step(WAYS_SUPPLIED);
	if (ret)
		return ret;
	if (READ_ONCE(probe_ms))
		msleep(probe_ms);
	WRITE_ONCE(ways->ready, true);
	return step(WAYS_READY);
}

/* Can be opened already: if the probe is to fail, let somebody in before. */
static int ways_register(struct ways *ways, struct device *dev)
{
	unsigned int last = READ_ONCE(fail_at);
	int ret = devm_refcdev_register(dev, &ways->node, &ways->life, &ways_type);

	if (ret)
		return ret;
	if (last >= WAYS_REGISTERED)
		wait_event_timeout(opened, atomic_read(&ways->opens), msecs_to_jiffies(let_in_ms));
	ret = step(WAYS_REGISTERED);
	if (!ret && last == WAYS_CLASHED)
		ret = devm_refcdev_register(dev, &ways->clash, &ways->life, &ways_clash_type);
	if (!ret)
		ret = devm_refcdev_register(dev, &ways->last, &ways->life, &ways_last_type);
	return ret ?: step(WAYS_COMPLETE);
}

static int ways_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct ways *ways;
	int ret;

	count(probes);
	ways = lifetime_alloc(struct ways, life, dev, &ways_lifetime_ops);
	if (IS_ERR(ways))
		return PTR_ERR(ways);
	count(created);
	ways->power = &ways_power[pdev->id];
	ways->node.index = pdev->id;
	ways->last.index = pdev->id;
	ret = ways_prepare(ways, dev) ?: ways_register(ways, dev);
	/* The bus takes the power when this has failed, and devres comes after that. */
	if (ret)
		refcdev_disconnect_device(dev);
	else
		count(probed);
	return ret;
}

/* With nobody left to ask for counters: what is wrong is told to the kernel's log. */
static void ways_shutdown(struct platform_device *pdev)
{
	struct ways_power *power = &ways_power[pdev->id];
	int inside = atomic_read(&power->inside);
	unsigned long begun = jiffies;
	unsigned int ms;
	bool done;

	done = refcdev_shutdown_device(&pdev->dev, msecs_to_jiffies(shutdown_ms));
	ms = jiffies_to_msecs(jiffies - begun);
	dev_info(&pdev->dev, "shut down in %u ms, %d of %d calls inside\n", ms,
		 atomic_read(&power->inside), inside);
	WARN(!inside, "%s: nobody was inside\n", dev_name(&pdev->dev));
	WARN(done && atomic_read(&power->inside), "%s: calls are inside\n",
	     dev_name(&pdev->dev));
	WARN(atomic_read(&power->inside) != atomic_read(&power->stuck),
	     "%s: calls that can be woken are inside\n", dev_name(&pdev->dev));
	WARN(done == !!atomic_read(&power->stuck), "%s: %s\n", dev_name(&pdev->dev),
	     done ? "did not wait" : "gave up");
	WARN(!done && ms < shutdown_ms, "%s: gave up early\n", dev_name(&pdev->dev));
	WARN(ms > shutdown_ms + 2000, "%s: took too long\n", dev_name(&pdev->dev));
}

static int ways_suspend(struct device *dev)
{
	count(suspends);
	return 0;
}

static const struct dev_pm_ops ways_pm = {
	.suspend	= ways_suspend,
};

struct platform_driver ways_driver = {
	.driver		= {
		.name		= WAYS,
		.probe_type	= PROBE_PREFER_ASYNCHRONOUS,
		.pm		= &ways_pm,
	},
	.probe		= ways_probe,
	.remove_void	= refcdev_remove,
	.shutdown	= ways_shutdown,
};
