// SPDX-License-Identifier: GPL-2.0-only
/*
 * benchdown_refcdev.c: devices with refcdev, whose disconnect is timed: any number of nodes of
 * one lifetime each; a read sleeps until the device is gone
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/lifetime_managed.h>
#include <linux/module.h>
#include <linux/refcdev.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "benchdown.h"

struct bench {
	struct lifetime life;
	wait_queue_head_t wait;
	struct moment drained;
	struct refcdev nodes[];
};

static atomic_t asleep;

unsigned int benchdown_asleep(void)
{
	return atomic_read(&asleep);
}

static ssize_t bench_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct refcdev *cdev = refcdev_from_file(file);
	struct bench *bench = container_of(cdev->life, struct bench, life);
	int ret;

	atomic_inc(&asleep);
	ret = lifetime_wait_event_interruptible(&bench->life, bench->wait, false);
	atomic_dec(&asleep);
	return ret;
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.read		= bench_read,
};

static struct refcdev_type bench_type = {
	.name		= "benchdown%d",
	.fops		= &bench_fops,
	.max_nodes	= 1024,
};

/* No call is inside, what was mapped is gone, and the nodes are still to be removed. */
static void bench_drained(void *data)
{
	struct bench *bench = data;

	moment_take(&bench->drained);
}

static const struct lifetime_ops bench_lifetime_ops = {
	.owner		= THIS_MODULE,
};

static int bench_register(struct bench *bench, struct device *parent, unsigned int nodes)
{
	unsigned int i;
	int ret;

	/* Without a node it is only there to be counted. */
	if (!nodes)
		return 0;
	init_waitqueue_head(&bench->wait);
	ret = lifetime_add_waitqueue(&bench->life, &bench->wait) ?:
	      lifetime_add_action_at(&bench->life, LIFETIME_AT_DRAINED, bench_drained, bench);
	for (i = 0; i < nodes && !ret; i++)
		ret = refcdev_register(parent, &bench->nodes[i], &bench->life, &bench_type);
	return ret;
}

static void *bench_make(struct device *parent, unsigned int nodes)
{
	static struct lock_class_key key;
	struct bench *bench;
	int ret;

	bench = __lifetime_alloc(struct_size(bench, nodes, nodes), offsetof(struct bench, life),
				 NULL, &bench_lifetime_ops, THIS_MODULE, &key);
	if (IS_ERR(bench))
		return bench;
	ret = bench_register(bench, parent, nodes);
	if (!ret)
		return bench;
	lifetime_end(&bench->life);
	return ERR_PTR(ret);
}

static void bench_down(void *device)
{
	struct bench *bench = device;

	WARN_ON(lifetime_disconnect(&bench->life));
}

static void bench_begin(void *device)
{
	struct bench *bench = device;

	WARN_ON(lifetime_disconnect_begin(&bench->life));
}

static void bench_finish(void *device)
{
	struct bench *bench = device;

	WARN_ON(lifetime_disconnect_finish(&bench->life));
}

static const struct moment *bench_when_drained(const void *device)
{
	const struct bench *bench = device;

	return &bench->drained;
}

static void bench_free(void *device)
{
	struct bench *bench = device;

	lifetime_end(&bench->life);
}

const struct technique benchdown_refcdev = {
	.make		= bench_make,
	.down		= bench_down,
	.begin		= bench_begin,
	.finish		= bench_finish,
	.drained	= bench_when_drained,
	.free		= bench_free,
};
