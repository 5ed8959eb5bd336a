// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_table.c: a table of file operations per open file and SRCU around a pointer, as the
 * "revocable" series of 2025 has it in its layer for file operations
 *
 * Of its structure: a provider per device with an SRCU of its own, a counted reference and the
 * pointer that a revoke clears; each open allocates a table of operations, which holds the
 * provider and is on a global list under a mutex; each call asks for access to the pointer, calls
 * the operation that was replaced, and withdraws. The code is not that of the series.
 */
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "bench.h"

struct table {
	struct bench bench;
	struct srcu_struct srcu;
	struct kref ref;		/* of the provider: the instance's is the cdev's */
	void __rcu *resource;
};

/* What an open file has. */
struct replacement {
	struct file_operations fops;
	const struct file_operations *replaced;
	struct table *table;
	struct list_head list;
};

static DEFINE_MUTEX(replacements_lock);
static LIST_HEAD(replacements);

static __always_inline struct table *to_table(struct bench *bench)
{
	return container_of(bench, struct table, bench);
}

static __always_inline int table_enter(struct bench *bench)
{
	struct table *table = to_table(bench);
	int token = srcu_read_lock(&table->srcu);

	if (srcu_dereference(table->resource, &table->srcu)) {
		__release(&table->srcu);	/* as far as sparse knows: it is conditional */
		return token;
	}
	srcu_read_unlock(&table->srcu, token);
	return -ENODEV;
}

static __always_inline void table_exit(struct bench *bench, int token)
{
	struct table *table = to_table(bench);

	__acquire(&table->srcu);
	srcu_read_unlock(&table->srcu, token);
}

/* Never the last: that is dropped when the module goes. */
static void table_release_ref(struct kref *ref)
{
}

/* A table for one file, with what is in another. */
static struct replacement *replacement_new(struct bench *bench,
					   const struct file_operations *replaced)
{
	struct table *table = to_table(bench);
	struct replacement *new = kzalloc(sizeof(*new), GFP_KERNEL);

	if (!new)
		return NULL;
	kref_get(&table->ref);
	new->table = table;
	new->replaced = replaced;
	new->fops = *replaced;
	mutex_lock(&replacements_lock);
	list_add(&new->list, &replacements);
	mutex_unlock(&replacements_lock);
	return new;
}

/* The VFS puts the module of what is there when the file is gone: the same one. */
static void table_untable(struct file *file)
{
	struct replacement *old = container_of(file->f_op, struct replacement, fops);

	if (!file->f_op)
		return;
	file->f_op = old->replaced;
	mutex_lock(&replacements_lock);
	list_del(&old->list);
	mutex_unlock(&replacements_lock);
	kref_put(&old->table->ref, table_release_ref);
	kfree(old);
}

static const struct file_operations table_fops;

static const struct file_operations *table_table(struct bench *bench)
{
	struct replacement *new = replacement_new(bench, &table_fops);

	return new ? &new->fops : NULL;
}

BENCH_PROXY_WITH_TABLE(table, -ENODEV, EPOLLERR | EPOLLHUP);

/* Both are exported to the layer. */
static noinline int table_own_enter(struct bench *bench)
{
	return table_enter(bench);
}

static noinline void table_own_exit(struct bench *bench, int token)
{
	table_exit(bench, token);
}

static __always_inline struct bench *table_own_find(const struct file *file)
{
	return &container_of(file->f_op, struct replacement, fops)->table->bench;
}

/* Its own table leads on to the driver's, which was replaced. */
#define BENCH_VIA_REPLACED(bench, member)					\
	container_of(file->f_op, struct replacement, fops)->replaced->member
BENCH_CALLS(table_own, BENCH_VIA_REPLACED, -ENODEV, EPOLLERR | EPOLLHUP)

static int table_own_release(struct inode *inode, struct file *file)
{
	struct replacement *old = container_of(file->f_op, struct replacement, fops);
	int ret = old->replaced->release(inode, file);

	table_untable(file);
	return ret;
}

/* The driver's open, which asks for the replacement. */
static int table_own_open(struct inode *inode, struct file *file)
{
	struct bench *bench = bench_of_inode(inode);
	int token = table_own_enter(bench);
	struct replacement *new;

	if (token < 0)
		return -ENODEV;
	new = replacement_new(bench, file->f_op);
	table_own_exit(bench, token);
	if (!new)
		return -ENOMEM;
	new->fops.release = table_own_release;
	new->fops.read = table_own_read;
	new->fops.write = table_own_write;
	new->fops.poll = table_own_poll;
	new->fops.unlocked_ioctl = table_own_unlocked_ioctl;
	file->f_op = &new->fops;
	return bench_driver_open(inode, file);
}

/* The driver's, with that open: filled in once, from the driver's. */
static struct file_operations table_own_fops;

static int table_init(struct bench *bench)
{
	struct table *table = to_table(bench);

	table_own_fops = bench_driver_fops;
	table_own_fops.open = table_own_open;
	kref_init(&table->ref);
	rcu_assign_pointer(table->resource, bench);
	return init_srcu_struct(&table->srcu);
}

static int table_disconnect(struct bench *bench)
{
	struct table *table = to_table(bench);

	rcu_assign_pointer(table->resource, NULL);
	synchronize_srcu(&table->srcu);
	return 0;
}

static void table_destroy(struct bench *bench)
{
	cleanup_srcu_struct(&to_table(bench)->srcu);
}

const struct bench_technique bench_table = {
	.name		= "table",
	.user		= "the revocable series of 2025",
	.size		= sizeof(struct table),
	.proxy		= &table_dispatcher,
	.own		= &table_own_fops,
	.error		= ENODEV,
	.error_open	= ENODEV,
	.events		= EPOLLERR | EPOLLHUP,
	.init		= table_init,
	.disconnect	= table_disconnect,
	.destroy	= table_destroy,
};
