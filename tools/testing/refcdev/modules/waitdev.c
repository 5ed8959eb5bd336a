// SPDX-License-Identifier: GPL-2.0-only
/*
 * waitdev.c: a driver that only ever lets its callers wait: its poll uses one queue and
 * never finds anything, and calls can be made to stay inside when the device goes
 *
 * What polls and owners of SIGIO hear of the disconnect is the core's business altogether.
 * With the parameter tell_again the cancel hook tells them as well, as drivers used to:
 * tests that count how often they are told must notice.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/refcdev.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

#include "../../../../drivers/refcdev/compat.h"
#include "waitdev_ioctl.h"

#define WAITDEV			"refcdev-wait"
#define WAITDEV_COUNT		2

/* How long a poll or fasync stays after the drain has begun. */
#define WAITDEV_LINGER_MS	30

struct waitdev {
	struct lifetime life;
	struct refcdev cdev;
	wait_queue_head_t wait;		/* that polls join */
	wait_queue_head_t inside;	/* where calls stay until the device goes */
	struct fasync_struct *fasync;
	atomic_t poll_lingers, fasync_lingers;
	struct mutex lock;		/* pending */
	struct list_head pending;	/* calls that wait for a completion of their own */
	struct mutex telling;		/* of WAITDEV_TELL; see remove_locks */
};

struct waitdev_pending {
	struct list_head list;
	struct completion done;
};

static bool tell_again;
module_param(tell_again, bool, 0644);
MODULE_PARM_DESC(tell_again, "the cancel hook tells who waits as well, each time it is called");

static bool remove_locks;
module_param(remove_locks, bool, 0444);
MODULE_PARM_DESC(remove_locks, "remove disconnects with a lock held that a call takes: a bug");

static atomic_t created, released, opens, closes, polls, fasyncs, fdinfos, lingering, cancels;
static DECLARE_WAIT_QUEUE_HEAD(cancelled);
static struct platform_device *pdevs[WAITDEV_COUNT];
static struct dentry *dir;

static struct waitdev *waitdev_of(struct file *file)
{
	return refcdev_object(file, struct waitdev, cdev);
}

static int waitdev_open(struct inode *inode, struct file *file)
{
	atomic_inc(&opens);
	return 0;
}

static int waitdev_close(struct inode *inode, struct file *file)
{
	atomic_inc(&closes);
	return 0;
}

/* As hardware that takes its time to give up. */
static long waitdev_linger(struct waitdev *wait, unsigned int ms)
{
	int ret;

	atomic_inc(&lingering);
	ret = lifetime_wait_event(&wait->life, wait->inside, false);
	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	atomic_dec(&lingering);
	return ret;
}

/* As long as it takes the drain to cancel so many times more, on whatever machine. */
static long waitdev_linger_rounds(struct waitdev *wait, int rounds)
{
	int before;
	long ret;

	atomic_inc(&lingering);
	ret = lifetime_wait_event(&wait->life, wait->inside, false);
	before = atomic_read(&cancels);
	wait_event_timeout(cancelled, atomic_read(&cancels) - before >= rounds, 10 * HZ);
	atomic_dec(&lingering);
	return ret;
}

static void waitdev_linger_if(struct waitdev *wait, atomic_t *when, enum waitdev_linger now)
{
	if (atomic_cmpxchg(when, now, WAITDEV_NEVER) == now)
		waitdev_linger(wait, WAITDEV_LINGER_MS);
}

static __poll_t waitdev_poll(struct file *file, poll_table *table)
{
	struct waitdev *wait = waitdev_of(file);

	atomic_inc(&polls);
	waitdev_linger_if(wait, &wait->poll_lingers, WAITDEV_BEFORE_IT_JOINS);
	poll_wait(file, &wait->wait, table);
	waitdev_linger_if(wait, &wait->poll_lingers, WAITDEV_AFTER_IT_JOINED);
	return 0;
}

static int waitdev_fasync(int fd, struct file *file, int on)
{
	struct waitdev *wait = waitdev_of(file);
	int ret;

	atomic_inc(&fasyncs);
	if (on)
		waitdev_linger_if(wait, &wait->fasync_lingers, WAITDEV_BEFORE_IT_JOINS);
	ret = fasync_helper(fd, file, on, &wait->fasync);
	if (on)
		waitdev_linger_if(wait, &wait->fasync_lingers, WAITDEV_AFTER_IT_JOINED);
	return ret;
}

static void waitdev_show_fdinfo(struct seq_file *seq, struct file *file)
{
	atomic_inc(&fdinfos);
	seq_puts(seq, "waitdev:\talive\n");
}

/* As a call that waits for its own transfer: the cancel hook finds and completes it. */
static long waitdev_completion(struct waitdev *wait)
{
	struct waitdev_pending pending = {
		.done = COMPLETION_INITIALIZER_ONSTACK(pending.done),
	};

	mutex_lock(&wait->lock);
	list_add_tail(&pending.list, &wait->pending);
	mutex_unlock(&wait->lock);
	atomic_inc(&lingering);
	wait_for_completion(&pending.done);
	atomic_dec(&lingering);
	return lifetime_disconnected(&wait->life) ? LIFETIME_GONE : 0;
}

