// SPDX-License-Identifier: GPL-2.0-only
/*
 * fops.c: a proxy for every file operation, from the table in fops.h
 *
 * F1. A proxy exists exactly where the driver has the operation: the VFS decides by
 *     NULL or not what a file can do, and what errno it gets where it cannot.
 * F2. The table of proxies lies in the driver's type, hence in its module: the VFS
 *     puts file->f_op, and with it the module, after ->release, when the object may
 *     be gone.
 * F3. A proxy finds its node through file->f_mapping, which is the driver's to use
 *     but not to change. private_data is the driver's altogether.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uio.h>

#include "fops.h"
#include "gate.h"
#include "node.h"
#include "trace.h"

#define REFCDEV_OP_NAME(member, ...)	#member,

static const char *const op_names[REFCDEV_NR_OPS] = {
	"kernel",
	REFCDEV_FOPS(REFCDEV_OP_NAME)
	REFCDEV_FOPS_OWN(REFCDEV_OP_NAME)
};

static_assert(REFCDEV_NR_OPS <= LIFETIME_NR_OPS);

const char *refcdev_op_name(unsigned int op)
{
	return op < REFCDEV_NR_OPS ? op_names[op] : "unknown";
}

static noinline __cold void refcdev_refused(struct lifetime *life, enum refcdev_op op)
{
	trace_refcdev_refuse(life->name, op_names[op]);
}

#define REFCDEV_PROXY(member, type, params, args, file, refused)		\
static type refcdev_##member params						\
{										\
	struct refcdev *cdev = refcdev_of(file);				\
	struct lifetime *life = cdev->life;					\
	struct gate_frame frame;						\
	type ret;								\
										\
	if (!gate_enter(life, REFCDEV_OP_##member, &frame)) {			\
		refcdev_refused(life, REFCDEV_OP_##member);			\
		return refused;							\
	}									\
	ret = cdev->fops->member args;						\
	gate_exit(life, REFCDEV_OP_##member, &frame);				\
	return ret;								\
}

REFCDEV_FOPS(REFCDEV_PROXY)

/*
 * A request that its submitter does not wait for is made one that the driver cannot
 * put off: without somebody to complete to, it has to finish here, inside the gate.
 */
static ssize_t call_iter(ssize_t (*iter_fn)(struct kiocb *, struct iov_iter *),
			 struct kiocb *iocb, struct iov_iter *iter)
{
	struct kiocb sync;
	ssize_t ret;

	if (likely(is_sync_kiocb(iocb)))
		return iter_fn(iocb, iter);
	sync = *iocb;
	sync.ki_complete = NULL;
	sync.ki_flags &= ~IOCB_AIO_RW;
	ret = iter_fn(&sync, iter);
	iocb->ki_pos = sync.ki_pos;
	if (WARN_ONCE(ret == -EIOCBQUEUED, "refcdev: %ps queued a synchronous request\n", iter_fn))
		ret = -EIO;
	return ret;
}

