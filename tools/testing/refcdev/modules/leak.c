// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c: takes one reference to the object behind a node, as another driver would, and gives
 * it back when it is unloaded, or never, for tests that must notice
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/refcdev.h>

static char *path;
module_param(path, charp, 0444);
MODULE_PARM_DESC(path, "node of a refcdev driver; any other is a bug");

static bool gives_back;
module_param(gives_back, bool, 0444);
MODULE_PARM_DESC(gives_back, "give the reference back in the end");

static struct lifetime *life;

static int __init leak_init(void)
{
	struct file *file;
	int ret = 0;

	if (!path)
		return -EINVAL;
	file = filp_open(path, O_RDWR, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	life = refcdev_from_file(file)->life;
	if (!lifetime_tryget(life))
		ret = -ENXIO;
	fput(file);
	return ret;
}
module_init(leak_init);

static void __exit leak_exit(void)
{
	if (gives_back)
		lifetime_put(life);
}
module_exit(leak_exit);

MODULE_DESCRIPTION("Holds one reference, or leaks it on purpose");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
