// SPDX-License-Identifier: GPL-2.0-only
/*
 * benchdown_main.c: makes a set of devices, takes it down, and says how long that took and how
 * many grace periods of RCU ended meanwhile
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/lifetime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include "../../../../drivers/refcdev/inode.h"
#include "../../../../drivers/refcdev/trace.h"
#include "benchdown.h"
#include "benchdown_ioctl.h"

#define MAX_DEVICES	1000
#define MAX_NODES	1000

static const struct technique *const techniques[BENCHDOWN_NR_KINDS] = {
	[BENCHDOWN_REFCDEV]	= &benchdown_refcdev,
	[BENCHDOWN_SRCU]	= &benchdown_srcu,
	[BENCHDOWN_PERCPU_REF]	= &benchdown_percpu_ref,
	[BENCHDOWN_RCU]		= &benchdown_rcu,
};

static DEFINE_MUTEX(set_lock);
static struct device *parent;

/* The set; under set_lock. */
static struct {
	const struct technique *technique;
	unsigned int count;
	bool down;
	void *devices[MAX_DEVICES];
} set;

static unsigned long passed(const struct moment *before, const struct moment *after)
{
	return grace_periods(before->normal, after->normal) +
	       grace_periods(before->expedited, after->expedited);
}

static void begin(void *device, struct benchdown_down *result)
{
	u64 start = ktime_get_ns();

	set.technique->begin(device);
	result->drained += ktime_get_ns() - start;
}

/* Calls down, or finish after a begin. */
static void end_with(void *device, void (*call)(void *device), struct benchdown_down *result)
{
	const struct moment *drained;
	struct moment start;

	moment_take(&start);
	call(device);
	drained = set.technique->drained(device);
	result->drained += drained->ns - start.ns;
	result->waited += passed(&start, drained);
}

/* One at a time. */
static void count_round(void *rounds, const char *name, unsigned int asked, bool grace_period)
{
	++*(u64 *)rounds;
}

static void take_down(struct benchdown_down *result)
{
	/* To look costs time, and so does, on an emulated CPU, code that was patched to look. */
	bool counts = set.count > 1 && set.technique == &benchdown_refcdev;
	struct moment start, end;
	unsigned int i;

	result->drained = 0;
	result->waited = 0;
	result->rounds = 0;
	if (counts && register_trace_lifetime_quiesce(count_round, &result->rounds))
		counts = false;
	moment_take(&start);
	for (i = 0; i < set.count; i++) {
		if (result->together)
			begin(set.devices[i], result);
		else
			end_with(set.devices[i], set.technique->down, result);
	}
	for (i = 0; i < set.count && result->together; i++)
		end_with(set.devices[i], set.technique->finish, result);
	moment_take(&end);
	if (counts) {
		unregister_trace_lifetime_quiesce(count_round, &result->rounds);
		tracepoint_synchronize_unregister();
	}
	result->gone = end.ns - start.ns;
	result->normal = grace_periods(start.normal, end.normal);
	result->expedited = grace_periods(start.expedited, end.expedited);
	set.down = true;
}

static void free_set(void)
{
	while (set.count)
		set.technique->free(set.devices[--set.count]);
	set.technique = NULL;
	set.down = false;
}

/* Files may be open, if that is refcdev's: only its object stays, then. */
static void end_set(void)
{
	struct benchdown_down ignored = { .together = 1 };

	if (set.count && !set.down)
		take_down(&ignored);
	free_set();
}

static int make_set(const struct benchdown_make *make)
{
	void *device;

	if (set.technique)
		return -EBUSY;
	if (make->kind >= BENCHDOWN_NR_KINDS || !make->devices || make->devices > MAX_DEVICES ||
	    make->nodes > MAX_NODES)
		return -EINVAL;
	set.technique = techniques[make->kind];
	while (set.count < make->devices) {
		device = set.technique->make(parent, make->nodes);
		if (IS_ERR(device)) {
			end_set();
			return PTR_ERR(device);
		}
		set.devices[set.count++] = device;
	}
	return 0;
}

static long bench_make(void __user *from)
{
	struct benchdown_make make;

	if (copy_from_user(&make, from, sizeof(make)))
		return -EFAULT;
	return make_set(&make);
}

static long bench_down(void __user *data)
{
	struct benchdown_down down;

	if (copy_from_user(&down, data, sizeof(down)))
		return -EFAULT;
	if (!set.count || set.down)
		return -EINVAL;
	take_down(&down);
	return copy_to_user(data, &down, sizeof(down)) ? -EFAULT : 0;
}

static long bench_sizes(void __user *to)
{
	struct benchdown_sizes sizes = {
		.cpus = num_possible_cpus(),
		.lifetime = sizeof(struct lifetime),
		.counts = sizeof(struct lifetime_counts),
		.refcdev = sizeof(struct refcdev),
		.inode = sizeof(struct refcdev_inode),
	};

	return copy_to_user(to, &sizes, sizeof(sizes)) ? -EFAULT : 0;
}

static long bench_command(unsigned int cmd, void __user *data)
{
	switch (cmd) {
	case BENCHDOWN_MAKE:
		return bench_make(data);
	case BENCHDOWN_DOWN:
		return bench_down(data);
	case BENCHDOWN_FREE:
		end_set();
		return 0;
	case BENCHDOWN_SETTLE:
		rcu_barrier();
		return 0;
	case BENCHDOWN_SIZES:
		return bench_sizes(data);
	default:
		return -ENOTTY;
	}
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	if (cmd == BENCHDOWN_ASLEEP)
		return benchdown_asleep();
	mutex_lock(&set_lock);
	ret = bench_command(cmd, (void __user *)arg);
	mutex_unlock(&set_lock);
	return ret;
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice bench = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "benchdown",
	.fops = &bench_fops,
};

static int __init benchdown_init(void)
{
	int ret;

	parent = root_device_register("benchdown");
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	ret = benchdown_init_peers();
	if (ret)
		goto err_parent;
	ret = misc_register(&bench);
	if (!ret)
		return 0;
	benchdown_exit_peers();
err_parent:
	root_device_unregister(parent);
	return ret;
}
module_init(benchdown_init);

static void __exit benchdown_exit(void)
{
	misc_deregister(&bench);
	end_set();
	benchdown_exit_peers();
	root_device_unregister(parent);
}
module_exit(benchdown_exit);

MODULE_DESCRIPTION("Times disconnects, and counts the grace periods that they take");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
