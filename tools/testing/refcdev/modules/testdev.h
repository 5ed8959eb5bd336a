/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * testdev.h: what the two halves of the test driver share: its devices (testdev_main.c)
 * and its file operations (testdev_ops.c)
 */
#ifndef TESTDEV_H
#define TESTDEV_H

#include <linux/atomic.h>
#include <linux/refcdev.h>
#include <linux/wait.h>

struct testdev {
	struct lifetime life;
	struct refcdev plain, iter;
	struct device *dev;
	wait_queue_head_t wait;
	struct fasync_struct *fasync;
	void *buffer;
};

/* One counter per operation, and of other events; beyond the life of any device. */
#define TESTDEV_COUNTS(X)							\
	X(open) X(release) X(read) X(write) X(read_iter) X(write_iter) X(poll)	\
	X(ioctl) X(compat_ioctl) X(llseek) X(flush) X(fasync) X(mmap)		\
	X(get_unmapped_area) X(fsync) X(lock) X(flock) X(setlease)		\
	X(splice_read) X(splice_write) X(splice_eof) X(fadvise) X(show_fdinfo)	\
	X(iterate) X(fallocate) X(copy_file_range)				\
	X(lingered) X(created) X(released)

#define TESTDEV_COUNT_ENUM(name)	COUNT_##name,
enum testdev_count {
	TESTDEV_COUNTS(TESTDEV_COUNT_ENUM)
	COUNT_END
};

extern atomic_t testdev_counts[COUNT_END];

#define count(name)	atomic_inc(&testdev_counts[COUNT_##name])

extern const struct file_operations testdev_plain_fops, testdev_iter_fops;
extern struct refcdev_type testdev_plain_type;

/* testdev_main.c */
long testdev_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* The two kinds of nodes are told apart by their table. */
static inline struct testdev *testdev_of(struct file *file)
{
	if (refcdev_file_is(file, &testdev_plain_type))
		return refcdev_object(file, struct testdev, plain);
	return refcdev_object(file, struct testdev, iter);
}

#endif /* TESTDEV_H */
