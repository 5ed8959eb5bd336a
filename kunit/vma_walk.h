/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vma_walk.h: a driver with every operation on mappings that the core guards, and a call
 * of each that says what arrived and what came back
 *
 * As in fops_walk.h the signatures are written down here once more: a row of the core's table
 * that mixes up its arguments must not be compared with itself.
 */
#ifndef REFCDEV_KUNIT_VMA_WALK_H
#define REFCDEV_KUNIT_VMA_WALK_H

#include "mapping.h"
#include "table.h"
#include "words.h"

/**
 * struct walk - the driver's records, and the arguments
 * @calls: how often any operation of the driver was called
 * @last: which one was last
 * @seen: arguments that it was called with
 * @sent: arguments of the last call
 * @ret: what that returned
 * @vma: what is called
 * @vmf: a fault there, that comes without a page
 * @wrote: the same, for a page that is there
 * @private: for what may change it
 * @fake: what other pointers point to
 */
static struct walk {
	unsigned int calls;
	const char *last;
	struct words seen, sent;
	unsigned long ret;
	struct vm_area_struct *vma;
	struct vm_fault vmf, wrote;
	void *private;
	char fake[8];
} walk;

#define FAKE(nr)		((void *)&walk.fake[nr])
/* What a call of an operation that returns nothing leaves in walk.ret. */
#define NOTHING			77
/* What the driver's operations return: an errno or a pointer is as good as any number. */
#define ANSWER			1234
/* As if the driver had mapped something: so nobody else does. */
#define FAULT_ANSWER		(MAPPED | VM_FAULT_MAJOR)

/*
 * member, type, what the driver returns, what a closed gate returns, parameters, arguments
 * in the order of the parameters, values of a call
 */
#define WALK_CALLS(X)								\
	X(may_split, int, ANSWER, -ENXIO,					\
	  (struct vm_area_struct *vma, unsigned long addr), (vma, addr), (walk.vma, 11))	\
	X(mremap, int, ANSWER, -ENXIO, (struct vm_area_struct *vma), (vma), (walk.vma))	\
	X(mprotect, int, ANSWER, -ENXIO,					\
	  (struct vm_area_struct *vma, unsigned long start, unsigned long end,	\
	   unsigned long newflags), (vma, start, end, newflags), (walk.vma, 21, 22, 23)) \
	X(fault, vm_fault_t, FAULT_ANSWER, VM_FAULT_SIGBUS,			\
	  (struct vm_fault *vmf), (vmf), (&walk.vmf))				\
	X(huge_fault, vm_fault_t, FAULT_ANSWER, VM_FAULT_FALLBACK,		\
	  (struct vm_fault *vmf, huge_fault_arg size), (vmf, size), (&walk.vmf, 2)) \
	X(map_pages, vm_fault_t, FAULT_ANSWER, 0,				\
	  (struct vm_fault *vmf, pgoff_t start, pgoff_t end), (vmf, start, end), \
	  (&walk.vmf, 31, 32))							\
	X(pagesize, unsigned long, ANSWER, PAGE_SIZE,				\
	  (struct vm_area_struct *vma), (vma), (walk.vma))			\
	X(page_mkwrite, vm_fault_t, FAULT_ANSWER, VM_FAULT_SIGBUS,		\
	  (struct vm_fault *vmf), (vmf), (&walk.wrote))				\
	X(pfn_mkwrite, vm_fault_t, FAULT_ANSWER, VM_FAULT_SIGBUS,		\
	  (struct vm_fault *vmf), (vmf), (&walk.wrote))				\
	X(access, int, ANSWER, -ENXIO,						\
	  (struct vm_area_struct *vma, unsigned long addr, void *buf, int len, int write), \
	  (vma, addr, buf, len, write), (walk.vma, 41, FAKE(1), 42, 43))	\
	X(name, const char *, (const char *)ANSWER, 0,				\
	  (struct vm_area_struct *vma), (vma), (walk.vma))			\
	VMA_NUMA(X(set_policy, int, ANSWER, -ENXIO,				\
	  (struct vm_area_struct *vma, struct mempolicy *new), (vma, new),	\
	  (walk.vma, FAKE(1))))							\
	VMA_NUMA(WALK_GET_POLICY(X))						\
	VMA_MAPPED(X(mapped, int, ANSWER, -ENXIO,				\
	  (unsigned long start, unsigned long end, pgoff_t pgoff,		\
	   const struct file *file, void **private), (start, end, pgoff, file, private), \
	  (51, 52, 53, walk.vma->vm_file, &walk.private)))