static long waitdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct waitdev *wait = waitdev_of(file);

	switch (cmd) {
	case WAITDEV_LINGER:
		return waitdev_linger_rounds(wait, arg);
	case WAITDEV_POLL_LINGERS:
		atomic_set(&wait->poll_lingers, arg);
		return 0;
	case WAITDEV_FASYNC_LINGERS:
		atomic_set(&wait->fasync_lingers, arg);
		return 0;
	case WAITDEV_TELL:
		mutex_lock(&wait->telling);
		wake_up_interruptible_poll(&wait->wait, EPOLLIN);
		kill_fasync(&wait->fasync, SIGIO, POLL_IN);
		mutex_unlock(&wait->telling);
		return 0;
	case WAITDEV_COMPLETION:
		return waitdev_completion(wait);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations waitdev_fops = {
	.owner		= THIS_MODULE,
	.open		= waitdev_open,
	.release	= waitdev_close,
	.poll		= waitdev_poll,
	.fasync		= waitdev_fasync,
	.show_fdinfo	= waitdev_show_fdinfo,
	.unlocked_ioctl	= waitdev_ioctl,
	.llseek		= noop_llseek,
};

static struct refcdev_type waitdev_type = {
	.name		= "waitdev%d",
	.fops		= &waitdev_fops,
	.flags		= REFCDEV_FIXED_INDEX,
};

static void waitdev_cancel(struct lifetime *life)
{
	struct waitdev *wait = container_of(life, struct waitdev, life);
	struct waitdev_pending *pending, *next;

	atomic_inc(&cancels);
	wake_up(&cancelled);
	mutex_lock(&wait->lock);
	list_for_each_entry_safe(pending, next, &wait->pending, list) {
		list_del(&pending->list);
		complete(&pending->done);
	}
	mutex_unlock(&wait->lock);
	if (!tell_again)
		return;
	wake_up_poll(&wait->wait, EPOLLERR | EPOLLHUP);
	kill_fasync(&wait->fasync, SIGIO, POLL_HUP);
}

static void waitdev_release(struct lifetime *life)
{
	atomic_inc(&released);
}

static const struct lifetime_ops waitdev_lifetime_ops = {
	.owner		= THIS_MODULE,
	.cancel		= waitdev_cancel,
	.release	= waitdev_release,
};

static int waitdev_probe(struct platform_device *pdev)
{
	struct waitdev *wait;
	int ret;

	wait = lifetime_alloc(struct waitdev, life, &pdev->dev, &waitdev_lifetime_ops);
	if (IS_ERR(wait))
		return PTR_ERR(wait);
	atomic_inc(&created);
	init_waitqueue_head(&wait->wait);
	init_waitqueue_head(&wait->inside);
	mutex_init(&wait->lock);
	mutex_init(&wait->telling);
	platform_set_drvdata(pdev, wait);
	INIT_LIST_HEAD(&wait->pending);
	wait->cdev.index = pdev->id;
	ret = lifetime_add_waitqueue(&wait->life, &wait->wait) ?:
	      lifetime_add_waitqueue(&wait->life, &wait->inside) ?:
	      lifetime_add_fasync(&wait->life, &wait->fasync);
	if (ret)
		return ret;
	return devm_refcdev_register(&pdev->dev, &wait->cdev, &wait->life, &waitdev_type);
}

/* With the lock it would wait for ever for a call that waits for the lock. */
static void waitdev_remove(struct platform_device *pdev)
{
	struct waitdev *wait = platform_get_drvdata(pdev);

	if (remove_locks)
		mutex_lock(&wait->telling);
	refcdev_remove(pdev);
	if (remove_locks)
		mutex_unlock(&wait->telling);
}

static struct platform_driver waitdev_driver = {
	.driver.name	= WAITDEV,
	.probe		= waitdev_probe,
	.remove_void	= waitdev_remove,
};

static void waitdev_remove_all(void)
{
	int i;

	for (i = 0; i < WAITDEV_COUNT && pdevs[i]; i++)
		platform_device_unregister(pdevs[i]);
	platform_driver_unregister(&waitdev_driver);
	debugfs_remove_recursive(dir);
}

static void waitdev_show_counts(void)
{
	dir = debugfs_create_dir(WAITDEV, NULL);
	debugfs_create_atomic_t("created", 0444, dir, &created);
	debugfs_create_atomic_t("released", 0444, dir, &released);
	debugfs_create_atomic_t("opens", 0444, dir, &opens);
	debugfs_create_atomic_t("closes", 0444, dir, &closes);
	debugfs_create_atomic_t("polls", 0444, dir, &polls);
	debugfs_create_atomic_t("fasyncs", 0444, dir, &fasyncs);
	debugfs_create_atomic_t("fdinfos", 0444, dir, &fdinfos);
	debugfs_create_atomic_t("lingering", 0444, dir, &lingering);
	debugfs_create_atomic_t("cancels", 0444, dir, &cancels);
}

static int __init waitdev_init(void)
{
	struct platform_device *pdev;
	int ret, i;

	ret = platform_driver_register(&waitdev_driver);
	if (ret)
		return ret;
	waitdev_show_counts();
	for (i = 0; i < WAITDEV_COUNT; i++) {
		pdev = platform_device_register_simple(WAITDEV, i, NULL, 0);
		if (IS_ERR(pdev)) {
			waitdev_remove_all();
			return PTR_ERR(pdev);
		}
		pdevs[i] = pdev;
	}
	return 0;
}
module_init(waitdev_init);

static void __exit waitdev_exit(void)
{
	waitdev_remove_all();
}
module_exit(waitdev_exit);

MODULE_DESCRIPTION("Test driver of refcdev: who waits, and is told");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
