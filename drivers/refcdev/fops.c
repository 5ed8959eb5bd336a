// SPDX-License-Identifier: GPL-2.0-only
/*
 * fops.c: a proxy for every file operation, from the table in fops.h
 *
 * F1. A proxy exists exactly where the driver has the operation: the VFS decides by
 *     NULL or not what a file can do, and what errno it gets where it cannot.
 * F2. The table of proxies lies in the driver's type, hence in its module: the VFS
 *     puts file->f_op, and with it the module, after ->release, when the object may
 *     be gone.
 * F3. A proxy finds object and driver through file->f_mapping, which is the driver's to use
 *     but not to change. private_data is the driver's altogether.
 */

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "fops.h"
#include "gate.h"
#include "inode.h"
#include "locks.h"
#include "trace.h"
#include "vma.h"

#define FOP_NAME(kind, member, ...)	#member,

static const char *const op_names[REFCDEV_NR_OPS] = {
	"kernel",
	REFCDEV_FOPS(FOP_NAME)
	"fault",
	"vma",
};

static_assert(REFCDEV_NR_OPS <= LIFETIME_NR_OPS);

#define FOP_SIZE(kind, member, ...)	+ sizeof_field(struct file_operations, member)

/* What may hide in the padding is smaller than a pointer, hence no operation. */
static_assert(round_up(0 REFCDEV_FOPS(FOP_SIZE), sizeof(void *)) ==
	      sizeof(struct file_operations),
	      "struct file_operations has a member that the table in fops.h does not know");

const char *refcdev_op_name(unsigned int op)
{
	return op < REFCDEV_NR_OPS ? op_names[op] : "unknown";
}

noinline __cold void refcdev_refused(struct lifetime *life, enum refcdev_op op)
{
	trace_refcdev_refuse(life->name, op_names[op]);
}

