// SPDX-License-Identifier: GPL-2.0-only
/*
 * benchdown_peers.c: devices whose disconnect waits as others do: SRCU with a flag, as
 * drm_dev_unplug() (drivers/gpu/drm/drm_drv.c), with one srcu_struct for all devices; and a
 * percpu_ref per device, as D. Williams's "cdev: Generic shutdown helper" of 2021 and
 * blk_freeze_queue() (block/blk-mq.c). Each has one node, of a cdev of its own.
 */
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/percpu-refcount.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "../../../../drivers/refcdev/compat.h"
#include "benchdown.h"

#define MAX_PEERS	1024

struct peer {
	struct cdev *cdev;
	struct device *dev;
	dev_t devt;
	struct moment drained;
	bool unplugged;
	struct percpu_ref ref;
	struct completion idle;
};

DEFINE_STATIC_SRCU(peers_srcu);
static DEFINE_IDA(numbers);
static struct class *peers_class;
static dev_t first;

static const struct file_operations peer_fops = {
	.owner = THIS_MODULE,
};

static int peer_add(struct peer *peer, struct device *parent, const char *name)
{
	int number = ida_alloc_max(&numbers, MAX_PEERS - 1, GFP_KERNEL);
	int ret;

	if (number < 0)
		return number;
	peer->devt = first + number;
	ret = cdev_add(peer->cdev, peer->devt, 1);
	if (ret)
		goto err_number;
	peer->dev = device_create(peers_class, parent, peer->devt, peer, "%s%d", name, number);
	if (!IS_ERR(peer->dev))
		return 0;
	ret = PTR_ERR(peer->dev);
	cdev_del(peer->cdev);
	peer->cdev = NULL;
err_number:
	ida_free(&numbers, number);
	return ret;
}

static struct peer *peer_make(struct device *parent, const char *name)
{
	struct peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!peer)
		return ERR_PTR(ret);
	init_completion(&peer->idle);
	peer->cdev = cdev_alloc();
	if (peer->cdev) {
		peer->cdev->ops = &peer_fops;
		peer->cdev->owner = THIS_MODULE;
		ret = peer_add(peer, parent, name);
	}
	if (!ret)
		return peer;
	if (peer->cdev)
		kobject_put(&peer->cdev->kobj);
	kfree(peer);
	return ERR_PTR(ret);
}

static void peer_remove(struct peer *peer)
{
	moment_take(&peer->drained);
	device_destroy(peers_class, peer->devt);
	cdev_del(peer->cdev);
	ida_free(&numbers, peer->devt - first);
}

static const struct moment *peer_drained(const void *device)
{
	const struct peer *peer = device;

	return &peer->drained;
}

static void *flag_make(struct device *parent, unsigned int nodes)
{
	return peer_make(parent, "benchdown-flag");
}

static void flag_begin(void *device)
{
	struct peer *peer = device;

	WRITE_ONCE(peer->unplugged, true);
}

static void srcu_finish(void *device)
{
	synchronize_srcu(&peers_srcu);
	peer_remove(device);
}

static void srcu_down(void *device)
{
	flag_begin(device);
	srcu_finish(device);
}

static void rcu_finish(void *device)
{
	synchronize_rcu_expedited();
	peer_remove(device);
}

static void rcu_down(void *device)
{
	flag_begin(device);
	rcu_finish(device);
}

static void flag_free(void *device)
{
	kfree(device);
}

static void peer_idle(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct peer, ref)->idle);
}

static void *ref_make(struct device *parent, unsigned int nodes)
{
	struct peer *peer = peer_make(parent, "benchdown-ref");
	int ret;

	if (IS_ERR(peer))
		return peer;
	ret = percpu_ref_init(&peer->ref, peer_idle, 0, GFP_KERNEL);
	if (!ret)
		return peer;
	peer_remove(peer);
	kfree(peer);
	return ERR_PTR(ret);
}

static void ref_begin(void *device)
{
	struct peer *peer = device;

	percpu_ref_kill(&peer->ref);
}

static void ref_finish(void *device)
{
	struct peer *peer = device;

	wait_for_completion(&peer->idle);
	peer_remove(peer);
}

static void ref_down(void *device)
{
	ref_begin(device);
	ref_finish(device);
}

static void ref_free(void *device)
{
	struct peer *peer = device;

	percpu_ref_exit(&peer->ref);
	kfree(peer);
}

const struct technique benchdown_srcu = {
	.make		= flag_make,
	.down		= srcu_down,
	.begin		= flag_begin,
	.finish		= srcu_finish,
	.drained	= peer_drained,
	.free		= flag_free,
};

/* What others wait for at the least: it protects nothing. */
const struct technique benchdown_rcu = {
	.make		= flag_make,
	.down		= rcu_down,
	.begin		= flag_begin,
	.finish		= rcu_finish,
	.drained	= peer_drained,
	.free		= flag_free,
};

const struct technique benchdown_percpu_ref = {
	.make		= ref_make,
	.down		= ref_down,
	.begin		= ref_begin,
	.finish		= ref_finish,
	.drained	= peer_drained,
	.free		= ref_free,
};

int benchdown_init_peers(void)
{
	int ret = alloc_chrdev_region(&first, 0, MAX_PEERS, "benchdown");

	if (ret)
		return ret;
	peers_class = class_create_compat("benchdown");
	if (!IS_ERR(peers_class))
		return 0;
	unregister_chrdev_region(first, MAX_PEERS);
	return PTR_ERR(peers_class);
}

void benchdown_exit_peers(void)
{
	class_destroy(peers_class);
	unregister_chrdev_region(first, MAX_PEERS);
}
