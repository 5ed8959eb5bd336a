// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap.c: a mapping is made, and stays counted until a zap would find it
 *
 * What the driver maps at once is there before the kernel links the mapping to its
 * address space: a zap in between would miss it, and leave registers mapped for ever.
 * But all of it happens under the lock of the process's address space, held to write. So
 * the call does not exit the gate when it returns; it leaves its count to a work item
 * that takes that lock to read. When it has got it, the mapping is linked, or was given
 * up, and the count goes.
 *
 * The work item holds the mm_struct and the count, nothing else: the count keeps the
 * object, as a disconnect waits for it before the reference of the binding goes.
 */

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "delay.h"
#include "fops.h"
#include "gate.h"
#include "inode.h"
#include "vma.h"

struct mmap_link {
	struct work_struct work;
	struct mm_struct *mm;
	struct lifetime *life;
};

static struct workqueue_struct *link_queue;

static void mmap_linked(struct work_struct *work)
{
	struct mmap_link *link = container_of(work, struct mmap_link, work);
	struct lifetime *life = link->life;

	/* For lockdep: a disconnect under that lock would wait for itself. */
	gate_dep_acquire(life);
	mmap_read_lock(link->mm);
	mmap_read_unlock(link->mm);
	gate_dep_release(life);
	mmdrop(link->mm);
	kfree(link);
	__lifetime_exit(life, REFCDEV_OP_mmap);
}

/*
 * Returns false if there is no count, as the call has unbound its own device: what it
 * mapped was not there for the zap, and must not come to be.
 */
static bool mmap_hand_over(struct lifetime *life, struct mmap_link *link, struct mm_struct *mm,
			   struct gate_frame *frame)
{
	refcdev_delay(mmap_linked);
	if (!gate_hand_over(life, frame)) {
		kfree(link);
		return false;
	}
	INIT_WORK(&link->work, mmap_linked);
	mmgrab(mm);
	link->mm = mm;
	link->life = life;
	queue_work(link_queue, &link->work);
	return true;
}

/* Not ours any more: its own file keeps it, and nobody knows what it shows. */
static bool mmap_given_away(struct lifetime *life, const struct file *file,
			    const struct file *mapped)
{
	if (file == mapped)
		return false;
	pr_info_once("refcdev: %s: a mapping of another file than the one that was opened stays when the device goes\n",
		     life->name);
	return true;
}

static struct mmap_link *mmap_enter(struct lifetime *life, struct gate_frame *frame)
{
	struct mmap_link *link;

	if (!gate_enter(life, REFCDEV_OP_mmap, frame)) {
		refcdev_refused(life, REFCDEV_OP_mmap);
		return ERR_PTR(LIFETIME_GONE);
	}
	link = kmalloc(sizeof(*link), GFP_KERNEL);
	if (link)
		return link;
	gate_exit(life, REFCDEV_OP_mmap, frame);
	return ERR_PTR(-ENOMEM);
}

static int mmap_leave(struct lifetime *life, struct mmap_link *link, struct gate_frame *frame,
		      int ret)
{
	kfree(link);
	gate_exit(life, REFCDEV_OP_mmap, frame);
	return ret;
}

/* As if it had been unmapped: the caller takes away the pages, but tells nobody. */
static int mmap_undo(struct vm_area_struct *vma, int ret)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	return ret;
}

int refcdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	const struct vm_operations_struct *before = vma->vm_ops, *proxy = NULL;
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct gate_frame frame;
	struct mmap_link *link = mmap_enter(life, &frame);
	int ret;

	if (IS_ERR(link))
		return PTR_ERR(link);
	ret = cdev->fops->mmap(file, vma);
	if (ret || mmap_given_away(life, file, vma->vm_file))
		return mmap_leave(life, link, &frame, ret);
	/* Without operations it is the process's own anonymous memory from here on. */
	if (vma->vm_ops)
		ret = refcdev_guard_mapping(cdev, vma->vm_ops == before ? NULL : vma->vm_ops,
					    vma->vm_flags & (VM_PFNMAP | VM_IO), &proxy);
	if (ret)
		return mmap_leave(life, link, &frame, mmap_undo(vma, ret));
	if (!proxy)
		return mmap_leave(life, link, &frame, 0);
	vma->vm_ops = proxy;
	if (!(vma->vm_flags & VM_PFNMAP))
		vm_flags_set(vma, VM_MIXEDMAP);
	return mmap_hand_over(life, link, vma->vm_mm, &frame) ? 0 : mmap_undo(vma, LIFETIME_GONE);
}

#ifdef HAVE_MMAP_PREPARE
/*
 * The same for a mapping that is not there yet. What the driver asks the kernel to map
 * is mapped, and its mapped() called, under the same lock, hence before the count goes. If
 * it fails, nobody was told of a mapping, so there is nothing to undo.
 */
int refcdev_mmap_prepare(struct vm_area_desc *desc)
{
	const struct vm_operations_struct *before = desc->vm_ops, *proxy = NULL;
	struct file *file = desc->file;
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct gate_frame frame;
	struct mmap_link *link = mmap_enter(life, &frame);
	int ret;

	if (IS_ERR(link))
		return PTR_ERR(link);
	ret = cdev->fops->mmap_prepare(desc);
	if (ret || mmap_given_away(life, file, desc->vm_file))
		return mmap_leave(life, link, &frame, ret);
	if (desc->vm_ops)
		ret = refcdev_guard_mapping(cdev, desc->vm_ops == before ? NULL : desc->vm_ops,
					    desc_maps_frames(desc) ||
					    vma_desc_test(desc, VMA_IO_BIT), &proxy);
	if (ret || !proxy)
		return mmap_leave(life, link, &frame, ret);
	desc->vm_ops = proxy;
	if (!desc_maps_frames(desc))
		vma_desc_set_flags(desc, VMA_MIXEDMAP_BIT);
	return mmap_hand_over(life, link, desc->mm, &frame) ? 0 : LIFETIME_GONE;
}
#endif

int __init refcdev_init_mmap(void)
{
	link_queue = alloc_workqueue("refcdev_mmap", WQ_UNBOUND, 0);
	return link_queue ? 0 : -ENOMEM;
}

/* What is still in there has given back its count, and is about to return. */
void refcdev_exit_mmap(void)
{
	destroy_workqueue(link_queue);
}
