// SPDX-License-Identifier: GPL-2.0-only
/*
 * node_file_kunit.c: open files of a node, before and after their device is gone
 */
/* refcdev-test: limit=90 */

#include "gadget.h"

#define NODE	"/dev/kunit_file0"

static struct refcdev_type type = {
	.name = "kunit_file%d",
	.fops = &gadget_fops,
	.flags = REFCDEV_FIXED_INDEX,
	.max_nodes = 2,
};

static const struct file_operations bare_fops = {
	.owner = THIS_MODULE,
	.write = NULL,
};

static struct refcdev_type bare = {
	.name = "kunit_bare",
	.fops = &bare_fops,
	.max_nodes = 1,
};

/* At open private_data is the node, afterwards the driver's; the object is one call away. */
static void private_data_is_the_node_then_the_drivers(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	struct file *file = open_node(test, NODE);

	KUNIT_EXPECT_EQ(test, atomic_read(&diary.odd), 0);
	KUNIT_EXPECT_PTR_EQ(test, file->private_data, &diary);
	KUNIT_EXPECT_PTR_EQ(test, refcdev_from_file(file), &gadget->node);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.odd), 0);
	lifetime_end(&gadget->life);
}

/* A file's type can be told, from other types and from files that are not ours. */
static void file_is_of_its_type_only(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	struct file *file = open_node(test, NODE), *other = open_node(test, "/dev/null");

	KUNIT_EXPECT_TRUE(test, refcdev_file_is(file, &type));
	KUNIT_EXPECT_FALSE(test, refcdev_file_is(file, &bare));
	KUNIT_EXPECT_FALSE(test, refcdev_file_is(other, &type));
	close_now(file);
	close_now(other);
	lifetime_end(&gadget->life);
}

/* The VFS sees exactly the operations that the driver has. */
static void operations_are_there_where_the_driver_has_them(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	struct file *file = open_node(test, NODE);

	KUNIT_EXPECT_NOT_NULL(test, file->f_op->read);
	KUNIT_EXPECT_NOT_NULL(test, file->f_op->poll);
	KUNIT_EXPECT_NOT_NULL(test, file->f_op->unlocked_ioctl);
	KUNIT_EXPECT_NULL(test, file->f_op->write);
	KUNIT_EXPECT_NULL(test, file->f_op->read_iter);
	KUNIT_EXPECT_NULL(test, file->f_op->write_iter);
	KUNIT_EXPECT_NULL(test, file->f_op->llseek);
	KUNIT_EXPECT_NULL(test, file->f_op->compat_ioctl);
	KUNIT_EXPECT_NULL(test, file->f_op->mmap);
	KUNIT_EXPECT_NULL(test, file->f_op->fasync);
	KUNIT_EXPECT_NULL(test, file->f_op->flush);
	KUNIT_EXPECT_PTR_EQ(test, file->f_op->owner, THIS_MODULE);
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), 42);
	KUNIT_EXPECT_TRUE(test, file->f_mode & FMODE_CAN_READ);
	KUNIT_EXPECT_FALSE(test, file->f_mode & FMODE_CAN_WRITE);
	close_now(file);
	lifetime_end(&gadget->life);
}

/* A driver needs neither open nor release. */
static void driver_without_open_and_release(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &bare);
	struct file *file = open_node(test, "/dev/kunit_bare");

	KUNIT_EXPECT_PTR_EQ(test, file->private_data, &gadget->node);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* After disconnect every call is refused; the file keeps the data, its close releases it. */
static void file_is_dead_and_keeps_the_data(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	struct file *file = open_node(test, NODE);
	__poll_t gone = EPOLLERR | EPOLLHUP;

	KUNIT_EXPECT_EQ(test, file->f_op->read(file, NULL, 0, NULL), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), -ENXIO);
	KUNIT_EXPECT_EQ(test, file->f_op->read(file, NULL, 0, NULL), -ENXIO);
	KUNIT_EXPECT_EQ(test, (__force int)file->f_op->poll(file, NULL), (__force int)gone);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&gadget->life));
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 0);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* Each open that succeeded is released once, whenever; the object goes with the last. */
static void every_open_is_released_once(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	int modules = module_refcount(THIS_MODULE), i;
	struct file *files[5];

	for (i = 0; i < ARRAY_SIZE(files); i++)
		files[i] = open_node(test, NODE);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.opened), ARRAY_SIZE(files));
	KUNIT_EXPECT_GE(test, module_refcount(THIS_MODULE), modules + (int)ARRAY_SIZE(files));
	close_now(files[0]);
	lifetime_end(&gadget->life);
	for (i = 1; i < ARRAY_SIZE(files); i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
		close_now(files[i]);
		KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), i + 1);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), modules);
}

