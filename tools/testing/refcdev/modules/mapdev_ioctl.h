/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mapdev_ioctl.h: what the nodes of mapdev offer to map, how, and what can be asked
 *
 * Device N has three nodes, of one lifetime: /dev/mapdev_sigbusN, mapdev_zeroN and
 * mapdev_keepN, by what becomes of their mappings.
 */
#ifndef MAPDEV_IOCTL_H
#define MAPDEV_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Page offset of mmap(2): the way, times this, plus the first page. */
#define MAPDEV_WAY_PAGES	256
#define MAPDEV_PAGES		16

/*
 * fault_page:		the fault handler returns a page of the lifetime's memory
 * fault_insert:	the fault handler inserts that page by itself
 * pages:		the same pages, all of them inserted by mmap; access refuses
 * pfn:			"registers", mapped by frame number, without vm_operations
 * fault_pfn:		the fault handler inserts the registers' frame numbers
 * pfn_access:		as pfn, and there is an access for ptrace
 * mkwrite:		as fault_page; has the other vm_operations as well
 * other_file:		the mapping becomes one of a file in memory; as dma-buf does
 * pages_plain:		as pages, without vm_operations
 *
 * The memory belongs to the lifetime. The registers are freed when the driver is unbound,
 * so that a use afterwards is one of freed pages. A private mapping that may be written to
 * is refused for fault_pfn: EINVAL. So is whatever goes beyond MAPDEV_PAGES, but by the
 * three that have a fault handler for memory; it is SIGBUS there.
 */
#define MAPDEV_WAYS(X)								\
	X(fault_page) X(fault_insert) X(pages) X(pfn) X(fault_pfn)		\
	X(pfn_access) X(mkwrite) X(other_file) X(pages_plain)

#define MAPDEV_WAY_ENUM(name)	MAPDEV_WAY_##name,
enum mapdev_way {
	MAPDEV_WAYS(MAPDEV_WAY_ENUM)
	MAPDEV_NR_WAYS
};

/* What there is to be mapped. */
enum mapdev_kind {
	MAPDEV_RAM,
	MAPDEV_REGISTERS,
	MAPDEV_FILE,
	MAPDEV_NR_KINDS
};

/* How each page starts; the rest is zero. */
struct mapdev_words {
	__u64 magic;			/* MAPDEV_MAGIC ^ page */
	__u64 serial;			/* of the object; counts from 1 */
	__u64 kind;			/* enum mapdev_kind */
};

#define MAPDEV_MAGIC		0x6d61706465762121ull

/* The page frame numbers of a device. */
struct mapdev_pages {
	__u64 pfn[MAPDEV_NR_KINDS][MAPDEV_PAGES];
	__u64 serial;
};

#define MAPDEV_GET_PAGES	_IOR('m', 0x00, struct mapdev_pages)

/* Take a range of page offsets of this node out of all mappings; the device stays. */
struct mapdev_range {
	__u64 first, pages;
};

#define MAPDEV_ZAP		_IOW('m', 0x01, struct mapdev_range)

#endif /* MAPDEV_IOCTL_H */
