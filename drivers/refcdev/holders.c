// SPDX-License-Identifier: GPL-2.0-only
/*
 * holders.c: who holds an object up: which files, consumers and functions have references;
 * only in debug builds
 *
 * A count per kind of holder, which together are the object's references as long as none
 * is just being taken or put. Open files one by one, with the process that has opened
 * them; and for lifetime_get() and lifetime_put() the functions that called them, as a
 * reference is often put by another than has taken it.
 */

#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "debug.h"
#include "lifetime.h"
#include "node.h"

/* An open file. Its process may be gone: the file was given to another. */
struct open_file {
	struct hlist_node node;
	struct list_head list;
	struct file *file;
	const struct refcdev *cdev;
	unsigned long since;		/* jiffies */
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

static DEFINE_HASHTABLE(open_files, 10);
static DEFINE_MUTEX(files_lock);	/* of the table, and the files of all objects */

void lifetime_debug_init(struct lifetime *life)
{
	struct lifetime_debug *debug = lifetime_debug(life);

	debug->life = life;
	INIT_LIST_HEAD(&debug->frames);
	INIT_LIST_HEAD(&debug->files);
	raw_spin_lock_init(&debug->sites_lock);
	atomic_set(&debug->held[HOLDER_binding], 1);
}

void lifetime_note_held(struct lifetime *life, enum lifetime_holder holder, int change)
{
	atomic_add(change, &lifetime_debug(life)->held[holder]);
}

void lifetime_note_site(struct lifetime *life, unsigned long caller, bool get)
{
	struct lifetime_debug *debug = lifetime_debug(life);
	struct reference_site *site = debug->sites;
	unsigned long flags;

	raw_spin_lock_irqsave(&debug->sites_lock, flags);
	while (site < &debug->sites[REFERENCE_SITES - 1] && site->caller &&
	       site->caller != caller)
		site++;
	site->caller = site == &debug->sites[REFERENCE_SITES - 1] ? 0 : caller;
	if (get)
		site->gets++;
	else
		site->puts++;
	raw_spin_unlock_irqrestore(&debug->sites_lock, flags);
}

void refcdev_note_file(struct refcdev *cdev, struct file *file)
{
	struct lifetime_debug *debug = lifetime_debug(cdev->life);
	struct open_file *entry = kmalloc(sizeof(*entry), GFP_KERNEL | __GFP_NOWARN);

	mutex_lock(&files_lock);
	if (entry) {
		entry->file = file;
		entry->cdev = cdev;
		entry->since = jiffies;
		entry->pid = task_tgid_nr(current);
		get_task_comm(entry->comm, current);
		hash_add(open_files, &entry->node, (unsigned long)file);
		list_add_tail(&entry->list, &debug->files);
	} else {
		debug->files_unknown++;
	}
	mutex_unlock(&files_lock);
}

void refcdev_forget_file(struct lifetime *life, struct file *file)
{
	struct open_file *entry, *found = NULL;

	mutex_lock(&files_lock);
	hash_for_each_possible(open_files, entry, node, (unsigned long)file) {
		if (entry->file != file)
			continue;
		found = entry;
		hash_del(&entry->node);
		list_del(&entry->list);
		break;
	}
	if (!found)
		lifetime_debug(life)->files_unknown--;
	mutex_unlock(&files_lock);
	kfree(found);
}

/* More than these are only counted, in the log. */
#define SHOW_HOLDERS	8

static void show_files(struct lifetime *life)
{
	struct open_file *entry;
	int shown = 0;

	mutex_lock(&files_lock);
	list_for_each_entry(entry, &lifetime_debug(life)->files, list) {
		if (shown++ == SHOW_HOLDERS)
			break;
		pr_warn("refcdev: %s: a file is open since %u ms, by %s[%d]\n", life->name,
			jiffies_to_msecs(jiffies - entry->since), entry->comm, entry->pid);
	}
	mutex_unlock(&files_lock);
}

static void show_consumer(const char *name, void *life)
{
	pr_warn("refcdev: %s: used by consumer %s\n", lifetime_name(life), name);
}

static struct reference_site site_get(struct lifetime_debug *debug, int i)
{
	struct reference_site site;
	unsigned long flags;

	raw_spin_lock_irqsave(&debug->sites_lock, flags);
	site = debug->sites[i];
	raw_spin_unlock_irqrestore(&debug->sites_lock, flags);
	return site;
}

static void show_sites(struct lifetime *life)
{
	int i;

	for (i = 0; i < REFERENCE_SITES; i++) {
		struct reference_site site = site_get(lifetime_debug(life), i);

		if (site.gets > site.puts)
			pr_warn("refcdev: %s: %u references taken and %u put by %ps\n",
				life->name, site.gets, site.puts, (void *)site.caller);
	}
}

/* Into the log, for a drain that takes long. Process context. */
void lifetime_show_holders(struct lifetime *life)
{
	show_files(life);
	lifetime_each_consumer(life, show_consumer, life);
	show_sites(life);
}

/* It may be anything that its process wants: not a line of its own. */
void lifetime_dump_comm(struct seq_file *seq, const char *comm)
{
	seq_escape(seq, comm, " \t\n\\,");
}

int lifetime_dump_files(struct seq_file *seq, void *data)
{
	struct lifetime *life = seq->private;
	struct open_file *entry;

	mutex_lock(&files_lock);
	list_for_each_entry(entry, &lifetime_debug(life)->files, list) {
		seq_printf(seq, entry->cdev->type->name, entry->cdev->index);
		seq_printf(seq, " %d ", entry->pid);
		lifetime_dump_comm(seq, entry->comm);
		seq_printf(seq, ", %u ms\n", jiffies_to_msecs(jiffies - entry->since));
	}
	if (lifetime_debug(life)->files_unknown)
		seq_printf(seq, "and %u of which nothing is known\n",
			   lifetime_debug(life)->files_unknown);
	mutex_unlock(&files_lock);
	return 0;
}

/* For each open file that is known, under a lock that opening and closing take. */
void lifetime_each_file(struct lifetime *life,
			void (*show)(struct file *file, const struct refcdev *cdev, void *data),
			void *data)
{
	struct open_file *entry;

	mutex_lock(&files_lock);
	list_for_each_entry(entry, &lifetime_debug(life)->files, list)
		show(entry->file, entry->cdev, data);
	mutex_unlock(&files_lock);
}

static void dump_consumer(const char *name, void *seq)
{
	seq_printf(seq, "consumer %s\n", name);
}

#define HOLDER_NAME(name)	#name,
static const char *const holder_names[] = { LIFETIME_HOLDERS(HOLDER_NAME) };

/* Counts first, then who it is where that is known. */
int lifetime_dump_holders(struct seq_file *seq, void *data)
{
	struct lifetime *life = seq->private;
	struct lifetime_debug *debug = lifetime_debug(life);
	int i;

	for (i = 0; i < LIFETIME_NR_HOLDERS; i++)
		if (atomic_read(&debug->held[i]))
			seq_printf(seq, "%s %d\n", holder_names[i],
				   atomic_read(&debug->held[i]));
	lifetime_each_consumer(life, dump_consumer, seq);
	for (i = 0; i < REFERENCE_SITES; i++) {
		struct reference_site site = site_get(debug, i);

		if (site.gets || site.puts)
			seq_printf(seq, "kernel: %u taken, %u put by %ps\n", site.gets,
				   site.puts, (void *)site.caller);
	}
	return 0;
}
