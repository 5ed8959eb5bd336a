// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c: brings the parts of refcdev.ko up and down
 */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "debug.h"
#include "delay.h"
#include "fops.h"
#include "inode.h"
#include "lifetime.h"
#include "node.h"
#include "vma.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* For the suite that looks at what is asked of other CPUs. */
EXPORT_TRACEPOINT_SYMBOL_GPL(lifetime_quiesce);

static struct dentry *refcdev_debugfs;

static int __init refcdev_init(void)
{
	int ret;

	refcdev_init_uring();
	ret = lifetime_init_core();
	if (ret)
		return ret;
	ret = refcdev_init_async();
	if (ret)
		goto err_core;
	ret = refcdev_init_mmap();
	if (ret)
		goto err_async;
	ret = refcdev_init_inodes();
	if (ret)
		goto err_mmap;
	ret = refcdev_init_nodes();
	if (ret)
		goto err_inodes;
	if (IS_ENABLED(CONFIG_REFCDEV_DEBUG)) {
		refcdev_debugfs = debugfs_create_dir("refcdev", NULL);
		refcdev_delay_init(refcdev_debugfs);
		refcdev_dump_init(refcdev_debugfs);
	}
	return 0;

err_inodes:
	refcdev_exit_inodes();
err_mmap:
	refcdev_exit_mmap();
err_async:
	refcdev_exit_async();
err_core:
	lifetime_exit_core();
	return ret;
}
module_init(refcdev_init);

/*
 * No driver is loaded, no file of ours is open. Releases that drivers left behind
 * ran before their modules went; what is still on its way is RCU's.
 */
static void __exit refcdev_exit(void)
{
	/*
	 * A command may complete, and with it the last file go, before the call that
	 * submitted it has come out of our text: it holds nothing then.
	 */
	synchronize_rcu_tasks();
	debugfs_remove_recursive(refcdev_debugfs);
	refcdev_exit_nodes();
	refcdev_exit_inodes();
	refcdev_exit_mmap();
	refcdev_exit_async();
	lifetime_exit_core();
	rcu_barrier();
}
module_exit(refcdev_exit);

MODULE_DESCRIPTION("Character devices that survive unplug");
MODULE_LICENSE("GPL");
