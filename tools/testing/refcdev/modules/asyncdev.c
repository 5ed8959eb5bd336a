// SPDX-License-Identifier: GPL-2.0-only
/*
 * asyncdev.c: a driver whose requests complete when they like, outside of the gate, and
 * which does with them what drivers should not
 *
 * It has no cancel hook, so a disconnect has to wait for whatever is pending. One request
 * of each kind at a time.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/refcdev.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "../../../../drivers/refcdev/fops.h"
#include "asyncdev_ioctl.h"

#define ASYNCDEV_DRIVER	"refcdev-async"

struct asyncdev {
	struct lifetime life;
	struct refcdev cdev;
	struct device *dev;
	struct hrtimer timer;
	struct kiocb *iocb;
	struct delayed_work work;
	struct io_uring_cmd *ioucmd;
};

static atomic_t asyncdev_created, asyncdev_released, asyncdev_completed;
static struct asyncdev *asyncdev_last;
static struct platform_device *asyncdev_pdev;
static struct dentry *asyncdev_dir;

static struct asyncdev *asyncdev_of(struct file *file)
{
	return refcdev_object(file, struct asyncdev, cdev);
}

static enum hrtimer_restart asyncdev_timer(struct hrtimer *timer)
{
	struct asyncdev *asyncdev = container_of(timer, struct asyncdev, timer);
	struct kiocb *iocb = asyncdev->iocb;

	atomic_inc(&asyncdev_completed);
	iocb->ki_complete(iocb, sizeof(u64));
	return HRTIMER_NORESTART;
}

static void asyncdev_work(struct work_struct *work)
{
	struct asyncdev *asyncdev = container_of(to_delayed_work(work), struct asyncdev, work);

	atomic_inc(&asyncdev_completed);
	refcdev_uring_cmd_done(asyncdev->ioucmd, 0, 0, IO_URING_F_UNLOCKED);
}

static ssize_t asyncdev_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct asyncdev *asyncdev = asyncdev_of(iocb->ki_filp);
	u64 ms;

	if (is_sync_kiocb(iocb))
		return -EINVAL;
	if (copy_from_iter(&ms, sizeof(ms), from) != sizeof(ms))
		return -EFAULT;
	asyncdev->iocb = iocb;
	hrtimer_start(&asyncdev->timer, ms_to_ktime(ms), HRTIMER_MODE_REL);
	return -EIOCBQUEUED;
}

static ssize_t asyncdev_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct asyncdev *asyncdev = asyncdev_of(iocb->ki_filp);

	if (is_sync_kiocb(iocb))
		return -EINVAL;
	device_release_driver(asyncdev->dev);
	return 0;
}

static int asyncdev_uring_cmd(struct io_uring_cmd *ioucmd, unsigned int issue_flags)
{
	struct asyncdev *asyncdev = asyncdev_of(ioucmd->file);
	u64 ms = READ_ONCE(*(u64 *)uring_cmd_payload(ioucmd));

	switch (ioucmd->cmd_op) {
	case ASYNCDEV_LATE:
		asyncdev->ioucmd = ioucmd;
		schedule_delayed_work(&asyncdev->work, msecs_to_jiffies(ms));
		return -EIOCBQUEUED;
	case ASYNCDEV_BYPASS:
		uring_cmd_done_compat(ioucmd, 0, 0, issue_flags);
		return -EIOCBQUEUED;
	case ASYNCDEV_UNBIND_SELF:
		device_release_driver(asyncdev->dev);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int asyncdev_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
	return 0;
}

static const struct file_operations asyncdev_fops = {
	.owner		= THIS_MODULE,
	.open		= asyncdev_open,
	.read_iter	= asyncdev_read_iter,
	.write_iter	= asyncdev_write_iter,
	.uring_cmd	= asyncdev_uring_cmd,
};

/* Their text; all that they were to complete is completed. */
static void asyncdev_release(struct lifetime *life)
{
	struct asyncdev *asyncdev = container_of(life, struct asyncdev, life);

	hrtimer_cancel(&asyncdev->timer);
	cancel_delayed_work_sync(&asyncdev->work);
	atomic_inc(&asyncdev_released);
}

static const struct lifetime_ops asyncdev_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= asyncdev_release,
};

static struct refcdev_type asyncdev_type = {
	.name		= "asyncdev%d",
	.fops		= &asyncdev_fops,
	.flags		= REFCDEV_FIXED_INDEX | REFCDEV_URING_CMD,
};

/*
 * Give back by hand what a bypassed completion did not. To be written to while a
 * disconnect waits for just that: so the object is there.
 */
static int asyncdev_settle(void *data, u64 counts)
{
	while (counts--)
		__lifetime_exit(&asyncdev_last->life, REFCDEV_OP_uring_cmd);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(asyncdev_settle_fops, NULL, asyncdev_settle, "%llu\n");

static int asyncdev_probe(struct platform_device *pdev)
{
	struct asyncdev *asyncdev;

	asyncdev = lifetime_alloc(struct asyncdev, life, &pdev->dev, &asyncdev_lifetime_ops);
	if (IS_ERR(asyncdev))
		return PTR_ERR(asyncdev);
	atomic_inc(&asyncdev_created);
	asyncdev_last = asyncdev;
	asyncdev->dev = &pdev->dev;
	hrtimer_setup(&asyncdev->timer, asyncdev_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	INIT_DELAYED_WORK(&asyncdev->work, asyncdev_work);
	return devm_refcdev_register(&pdev->dev, &asyncdev->cdev, &asyncdev->life,
				     &asyncdev_type);
}

static struct platform_driver asyncdev_driver = {
	.driver.name	= ASYNCDEV_DRIVER,
	.probe		= asyncdev_probe,
	.remove_void	= refcdev_remove,
};

static int __init asyncdev_init(void)
{
	int ret = platform_driver_register(&asyncdev_driver);

	if (ret)
		return ret;
	asyncdev_pdev = platform_device_register_simple(ASYNCDEV_DRIVER, 0, NULL, 0);
	if (IS_ERR(asyncdev_pdev)) {
		platform_driver_unregister(&asyncdev_driver);
		return PTR_ERR(asyncdev_pdev);
	}
	asyncdev_dir = debugfs_create_dir(ASYNCDEV_DRIVER, NULL);
	debugfs_create_atomic_t("created", 0444, asyncdev_dir, &asyncdev_created);
	debugfs_create_atomic_t("released", 0444, asyncdev_dir, &asyncdev_released);
	debugfs_create_atomic_t("completed", 0444, asyncdev_dir, &asyncdev_completed);
	debugfs_create_file_unsafe("settle", 0200, asyncdev_dir, NULL, &asyncdev_settle_fops);
	return 0;
}
module_init(asyncdev_init);

static void __exit asyncdev_exit(void)
{
	debugfs_remove_recursive(asyncdev_dir);
	platform_device_unregister(asyncdev_pdev);
	platform_driver_unregister(&asyncdev_driver);
}
module_exit(asyncdev_exit);

MODULE_DESCRIPTION("Test driver of refcdev: asynchronous calls");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
