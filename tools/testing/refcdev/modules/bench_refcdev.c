// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_refcdev.c: the same driver with refcdev, whose proxies are the core's
 */
#include <linux/err.h>
#include <linux/refcdev.h>

#include "bench.h"

struct object {
	struct lifetime life;
	struct refcdev cdev;
};

struct refcdev_bench {
	struct bench bench;
	struct object *object;
};

static const struct lifetime_ops object_ops = {
	.owner = THIS_MODULE,
};

static struct refcdev_type object_type = {
	.fops		= &bench_driver_fops,
	.vma_policy	= REFCDEV_VMA_SIGBUS,
	.max_nodes	= 1,
};

static struct refcdev_bench *to_refcdev(struct bench *bench)
{
	return container_of(bench, struct refcdev_bench, bench);
}

static int refcdev_bench_add(struct bench *bench, const char *name)
{
	struct object *object = lifetime_alloc(struct object, life, NULL, &object_ops);
	int ret;

	if (IS_ERR(object))
		return PTR_ERR(object);
	object_type.name = name;
	ret = refcdev_register(NULL, &object->cdev, &object->life, &object_type);
	if (ret)
		lifetime_end(&object->life);
	else
		to_refcdev(bench)->object = object;
	return ret;
}

static void refcdev_bench_remove(struct bench *bench)
{
	lifetime_end(&to_refcdev(bench)->object->life);
}

static int refcdev_bench_disconnect(struct bench *bench)
{
	return lifetime_disconnect(&to_refcdev(bench)->object->life);
}

const struct bench_technique bench_refcdev = {
	.name		= "refcdev",
	.user		= "refcdev",
	.size		= sizeof(struct refcdev_bench),
	.error		= ENXIO,
	.error_open	= ENXIO,
	.events		= EPOLLERR | EPOLLHUP,
	.disconnect	= refcdev_bench_disconnect,
	.add		= refcdev_bench_add,
	.remove		= refcdev_bench_remove,
};
