/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gadget.h: an object with nodes in /dev, for the suites that open files
 */
#ifndef REFCDEV_KUNIT_GADGET_H
#define REFCDEV_KUNIT_GADGET_H

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/namei.h>
#include <linux/refcdev.h>

#include "helpers.h"

/*
 * Cases run in kernel threads, and these have an empty root in newer kernels: paths are
 * looked up from where init does.
 */
#ifndef scoped_with_init_fs
#define scoped_with_init_fs()
#endif

static inline struct file *path_open(const char *name, int flags)
{
	struct file *file;

	scoped_with_init_fs()
		file = filp_open(name, flags, 0);
	return file;
}

static inline int path_find(const char *name, struct path *path)
{
	int ret;

	scoped_with_init_fs()
		ret = kern_path(name, 0, path);
	return ret;
}

/* What the gadget's ioctl does. */
#define GADGET_ANSWER		1	/* return 42 */
#define GADGET_DISCONNECT	2	/* disconnect its own object */
#define GADGET_END		3	/* end its own object */
#define GADGET_WAIT		4	/* wait until it may leave */

/**
 * struct diary - what happened to all gadgets of a case
 * @opened: opens that the driver let succeed
 * @closed: files that were released
 * @released: gadgets that were released
 * @uevents: uevents of their nodes
 * @odd: files whose private_data was not the node at open
 * @open_result: what an open is to return
 * @open_waits: an open says so with @inside, and waits for @leave
 * @inside: completed by whoever waits for @leave
 * @leave: completed to let him go on
 */
struct diary {
	atomic_t opened;
	atomic_t closed;
	atomic_t released;
	atomic_t uevents;
	atomic_t odd;
	int open_result;
	bool open_waits;
	struct completion inside;
	struct completion leave;
};

static struct diary diary;

/**
 * struct gadget - an object with up to three nodes
 * @life: its lifetime
 * @node: the first
 * @more: the others
 */
struct gadget {
	struct lifetime life;
	struct refcdev node;
	struct refcdev more[2];
};

static inline void gadget_release(struct lifetime *life)
{
	atomic_inc(&diary.released);
}

static const struct lifetime_ops gadget_ops = {
	.owner = THIS_MODULE,
	.release = gadget_release,
};

static inline int gadget_open(struct inode *inode, struct file *file)
{
	if (file->private_data != refcdev_from_file(file))
		atomic_inc(&diary.odd);
	file->private_data = &diary;
	if (diary.open_waits) {
		complete(&diary.inside);
		wait_for_completion_timeout(&diary.leave, SOON);
	}
	if (!diary.open_result)
		atomic_inc(&diary.opened);
	return diary.open_result;
}

static inline int gadget_close(struct inode *inode, struct file *file)
{
	if (file->private_data != &diary)
		atomic_inc(&diary.odd);
	atomic_inc(&diary.closed);
	return 0;
}

/* Of the first node only. */
static inline long gadget_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct gadget *gadget = refcdev_object(file, struct gadget, node);

	switch (cmd) {
	case GADGET_ANSWER:
		return 42;
	case GADGET_DISCONNECT:
		return lifetime_disconnect(&gadget->life);
	case GADGET_END:
		lifetime_end(&gadget->life);
		return 0;
	case GADGET_WAIT:
		complete(&diary.inside);
		return wait_for_completion_timeout(&diary.leave, SOON) ? 0 : -ETIMEDOUT;
	}
	return -ENOTTY;
}

static inline ssize_t gadget_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return 0;
}

static inline __poll_t gadget_poll(struct file *file, struct poll_table_struct *wait)
{
	return EPOLLIN;
}

static const struct file_operations gadget_fops __maybe_unused = {
	.owner = THIS_MODULE,
	.open = gadget_open,
	.release = gadget_close,
	.unlocked_ioctl = gadget_ioctl,
	.read = gadget_read,
	.poll = gadget_poll,
};

static inline struct gadget *gadget_new(struct kunit *test)
{
	struct gadget *gadget = lifetime_alloc(struct gadget, life, NULL, &gadget_ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(gadget));
	return gadget;
}

/* A gadget with one node. */
static inline struct gadget *gadget_new_node(struct kunit *test, struct refcdev_type *type)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_ASSERT_EQ(test, refcdev_register(NULL, &gadget->node, &gadget->life, type), 0);
	return gadget;
}

static inline int diary_init(struct kunit *test)
{
	memset(&diary, 0, sizeof(diary));
	init_completion(&diary.inside);
	init_completion(&diary.leave);
	return 0;
}

/* In a kthread a plain fput() is put off; this closes at once. */
static inline void close_now(struct file *file)
{
	__fput_sync(file);
}

/* Opens and closes; returns what the open did. */
static inline int try_open(const char *name)
{
	struct file *file = path_open(name, O_RDWR);

	if (IS_ERR(file))
		return PTR_ERR(file);
	close_now(file);
	return 0;
}

static inline struct file *open_node(struct kunit *test, const char *name)
{
	struct file *file = path_open(name, O_RDWR);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "%s: %ld", name, PTR_ERR(file));
	return file;
}

static inline long call_ioctl(struct file *file, unsigned int cmd)
{
	return file->f_op->unlocked_ioctl(file, cmd, 0);
}

#endif /* REFCDEV_KUNIT_GADGET_H */
