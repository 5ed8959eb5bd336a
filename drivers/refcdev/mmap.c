// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap.c: a mapping is made, and stays counted until a zap would find it
 *
 * What the driver maps at once is there before the kernel links the mapping to its
 * address space: a zap in between would miss it, and leave registers mapped for ever.
 * But all of it happens under the lock of the process's address space, held to write. So
 * the call does not exit the gate when it returns, not even with an error, as what it
 * mapped until then is there a while longer. It leaves its count to a work item that takes
 * that lock to read. When it has got it, the mapping is linked, or was given up, and the
 * count goes.
 *
 * The next mmap in the same address space has that lock as well, to write, so it need not
 * wait for the work item: it gives back what earlier ones have left. It must, as its
 * driver may disconnect a device, and would wait for a work item that waits for the lock.
 *
 * Who takes a link off the list gives its count back. The work item holds the mm_struct, so
 * that no other can be at that address. The count keeps the object, as a disconnect waits
 * for it before the reference of the binding goes.
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
	struct list_head list;		/* links, until the count was given back */
	struct mm_struct *mm;
	struct lifetime *life;
};

static LIST_HEAD(links);
static DEFINE_SPINLOCK(links_lock);
static struct workqueue_struct *link_queue;

static void link_end(struct mmap_link *link)
{
	struct lifetime *life = NULL;

	spin_lock(&links_lock);
	if (!list_empty(&link->list)) {
		list_del_init(&link->list);
		life = link->life;
	}
	spin_unlock(&links_lock);
	if (life)
		__lifetime_exit(life, REFCDEV_OP_mmap);
}

static void mmap_linked(struct work_struct *work)
{
	struct mmap_link *link = container_of(work, struct mmap_link, work);

	mmap_read_lock(link->mm);
	mmap_read_unlock(link->mm);
	link_end(link);
	mmdrop(link->mm);
	kfree(link);
}

static struct lifetime *link_take(struct mm_struct *mm)
{
	struct lifetime *life = NULL;
	struct mmap_link *link;

	spin_lock(&links_lock);
	list_for_each_entry(link, &links, list) {
		if (link->mm != mm)
			continue;
		list_del_init(&link->list);
		life = link->life;
		break;
	}
	spin_unlock(&links_lock);
	return life;
}

/* The caller has the lock of @mm to write: what was mapped before is linked. */
static void mmap_end_earlier(struct mm_struct *mm)
{
	struct lifetime *life;

	while ((life = link_take(mm)))
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
	spin_lock(&links_lock);
	list_add_tail(&link->list, &links);
	spin_unlock(&links_lock);
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

/* Called for the file of somebody else, who did not tell the mapping whose it is now. */
static noinline bool mmap_is_foreign(struct lifetime *life, const struct file *file,
				     const struct file *mapped)
{
	return WARN_ONCE(file != mapped,
			 "refcdev: %s: mmap for another file; who stacks files calls vma_set_file()\n",
			 life->name);
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

/* As if it had been unmapped: the caller takes away the pages, but tells nobody. */
static int mmap_undo(struct vm_area_struct *vma, int ret)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	return ret;
}

static int mmap_guard(struct refcdev *cdev, struct vm_area_struct *vma,
		      const struct vm_operations_struct *before)
{
	const struct vm_operations_struct *ops = vma->vm_ops, *proxy;
	int ret;

	/* With neither it is the process's own anonymous memory from here on. */
	if (!ops && !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP | VM_IO)))
		return 0;
	ret = refcdev_guard_mapping(cdev, ops == before ? NULL : ops,
				    vma->vm_flags & (VM_PFNMAP | VM_IO), &proxy);
	if (ret)
		return mmap_undo(vma, ret);
	if (!proxy)
		return 0;
	vma->vm_ops = proxy;
	if (!(vma->vm_flags & VM_PFNMAP))
		vm_flags_set(vma, VM_MIXEDMAP);
	return 0;
}

int refcdev_mmap(struct file *file, struct vm_area_struct *vma)
{
	const struct vm_operations_struct *before = vma->vm_ops;
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct mmap_link *link;
	struct gate_frame frame __uninitialized;
	int ret;

	if (mmap_is_foreign(life, file, vma->vm_file))
		return -EOPNOTSUPP;
	mmap_end_earlier(vma->vm_mm);
	link = mmap_enter(life, &frame);
	if (IS_ERR(link))
		return PTR_ERR(link);
	ret = cdev->fops->mmap(file, vma);
	if (!ret && !mmap_given_away(life, file, vma->vm_file))
		ret = mmap_guard(cdev, vma, before);
	if (!mmap_hand_over(life, link, vma->vm_mm, &frame) && !ret)
		ret = mmap_undo(vma, LIFETIME_GONE);
	return ret;
}

#ifdef HAVE_MMAP_PREPARE
static int mmap_guard_desc(struct refcdev *cdev, struct vm_area_desc *desc,
			   const struct vm_operations_struct *before)
{
	const struct vm_operations_struct *ops = desc->vm_ops, *proxy;
	bool by_frame = desc_maps_frames(desc);
	int ret;

	if (!ops && !by_frame && !desc_maps_pages(desc))
		return 0;
	ret = refcdev_guard_mapping(cdev, ops == before ? NULL : ops,
				    by_frame || vma_desc_test(desc, VMA_IO_BIT), &proxy);
	if (ret || !proxy)
		return ret;
	desc->vm_ops = proxy;
	if (!by_frame)
		vma_desc_set_flags(desc, VMA_MIXEDMAP_BIT);
	return 0;
}

/*
 * The same for a mapping that is not there yet. What the driver asks the kernel to map
 * is mapped, and its mapped() called, under the same lock, hence before the count goes. If
 * it fails, nobody was told of a mapping, so there is nothing to undo.
 */
int refcdev_mmap_prepare(struct vm_area_desc *desc)
{
	const struct vm_operations_struct *before = desc->vm_ops;
	struct file *file = desc->file;
	struct refcdev *cdev = refcdev_of(file);
	struct lifetime *life = cdev->life;
	struct mmap_link *link;
	struct gate_frame frame __uninitialized;
	int ret;

	if (mmap_is_foreign(life, file, desc->vm_file))
		return -EOPNOTSUPP;
	mmap_end_earlier(desc->mm);
	link = mmap_enter(life, &frame);
	if (IS_ERR(link))
		return PTR_ERR(link);
	ret = cdev->fops->mmap_prepare(desc);
	if (!ret && !mmap_given_away(life, file, desc->vm_file))
		ret = mmap_guard_desc(cdev, desc, before);
	if (!mmap_hand_over(life, link, desc->mm, &frame) && !ret)
		ret = LIFETIME_GONE;
	return ret;
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