/* An open that the driver refuses leaves nothing behind. */
static void failing_open_unwinds(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	int modules = module_refcount(THIS_MODULE), i;

	diary.open_result = -EIO;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, try_open(NODE), -EIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 0);
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), modules);
	diary.open_result = 0;
	KUNIT_EXPECT_EQ(test, try_open(NODE), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static int open_path(const struct path *path, struct file **file)
{
	*file = dentry_open(path, O_RDWR, current_cred());
	return PTR_ERR_OR_ZERO(*file);
}

/* An inode that outlives its device refuses; when the number is back it leads there. */
static void old_inode_reaches_the_new_device_only(struct kunit *test)
{
	struct gadget *old = gadget_new_node(test, &type), *new;
	struct file *dead, *file;
	struct path path;

	KUNIT_ASSERT_EQ(test, path_find(NODE, &path), 0);
	dead = open_node(test, NODE);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&old->life), 0);
	KUNIT_EXPECT_EQ(test, open_path(&path, &file), -ENXIO);
	new = gadget_new_node(test, &type);
	KUNIT_ASSERT_EQ(test, open_path(&path, &file), 0);
	KUNIT_EXPECT_PTR_EQ(test, refcdev_object(file, struct gadget, node), new);
	KUNIT_EXPECT_PTR_EQ(test, refcdev_object(dead, struct gadget, node), old);
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), 42);
	KUNIT_EXPECT_EQ(test, call_ioctl(dead, GADGET_ANSWER), -ENXIO);
	path_put(&path);
	lifetime_end(&old->life);
	lifetime_end(&new->life);
	close_now(dead);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 2);
}

/**
 * struct meeting - a call in one kthread, a disconnect in another
 * @callers: does the call
 * @enders: disconnects
 * @gadget: the object
 * @file: for the call; what an open returned
 * @result: what the call returned
 */
static struct meeting {
	struct crew callers, enders;
	struct gadget *gadget;
	struct file *file;
	long result;
} meeting;

static void open_work(struct crew *crew, unsigned int nr)
{
	meeting.file = path_open(NODE, O_RDWR);
}

static void ioctl_work(struct crew *crew, unsigned int nr)
{
	meeting.result = call_ioctl(meeting.file, GADGET_WAIT);
}

static void end_work(struct crew *crew, unsigned int nr)
{
	lifetime_disconnect(&meeting.gadget->life);
}

/* The disconnect does not return while the call is inside, and does when it left. */
static void meet(struct kunit *test, void (*work)(struct crew *crew, unsigned int nr))
{
	meeting.callers.work = work;
	meeting.enders.work = end_work;
	crew_start(test, &meeting.callers, 1);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&diary.inside, SOON));
	crew_start(test, &meeting.enders, 1);
	KUNIT_ASSERT_TRUE(test, eventually(lifetime_disconnected(&meeting.gadget->life)));
	KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&meeting.enders.gone, HZ / 4));
	complete(&diary.leave);
	KUNIT_ASSERT_TRUE(test, crew_gone(&meeting.callers));
	/* Its completion may be gone already, so ask the kthreads left. */
	KUNIT_ASSERT_TRUE(test, eventually(!atomic_read(&meeting.enders.left)));
}

/* A disconnect waits for an open in the driver; its file is dead, and is released. */
static void open_in_the_driver_is_waited_for(struct kunit *test)
{
	meeting.gadget = gadget_new_node(test, &type);
	diary.open_waits = true;
	meet(test, open_work);
	KUNIT_ASSERT_FALSE(test, IS_ERR(meeting.file));
	KUNIT_EXPECT_EQ(test, call_ioctl(meeting.file, GADGET_ANSWER), -ENXIO);
	lifetime_end(&meeting.gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	close_now(meeting.file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A disconnect waits for a call in the driver. */
static void call_in_the_driver_is_waited_for(struct kunit *test)
{
	meeting.gadget = gadget_new_node(test, &type);
	meeting.file = open_node(test, NODE);
	meet(test, ioctl_work);
	KUNIT_EXPECT_EQ(test, meeting.result, 0);
	lifetime_end(&meeting.gadget->life);
	close_now(meeting.file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A call that disconnects its own device is refused, and the device stays. */
static void disconnect_from_own_call_is_refused(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	struct file *file = open_node(test, NODE);

	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_DISCONNECT), -EDEADLK);
	KUNIT_EXPECT_FALSE(test, lifetime_disconnected(&gadget->life));
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), 42);
	close_now(file);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static struct kunit_case node_file_cases[] = {
	KUNIT_CASE(private_data_is_the_node_then_the_drivers),
	KUNIT_CASE(file_is_of_its_type_only),
	KUNIT_CASE(operations_are_there_where_the_driver_has_them),
	KUNIT_CASE(driver_without_open_and_release),
	KUNIT_CASE(file_is_dead_and_keeps_the_data),
	KUNIT_CASE(every_open_is_released_once),
	KUNIT_CASE(failing_open_unwinds),
	KUNIT_CASE(old_inode_reaches_the_new_device_only),
	KUNIT_CASE(open_in_the_driver_is_waited_for),
	KUNIT_CASE(call_in_the_driver_is_waited_for),
	KUNIT_CASE(disconnect_from_own_call_is_refused),
	{}
};

static struct kunit_suite node_file_suite = {
	.name = "node_file",
	.init = diary_init,
	.test_cases = node_file_cases,
};

kunit_test_suite(node_file_suite);

MODULE_DESCRIPTION("KUnit suite of open files");
MODULE_LICENSE("GPL");
