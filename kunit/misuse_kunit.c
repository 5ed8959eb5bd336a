// SPDX-License-Identifier: GPL-2.0-only
/*
 * misuse_kunit.c: mistakes of drivers that the core must speak up about, once each,
 * and survive
 */
/* refcdev-test: limit=60 */
/* refcdev-test: expects="lifetime_ops.owner is not THIS_MODULE" */
/* refcdev-test: expects="lifetime_disconnect_finish\(\) without begin" */
/* refcdev-test: expects="lifetime_exit\(\) without lifetime_enter" */
/* refcdev-test: expects="released while connected" */
/* refcdev-test: expects="unbound from inside one of its own calls" */
/* refcdev-test: expects="node registered twice" */
/* refcdev-test: expects="open changed .*f_mapping" */
/* refcdev-test: expects="a fault handler returns pages for a mapping by frame numbers" */
/* refcdev-test: expects="refcdev_kunit_late.3: open or close of a mapping changed its vm_ops" */
/* refcdev-test: expects="refcdev_kunit_late.4: mmap for another file" */
/* refcdev-test: expects="refcdev_kunit_late.1: .*register last" */
/* refcdev-test: expects="refcdev_kunit_late.2: .*register last" */

#include <linux/platform_device.h>

#include "stacked.h"

#define NODE	"/dev/kunit_misuse"

static struct refcdev_type type = {
	.name = "kunit_misuse",
	.fops = &gadget_fops,
	.max_nodes = 1,
};

/* An object needs operations: the module that owns it, at least. */
static void alloc_without_ops_is_refused(struct kunit *test)
{
	struct gadget *gadget = lifetime_alloc(struct gadget, life, NULL, NULL);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(gadget), -EINVAL);
}

/* There is nothing to finish without a begin; the object stays as it was. */
static void finish_without_begin_is_refused(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_EXPECT_EQ(test, lifetime_disconnect_finish(&gadget->life), -EINVAL);
	KUNIT_EXPECT_FALSE(test, lifetime_disconnected(&gadget->life));
	KUNIT_EXPECT_TRUE(test, may_enter(&gadget->life));
	lifetime_end(&gadget->life);
}

/* An exit too many is told, and does not make the drain believe that somebody left. */
static void exit_without_enter_is_told(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&gadget->life), 0);
	lifetime_exit(&gadget->life);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&gadget->life), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A put too many of a connected object is told, and leaks it: it can still be reached. */
