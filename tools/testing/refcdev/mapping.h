/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mapping.h: what a process can do to a mapping: the operations (mapping_ops.c,
 * mapping_remote.c), what each must find (mapping_table.c), and when (mapping_test.c)
 */
#ifndef REFCDEV_TEST_MAPPING_H
#define REFCDEV_TEST_MAPPING_H

#include "spot.h"

/* The mappings are all made while the first device is there. */
enum phase {
	PHASE_LIVE,
	PHASE_GONE,			/* unbound */
	PHASE_BACK,			/* another instance is bound */
	NR_PHASES
};

/* Who does it. */
enum actor {
	ACTOR_SELF,
	ACTOR_CHILD,			/* forked when the mappings were there, before the unplug */
	ACTOR_LATE_CHILD,		/* forked for that phase */
	ACTOR_TRACER,			/* this process, to the mapping of that child */
};

/* What a touch of the page would find: the columns of the table. */
enum state { STATE_DATA, STATE_ZEROES, STATE_SIGBUS, NR_STATES };

struct operation {
	const char *name;
	int (*run)(struct spot *spot);
	int pages[NR_STATES];		/* what must be the result: mapped by pages */
	int frames[NR_STATES];		/* mapped by frame numbers */
	unsigned int flags;
	enum actor actor;
	/* Optional: called in each mapping once it is made; at the start of its phase. */
	int (*before)(struct spot *spot);
	int (*first)(struct spot *spot);
};

#define OP_ASKS		1		/* vm_operations that can refuse, where there are any */
#define OP_DROPS	2		/* what is mapped is dropped, and comes by a fault or not */
#define OP_SHARED	4		/* EINVAL where MAP_PRIVATE */
#define OP_MAPS		8		/* calls mmap anew */
#define OP_ACCESS	16		/* through vm_operations.access, if need be */
#define OP_PINS		32		/* for long: not all kernels do that to a file's pages */
#define OP_MAYBE	64		/* not all kernels have it: ENOSYS, EINVAL of open */

#define MAPPING_OPS(X)								\
	X(read) X(write) X(copied) X(read_into) X(write_from) X(child) X(late_child)	\
	X(dontfork) X(late_dontfork) X(move) X(unmap_middle) X(protect_middle)	\
	X(lock) X(dontneed) X(populate) X(duplicate) X(map_again) X(remap_pages)	\
	X(splice) X(direct) X(fixed_buffer) X(peek) X(poke) X(mem_read) X(mem_write)	\
	X(vm_readv) X(vm_writev)

#define OP_ENUM(name)	OP_##name,
enum { MAPPING_OPS(OP_ENUM) NR_OPS };

extern const struct operation operations[NR_OPS];

/* Does this kernel take a device's pages as registered buffers? To be set before. */
extern bool uring_pins_files;

enum state state_of(const struct spot *spot, enum phase phase, bool dropped);
int wanted_of(const struct operation *op, const struct spot *spot, enum phase phase);
/* Of mmap itself. */
int wanted_of_mmap(const struct spot *spot);

/* mapping_ops.c */
int op_write(struct spot *spot);
int op_read_into(struct spot *spot);
int op_write_from(struct spot *spot);
int op_dontfork(struct spot *spot);
int op_move(struct spot *spot);
int op_unmap_middle(struct spot *spot);
int op_protect_middle(struct spot *spot);
int op_lock(struct spot *spot);
int op_dontneed(struct spot *spot);
int op_populate(struct spot *spot);
int op_duplicate(struct spot *spot);
int op_map_again(struct spot *spot);
int op_remap_pages(struct spot *spot);
int op_look(struct spot *spot);

/* mapping_gup.c: by the kernel, on behalf of the process */
int op_splice(struct spot *spot);
int op_direct(struct spot *spot);
int op_fixed_buffer(struct spot *spot);
bool uring_takes_device_pages(const struct mapdev *mapdev);

/* mapping_remote.c: to another process, that remote_attach() has stopped */
void remote_attach(pid_t pid);
void remote_detach(void);
int op_peek(struct spot *spot);
int op_poke(struct spot *spot);
int op_mem_read(struct spot *spot);
int op_mem_write(struct spot *spot);
int op_vm_readv(struct spot *spot);
int op_vm_writev(struct spot *spot);

#endif /* REFCDEV_TEST_MAPPING_H */
