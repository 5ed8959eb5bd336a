/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gate.h: the gate as the core itself uses it: the public calls plus a frame on
 * the caller's stack, by which a disconnect finds the calls it is made from
 */
#ifndef REFCDEV_GATE_H
#define REFCDEV_GATE_H

#include <linux/kasan.h>
#include <linux/lifetime.h>
#include <linux/lockdep.h>

#include "delay.h"

/*
 * A call that goes through gate_enter() keeps this on its own stack. The word says
 * "inside @life", and holds only at its own address: a copy that a register spill
 * or a dead frame left elsewhere on the stack is no frame.
 */
struct gate_frame {
	unsigned long word;
#ifdef CONFIG_REFCDEV_DEBUG
	struct list_head list;		/* of struct lifetime_debug */
	struct task_struct *task;
	unsigned int op;
	unsigned long since;		/* jiffies */
#endif
};

/*
 * For a function whose only variable on the stack is a frame: there is nothing that could
 * run over, so it can do without the compiler's canary, which costs more than entering
 * does. Its frame can do without the compiler's zeroes: it is written before it is read,
 * and cleared at the end.
 */
#define __gate_proxy		__no_stack_protector

/*
 * Objects and frames are aligned, so the low bits of a word are the magic's, and its high
 * bits no address's: nothing else on a stack looks like one. One of the low bits says that
 * the call's count was given back before the call ended; nothing else depends on it.
 */
#define GATE_FRAME_MAGIC	0x5ca1ab19UL
#define GATE_FRAME_GIVEN_BACK	0x2UL

static __always_inline unsigned long gate_frame_word(const struct lifetime *life,
						     const unsigned long *where)
{
	/* Software tags differ between a local's address and the stack's. */
	unsigned long at = (unsigned long)kasan_reset_tag(where);

	/* A sum takes the fewest instructions, but of 32 bits may be an address itself. */
	if (IS_ENABLED(CONFIG_64BIT))
		return (unsigned long)life + at + GATE_FRAME_MAGIC;
	return (unsigned long)life ^ at ^ GATE_FRAME_MAGIC;
}

void gate_exit_slow(struct lifetime *life, unsigned int op, const struct gate_frame *frame);
unsigned int gate_own_calls(struct lifetime *life, bool give_back);
bool gate_enter_late(struct lifetime *life, unsigned int op);
bool gate_is_inside(struct lifetime *life, unsigned int op);
void gate_close(struct lifetime *life);
void gate_fold(struct lifetime *life);
bool gate_is_idle(struct lifetime *life);
int gate_init(struct lifetime *life, struct lock_class_key *key);
void gate_destroy(struct lifetime *life);

/*
 * For lockdep, the gate is a lock that calls take to read, recursively: an inner
 * enter never waits, it is refused. The drain takes it to write.
 */
#ifdef CONFIG_LOCKDEP
#define gate_dep_acquire(life)	\
	lock_acquire_shared_recursive(&(life)->dep_map, 0, 0, NULL, _THIS_IP_)
#define gate_dep_release(life)	lock_release(&(life)->dep_map, _THIS_IP_)
void gate_dep_drain(struct lifetime *life);
#else
#define gate_dep_acquire(life)	do { } while (0)
#define gate_dep_release(life)	do { } while (0)
static inline void gate_dep_drain(struct lifetime *life) { }
#endif

/* Debug builds know by name who is inside; see inside.c. */
#ifdef CONFIG_REFCDEV_DEBUG
void gate_frame_add(struct lifetime *life, unsigned int op, struct gate_frame *frame);
void gate_frame_del(struct lifetime *life, struct gate_frame *frame);
void gate_show_frames(struct lifetime *life);
#else
static inline void gate_frame_add(struct lifetime *life, unsigned int op,
				  struct gate_frame *frame) { }
static inline void gate_frame_del(struct lifetime *life, struct gate_frame *frame) { }
static inline void gate_show_frames(struct lifetime *life) { }
#endif

/* What gate_enter() does once it has got in. */
static __always_inline void gate_frame_set(struct lifetime *life, unsigned int op,
					   struct gate_frame *frame)
{
	WRITE_ONCE(frame->word, gate_frame_word(life, &frame->word));
	gate_frame_add(life, op, frame);
	gate_dep_acquire(life);
}

/**
 * gate_enter() - lifetime_enter() for a call with a stack frame of its own
 * @life: the object
 * @op: the kind of call
 * @frame: on the caller's stack until gate_exit()
 *
 * Context: process context.
 * Return: as lifetime_enter().
 */
static __always_inline bool __must_check gate_enter(struct lifetime *life, unsigned int op,
						    struct gate_frame *frame)
{
	if (unlikely(!__lifetime_enter(life, op)))
		return false;
	gate_frame_set(life, op, frame);
	return true;
}

/**
 * gate_enter_draining() - gate_enter(), also while others are still to leave
 * @life: the object
 * @op: the kind of call
 * @frame: on the caller's stack until gate_exit()
 *
 * For a call that helps them to.
 *
 * Context: process context. The caller has a reference.
 * Return: true; or false if the object was disconnected, and nobody is inside.
 */
static inline bool __must_check gate_enter_draining(struct lifetime *life, unsigned int op,
						    struct gate_frame *frame)
{
	if (gate_enter(life, op, frame))
		return true;
	if (!gate_enter_late(life, op))
		return false;
	gate_frame_set(life, op, frame);
	return true;
}

/**
 * gate_exit() - ends what gate_enter() started, in the same function
 * @life: the object
 * @op: the kind of call
 * @frame: as given to gate_enter()
 *
 * Context: process context. The caller has a reference, or this is its last access.
 */
static __always_inline void gate_exit(struct lifetime *life, unsigned int op,
				      struct gate_frame *frame)
{
	struct lifetime_counts __percpu *active;

	gate_dep_release(life);
	gate_frame_del(life, frame);
	preempt_disable();
	active = READ_ONCE(life->active);
	if (likely(active))
		this_cpu_dec(active->nr[op]);
	else
		gate_exit_slow(life, op, frame);
	preempt_enable();
	WRITE_ONCE(frame->word, 0);
}

/* Is this call still counted? Not if a disconnect from inside it has given that back. */
static inline bool gate_is_counted(struct lifetime *life, const struct gate_frame *frame)
{
	const unsigned long *where = &frame->word;

	/* Calculated anew: what was kept since the enter, calls below would spill. */
	OPTIMIZER_HIDE_VAR(where);
	return READ_ONCE(*where) == gate_frame_word(life, where);
}

/**
 * gate_hand_over() - end a call, and leave its count to a request that goes on
 * @life: the object
 * @frame: as given to gate_enter()
 *
 * Whoever ends the request calls __lifetime_exit().
 *
 * Context: process context.
 * Return: true; or false if there is no count to leave, as a disconnect from inside
 *	the call has given it back.
 */
static inline bool gate_hand_over(struct lifetime *life, struct gate_frame *frame)
{
	bool counted = gate_is_counted(life, frame);

	gate_dep_release(life);
	gate_frame_del(life, frame);
	WRITE_ONCE(frame->word, 0);
	return counted;
}

#endif /* REFCDEV_GATE_H */
