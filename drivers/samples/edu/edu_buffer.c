// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_buffer.c: the buffers of transfers: memory that the device can address, and that does not
 * run out where I/O has to go on
 *
 * A DMA pool alone promises nothing: it may have to ask for a page, and there may be none. So
 * there is a mempool in front of it, with a reserve that is filled at probe. As long as
 * each user of a buffer gives it back without waiting for another buffer, some transfer always
 * comes to an end and so all do: Adam Richter's argument of 2003 for having pools
 * ("generic device DMA (dma_pool update)").
 *
 * mempool_alloc() would wait by itself, but no signal ends that, nor the end of the device. So
 * it is asked not to wait, and who may wait does so here, on the device's queue.
 *
 * The buffers lie in devres' dma_pool, which goes right after remove. By then all were given
 * back, as each transfer is a call in flight; the reserve is emptied when the drain is over.
 */
#include <linux/slab.h>

#include "edu.h"

static void *edu_new_transfer(gfp_t gfp, void *data)
{
	struct edu *edu = data;
	struct edu_transfer *transfer = kmalloc(sizeof(*transfer), gfp);

	if (!transfer)
		return NULL;
	transfer->edu = edu;
	transfer->buffer = dma_pool_alloc(edu->dma_pool, gfp, &transfer->own_address);
	if (transfer->buffer)
		return transfer;
	kfree(transfer);
	return NULL;
}

static void edu_free_transfer(void *element, void *data)
{
	struct edu_transfer *transfer = element;
	struct edu *edu = data;

	dma_pool_free(edu->dma_pool, transfer->buffer, transfer->own_address);
	kfree(transfer);
	atomic_inc(&edu->freed);
}

int edu_init_buffers(struct edu *edu, unsigned int reserve)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	edu->dma_pool = dmam_pool_create("edu", dev, EDU_BUFFER, EDU_BUFFER, 0);
	if (!edu->dma_pool)
		return -ENOMEM;
	/* What follows must be undone before devres frees the hardware. */
	ret = devm_lifetime_disconnect(dev, &edu->life);
	if (ret || !reserve)
		return ret;
	edu->reserve = lifetime_create_mempool(&edu->life, LIFETIME_AT_DRAINED, reserve,
					       sizeof(struct edu_transfer) + EDU_BUFFER,
					       edu_new_transfer, edu_free_transfer, edu);
	return edu->reserve ? 0 : -ENOMEM;
}

unsigned int edu_reserve(struct edu *edu)
{
	return edu->reserve ? edu->reserve->min_nr : 0;
}

/*
 * What was given back and not freed is in the reserve, where something was missing. One that is
 * being freed may be in either count.
 */
unsigned int edu_refills(struct edu *edu)
{
	int refills = atomic_read(&edu->given_back) - atomic_read(&edu->freed);

	return edu->reserve ? max(refills, 0) : 0;
}

static void edu_give_back(struct edu *edu, struct edu_transfer *transfer)
{
	if (edu->reserve)
		mempool_free(transfer, edu->reserve);
	else
		edu_free_transfer(transfer, edu);
	/* Fully ordered: for edu_none_to_come(), after the buffer and before @outstanding. */
	atomic_inc_return(&edu->given_back);
}

/* The reserve is for when there is no other memory, and so is not asked first. */
static struct edu_transfer *edu_alloc_transfer(struct edu *edu, bool may_wait)
{
	gfp_t gfp = (may_wait ? GFP_KERNEL | __GFP_NORETRY : GFP_NOWAIT) | __GFP_NOWARN;
	struct edu_transfer *transfer;

	if (atomic_read(&edu->outstanding) >= EDU_OUTSTANDING_MAX)
		return NULL;
	transfer = edu_new_transfer(gfp, edu);
	if (!transfer && edu->reserve)
		transfer = mempool_alloc(edu->reserve, GFP_NOWAIT | __GFP_NOWARN);
	if (transfer && !atomic_add_unless(&edu->outstanding, 1, EDU_OUTSTANDING_MAX)) {
		edu_give_back(edu, transfer);
		return NULL;
	}
	return transfer;
}

/*
 * There was none, @seen had been given back before, and nobody has one: so whoever waits would
 * wait for ever. Of a reserve somebody has one whenever it is empty, though he may not be counted
 * in @outstanding yet; he has not given it back, as @seen was read before it was asked.
 */
static bool edu_none_to_come(struct edu *edu, int seen)
{
	if (edu->reserve || atomic_read(&edu->outstanding))
		return false;
	smp_rmb();	/* pairs with edu_give_back(): who is not seen above has given it back */
	return atomic_read(&edu->given_back) == seen;
}

/* For poll, until somebody gives one back; or nobody has one any more, who could. */
static void edu_say_no_room(struct edu *edu)
{
	WRITE_ONCE(edu->no_room, true);
	smp_mb();	/* pairs with edu_put_transfer(): either sees what the other wrote */
	if (!atomic_read(&edu->outstanding)) {
		WRITE_ONCE(edu->no_room, false);
		/* Who has looked in between sleeps. */
		wake_up_all(&edu->events);
	}
}

bool edu_has_room(struct edu *edu)
{
	return atomic_read(&edu->outstanding) < EDU_OUTSTANDING_MAX && !READ_ONCE(edu->no_room);
}

/* For a caller inside the gate. May wait: then a signal and the end of the device end that. */
struct edu_transfer *edu_get_transfer(struct edu *edu, bool may_wait)
{
	struct edu_transfer *transfer;
	int seen, ret;

	for (;;) {
		seen = atomic_read_acquire(&edu->given_back);
		transfer = edu_alloc_transfer(edu, may_wait);
		if (transfer)
			break;
		if (edu_none_to_come(edu, seen))
			return ERR_PTR(-ENOMEM);
		if (!may_wait) {
			edu_say_no_room(edu);
			return ERR_PTR(-EAGAIN);
		}
		ret = lifetime_wait_event_interruptible(&edu->life, edu->events,
							atomic_read(&edu->given_back) != seen);
		if (ret)
			return ERR_PTR(ret);
	}
	transfer->inside = false;
	transfer->address = transfer->own_address;
	transfer->import = NULL;
	return transfer;
}

/* The last access to @edu, where the transfer is all that keeps it. */
void edu_put_transfer(struct edu_transfer *transfer)
{
	struct edu *edu = transfer->edu;
	bool inside = transfer->inside;

	if (transfer->import)
		edu_put_import(transfer->import);
	edu_give_back(edu, transfer);
	/* Fully ordered: before @no_room. */
	atomic_dec_return(&edu->outstanding);
	WRITE_ONCE(edu->no_room, false);
	wake_up_all(&edu->events);
	if (inside)
		lifetime_exit(&edu->life);
}
