// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapping_table.c: what each operation on a mapping must find
 */
#include <errno.h>

#include "mapping.h"

#define DATA	SAW_DATA
#define ZERO	SAW_ZEROES
#define BUS	SAW_SIGBUS
#define SEGV	SAW_SIGSEGV

/* As a touch of the page. */
#define TOUCH	{ DATA, ZERO, BUS }
#define ALWAYS(what)	{ what, what, what }

const struct operation operations[NR_OPS] = {
	[OP_read] = { "read", op_look, TOUCH, TOUCH },
	[OP_write] = { "write", op_write, TOUCH, TOUCH },
	[OP_copied] = { "read, written to before", op_look, TOUCH, TOUCH, .before = op_write },
	[OP_read_into] = {
		"read(2) a file into it", op_read_into, { DATA, ZERO, -EFAULT },
		{ DATA, ZERO, -EFAULT },
	},
	[OP_write_from] = {
		"write(2) it to a file", op_write_from, { DATA, ZERO, -EFAULT },
		{ DATA, ZERO, -EFAULT },
	},
	[OP_child] = {
		"write, by a child forked before", op_write, TOUCH, TOUCH, 0, ACTOR_CHILD,
	},
	[OP_late_child] = {
		"write, by a child forked then", op_write, TOUCH, TOUCH, 0, ACTOR_LATE_CHILD,
	},
	[OP_dontfork] = {
		"MADV_DONTFORK, read by a child forked before", op_look, ALWAYS(SEGV),
		ALWAYS(SEGV), 0, ACTOR_CHILD, .before = op_dontfork,
	},
	[OP_late_dontfork] = {
		"MADV_DONTFORK, read by a child forked then", op_look, ALWAYS(SEGV),
		ALWAYS(SEGV), 0, ACTOR_LATE_CHILD, .first = op_dontfork,
	},
	[OP_move] = { "mremap to elsewhere", op_move, TOUCH, TOUCH, OP_ASKS },
	[OP_unmap_middle] = { "munmap of the middle", op_unmap_middle, TOUCH, TOUCH, OP_ASKS },
	[OP_protect_middle] = {
		"mprotect of the middle", op_protect_middle, TOUCH, TOUCH, OP_ASKS,
	},
	[OP_lock] = { "mlock", op_lock, { DATA, ZERO, -ENOMEM }, TOUCH },
	[OP_dontneed] = { "MADV_DONTNEED", op_dontneed, TOUCH, ALWAYS(-EINVAL), OP_DROPS },
	[OP_populate] = {
		"MADV_POPULATE_READ", op_populate, { DATA, ZERO, -EFAULT }, ALWAYS(-EINVAL),
	},
	[OP_duplicate] = {
		"mremap of size 0", op_duplicate, TOUCH, ALWAYS(-EFAULT),
		OP_ASKS | OP_DROPS | OP_SHARED,
	},
	[OP_map_again] = { "mmap", op_map_again, TOUCH, TOUCH, OP_MAPS },
	[OP_remap_pages] = {
		"remap_file_pages", op_remap_pages, TOUCH, TOUCH, OP_MAPS | OP_SHARED,
	},
	[OP_splice] = {
		"vmsplice to a pipe", op_splice, { DATA, ZERO, -EFAULT }, ALWAYS(-EFAULT),
	},
	[OP_direct] = {
		"direct I/O", op_direct, { DATA, ZERO, -EFAULT }, { DATA, ZERO, -EFAULT },
		OP_MAYBE,
	},
	[OP_fixed_buffer] = {
		"io_uring fixed buffer", op_fixed_buffer, { DATA, ZERO, -EFAULT },
		ALWAYS(-EFAULT), OP_PINS,
	},
	[OP_peek] = {
		"ptrace peek", op_peek, { DATA, ZERO, -EIO }, ALWAYS(-EIO), OP_ACCESS,
		ACTOR_TRACER,
	},
	[OP_poke] = {
		"ptrace poke", op_poke, { DATA, ZERO, -EIO }, ALWAYS(-EIO), OP_ACCESS,
		ACTOR_TRACER,
	},
	[OP_mem_read] = {
		"read /proc/PID/mem", op_mem_read, { DATA, ZERO, -EIO }, ALWAYS(-EIO),
		OP_ACCESS, ACTOR_TRACER,
	},
	[OP_mem_write] = {
		"write /proc/PID/mem", op_mem_write, { DATA, ZERO, -EIO }, ALWAYS(-EIO),
		OP_ACCESS, ACTOR_TRACER,
	},
	[OP_vm_readv] = {
		"process_vm_readv", op_vm_readv, { DATA, ZERO, -EFAULT }, ALWAYS(-EFAULT),
		OP_MAYBE, ACTOR_TRACER,
	},
	[OP_vm_writev] = {
		"process_vm_writev", op_vm_writev, { DATA, ZERO, -EFAULT }, ALWAYS(-EFAULT),
		OP_MAYBE, ACTOR_TRACER,
	},
};

