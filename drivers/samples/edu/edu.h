/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu.h: what the parts of the edu sample share
 *
 * edu_main.c	binds to the device, and lets go of it: the order of quiescing is there
 * edu_fops.c	the node: ioctl, mmap, poll, open
 * edu_io.c	read and write: waiting, not waiting, asynchronous
 * edu_engine.c	transfers: one at a time, in order, and the interrupt
 * edu_buffer.c	what is transferred: memory that does not run out
 * edu_factorial.c  the other unit of the device
 * edu_import.c	buffers of other drivers, as dma-bufs, in place of ours
 * edu_attach.c	which of them an open file has, and transfers from and to them
 * edu_heaps.c	which heaps those may come from, shown in sysfs
 */
#ifndef _REFCDEV_SAMPLES_EDU_H
#define _REFCDEV_SAMPLES_EDU_H

#include <linux/atomic.h>
#include <linux/dmapool.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/lifetime_consumer.h>
#include <linux/lifetime_managed.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/pci.h>
#include <linux/refcdev.h>
#include <linux/spinlock.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../sample_iter.h"
#include "edu_hw.h"

/* Accepted and not done, at most: each has 4 KiB of what little the device can address. */
#define EDU_OUTSTANDING_MAX	64

#define EDU_BUFFER		4096	/* bytes of a transfer, at most */

/* As many heaps of one exporter are shown. */
#define EDU_HEAPS_MAX		4

struct edu_file;
struct edu_import;

struct edu {
	struct lifetime life;
	struct refcdev cdev;

	/*
	 * Hardware: to be touched inside the gate, or by the interrupt and the work, which end
	 * before it goes: see edu_cancel().
	 */
	struct pci_dev *pdev;
	void __iomem *regs;
	int irq;
	atomic_t interrupts;		/* acknowledged, and not looked at yet */
	atomic_t spurious;

	spinlock_t lock;		/* the engine and the factorial */
	struct list_head queue;		/* of transfers that wait */
	struct edu_transfer *running;
	unsigned long deadline;		/* of @running, in jiffies */
	int error;			/* why nothing is accepted any more */
	bool held;			/* the machine sleeps: nothing is started */
	u64 transfers;			/* done */
	atomic_t writes;		/* accepted */
	struct delayed_work overdue;	/* when an interrupt does not come */
	struct workqueue_struct *workqueue;

	struct dma_pool *dma_pool;
	mempool_t *reserve;		/* in front of it; NULL: none was asked for */
	atomic_t outstanding;
	bool no_room;			/* somebody was told so */
	atomic_t given_back;		/* to the reserve, which kept it or */
	atomic_t freed;			/* had no use for it */

	struct xarray attached;		/* what open files have of imports, by number */
	u32 next_attached;		/* under the lock of @attached */
	struct list_head imports;
	struct mutex imports_lock;	/* the list; what is on it is mapped, and once */
	struct workqueue_struct *import_queue;

	struct lifetime_consumer consumer;	/* of heaps */
	struct mutex heaps_lock;
	struct device *heaps[EDU_HEAPS_MAX];	/* what there are links to and from */
	bool no_heaps;			/* none are shown any more */

	bool computing;
	bool computed;			/* and whoever asked has not seen it yet */
	bool abandoned;			/* whoever asked has left */
	u32 factorial;

	/* One for all, as aio and io_uring poll no file that has two. */
	wait_queue_head_t events;
};

/*
 * Counts as a call in flight from edu_submit() to edu_put_transfer(), whoever waits for it. Who
 * takes it out of the queue, or out of edu->running, ends it.
 */
struct edu_transfer {
	struct edu *edu;
	void *buffer;			/* of EDU_BUFFER bytes, */
	dma_addr_t own_address;		/* which are here */
	dma_addr_t address;		/* what the device is told */
	struct edu_import *import;	/* whose that is, where it is not ours */
	struct list_head list;
	bool inside;
	bool from_device;
	u32 offset;
	u32 bytes;
	int writes;			/* edu->writes, when it was accepted */
	/* Ends it: may sleep, and has the device's memory in the buffer if @error is 0. */
	void (*done)(struct edu_transfer *transfer, int error);
	union {
		/* somebody waits for it; under edu->lock */
		struct {
			bool over;
			bool unwanted;
			int error;
		};
		/* nobody does any more, and it has an import */
		struct work_struct put_work;
		/* accepted by a call that did not wait */
		struct edu_file *file;
		/* asynchronous */
		struct {
			struct kiocb *iocb;
			struct sample_iter read;
			struct work_struct work;
		};
	};
};