/* As many as this kernel's has. */
#define GET_POLICY_VALUES(vma, addr, ...)	(walk.vma, 61 __VA_OPT__(, FAKE(1)))
#define WALK_GET_POLICY(X)							\
	X(get_policy, struct mempolicy *, (struct mempolicy *)ANSWER, 0,	\
	  get_policy_params, get_policy_args, GET_POLICY_VALUES get_policy_args)

/* For those that get through in any case; they return nothing. */
#define WALK_PASS(X)								\
	X(open, (struct vm_area_struct *vma), (vma), (walk.vma))		\
	X(close, (struct vm_area_struct *vma), (vma), (walk.vma))

static void saw(const char *member, struct words args)
{
	walk.calls++;
	walk.last = member;
	walk.seen = args;
}

#define DRIVER(member, type, answer, refused, params, args, ...)		\
static type driver_##member params						\
{										\
	saw(#member, WORDS args);						\
	return answer;								\
}

#define DRIVER_PASS(member, params, args, ...)					\
static void driver_##member params						\
{										\
	saw(#member, WORDS args);						\
}

WALK_CALLS(DRIVER)
WALK_PASS(DRIVER_PASS)

/* A function with the operation's parameters, and a call of it with the values. */
#define CALLER(member, type, answer, refused, params, args, values)		\
static unsigned long pass_##member params					\
{										\
	walk.sent = WORDS args;							\
	return (unsigned long)walk.vma->vm_ops->member args;			\
}										\
										\
static void invoke_##member(void)						\
{										\
	walk.ret = pass_##member values;					\
}

#define CALLER_PASS(member, params, args, values)				\
static void pass_##member params						\
{										\
	walk.sent = WORDS args;							\
	walk.vma->vm_ops->member args;						\
}										\
										\
static void invoke_##member(void)						\
{										\
	pass_##member values;							\
	walk.ret = NOTHING;							\
}

WALK_CALLS(CALLER)
WALK_PASS(CALLER_PASS)

/**
 * struct caller - how to call an operation
 * @name: the member
 * @call: calls it once
 * @driver: the driver's operation
 * @answer: what that returns
 * @refused: what a closed gate returns
 * @passes: it gets through in any case
 */
struct caller {
	const char *name;
	void (*call)(void);
	void *driver;
	unsigned long answer, refused;
	bool passes;
};

#define CALLER_ROW(member, type, answer, refused, ...)				\
	{ #member, invoke_##member, driver_##member, (unsigned long)(answer),	\
	  (unsigned long)(refused), false },
#define CALLER_ROW_PASS(member, ...)						\
	{ #member, invoke_##member, driver_##member, NOTHING, NOTHING, true },

static const struct caller callers[] = {
	WALK_CALLS(CALLER_ROW)
	WALK_PASS(CALLER_ROW_PASS)
};

enum kind { CALL, FAULT, PASS, OWN, SLOT, REFUSED };

#define ROW(kind, member, ...)							\
	{ #member, kind, offsetof(struct vm_operations_struct, member) },

/* The core's table. */
static const struct row {
	const char *name;
	enum kind kind;
	size_t offset;
} rows[] = {
	REFCDEV_VM_OPS(ROW)
};

/* All members are pointers. */
static void **slot(const struct vm_operations_struct *ops, const struct row *row)
{
	return (void **)((void *)ops + row->offset);
}

/* Everything that can be guarded. */
static void set_all(struct vm_operations_struct *ops)
{
	size_t i;

	memset(ops, 0, sizeof(*ops));
	for (i = 0; i < ARRAY_SIZE(callers); i++)
		*slot(ops, find_named(rows, callers[i].name)) = callers[i].driver;
}

#endif /* REFCDEV_KUNIT_VMA_WALK_H */
