/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu.h: the edu sample as its tests use it: on the first such device of the PCI bus
 */
#ifndef REFCDEV_TEST_EDU_H
#define REFCDEV_TEST_EDU_H

#include <linux/refcdev_edu.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness.h"
#include "util.h"

#define EDU_DRIVER	"refcdev-edu"
#define EDU_NODE	"/dev/edu0"
#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8
#define EDU_TRANSFER	(100 * MS)	/* what the device takes for one */

/* Every case begins with the device bound and new. The address stays, also while it is out. */
void edu_setup(void);
const char *edu_address(void);

/* 0 or a negative errno. */
int edu_unbind(void);
int edu_bind(void);
bool edu_is_bound(void);
int edu_open(int flags);
long edu_counter(const char *counter);

/* All zeroes if the device is gone. */
struct refcdev_edu_state edu_state(int fd);

/* The result, or a negative errno; numbers of tests are small enough. */
long edu_factorial(int fd, unsigned int n);

/*
 * The registers, writable, by the file of sysfs that needs no driver: how a test makes the hardware
 * misbehave. NULL where the kernel does not let anybody, see IO_STRICT_DEVMEM.
 */
volatile uint32_t *edu_registers(void);

#define EDU_INTERRUPT_STATUS	(0x24 / 4)
#define EDU_INTERRUPT_RAISE	(0x60 / 4)
#define EDU_COMPUTED		0x1
#define EDU_TRANSFERRED		0x100

/*
 * The command register of its configuration: without memory it reads as all ones, without the bus
 * it neither transfers nor, with MSI, interrupts. 0 or a negative errno.
 */
#define EDU_COMMAND_MEMORY	0x2
#define EDU_COMMAND_MASTER	0x4
int edu_set_command(uint16_t bits, bool on);

/* Bytes that tell their place, and those of one seed from those of another. */
void edu_fill(uint8_t *bytes, size_t size, uint32_t seed);
/* Complains about the first that differs; false then. */
bool edu_same(const uint8_t *found, const uint8_t *wanted, size_t size, const char *what);

#endif /* REFCDEV_TEST_EDU_H */