enum edu_ahead {
	EDU_AHEAD_NONE,
	EDU_AHEAD_RUNS,			/* the transfer's */
	EDU_AHEAD_READY,
	EDU_AHEAD_TAKEN,		/* the reader's who copies it */
};

/* The open file, and whatever it has accepted without waiting, have a reference each. */
struct edu_file {
	struct kref ref;
	atomic_t posted;		/* writes that did not wait, and */
	atomic_t ended;			/* how many of them have ended, in the same order */
	atomic_t error;			/* of the first that failed */
	spinlock_t lock;		/* what was read ahead */
	enum edu_ahead state;
	u32 offset, bytes;
	int ahead_error;
	int writes;
	atomic_t attached;
	u8 ahead[EDU_BUFFER];
};

/* Counts of the module, not of a device: they outlive every device. */
struct edu_stats {
	atomic_t created;
	atomic_t released;
	atomic_t opens;
	atomic_t closes;
	atomic_t accepted;		/* transfers; each of them is */
	atomic_t done;			/* by the device, */
	atomic_t gone;			/* ended with it, */
	atomic_t failed;		/* overdue, */
	atomic_t withdrawn;		/* or not wanted any more when its turn came */
	atomic_t orphans;		/* of @done: the submitter's memory was gone */
	atomic_t imports;		/* that exist */
};

extern struct edu_stats edu_stats;
extern unsigned int edu_timeout_ms;

static inline unsigned long edu_timeout(void)
{
	return msecs_to_jiffies(edu_timeout_ms);
}

/* edu_buffer.c */
int edu_init_buffers(struct edu *edu, unsigned int reserve);
unsigned int edu_reserve(struct edu *edu);
unsigned int edu_refills(struct edu *edu);
struct edu_transfer *edu_get_transfer(struct edu *edu, bool may_wait);
void edu_put_transfer(struct edu_transfer *transfer);
bool edu_has_room(struct edu *edu);

/* edu_engine.c */
int edu_init_engine(struct edu *edu);
int edu_submit(struct edu_transfer *transfer);
int edu_transfer(struct edu_transfer *transfer);
void edu_stop_engine(struct edu *edu, int error);
void edu_hold_engine(struct edu *edu);
void edu_continue_engine(struct edu *edu);
void edu_engine_interrupt(struct edu *edu);

/* edu_factorial.c */
long edu_compute_factorial(struct edu *edu, u32 n, u32 *result);
void edu_factorial_interrupt(struct edu *edu);

/* edu_io.c */
ssize_t edu_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t edu_write_iter(struct kiocb *iocb, struct iov_iter *from);
int edu_fsync(struct file *file, loff_t start, loff_t end, int datasync);
__poll_t edu_poll_io(struct edu *edu, struct edu_file *self);
struct edu_file *edu_new_file(void);
void edu_close_file(struct edu_file *self);

/* edu_import.c */
int edu_init_imports(struct edu *edu);
u32 edu_address_bits(struct edu *edu);
struct edu_import *edu_import(struct edu *edu, int fd);
void edu_get_import(struct edu_import *import);
void edu_put_import(struct edu_import *import);
void edu_put_transfer_later(struct edu_transfer *transfer);
dma_addr_t edu_import_address(const struct edu_import *import, u64 offset, u32 *bytes);
int edu_check_import(const struct edu_import *import, const struct refcdev_edu_transfer *wanted);

/* edu_attach.c */
int edu_init_attached(struct edu *edu);
long edu_attach(struct edu *edu, struct edu_file *self, struct refcdev_edu_attachment __user *arg);
long edu_detach(struct edu *edu, struct edu_file *self, u32 __user *arg);
long edu_transfer_import(struct edu *edu, struct edu_file *self, bool may_wait,
			 struct refcdev_edu_transfer __user *arg);
void edu_close_attached(struct edu *edu, struct edu_file *self);

/* edu_heaps.c */
int edu_show_heaps(struct edu *edu);

/* edu_fops.c */
extern struct refcdev_type edu_type;

static inline struct edu *edu_of(struct file *file)
{
	return refcdev_object(file, struct edu, cdev);
}

#endif /* _REFCDEV_SAMPLES_EDU_H */