int wanted_of_mmap(const struct spot *spot)
{
	if (spot->way == MAPDEV_WAY_fault_pfn && spot->private)
		return -EINVAL;
	return spot->policy == POLICY_KEEP && by_frame(spot->way) ? -EOPNOTSUPP : 0;
}

enum state state_of(const struct spot *spot, enum phase phase, bool dropped)
{
	bool at_once = spot->way == MAPDEV_WAY_pages || spot->way == MAPDEV_WAY_pages_plain;

	if (spot->way == MAPDEV_WAY_other_file)
		return STATE_DATA;
	if (phase == PHASE_LIVE)
		return dropped && at_once ? STATE_SIGBUS : STATE_DATA;
	switch (spot->policy) {
	case POLICY_ZERO:
		return spot->private && by_frame(spot->way) ? STATE_SIGBUS : STATE_ZEROES;
	case POLICY_KEEP:
		return !dropped && (spot->touched || at_once) ? STATE_DATA : STATE_SIGBUS;
	default:
		return STATE_SIGBUS;
	}
}

/* What comes before any page is looked at. 0: nothing. */
static int refusal_of(const struct operation *op, const struct spot *spot, enum phase phase)
{
	if (op->flags & OP_SHARED && spot->private)
		return -EINVAL;
	if (phase == PHASE_LIVE)
		return 0;
	if (op->flags & OP_MAPS &&
	    (spot->way != MAPDEV_WAY_other_file || op->run == op_map_again))
		return -ENXIO;
	return op->flags & OP_ASKS && spot->way == MAPDEV_WAY_mkwrite ? -ENXIO : 0;
}

bool uring_pins_files;

/*
 * A pin for long: some kernels allow it of no file but those in memory; the others not if
 * the driver wants to know who writes.
 */
static int refusal_of_pin(const struct spot *spot, enum state state)
{
	if (!uring_pins_files && spot->way != MAPDEV_WAY_other_file && !by_frame(spot->way))
		return state == STATE_SIGBUS ? -EFAULT : -EOPNOTSUPP;
	return spot->way == MAPDEV_WAY_mkwrite && !spot->private ? -EFAULT : 0;
}

int wanted_of(const struct operation *op, const struct spot *spot, enum phase phase)
{
	enum state state = state_of(spot, phase, op->flags & OP_DROPS);
	int refusal = refusal_of(op, spot, phase);

	if (refusal)
		return refusal;
	if (op->flags & OP_ACCESS && spot->way == MAPDEV_WAY_pfn_access && phase == PHASE_LIVE)
		return SAW_DATA;
	if (op->flags & OP_PINS && refusal_of_pin(spot, state))
		return refusal_of_pin(spot, state);
	return by_frame(spot->way) ? op->frames[state] : op->pages[state];
}