#define FOP_PROXY_PASS(member, type, params, args, file, refused, passes)	\
static __gate_proxy type refcdev_##member params				\
{										\
	const struct refcdev_inode *node = refcdev_inode_of(file);		\
	struct lifetime *life = node->life;					\
	struct gate_frame frame __uninitialized;					\
	bool entered = gate_enter(life, REFCDEV_OP_##member, &frame);		\
	type ret;								\
										\
	if (!entered && !(passes)) {						\
		refcdev_refused(life, REFCDEV_OP_##member);			\
		return refused;							\
	}									\
	ret = node->fops->member args;						\
	if (entered)								\
		gate_exit(life, REFCDEV_OP_##member, &frame);			\
	return ret;								\
}

#define FOP_PROXY_CALL(member, type, params, args, file, refused)		\
	FOP_PROXY_PASS(member, type, params, args, file, refused, false)
#define FOP_PROXY_VOID(member, params, args, file)				\
static __gate_proxy void refcdev_##member params				\
{										\
	const struct refcdev_inode *node = refcdev_inode_of(file);		\
	struct lifetime *life = node->life;					\
	struct gate_frame frame __uninitialized;					\
										\
	if (!gate_enter(life, REFCDEV_OP_##member, &frame)) {			\
		refcdev_refused(life, REFCDEV_OP_##member);			\
		return;								\
	}									\
	node->fops->member args;						\
	gate_exit(life, REFCDEV_OP_##member, &frame);				\
}

#define FOP_PROXY_LOCK(member)							\
static int refcdev_##member(struct file *file, int cmd, struct file_lock *lock)	\
{										\
	const struct refcdev_inode *node = refcdev_inode_of(file);		\
	struct lifetime *life = node->life;					\
	struct locker locker;							\
	struct gate_frame frame __uninitialized;					\
	int ret;								\
										\
	if (!gate_enter(life, REFCDEV_OP_##member, &frame)) {			\
		if (gives_up_lock(cmd, lock))					\
			return node->fops->member(file, cmd, lock);		\
		refcdev_refused(life, REFCDEV_OP_##member);			\
		return LIFETIME_GONE;						\
	}									\
	locker_begin(life, &locker, lock);					\
	ret = node->fops->member(file, cmd, lock);				\
	ret = locker_end(life, &locker, ret);					\
	gate_exit(life, REFCDEV_OP_##member, &frame);				\
	return ret;								\
}

#define FOP_PROXY_OWN(member)
#define FOP_PROXY_ENDS(member)
#define FOP_PROXY_DATA(member)
#define FOP_PROXY_NEVER(member, why)
#define FOP_PROXY_REFUSED(member, why)
#define FOP_PROXY(kind, ...)		FOP_PROXY_##kind(__VA_ARGS__)

REFCDEV_FOPS(FOP_PROXY)

#define FOP_SET_CALL(member, ...)						\
	if (fops->member)							\
		proxy->member = refcdev_##member;
#define FOP_SET_PASS(member, ...)	FOP_SET_CALL(member)
#define FOP_SET_LOCK(member)		FOP_SET_CALL(member)
#define FOP_SET_VOID(member, ...)	FOP_SET_CALL(member)
#define FOP_SET_OWN(member)		FOP_SET_CALL(member)
#define FOP_SET_ENDS(member)
#define FOP_SET_DATA(member)		proxy->member = fops->member;
#define FOP_SET_NEVER(member, why)
#define FOP_SET_REFUSED(member, why)	if (fops->member) return #member ": " why;
#define FOP_SET(kind, ...)		FOP_SET_##kind(__VA_ARGS__)

/*
 * The usual splice_write sleeps on a pipe, which is somebody else's: no disconnect could
 * wake it. What it calls of the driver's is a write_iter, and that is guarded.
 */
static ssize_t refcdev_iter_file_splice_write(struct pipe_inode_info *pipe, struct file *file,
					      loff_t *pos, size_t len, unsigned int flags)
{
	struct lifetime *life = refcdev_of(file)->life;

	if (!lifetime_disconnected(life))
		return iter_file_splice_write(pipe, file, pos, len, flags);
	refcdev_refused(life, REFCDEV_OP_splice_write);
	return LIFETIME_GONE;
}

/* Returns why an operation cannot be guarded, and which; NULL if all can. */
static const char *set_proxies(struct file_operations *proxy, const struct file_operations *fops)
{
	REFCDEV_FOPS(FOP_SET)
	if (fops->splice_write == iter_file_splice_write)
		proxy->splice_write = refcdev_iter_file_splice_write;
	/* Always there, as it drops the reference that the dispatcher's open took. */
	proxy->release = refcdev_release;
	return NULL;
}

/**
 * refcdev_make_proxy() - fill in a type's table of proxies
 * @type: the type
 *
 * Return: 0; -EINVAL, with a message, if there is a mapping operation without a
 *	policy, or a uring_cmd without its flag; -EOPNOTSUPP, with a message, if an
 *	operation cannot be guarded.
 */
int refcdev_make_proxy(struct refcdev_type *type)
{
	const struct file_operations *fops = type->fops;
	const char *unguarded;

	if (has_mmap(fops) && type->vma_policy == REFCDEV_VMA_NONE) {
		pr_err("refcdev: %s: has an mmap, but no vma_policy says what becomes of mappings\n",
		       type->name);
		return -EINVAL;
	}
	if (fops->uring_cmd && !(type->flags & REFCDEV_URING_CMD)) {
		pr_err("refcdev: %s: has a uring_cmd; once it completes with refcdev_uring_cmd_done(), set REFCDEV_URING_CMD\n",
		       type->name);
		return -EINVAL;
	}
	memset(&type->proxy, 0, sizeof(type->proxy));
	unguarded = set_proxies(&type->proxy, fops);
	if (!unguarded)
		return 0;
	pr_err("refcdev: %s: file operation not supported: %s\n", type->name, unguarded);
	return -EOPNOTSUPP;
}
