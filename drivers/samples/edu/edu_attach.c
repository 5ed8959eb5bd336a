// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_attach.c: which imports an open file has, by number, and transfers from and to them
 *
 * What is in edu->attached is there until it is detached, or its file is closed, each inside the
 * gate; or until the way down, when nobody is inside any more. Whoever takes it out, drops it, and
 * with it perhaps the import. A file that is closed after that finds the gate closed, and has
 * nothing to let go of.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "edu.h"

/* For one open file: what is attached is memory that nobody gets back. */
#define EDU_FILE_ATTACHED_MAX	64

struct edu_attached {
	const struct edu_file *file;	/* who may use it: a name, no reference */
	struct edu_import *import;
};

/* Numbers are not used again soon: a stale one is nobody's. */
static int edu_add_attached(struct edu *edu, struct edu_file *self, struct edu_attached *attached,
			    u32 *id)
{
	int ret;

	if (!atomic_add_unless(&self->attached, 1, EDU_FILE_ATTACHED_MAX))
		return -EMFILE;
	ret = xa_alloc_cyclic(&edu->attached, id, attached, XA_LIMIT(1, INT_MAX),
			      &edu->next_attached, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		atomic_dec(&self->attached);
	return min(ret, 0);
}

/* NULL if it is not @self's, or not there any more. Then, and else, somebody else's to drop. */
static struct edu_attached *edu_take_attached(struct edu *edu, struct edu_file *self, u32 id)
{
	struct edu_attached *attached;

	xa_lock(&edu->attached);
	attached = xa_load(&edu->attached, id);
	if (attached && attached->file == self)
		__xa_erase(&edu->attached, id);
	else
		attached = NULL;
	xa_unlock(&edu->attached);
	if (attached)
		atomic_dec(&self->attached);
	return attached;
}

static void edu_drop_attached(struct edu_attached *attached)
{
	edu_put_import(attached->import);
	kfree(attached);
}

static int edu_attach_fd(struct edu *edu, struct edu_file *self, int fd, u32 *id)
{
	struct edu_attached *attached = kzalloc(sizeof(*attached), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!attached)
		return -ENOMEM;
	attached->file = self;
	attached->import = edu_import(edu, fd);
	if (IS_ERR(attached->import)) {
		ret = PTR_ERR(attached->import);
		kfree(attached);
		return ret;
	}
	ret = edu_add_attached(edu, self, attached, id);
	if (ret)
		edu_drop_attached(attached);
	return ret;
}

long edu_attach(struct edu *edu, struct edu_file *self, struct refcdev_edu_attachment __user *arg)
{
	struct edu_attached *attached;
	int ret;
	u32 id;
	s32 fd;

	if (get_user(fd, &arg->fd))
		return -EFAULT;
	ret = edu_attach_fd(edu, self, fd, &id);
	if (ret || !put_user(id, &arg->id))
		return ret;
	/* Unless another thread has guessed the number, and detached it. */
	attached = edu_take_attached(edu, self, id);
	if (attached)
		edu_drop_attached(attached);
	return -EFAULT;
}

long edu_detach(struct edu *edu, struct edu_file *self, u32 __user *arg)
{
	struct edu_attached *attached;
	u32 id;

	if (get_user(id, arg))
		return -EFAULT;
	attached = edu_take_attached(edu, self, id);
	if (!attached)
		return -EINVAL;
	edu_drop_attached(attached);
	return 0;
}

static struct edu_import *edu_find_import(struct edu *edu, const struct edu_file *self, u32 id)
{
	struct edu_import *import = NULL;
	struct edu_attached *attached;

	xa_lock(&edu->attached);
	attached = xa_load(&edu->attached, id);
	if (attached && attached->file == self) {
		import = attached->import;
		edu_get_import(import);
	}
	xa_unlock(&edu->attached);
	return import;
}

/* One piece. Returns how many bytes that was. */
static int edu_transfer_piece(struct edu *edu, struct edu_import *import,
			      const struct refcdev_edu_transfer *wanted, u32 done)
{
	u32 bytes = wanted->bytes - done;
	dma_addr_t address = edu_import_address(import, wanted->buffer_offset + done, &bytes);
	struct edu_transfer *transfer;
	int ret;

	/* The exporter has mapped less than the size that it has told us. */
	if (!bytes)
		return -EIO;
	transfer = edu_get_transfer(edu, true);
	if (IS_ERR(transfer))
		return PTR_ERR(transfer);
	edu_get_import(import);
	transfer->import = import;
	transfer->address = address;
	transfer->from_device = wanted->flags & REFCDEV_EDU_FROM_DEVICE;
	transfer->offset = wanted->offset + done;
	transfer->bytes = bytes;
	ret = edu_transfer(transfer);
	if (ret)
		return ret;
	edu_put_transfer(transfer);
	return bytes;
}

long edu_transfer_import(struct edu *edu, struct edu_file *self, bool may_wait,
			 struct refcdev_edu_transfer __user *arg)
{
	struct refcdev_edu_transfer wanted;
	struct edu_import *import;
	u32 done = 0;
	int ret;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	import = edu_find_import(edu, self, wanted.id);
	if (!import)
		return -EINVAL;
	ret = edu_check_import(import, &wanted);
	if (!ret && !may_wait)
		ret = -EAGAIN;
	while (!ret && done < wanted.bytes) {
		ret = edu_transfer_piece(edu, import, &wanted, done);
		if (ret > 0) {
			done += ret;
			ret = 0;
		}
	}
	edu_put_import(import);
	return done ? (long)done : ret;
}

/*
 * For a file that is being closed. If the gate is closed, the way down has dropped them, or will:
 * they are not looked up by this file again.
 */
void edu_close_attached(struct edu *edu, struct edu_file *self)
{
	struct edu_attached *attached;
	unsigned long id;

	if (!atomic_read(&self->attached) || !lifetime_enter(&edu->life))
		return;
	xa_for_each(&edu->attached, id, attached) {
		attached = edu_take_attached(edu, self, id);
		if (attached)
			edu_drop_attached(attached);
	}
	lifetime_exit(&edu->life);
}

static void edu_drop_all(void *data)
{
	struct edu_attached *attached;
	struct edu *edu = data;
	unsigned long id;

	/* Nobody is inside, so nobody else takes one out. */
	xa_for_each(&edu->attached, id, attached) {
		xa_erase(&edu->attached, id);
		edu_drop_attached(attached);
	}
	xa_destroy(&edu->attached);
}

int edu_init_attached(struct edu *edu)
{
	xa_init_flags(&edu->attached, XA_FLAGS_ALLOC1);
	return lifetime_add_action_at_or_reset(&edu->life, LIFETIME_AT_DRAINED, edu_drop_all, edu);
}