#define REFCDEV_ITER_PROXY(member)						\
static ssize_t refcdev_##member(struct kiocb *iocb, struct iov_iter *iter)	\
{										\
	struct refcdev *cdev = refcdev_of(iocb->ki_filp);			\
	struct lifetime *life = cdev->life;					\
	struct gate_frame frame;						\
	ssize_t ret;								\
										\
	if (!gate_enter(life, REFCDEV_OP_##member, &frame)) {			\
		refcdev_refused(life, REFCDEV_OP_##member);			\
		return REFCDEV_GONE;						\
	}									\
	ret = call_iter(cdev->fops->member, iocb, iter);			\
	gate_exit(life, REFCDEV_OP_##member, &frame);				\
	return ret;								\
}

REFCDEV_ITER_PROXY(read_iter)
REFCDEV_ITER_PROXY(write_iter)

/*
 * What may be kept is memory whose pages the mapping holds. By frame number it would
 * be registers, or pages that go back to the allocator with the device. And nothing
 * stands between a fault and the driver's vm_operations yet. Both are given back at
 * once, as if they had been unmapped.
 */
static int check_mapping(struct refcdev *cdev, struct vm_area_struct *vma,
			 const struct vm_operations_struct *before)
{
	const struct vm_operations_struct *ops = vma->vm_ops;

	if (ops == before)
		ops = NULL;
	if (!ops && !(vma->vm_flags & (VM_PFNMAP | VM_IO)))
		return 0;
	pr_err_once("refcdev: %s: a mapping with %s is not supported\n", cdev->life->name,
		    ops ? "vm_operations" : "page frame numbers");
	if (ops && ops->close)
		ops->close(vma);
	return -EOPNOTSUPP;
}

static int refcdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	const struct vm_operations_struct *before = vma->vm_ops;
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct gate_frame frame;
	int ret;

	if (!gate_enter(life, REFCDEV_OP_mmap, &frame)) {
		refcdev_refused(life, REFCDEV_OP_mmap);
		return REFCDEV_GONE;
	}
	ret = cdev->fops->mmap(file, vma);
	if (!ret)
		ret = check_mapping(cdev, vma, before);
	gate_exit(life, REFCDEV_OP_mmap, &frame);
	return ret;
}

/* Turning it off always gets through: else the entry outlives its file. */
static int refcdev_fasync(int fd, struct file *file, int on)
{
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct gate_frame frame;
	bool entered;
	int ret;

	entered = gate_enter(life, REFCDEV_OP_fasync, &frame);
	if (!entered && on) {
		refcdev_refused(life, REFCDEV_OP_fasync);
		return REFCDEV_GONE;
	}
	ret = cdev->fops->fasync(fd, file, on);
	if (entered)
		gate_exit(life, REFCDEV_OP_fasync, &frame);
	return ret;
}

#define REFCDEV_FOP_SET(member, ...)						\
	if (fops->member)							\
		proxy->member = refcdev_##member;				\
	rest.member = NULL;
#define REFCDEV_FOP_COPY(member)						\
	proxy->member = fops->member;						\
	rest.member = 0;
#define REFCDEV_FOP_CHECK(member)						\
	if (unknown->member)							\
		return #member;

/* Name an operation that has no proxy: what is left after all that have one. */
static const char *unguarded(const struct file_operations *unknown)
{
	const void *const *word = (const void *const *)unknown;
	size_t i;

	REFCDEV_FOPS_REFUSED(REFCDEV_FOP_CHECK)
	for (i = 0; i < sizeof(*unknown) / sizeof(*word); i++)
		if (word[i])
			return "one that this refcdev has never heard of";
	return NULL;
}

/**
 * refcdev_make_proxy() - fill in a type's table of proxies
 * @type: the type
 *
 * Return: 0; -EINVAL if there is a mapping operation without a policy; -EOPNOTSUPP,
 *	with a message, if an operation cannot be guarded.
 */
int refcdev_make_proxy(struct refcdev_type *type)
{
	const struct file_operations *fops = type->fops;
	struct file_operations *proxy = &type->proxy;
	struct file_operations rest;
	const char *name;

	if (fops->mmap && type->vma_policy != REFCDEV_VMA_KEEP) {
		pr_err("refcdev: %s: has an mmap, but no vma_policy says what becomes of mappings\n",
		       type->name);
		return -EINVAL;
	}
	memcpy(&rest, fops, sizeof(rest));	/* with its padding, which is zero */
	memset(proxy, 0, sizeof(*proxy));
	REFCDEV_FOPS(REFCDEV_FOP_SET)
	REFCDEV_FOP_SET(read_iter)
	REFCDEV_FOP_SET(write_iter)
	REFCDEV_FOP_SET(mmap)
	REFCDEV_FOP_SET(fasync)
	REFCDEV_FOPS_DATA(REFCDEV_FOP_COPY)
	proxy->owner = fops->owner;
	rest.owner = NULL;
	rest.open = NULL;
	rest.release = NULL;
	/* Always there: it drops the reference that the open took. */
	proxy->release = refcdev_release;
	name = unguarded(&rest);
	if (!name)
		return 0;
	pr_err("refcdev: %s: file operation '%s' cannot be guarded, so it is not supported\n",
	       type->name, name);
	return -EOPNOTSUPP;
}
