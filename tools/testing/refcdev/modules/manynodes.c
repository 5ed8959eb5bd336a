// SPDX-License-Identifier: GPL-2.0-only
/*
 * manynodes.c: as many nodes as are asked for, of one lifetime or of as many lifetimes;
 * each read tells which node it is, and of which object; each object has resources, and
 * a file has one more, as large as was written to it last
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/lifetime_managed.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/refcdev.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../../../drivers/refcdev/compat.h"

#define MANYNODES	"manynodes"

struct manynodes {
	struct lifetime life;
	unsigned int serial;
	struct refcdev nodes[];
};

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "how many devices to create, each with a lifetime (default 1)");

static unsigned int nodes = 1;
module_param(nodes, uint, 0444);
MODULE_PARM_DESC(nodes, "how many nodes each of them has (default 1)");

static unsigned int max_nodes;
module_param(max_nodes, uint, 0444);
MODULE_PARM_DESC(max_nodes, "how many nodes there may be (default 0: as many as refcdev says)");

static atomic_t created, released, opens, closes;
static struct platform_device **pdevs;
static struct dentry *dir;

static int manynodes_open(struct inode *inode, struct file *file)
{
	atomic_inc(&opens);
	file->private_data = NULL;
	return 0;
}

static int manynodes_close(struct inode *inode, struct file *file)
{
	if (file->private_data)
		lifetime_kfree(refcdev_from_file(file)->life, file->private_data);
	atomic_inc(&closes);
	return 0;
}

/* Two numbers: the node's index, and which of the module's objects it belongs to. */
static ssize_t manynodes_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct refcdev *cdev = refcdev_from_file(file);
	u32 answer[2] = {
		cdev->index,
		container_of(cdev->life, struct manynodes, life)->serial,
	};

	if (size < sizeof(answer))
		return -EINVAL;
	return copy_to_user(buf, answer, sizeof(answer)) ? -EFAULT : sizeof(answer);
}

/* What is written says how large the file's resource is to be. One writer per file. */
static ssize_t manynodes_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct lifetime *life = refcdev_from_file(file)->life;
	u32 bytes;
	void *memory;

	if (size != sizeof(bytes) || copy_from_user(&bytes, buf, sizeof(bytes)))
		return -EINVAL;
	memory = lifetime_kmalloc(life, bytes, GFP_KERNEL | __GFP_NOWARN);
	if (!memory)
		return -ENOMEM;
	if (file->private_data)
		lifetime_kfree(life, file->private_data);
	file->private_data = memory;
	return size;
}

static const struct file_operations manynodes_fops = {
	.owner		= THIS_MODULE,
	.open		= manynodes_open,
	.release	= manynodes_close,
	.read		= manynodes_read,
	.write		= manynodes_write,
};

static struct refcdev_type manynodes_type = {
	.name		= "manynodes!%d",
	.nodename	= "manynodes/%d",
	.fops		= &manynodes_fops,
};

static void manynodes_release(struct lifetime *life)
{
	atomic_inc(&released);
}

static void manynodes_action(void *data)
{
}

/* One of each phase. */
static int manynodes_add_resources(struct manynodes *many)
{
	int ret;

	if (!lifetime_kasprintf(&many->life, GFP_KERNEL, "object %u", many->serial))
		return -ENOMEM;
	ret = lifetime_add_action_at(&many->life, LIFETIME_AT_CANCEL, manynodes_action, NULL);
	if (ret)
		return ret;
	return lifetime_add_action_at(&many->life, LIFETIME_AT_DRAINED, manynodes_action, NULL);
}

static const struct lifetime_ops manynodes_lifetime_ops = {
	.owner		= THIS_MODULE,
	.release	= manynodes_release,
};

static int manynodes_probe(struct platform_device *pdev)
{
	static struct lock_class_key key;
	struct manynodes *many;
	unsigned int i;
	int ret = 0;

	many = __lifetime_alloc(struct_size(many, nodes, nodes), offsetof(struct manynodes, life),
				&pdev->dev, &manynodes_lifetime_ops, THIS_MODULE, &key);
	if (IS_ERR(many))
		return PTR_ERR(many);
	many->serial = atomic_inc_return(&created);
	ret = manynodes_add_resources(many);
	for (i = 0; i < nodes && !ret; i++)
		ret = devm_refcdev_register(&pdev->dev, &many->nodes[i], &many->life,
					    &manynodes_type);
	return ret;
}

static struct platform_driver manynodes_driver = {
	.driver.name	= MANYNODES,
	.probe		= manynodes_probe,
	.remove_void	= refcdev_remove,
};

static void manynodes_remove_all(void)
{
	unsigned int i;

	for (i = 0; i < devices && pdevs[i]; i++)
		platform_device_unregister(pdevs[i]);
	platform_driver_unregister(&manynodes_driver);
	debugfs_remove_recursive(dir);
	kvfree(pdevs);
}

static int manynodes_create(void)
{
	struct platform_device *pdev;
	unsigned int i;

	for (i = 0; i < devices; i++) {
		pdev = platform_device_register_simple(MANYNODES, i, NULL, 0);
		if (IS_ERR(pdev))
			return PTR_ERR(pdev);
		pdevs[i] = pdev;
	}
	return 0;
}

static int __init manynodes_init(void)
{
	int ret;

	manynodes_type.max_nodes = max_nodes;
	pdevs = kvcalloc(devices, sizeof(*pdevs), GFP_KERNEL);
	if (!pdevs)
		return -ENOMEM;
	ret = platform_driver_register(&manynodes_driver);
	if (ret) {
		kvfree(pdevs);
		return ret;
	}
	dir = debugfs_create_dir(MANYNODES, NULL);
	debugfs_create_atomic_t("created", 0444, dir, &created);
	debugfs_create_atomic_t("released", 0444, dir, &released);
	debugfs_create_atomic_t("opens", 0444, dir, &opens);
	debugfs_create_atomic_t("closes", 0444, dir, &closes);
	ret = manynodes_create();
	if (ret)
		manynodes_remove_all();
	return ret;
}
module_init(manynodes_init);

static void __exit manynodes_exit(void)
{
	manynodes_remove_all();
}
module_exit(manynodes_exit);

MODULE_DESCRIPTION("Test driver of refcdev: many nodes");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