static void put_too_many_is_told(struct kunit *test)
{
	struct gadget *gadget = gadget_new(test);

	/* The put gives back a module reference that nobody took. */
	__module_get(THIS_MODULE);
	lifetime_put(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	KUNIT_EXPECT_TRUE(test, may_enter(&gadget->life));
}

/* A call that ends its own object is told, and waits for everybody but itself. */
static void end_from_own_call_is_told(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);
	struct file *file = open_node(test, NODE);

	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_END), 0);
	KUNIT_EXPECT_TRUE(test, lifetime_disconnected(&gadget->life));
	KUNIT_EXPECT_EQ(test, call_ioctl(file, GADGET_ANSWER), -ENXIO);
	KUNIT_EXPECT_EQ(test, try_open(NODE), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	close_now(file);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A node that is registered cannot be registered once more; the first stays. */
static void register_twice_is_refused(struct kunit *test)
{
	struct gadget *gadget = gadget_new_node(test, &type);

	KUNIT_EXPECT_EQ(test, refcdev_register(NULL, &gadget->node, &gadget->life, &type), -EBUSY);
	KUNIT_EXPECT_EQ(test, try_open(NODE), 0);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static int diverting_open(struct inode *inode, struct file *file)
{
	file->f_mapping = inode->i_mapping;
	return 0;
}

static int diverting_close(struct inode *inode, struct file *file)
{
	atomic_inc(&diary.closed);
	return 0;
}

/* An open that takes the file's mapping away fails: the proxies would not find back. */
static void open_that_changes_the_mapping_fails(struct kunit *test)
{
	static const struct file_operations fops = {
		.owner = THIS_MODULE,
		.open = diverting_open,
		.release = diverting_close,
	};
	static struct refcdev_type diverting = {
		.name = "kunit_diverting",
		.fops = &fops,
	};
	struct gadget *gadget = gadget_new_node(test, &diverting);

	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_diverting"), -EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.closed), 1);
	lifetime_end(&gadget->life);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* A device that no driver is bound to: what is managed goes when it is unregistered. */
static struct device *late_device(struct kunit *test, int id)
{
	struct platform_device *pdev;

	pdev = platform_device_register_simple("refcdev_kunit_late", id, NULL, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pdev));
	return &pdev->dev;
}

static struct gadget *late_gadget(struct kunit *test, struct device *dev)
{
	struct gadget *gadget = lifetime_alloc(struct gadget, life, dev, &gadget_ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(gadget));
	KUNIT_ASSERT_NOT_NULL(test, devm_kzalloc(dev, 8, GFP_KERNEL));
	return gadget;
}

static struct refcdev_type late_type = {
	.name = "kunit_late%d",
	.fops = &gadget_fops,
	.max_nodes = 4,
};

/*
 * What is in order: two nodes, another object with one, and the end of a group that was
 * opened before, as component drivers have it. None of the two warnings comes.
 */
static void nodes_and_groups_are_not_late(struct kunit *test)
{
	struct device *dev = late_device(test, 0);
	struct gadget *gadget, *other;
	void *group = devres_open_group(dev, NULL, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, group);
	gadget = late_gadget(test, dev);
	KUNIT_EXPECT_EQ(test, devm_refcdev_register(dev, &gadget->node, &gadget->life,
						    &late_type), 0);
	KUNIT_EXPECT_EQ(test, devm_refcdev_register(dev, &gadget->more[0], &gadget->life,
						    &late_type), 0);
	other = lifetime_alloc(struct gadget, life, dev, &gadget_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_EQ(test, devm_lifetime_disconnect(dev, &other->life), 0);
	KUNIT_EXPECT_EQ(test, devm_refcdev_register(dev, &other->node, &other->life,
						    &late_type), 0);
	devres_close_group(dev, group);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_late0"), 0);
	refcdev_disconnect_device(dev);
	platform_device_unregister(to_platform_device(dev));
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 2);
}

/* A resource in between two nodes: told by an open. */
static void resource_between_nodes_is_told(struct kunit *test)
{
	struct device *dev = late_device(test, 1);
	struct gadget *gadget = late_gadget(test, dev);

	KUNIT_EXPECT_EQ(test, devm_refcdev_register(dev, &gadget->node, &gadget->life,
						    &late_type), 0);
	KUNIT_EXPECT_NOT_NULL(test, devm_kzalloc(dev, 8, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, devm_refcdev_register(dev, &gadget->more[0], &gadget->life,
						    &late_type), 0);
	KUNIT_EXPECT_EQ(test, try_open("/dev/kunit_late1"), 0);
	platform_device_unregister(to_platform_device(dev));
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

/* One after the node, that nobody has opened: told when the driver is unbound. */
static void resource_after_node_is_told(struct kunit *test)
{
	struct device *dev = late_device(test, 2);
	struct gadget *gadget = late_gadget(test, dev);

	KUNIT_EXPECT_EQ(test, devm_refcdev_register(dev, &gadget->node, &gadget->life,
						    &late_type), 0);
	KUNIT_EXPECT_NOT_NULL(test, devm_kzalloc(dev, 8, GFP_KERNEL));
	refcdev_disconnect_device(dev);
	platform_device_unregister(to_platform_device(dev));
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 1);
}

static struct kunit_case misuse_cases[] = {
	KUNIT_CASE(alloc_without_ops_is_refused),
	KUNIT_CASE(finish_without_begin_is_refused),
	KUNIT_CASE(exit_without_enter_is_told),
	KUNIT_CASE(put_too_many_is_told),
	KUNIT_CASE(end_from_own_call_is_told),
	KUNIT_CASE(register_twice_is_refused),
	KUNIT_CASE(open_that_changes_the_mapping_fails),
	KUNIT_CASE(nodes_and_groups_are_not_late),
	KUNIT_CASE(resource_between_nodes_is_told),
	KUNIT_CASE(resource_after_node_is_told),
	{}
};

static struct kunit_suite misuse_suite = {
	.name = "misuse",
	.init = diary_init,
	.test_cases = misuse_cases,
};

static int map_and_end(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &returning_ops;
	lifetime_end(&stage.gadget->life);
	return vm_insert_page(vma, vma->vm_start, stage.page[0]);
}

/* An mmap that ends its own object is told, as any call; what it maps does not come to be. */
static void mmap_that_ends_its_object_maps_nothing(struct kunit *test)
{
	stage_begin(test, REFCDEV_VMA_SIGBUS, NULL);
	stage.mmap = map_and_end;
	KUNIT_EXPECT_EQ(test, map_file(stage.file, 1, MAP_SHARED), (unsigned long)-ENXIO);
	EXPECT_COUNT(test, closes, 1);
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&diary.released), 0);
	close_now(stage.file);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&diary.released) == 1));
}

static int set_frames(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &returning_ops;
	return 0;
}

