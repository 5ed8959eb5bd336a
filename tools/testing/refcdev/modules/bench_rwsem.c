// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_rwsem.c: a rwsem and a flag, as kernel/time/posix-clock.c has it
 *
 * get_posix_clock() and put_posix_clock(), which the compiler may inline, and
 * posix_clock_unregister(). In its own form an open file has a reference to the device and
 * a context, through which each call finds the clock.
 */
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "bench.h"

struct posix {
	struct bench bench;
	struct rw_semaphore lock;
	bool zombie;
};

/* struct posix_clock_context */
struct posix_context {
	struct bench *bench;
	struct file *file;
	void *private_clkdata;
};

static __always_inline struct posix *to_posix(struct bench *bench)
{
	return container_of(bench, struct posix, bench);
}

static __always_inline int posix_enter(struct bench *bench)
{
	struct posix *posix = to_posix(bench);

	down_read(&posix->lock);
	if (!posix->zombie)
		return 0;
	up_read(&posix->lock);
	return -ENODEV;
}

static __always_inline void posix_exit(struct bench *bench, int token)
{
	up_read(&to_posix(bench)->lock);
}

BENCH_PROXY(posix, -ENODEV, EPOLLERR);

#define posix_own_enter	posix_enter
#define posix_own_exit	posix_exit

static __always_inline struct bench *posix_own_find(const struct file *file)
{
	return ((struct posix_context *)file->private_data)->bench;
}

BENCH_CALLS(posix_own, BENCH_INLINE, -ENODEV, EPOLLERR)

static int posix_own_open(struct inode *inode, struct file *file)
{
	struct bench *bench = bench_of_inode(inode);
	struct posix_context *context;
	int ret = -ENOMEM;

	if (posix_enter(bench) < 0)
		return -ENODEV;
	context = kzalloc(sizeof(*context), GFP_KERNEL);
	if (context) {
		context->bench = bench;
		context->file = file;
		file->private_data = context;
		get_device(&bench->dev);
		ret = 0;
	}
	posix_exit(bench, 0);
	return ret;
}

static int posix_own_release(struct inode *inode, struct file *file)
{
	struct posix_context *context = file->private_data;

	put_device(&context->bench->dev);
	kfree(context);
	file->private_data = NULL;
	return 0;
}

#define posix_own_mmap	bench_driver_mmap
BENCH_FOPS(posix_own);

static int posix_init(struct bench *bench)
{
	init_rwsem(&to_posix(bench)->lock);
	return 0;
}

static int posix_disconnect(struct bench *bench)
{
	struct posix *posix = to_posix(bench);

	down_write(&posix->lock);
	posix->zombie = true;
	up_write(&posix->lock);
	return 0;
}

const struct bench_technique bench_rwsem = {
	.name		= "rwsem",
	.user		= "posix-clock",
	.size		= sizeof(struct posix),
	.proxy		= &posix_dispatcher,
	.own		= &posix_own_fops,
	.error		= ENODEV,
	.error_open	= ENODEV,
	.events		= EPOLLERR,
	.init		= posix_init,
	.disconnect	= posix_disconnect,
};
