// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_fops.c: the node: what user space may do, each of it inside the gate
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "../../refcdev/compat.h"
#include "edu.h"

static long edu_invert(struct edu *edu, u32 __user *arg)
{
	u32 number, answer;

	if (get_user(number, arg))
		return -EFAULT;
	spin_lock(&edu->lock);
	writel(number, edu->regs + EDU_INVERTED);
	answer = readl(edu->regs + EDU_INVERTED);
	spin_unlock(&edu->lock);
	if (edu_is_gone(edu->regs))
		return LIFETIME_GONE;
	return put_user(answer, arg);
}

static long edu_factorial(struct edu *edu, bool may_wait,
			  struct refcdev_edu_factorial __user *arg)
{
	struct refcdev_edu_factorial factorial;
	long ret;

	if (copy_from_user(&factorial, arg, sizeof(factorial)))
		return -EFAULT;
	if (!may_wait)
		return -EAGAIN;
	ret = edu_compute_factorial(edu, factorial.n, &factorial.result);
	if (ret)
		return ret;
	return copy_to_user(arg, &factorial, sizeof(factorial)) ? -EFAULT : 0;
}

static long edu_get_state(struct edu *edu, void __user *arg)
{
	struct refcdev_edu_state state = {
		.identification = readl(edu->regs + EDU_IDENTIFICATION),
		.reserve = edu_reserve(edu),
		.outstanding = atomic_read(&edu->outstanding),
		.spurious = atomic_read(&edu->spurious),
		.refills = edu_refills(edu),
	};

	if (state.identification == EDU_ALL_ONES)
		return LIFETIME_GONE;
	spin_lock(&edu->lock);
	state.transfers = edu->transfers;
	spin_unlock(&edu->lock);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long edu_get_constraints(struct edu *edu, void __user *arg)
{
	struct refcdev_edu_constraints constraints = {
		.address_bits = edu_address_bits(edu),
	};

	return copy_to_user(arg, &constraints, sizeof(constraints)) ? -EFAULT : 0;
}

static long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	bool may_wait = !(file->f_flags & O_NONBLOCK);
	struct edu_file *self = file->private_data;
	struct edu *edu = edu_of(file);

	switch (cmd) {
	case REFCDEV_EDU_FACTORIAL:
		return edu_factorial(edu, may_wait, (void __user *)arg);
	case REFCDEV_EDU_INVERT:
		return edu_invert(edu, (u32 __user *)arg);
	case REFCDEV_EDU_GET_STATE:
		return edu_get_state(edu, (void __user *)arg);
	case REFCDEV_EDU_GET_CONSTRAINTS:
		return edu_get_constraints(edu, (void __user *)arg);
	case REFCDEV_EDU_ATTACH:
		return edu_attach(edu, self, (void __user *)arg);
	case REFCDEV_EDU_DETACH:
		return edu_detach(edu, self, (u32 __user *)arg);
	case REFCDEV_EDU_TRANSFER:
		return edu_transfer_import(edu, self, may_wait, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* What is mapped here is hardware: the core takes it away when the drain is over. */
static int edu_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct edu *edu = edu_of(file);

	/* The engine writes wherever its registers say: not for user space to set. */
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return vm_iomap_memory(vma, pci_resource_start(edu->pdev, EDU_BAR),
			       pci_resource_len(edu->pdev, EDU_BAR));
}

/* The core adds EPOLLERR and EPOLLHUP when the device goes, and wakes the queue. */
static __poll_t edu_poll(struct file *file, poll_table *wait)
{
	struct edu *edu = edu_of(file);

	poll_wait(file, &edu->events, wait);
	return edu_poll_io(edu, file->private_data);
}

static loff_t edu_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, REFCDEV_EDU_BYTES);
}

static int edu_open(struct inode *inode, struct file *file)
{
	struct edu_file *self = edu_new_file();

	if (!self)
		return -ENOMEM;
	file->private_data = self;
	/* What must not wait queues, or returns EAGAIN. */
	file->f_mode |= FMODE_NOWAIT;
	atomic_inc(&edu_stats.opens);
	return 0;
}

/* Comes when it comes, long after the device perhaps: no hardware, but through the gate. */
static int edu_close(struct inode *inode, struct file *file)
{
	edu_close_attached(edu_of(file), file->private_data);
	edu_close_file(file->private_data);
	atomic_inc(&edu_stats.closes);
	return 0;
}

static const struct file_operations edu_file_operations = {
	.owner		= THIS_MODULE,
	.open		= edu_open,
	.release	= edu_close,
	.llseek		= edu_llseek,
	.read_iter	= edu_read_iter,
	.write_iter	= edu_write_iter,
	.splice_write	= iter_file_splice_write,
	.fsync		= edu_fsync,
	.poll		= edu_poll,
	.unlocked_ioctl	= edu_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= edu_mmap,
};

struct refcdev_type edu_type = {
	.name		= "edu%d",
	.fops		= &edu_file_operations,
	.vma_policy	= REFCDEV_VMA_SIGBUS,
};
