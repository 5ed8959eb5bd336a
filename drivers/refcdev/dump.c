// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump.c: a folder per object in debugfs, refcdev/lifetimes/, from lifetime_alloc() until
 * its memory goes; only in debug builds
 *
 * What is shown may change while it is read. Each file is one moment, though: it is
 * written under the lock of what it shows, sums included. A file that is open does not
 * keep the object: debugfs waits for reads in progress, and later ones fail.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "debug.h"
#include "fops.h"
#include "inode.h"
#include "lifetime.h"
#include "managed.h"
#include "range.h"

/* On a kernel with all sanitizers a folder takes longer to make than all else of an object. */
static bool dump = true;
module_param(dump, bool, 0644);
MODULE_PARM_DESC(dump,
		 "make a folder in debugfs for each object that is allocated from now on (default Y)");

static struct dentry *lifetimes;
static atomic_t serial;

static const char *state_of(struct lifetime *life)
{
	if (!lifetime_disconnected(life))
		return "live";
	return completion_done(&life->dead) ? "dead" : "disconnecting";
}

/*
 * As long as the gate is open calls come and go while they are added up, on other CPUs than
 * they came on: the sum may be off by as many as do that meanwhile.
 */
static int calls_inside(struct lifetime *life, int op)
{
	unsigned int sum = life->inside_by_op[op];
	int cpu;

	lockdep_assert_held(&life->lock);
	if (!life->folded)
		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu_ptr(life->counts, cpu)->nr[op]);
	return max_t(int, sum, 0);
}

static int dump_calls(struct seq_file *seq, void *data)
{
	struct lifetime *life = seq->private;
	unsigned int calls[LIFETIME_NR_OPS];
	unsigned long flags;
	int op;

	raw_spin_lock_irqsave(&life->lock, flags);
	for (op = 0; op < LIFETIME_NR_OPS; op++)
		calls[op] = calls_inside(life, op);
	raw_spin_unlock_irqrestore(&life->lock, flags);
	for (op = 0; op < LIFETIME_NR_OPS; op++)
		if (calls[op])
			seq_printf(seq, "%s %u\n", refcdev_op_name(op), calls[op]);
	return 0;
}

static int dump_nodes(struct seq_file *seq, void *data)
{
	struct lifetime *life = seq->private;
	struct refcdev *cdev;

	mutex_lock(&life->list_lock);
	list_for_each_entry(cdev, &life->nodes, list) {
		seq_printf(seq, cdev->type->name, cdev->index);
		seq_printf(seq, " %u:%u %s\n", MAJOR(refcdev_devt(cdev)),
			   MINOR(refcdev_devt(cdev)), READ_ONCE(cdev->dev) ? "registered" : "gone");
	}
	mutex_unlock(&life->list_lock);
	return 0;
}

/* Some process that has it; there may be none any more, or several. */
static void show_process(struct seq_file *seq, const struct mm_struct *mm)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_process(task) {
		if (READ_ONCE(task->mm) == mm) {
			seq_printf(seq, " %d ", task_tgid_nr(task));
			lifetime_dump_comm(seq, task->comm);
			break;
		}
	}
	rcu_read_unlock();
}

/*
 * Found by their files: those are there as long as they are, also where the nodes have gone.
 * A mapping leaves the tree, under its lock, before it is freed.
 */
static void dump_mappings_of(struct file *file, const struct refcdev *cdev, void *data)
{
	struct address_space *mapping = file->f_mapping;
	struct seq_file *seq = data;
	struct vm_area_struct *vma;
	struct rb_node *node;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node; node = rb_next(node)) {
		vma = rb_entry(node, struct vm_area_struct, shared.rb);
		cond_resched();
		if (vma->vm_file != file)
			continue;
		/* It begins anew, with more room. */
		if (seq_has_overflowed(seq))
			break;
		seq_printf(seq, cdev->type->name, cdev->index);
		show_process(seq, vma->vm_mm);
		seq_printf(seq, " %lu bytes at %#lx\n", vma->vm_end - vma->vm_start,
			   vma->vm_pgoff << PAGE_SHIFT);
	}
	i_mmap_unlock_read(mapping);
}

static int dump_mappings(struct seq_file *seq, void *data)
{
	lifetime_each_file(seq->private, dump_mappings_of, seq);
	return 0;
}

static void dump_resource(struct seq_file *seq, const struct managed *managed)
{
	static const char *const ends[] = {
		[LIFETIME_AT_RELEASE] = "release",
		[LIFETIME_AT_CANCEL] = "cancel",
		[LIFETIME_AT_DRAINED] = "drained",
	};
	const struct managed_note *note = &managed->note;

	seq_printf(seq, "%s %zu %ps %s until %s", note->kind, note->size, (void *)note->caller,
		   note->state, ends[managed->phase]);
	if (note->action)
		seq_printf(seq, " %ps", note->action);
	seq_putc(seq, '\n');
}

static int dump_resources(struct seq_file *seq, void *data)
{
	struct lifetime *life = seq->private;
	struct managed *managed;
	unsigned long count = 0;
	unsigned long flags;
	size_t bytes = 0;

	spin_lock_irqsave(&life->managed_lock, flags);
	list_for_each_entry(managed, &life->managed, list) {
		dump_resource(seq, managed);
		bytes += managed->note.size;
		count++;
	}
	seq_printf(seq, "total %lu of %zu bytes\n", count, bytes);
	spin_unlock_irqrestore(&life->managed_lock, flags);
	return 0;
}

static int dump_state(struct seq_file *seq, void *data)
{
	struct lifetime *life = seq->private;

	seq_printf(seq, "state %s\nreferences %u\ndriver %s\n", state_of(life),
		   refcount_read(&life->ref), life->ops->owner ? life->ops->owner->name : "-");
	return 0;
}

#define dump_files	lifetime_dump_files
#define dump_holders	lifetime_dump_holders

/* The files of an object's folder. */
#define DUMPS(X) X(state) X(calls) X(nodes) X(files) X(mappings) X(resources) X(holders)

#define DUMP_FOPS(name)								\
static int name##_open(struct inode *inode, struct file *file)			\
{										\
	return single_open(file, dump_##name, inode->i_private);		\
}										\
static const struct file_operations name##_fops = {				\
	.owner = THIS_MODULE,							\
	.open = name##_open,							\
	.read = seq_read,							\
	.llseek = seq_lseek,							\
	.release = single_release,						\
};

DUMPS(DUMP_FOPS)

#define DUMP_CREATE(name)							\
	debugfs_create_file(#name, 0400, debug->folder, life, &name##_fops);

/* Without memory there is no folder, or not all of it: the object can do without. */
void lifetime_dump_add(struct lifetime *life)
{
	struct lifetime_debug *debug = lifetime_debug(life);
	char name[64];

	if (!READ_ONCE(dump))
		return;
	snprintf(name, sizeof(name), "%.50s-%d", life->name, atomic_inc_return(&serial));
	strreplace(name, '/', '!');
	strreplace(name, ' ', '_');
	debug->folder = debugfs_create_dir(name, lifetimes);
	if (IS_ERR(debug->folder))
		return;
	DUMPS(DUMP_CREATE)
}

/* Waits for who is reading. Where an object is leaked, before its end, which does not come. */
void lifetime_dump_remove(struct lifetime *life)
{
	struct dentry *folder = xchg(&lifetime_debug(life)->folder, NULL);

	if (!IS_ERR_OR_NULL(folder))
		debugfs_remove_recursive(folder);
}

void refcdev_dump_init(struct dentry *parent)
{
	lifetimes = debugfs_create_dir("lifetimes", parent);
}
