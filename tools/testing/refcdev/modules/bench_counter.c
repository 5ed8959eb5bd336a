// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_counter.c: a shared counter and a completion, as fs/debugfs/file.c has it
 *
 * debugfs_file_get() and debugfs_file_put(), and __debugfs_file_removed() in
 * fs/debugfs/inode.c. Its own form is that of debugfs_create_file_unsafe(): open_proxy_open(),
 * then operations that call the two themselves, as debugfs_attr_read() does.
 */
#include <linux/completion.h>
#include <linux/refcount.h>

#include "bench.h"

struct counter {
	struct bench bench;
	bool unlinked;			/* d_unlinked() of the file's dentry */
	refcount_t active_users;
	struct completion active_users_drained;
};

static __always_inline struct counter *to_counter(struct bench *bench)
{
	return container_of(bench, struct counter, bench);
}

static __always_inline int counter_enter(struct bench *bench)
{
	struct counter *counter = to_counter(bench);

	/* Not needed to be right: it keeps newcomers from holding up the removal. */
	if (READ_ONCE(counter->unlinked))
		return -EIO;
	return refcount_inc_not_zero(&counter->active_users) ? 0 : -EIO;
}

static __always_inline void counter_exit(struct bench *bench, int token)
{
	struct counter *counter = to_counter(bench);

	if (refcount_dec_and_test(&counter->active_users))
		complete(&counter->active_users_drained);
}

BENCH_PROXY(counter, -EIO, EPOLLHUP);

/* The two are functions of another object file there. */
static noinline int counter_own_enter(struct bench *bench)
{
	return counter_enter(bench);
}

static noinline void counter_own_exit(struct bench *bench, int token)
{
	counter_exit(bench, token);
}

static __always_inline struct bench *counter_own_find(const struct file *file)
{
	return file->private_data;
}

BENCH_CALLS(counter_own, BENCH_INLINE, -EIO, EPOLLHUP)

static int counter_own_open(struct inode *inode, struct file *file)
{
	file->private_data = bench_of_inode(inode);
	return 0;
}

#define counter_own_release	bench_driver_release
#define counter_own_mmap	bench_driver_mmap
BENCH_FOPS(counter_own);

static int counter_own_open_proxy(struct inode *inode, struct file *file)
{
	struct bench *bench = bench_of_inode(inode);
	int token = counter_own_enter(bench);
	int ret;

	if (token < 0)
		return -ENOENT;
	ret = bench_open_with(&counter_own_fops, inode, file);
	counter_own_exit(bench, token);
	return ret;
}

static const struct file_operations counter_own_proxy_fops = {
	.owner	= THIS_MODULE,
	.open	= counter_own_open_proxy,
};

static int counter_init(struct bench *bench)
{
	struct counter *counter = to_counter(bench);

	refcount_set(&counter->active_users, 1);
	init_completion(&counter->active_users_drained);
	return 0;
}

static int counter_disconnect(struct bench *bench)
{
	struct counter *counter = to_counter(bench);

	WRITE_ONCE(counter->unlinked, true);
	if (!refcount_dec_and_test(&counter->active_users))
		wait_for_completion(&counter->active_users_drained);
	return 0;
}

const struct bench_technique bench_counter = {
	.name		= "counter",
	.user		= "debugfs",
	.size		= sizeof(struct counter),
	.proxy		= &counter_dispatcher,
	.own		= &counter_own_proxy_fops,
	.error		= EIO,
	.error_open	= ENOENT,
	.events		= EPOLLHUP,
	.init		= counter_init,
	.disconnect	= counter_disconnect,
};
