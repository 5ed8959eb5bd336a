// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c: takes one reference to the object behind a node and never gives it back, for
 * tests that must notice
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/refcdev.h>

static char *path;
module_param(path, charp, 0444);
MODULE_PARM_DESC(path, "node of a refcdev driver; any other is a bug");

static int __init leak_init(void)
{
	struct file *file;
	int ret = 0;

	if (!path)
		return -EINVAL;
	file = filp_open(path, O_RDWR, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (!lifetime_tryget(refcdev_from_file(file)->life))
		ret = -ENXIO;
	fput(file);
	return ret;
}
module_init(leak_init);

static void __exit leak_exit(void)
{
}
module_exit(leak_exit);

MODULE_DESCRIPTION("Leaks one reference on purpose");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
