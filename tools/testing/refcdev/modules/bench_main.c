// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_main.c: nodes for each technique of protection, behind the proxy and in its own form,
 * and a node that lists and disconnects them
 */
#include <linux/err.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../../../../drivers/refcdev/compat.h"
#include "bench.h"
#include "bench_ioctl.h"

/* In the order in which they are measured and shown. */
static const struct bench_technique *const techniques[] = {
	&bench_bare, &bench_proxy, &bench_counter, &bench_rwsem, &bench_srcu, &bench_percpu_ref,
	&bench_table, &bench_refcdev,
};

#define MAX_NODES	(2 * ARRAY_SIZE(techniques))
#define LINE_SIZE	128

enum bench_form { FORM_BARE, FORM_PROXY, FORM_OWN };
static const char *const form_names[] = { "bare", "proxy", "own" };

struct bench_node {
	struct bench *bench;
	enum bench_form form;
	bool gone;
	char name[32];
};

static struct bench_node nodes[MAX_NODES];
static unsigned int nr_nodes;
static DEFINE_MUTEX(nodes_lock);
static struct class *bench_class;
static dev_t bench_devt;

static void bench_free(struct device *dev)
{
	kfree(container_of(dev, struct bench, dev));
}

static const struct file_operations *form_fops(const struct bench_technique *technique,
					       enum bench_form form)
{
	return form == FORM_PROXY ? technique->proxy : technique->own;
}

/* The node has a reference of its own to the instance, which goes with it. */
static int bench_add_cdev(struct bench *bench, const struct bench_node *node)
{
	int ret;

	get_device(&bench->dev);
	ret = bench_publish(bench);
	if (ret) {
		put_device(&bench->dev);
		return ret;
	}
	cdev_init(&bench->cdev, form_fops(bench->technique, node->form));
	bench->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&bench->cdev, &bench->dev);
	if (ret)
		bench_unpublish(bench);
	return ret;
}

static void bench_remove_cdev(struct bench *bench)
{
	cdev_device_del(&bench->cdev, &bench->dev);
	bench_unpublish(bench);
}

static int bench_start(struct bench *bench, const struct bench_node *node)
{
	const struct bench_technique *technique = bench->technique;
	int ret = technique->init ? technique->init(bench) : 0;

	if (ret)
		return ret;
	ret = technique->add ? technique->add(bench, node->name) : bench_add_cdev(bench, node);
	if (ret && technique->destroy)
		technique->destroy(bench);
	return ret;
}

static int bench_add(const struct bench_technique *technique, enum bench_form form)
{
	struct bench_node *node = &nodes[nr_nodes];
	struct bench *bench = kzalloc(technique->size, GFP_KERNEL);
	int ret;

	if (!bench)
		return -ENOMEM;
	bench->technique = technique;
	bench->fops = &bench_driver_fops;
	bench->vm_ops = &bench_driver_vm_ops;
	device_initialize(&bench->dev);
	bench->dev.class = bench_class;
	bench->dev.release = bench_free;
	bench->dev.devt = bench_devt + nr_nodes;
	node->form = form;
	snprintf(node->name, sizeof(node->name), "bench-%s%s", technique->name,
		 form == FORM_OWN ? "-own" : "");
	ret = dev_set_name(&bench->dev, "%s", node->name) ?: bench_start(bench, node);
	if (ret) {
		put_device(&bench->dev);
		return ret;
	}
	node->bench = bench;
	nr_nodes++;
	return 0;
}

static void bench_remove(struct bench *bench)
{
	const struct bench_technique *technique = bench->technique;

	if (technique->remove)
		technique->remove(bench);
	else
		bench_remove_cdev(bench);
	if (technique->destroy)
		technique->destroy(bench);
	put_device(&bench->dev);
}

static void bench_remove_all(void)
{
	while (nr_nodes)
		bench_remove(nodes[--nr_nodes].bench);
}

/* A technique that is nothing but the driver has no other form; refcdev's is its proxy. */
static int bench_add_technique(const struct bench_technique *technique)
{
	int ret = 0;

	if (technique->proxy || technique->add)
		ret = bench_add(technique, FORM_PROXY);
	if (!ret && technique->own)
		ret = bench_add(technique, technique->disconnect ? FORM_OWN : FORM_BARE);
	return ret;
}

static int bench_add_all(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(techniques); i++) {
		ret = bench_add_technique(techniques[i]);
		if (ret) {
			bench_remove_all();
			return ret;
		}
	}
	return 0;
}

static const char *node_guarded(const struct bench_node *node)
{
	const struct bench_technique *technique = node->bench->technique;

	if (!technique->disconnect)
		return "nothing";
	return node->form == FORM_PROXY || technique->own_guards_all ? "all" : "calls";
}

static ssize_t control_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	char *text = kzalloc(MAX_NODES * LINE_SIZE, GFP_KERNEL);
	ssize_t ret;
	int i, size = 0;

	if (!text)
		return -ENOMEM;
	for (i = 0; i < nr_nodes; i++) {
		const struct bench_node *node = &nodes[i];
		const struct bench_technique *technique = node->bench->technique;

		size += scnprintf(text + size, MAX_NODES * LINE_SIZE - size,
				  "%s %s %s %s %d %d %d %s\n", node->name, technique->name,
				  form_names[node->form], node_guarded(node), technique->error,
				  node->form == FORM_PROXY ? technique->error :
				  technique->error_open, (__force int)technique->events,
				  technique->user);
	}
	ret = simple_read_from_buffer(buf, len, pos, text, size);
	kfree(text);
	return ret;
}

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bench_node *node;
	long ret = 0;

	if (cmd != BENCH_DISCONNECT)
		return -ENOTTY;
	if (arg >= nr_nodes)
		return -EINVAL;
	node = &nodes[arg];
	if (!node->bench->technique->disconnect)
		return -EOPNOTSUPP;
	mutex_lock(&nodes_lock);
	if (!node->gone)
		ret = node->bench->technique->disconnect(node->bench);
	node->gone = true;
	mutex_unlock(&nodes_lock);
	return ret;
}

static const struct file_operations control_fops = {
	.owner		= THIS_MODULE,
	.read		= control_read,
	.unlocked_ioctl	= control_ioctl,
};

static struct miscdevice control = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "bench-control",
	.fops	= &control_fops,
};

static int bench_init_class(void)
{
	int ret = alloc_chrdev_region(&bench_devt, 0, MAX_NODES, "bench");

	if (ret)
		return ret;
	bench_class = class_create_compat("bench");
	if (IS_ERR(bench_class)) {
		unregister_chrdev_region(bench_devt, MAX_NODES);
		return PTR_ERR(bench_class);
	}
	return 0;
}

static void bench_exit_class(void)
{
	class_destroy(bench_class);
	unregister_chrdev_region(bench_devt, MAX_NODES);
}

static int __init bench_init(void)
{
	int ret = bench_driver_init();

	if (ret)
		return ret;
	ret = bench_find_init();
	if (ret)
		goto err_driver;
	ret = bench_init_class();
	if (ret)
		goto err_find;
	ret = bench_add_all();
	if (ret)
		goto err_class;
	ret = misc_register(&control);
	if (ret)
		goto err_nodes;
	return 0;

err_nodes:
	bench_remove_all();
err_class:
	bench_exit_class();
err_find:
	bench_find_exit();
err_driver:
	bench_driver_exit();
	return ret;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	misc_deregister(&control);
	bench_remove_all();
	bench_exit_class();
	bench_find_exit();
	bench_driver_exit();
}
module_exit(bench_exit);

MODULE_DESCRIPTION("One trivial driver behind every technique of protection");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
