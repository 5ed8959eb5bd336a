/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refcdev.h: character device nodes that survive unplug
 */
#ifndef _LINUX_REFCDEV_H
#define _LINUX_REFCDEV_H

#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/lifetime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>

/**
 * DOC: A character device in four lines
 *
 * The driver writes ordinary &struct file_operations, keeps its data in an object
 * with a &struct lifetime, and registers a node for it as the last step of probe::
 *
 *	struct foo {
 *		struct lifetime life;		// freed when the last user lets go
 *		struct refcdev cdev;
 *		void __iomem *regs;		// devm: gone after remove
 *	};
 *
 *	static int foo_open(struct inode *inode, struct file *file)
 *	{
 *		struct foo *foo = refcdev_object(file, struct foo, cdev);
 *		...
 *	}
 *
 *	static struct refcdev_type foo_type = {
 *		.name = "foo%d",
 *		.fops = &foo_fops,
 *	};
 *
 *	static int foo_probe(struct platform_device *pdev)
 *	{
 *		struct foo *foo;
 *
 *		foo = lifetime_alloc(struct foo, life, &pdev->dev, &foo_ops);
 *		...
 *		foo->regs = devm_platform_ioremap_resource(pdev, 0);
 *		...
 *		return devm_refcdev_register(&pdev->dev, &foo->cdev, &foo->life,
 *					     &foo_type);
 *	}
 *
 * From then on every file operation runs inside the object's gate, and unbinding
 * the driver does the rest: new calls get -ENXIO, sleepers are woken, calls in
 * flight are waited for, the node goes, the hardware goes. Files that are still
 * open keep the data, and nothing else.
 */

struct io_uring_cmd;

/* The node's index is in &refcdev.index, instead of the lowest that is free. */
#define REFCDEV_FIXED_INDEX	BIT(0)
/* Where the driver has a uring_cmd: it completes with refcdev_uring_cmd_done() only. */
#define REFCDEV_URING_CMD	BIT(1)

/**
 * enum refcdev_vma_policy - what becomes of a mapping when the device goes
 * @REFCDEV_VMA_NONE: the type has no mmap
 * @REFCDEV_VMA_SIGBUS: what is mapped is taken away, and who touches it afterwards
 *	gets SIGBUS. For hardware, and for anything else.
 * @REFCDEV_VMA_ZERO: the same, but who touches it finds a page of zeroes, which may be
 *	written to and is shared by all mappings of the object. For programs that cannot
 *	deal with the signal. A private mapping by page frame numbers gets SIGBUS all the
 *	same.
 * @REFCDEV_VMA_KEEP: what is mapped stays: it is memory whose pages the mapping holds,
 *	never hardware. A mapping by page frame number is refused. Best mapped at once,
 *	with remap_vmalloc_range(), vm_insert_pages() or the like: a page that comes from
 *	the driver's fault handler stays as well, but one that was not touched before
 *	the device went is SIGBUS.
 */
enum refcdev_vma_policy {
	REFCDEV_VMA_NONE,
	REFCDEV_VMA_SIGBUS,
	REFCDEV_VMA_ZERO,
	REFCDEV_VMA_KEEP,
};

/* How many different vm_operations_struct the mappings of a type may have. */
#define REFCDEV_VM_TABLES	4

/* private: a table of the driver's, and what its mappings have instead */
struct refcdev_vm_slot {
	const struct vm_operations_struct *ops;
	struct vm_operations_struct proxy;
};