/* Nobody knows what that page is to a mapping by frame numbers: it is given back. */
static void page_for_frames_is_told(struct kunit *test)
{
	unsigned long address;

	stage_begin(test, REFCDEV_VMA_SIGBUS, NULL);
	stage.mmap = set_frames;
	stage.answer = VM_FAULT_LOCKED;
	address = map(test, MAP_SHARED);
	EXPECT_TOUCH(test, touch(address, 0), VM_FAULT_SIGBUS);
	EXPECT_TOUCH(test, touch(address, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	KUNIT_EXPECT_FALSE(test, PageLocked(stage.page[0]));
	KUNIT_EXPECT_EQ(test, page_count(stage.page[0]), 1);
	EXPECT_COUNT(test, faults, 2);
	unmap(test, address);
	stage_end(test);
}

/* As stage_begin(), with a name for the messages. */
static struct device *stage_begin_named(struct kunit *test, int id,
					const struct vm_operations_struct *ops)
{
	struct device *dev = late_device(test, id);

	stage_type(REFCDEV_VMA_SIGBUS, &stage_fops);
	stage.gadget = late_gadget(test, dev);
	KUNIT_ASSERT_EQ(test, devm_refcdev_register(dev, &stage.gadget->node,
						    &stage.gadget->life, &stage.type), 0);
	stage.file = open_node(test, STAGE_NODE);
	stage.mmap = set_ops;
	stage.ops = ops;
	return dev;
}

static void stage_end_named(struct kunit *test, struct device *dev)
{
	platform_device_unregister(to_platform_device(dev));
	close_now(stage.file);
	KUNIT_EXPECT_TRUE(test, eventually(atomic_read(&diary.released) == 1));
}

static void change_ops(struct vm_area_struct *vma)
{
	vma->vm_ops = &returning_ops;
}

static const struct vm_operations_struct changing_ops = {
	.open = change_ops,
	.close = stage_close_vma,
	.fault = return_page,
};

/* An open that changes the table is told, and what it set would not be guarded: it goes. */
static void table_that_changes_is_put_back(struct kunit *test)
{
	struct device *dev = stage_begin_named(test, 3, &changing_ops);
	unsigned long address = map_file(stage.file, 3, MAP_SHARED), last = address + 2 * PAGE_SIZE;
	const struct vm_operations_struct *proxy;
	struct vm_area_struct *vma;

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(address));
	vma = borrow_vma(address);
	proxy = vma->vm_ops;
	return_vma();
	/* The middle goes, and what comes after is a new mapping. */
	kthread_use_mm(loader_mm);
	KUNIT_EXPECT_EQ(test, vm_munmap(address + PAGE_SIZE, PAGE_SIZE), 0);
	kthread_unuse_mm(loader_mm);
	vma = borrow_vma(last);
	KUNIT_EXPECT_PTR_EQ(test, vma->vm_ops, proxy);
	return_vma();
	EXPECT_WORD(test, last, WORD);
	EXPECT_COUNT(test, faults, 1);
	KUNIT_EXPECT_EQ(test, lifetime_disconnect(&stage.gadget->life), 0);
	EXPECT_SIGBUS(test, last);
	EXPECT_COUNT(test, faults, 1);
	unmap(test, address);
	unmap(test, address + PAGE_SIZE);
	EXPECT_COUNT(test, closes, 3);
	stage_end_named(test, dev);
}

static int map_for_another(struct vm_area_struct *vma)
{
	return mmap_file_compat(stage.file, vma);
}

/* The file of a mapping leads to its node: who calls mmap with another's is refused. */
static void mmap_for_another_file_is_refused(struct kunit *test)
{
	struct device *dev = stage_begin_named(test, 4, &returning_ops);
	int i;

	for (i = 0; i < 2; i++) {
		unsigned long address = map_stacked(test, map_for_another);

		KUNIT_EXPECT_EQ(test, address, (unsigned long)-EOPNOTSUPP);
		if (!IS_ERR_VALUE(address))
			unmap(test, address);
	}
	EXPECT_COUNT(test, mmaps, 0);
	EXPECT_COUNT(test, closes, 0);
	stage_end_named(test, dev);
}

static struct kunit_case misuse_vma_cases[] = {
	KUNIT_CASE(mmap_that_ends_its_object_maps_nothing),
	KUNIT_CASE(page_for_frames_is_told),
	KUNIT_CASE(table_that_changes_is_put_back),
	KUNIT_CASE(mmap_for_another_file_is_refused),
	{}
};

static struct kunit_suite misuse_vma_suite = {
	.name = "misuse_vma",
	.suite_init = stage_suite_init,
	.init = stage_init,
	.exit = put_pages,
	.test_cases = misuse_vma_cases,
};

kunit_test_suites(&misuse_suite, &misuse_vma_suite);

MODULE_DESCRIPTION("KUnit suite of mistakes that the core reports");
MODULE_LICENSE("GPL");
