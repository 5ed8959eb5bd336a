// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_percpu_ref.c: a percpu_ref that calls hold, as the series "cdev: Generic shutdown
 * handling" of January 2021 has it in fs/char_dev.c
 *
 * Each call takes it with percpu_ref_tryget_live() and puts it; cdev_del() kills it and waits
 * until it is zero. In the own form the instance is found through the file's private_data.
 */
#include <linux/completion.h>
#include <linux/percpu-refcount.h>

#include "bench.h"

struct percpu {
	struct bench bench;
	struct percpu_ref live;
	struct completion dead;
};

static __always_inline struct percpu *to_percpu(struct bench *bench)
{
	return container_of(bench, struct percpu, bench);
}

static __always_inline int percpu_enter(struct bench *bench)
{
	return percpu_ref_tryget_live(&to_percpu(bench)->live) ? 0 : -ENXIO;
}

static __always_inline void percpu_exit(struct bench *bench, int token)
{
	percpu_ref_put(&to_percpu(bench)->live);
}

BENCH_PROXY(percpu, -ENXIO, EPOLLERR | EPOLLHUP);

#define percpu_own_enter	percpu_enter
#define percpu_own_exit		percpu_exit

static __always_inline struct bench *percpu_own_find(const struct file *file)
{
	return file->private_data;
}

BENCH_CALLS(percpu_own, BENCH_INLINE, -ENXIO, EPOLLERR | EPOLLHUP)

static int percpu_own_open(struct inode *inode, struct file *file)
{
	struct bench *bench = bench_of_inode(inode);

	if (percpu_enter(bench) < 0)
		return -ENXIO;
	file->private_data = bench;
	percpu_exit(bench, 0);
	return 0;
}

#define percpu_own_release	bench_driver_release
#define percpu_own_mmap		bench_driver_mmap
BENCH_FOPS(percpu_own);

static void percpu_dead(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct percpu, live)->dead);
}

static int percpu_init(struct bench *bench)
{
	struct percpu *percpu = to_percpu(bench);

	init_completion(&percpu->dead);
	return percpu_ref_init(&percpu->live, percpu_dead, 0, GFP_KERNEL);
}

static int percpu_disconnect(struct bench *bench)
{
	struct percpu *percpu = to_percpu(bench);

	percpu_ref_kill(&percpu->live);
	wait_for_completion(&percpu->dead);
	return 0;
}

static void percpu_destroy(struct bench *bench)
{
	percpu_ref_exit(&to_percpu(bench)->live);
}

const struct bench_technique bench_percpu_ref = {
	.name		= "percpu_ref",
	.user		= "the cdev series of 2021",
	.size		= sizeof(struct percpu),
	.proxy		= &percpu_dispatcher,
	.own		= &percpu_own_fops,
	.error		= ENXIO,
	.error_open	= ENXIO,
	.events		= EPOLLERR | EPOLLHUP,
	.init		= percpu_init,
	.disconnect	= percpu_disconnect,
	.destroy	= percpu_destroy,
};