/* public: */
/**
 * struct refcdev_type - what the nodes of one kind have in common
 * @name: name of the nodes in /dev and in sysfs; one %d in it stands for the index
 * @fops: the driver's operations, &file_operations.owner included. An operation
 *	that the core does not know to guard makes registration fail.
 * @vma_policy: what becomes of mappings; needed where @fops has an mmap. Their
 *	vm_operations must be static as well, and of %REFCDEV_VM_TABLES different ones at
 *	most; mmap(2) says EOPNOTSUPP otherwise.
 * @flags: 0, or %REFCDEV_FIXED_INDEX and %REFCDEV_URING_CMD
 * @max_nodes: how many nodes there may be at once; 0 stands for 256. Indexes are
 *	below this. The range of device numbers stays with this name of this module
 *	as long as refcdev is loaded: a node made by mknod(1) reaches the next device
 *	with the same index, also after the driver was loaded anew.
 * @mode: permissions of the node in /dev; 0 leaves the default, 0600
 * @nodename: name of the node in /dev where it differs from @name, folders
 *	included; same rules as @name. NULL: as @name
 * @class: the driver's own class; NULL stands for /sys/class/refcdev. @mode,
 *	@nodename and @uevent are the business of that class, then.
 * @groups: attributes of the node's device, whose drvdata is the &struct refcdev. One
 *	that unbinds its own device needs device_remove_file_self(), as anywhere.
 * @uevent: adds variables to the node's uevents. Optional.
 *
 * Static, in the driver's module, and the same one for all its nodes: open files
 * refer to it until they are closed.
 */
struct refcdev_type {
	const char *name;
	const struct file_operations *fops;
	enum refcdev_vma_policy vma_policy;
	unsigned int flags;
	unsigned int max_nodes;
	umode_t mode;
	const char *nodename;
	struct class *class;
	const struct attribute_group **groups;
	int (*uevent)(const struct refcdev *cdev, struct kobj_uevent_env *env);
	/* private: made from @fops by the first registration */
	struct file_operations proxy;
	struct refcdev_range *range;
	/* private: made from the driver's vm_operations, by its first mapping with them */
	struct refcdev_vm_slot vm[REFCDEV_VM_TABLES];
};

/**
 * struct refcdev - one node
 * @index: which of the type's nodes this is; to be set before registration with
 *	%REFCDEV_FIXED_INDEX, else set by it
 * @dev: the node's device, from registration to disconnect
 *
 * Embedded in the object that its lifetime belongs to, or in memory that this manages; any
 * number per object.
 */
struct refcdev {
	unsigned int index;
	struct device *dev;
	/* private: read by every call */
	struct lifetime *life;
	const struct file_operations *fops;
	/* private: the rest; @list under life->list_lock */
	struct refcdev_type *type;
	struct inode *inode;
	struct list_head list;
};

int __refcdev_register(struct device *parent, struct refcdev *cdev, struct lifetime *life,
		       struct refcdev_type *type, struct module *owner);
int __devm_refcdev_register(struct device *dev, struct refcdev *cdev, struct lifetime *life,
			    struct refcdev_type *type, struct module *owner);
int refcdev_unregister(struct refcdev *cdev);
void refcdev_disconnect_device(struct device *dev);
bool refcdev_shutdown_device(struct device *dev, unsigned long timeout);

/**
 * refcdev_register() - make an object reachable through a device node
 * @parent: parent of the node's device in sysfs; the device that is being bound
 * @cdev: the node, part of the object; zeroed, with &refcdev.index set where @type
 *	has %REFCDEV_FIXED_INDEX
 * @life: the object
 * @type: what all nodes of this kind have in common
 *
 * The node may be opened before this returns. It goes when the object is
 * disconnected. If this fails after the node could be opened, files may stay open,
 * and they die when the object is disconnected, which a failing probe does. @cdev
 * cannot be registered again.
 *
 * Context: process context, sleeps. One call at a time for one @cdev.
 * Return: 0; -EINVAL if @type has a bad name, no operations, operations whose owner
 *	is not the calling module, or an mmap without policy, or if the index is out
 *	of range; -EINVAL as well, with a warning, if the object, @cdev, or a wait queue
 *	or action's data that the object knows lies in memory that devres frees;
 *	-EOPNOTSUPP if it has an operation that the core cannot guard; -EBUSY if the
 *	fixed index is taken, the node is registered, or the type's range is of an
 *	earlier load of the driver and smaller; -ENXIO if the object was disconnected;
 *	-EEXIST if a device of that name exists; -ENOSPC if there are no minors left;
 *	-ENOMEM.
 */
#define refcdev_register(parent, cdev, life, type)				\
	__refcdev_register(parent, cdev, life, type, THIS_MODULE)

/**
 * devm_refcdev_register() - refcdev_register() that unbinding undoes
 * @dev: the device that is being bound
 * @cdev: the node
 * @life: the object
 * @type: what all nodes of this kind have in common
 *
 * To be the last managed call of probe, hence undone first, before the hardware's
 * resources go. On buses that power the device down between remove and devres have
 * refcdev_remove(), or refcdev_disconnect_device() in remove, as well; and that where a
 * later step of probe fails, which for them is the same.
 *
 * If it fails, @life is disconnected when it returns, and the probe has to fail: the
 * resources go now, and timers, interrupts and opens that came early may still be in
 * between enter and exit.
 *
 * Context: process context, sleeps.
 * Return: as refcdev_register().
 */
#define devm_refcdev_register(dev, cdev, life, type)				\
	__devm_refcdev_register(dev, cdev, life, type, THIS_MODULE)

void refcdev_zap(struct refcdev *cdev, loff_t start, loff_t len);
void refcdev_uring_cmd_done(struct io_uring_cmd *ioucmd, ssize_t ret, u64 res2,
			    unsigned int issue_flags);

struct refcdev *refcdev_from_file(const struct file *file);

/**
 * refcdev_file_is() - is this a file of that type?
 * @file: any file, of whatever driver
 * @type: the type
 *
 * To be used where a driver compares file->f_op with its own table.
 *
 * Context: any, with a reference to @file.
 * Return: true if @file was opened through a node of @type; refcdev_from_file() is
 *	safe then.
 */
static inline bool refcdev_file_is(const struct file *file, const struct refcdev_type *type)
{
	return file->f_op == &type->proxy;
}

/**
 * refcdev_vma_is() - has this mapping these operations?
 * @vma: any mapping, of whatever driver
 * @type: the type
 * @ops: the driver's operations, as its mmap has set them
 *
 * To be used where a driver compares vma->vm_ops with its own table.
 *
 * Context: any, with a lock that keeps @vma.
 * Return: true if @vma was made by an mmap of @type's that gave it @ops.
 */
static inline bool refcdev_vma_is(const struct vm_area_struct *vma,
				  const struct refcdev_type *type,
				  const struct vm_operations_struct *ops)
{
	int i;

	for (i = 0; i < REFCDEV_VM_TABLES; i++)
		if (vma->vm_ops == &type->vm[i].proxy)
			return type->vm[i].ops == ops;
	/* Not proxied: a mapping that was left alone. */
	return vma->vm_ops == ops;
}

/**
 * refcdev_object() - the driver's object behind an open file
 * @file: the file, in any operation of the driver, open and release included
 * @type: the driver's private structure
 * @member: its &struct refcdev that the file was opened through
 *
 * &file.private_data is the driver's own; before its open it points to the
 * &struct refcdev, as with a miscdevice.
 *
 * Context: any.
 * Return: the object; it exists as long as @file does.
 */
#define refcdev_object(file, type, member)					\
	container_of(refcdev_from_file(file), type, member)

/**
 * refcdev_remove() - the remove callback of a platform driver
 * @pdev: the device that is being unbound
 *
 * Disconnects what was registered for @pdev while the bus still has it powered. A
 * driver with something to do in remove calls refcdev_disconnect_device() there
 * first. Before Linux 6.11 the member for a remove that returns nothing is called
 * remove_new.
 *
 * Context: process context, sleeps; the driver core holds the device's lock.
 */
static inline void refcdev_remove(struct platform_device *pdev)
{
	refcdev_disconnect_device(&pdev->dev);
}

#endif /* _LINUX_REFCDEV_H */
