/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * refcdev_edu.h: what user space needs to talk to the edu sample
 */
#ifndef _UAPI_LINUX_REFCDEV_EDU_H
#define _UAPI_LINUX_REFCDEV_EDU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The edu device
 *
 * QEMU's edu is a PCI device for teaching: registers, an interrupt, a unit that computes
 * factorials, and 4 KiB of memory that only its DMA engine can reach.
 *
 * The node's contents are that memory, %REFCDEV_EDU_BYTES of it: read(2), write(2), pread(2),
 * lseek(2) and their kin. A read at its end returns 0, a write there ``ENOSPC``, and either may
 * be cut short by it. Each call is one transfer, which takes the device 100 ms; they are done
 * one after the other, in the order in which they were accepted. A call that a signal ends may
 * have been carried out all the same. aio and io_uring need no thread: the request waits in the
 * driver.
 *
 * With ``O_NONBLOCK``, or ``RWF_NOWAIT`` in a call that is not asynchronous, a write is accepted
 * and carried out later; fsync(2) waits for those of the file that were accepted before, and
 * returns the error of the first that has failed since it was asked last. A read starts the
 * transfer and returns ``EAGAIN``; repeated when poll(2) says ``POLLIN``, at the same position and
 * with the same size, it returns what was read, unless the memory was written to meanwhile, which
 * starts it anew. ``POLLOUT`` says that a write would be accepted.
 *
 * Transfers do not fail because memory is short, as long as the driver was loaded with a
 * reserve: who finds it in use waits until a transfer is done, and a signal ends that. With
 * ``O_NONBLOCK`` it is ``EAGAIN``. An asynchronous request needs a little memory besides, and
 * may get ``ENOMEM``.
 *
 * A transfer may also be from and to a dma-buf, of whatever driver, that was attached to the open
 * file before: memory is not copied then. As drivers do, this one leaves it to the program to say
 * when the processor is at it (``DMA_BUF_IOCTL_SYNC``). A buffer that the device cannot reach, with
 * the bits of address that %REFCDEV_EDU_GET_CONSTRAINTS tells, is refused: it is not copied in
 * silence. What is attached keeps the buffer, and is detached when the file is closed or the device
 * goes.
 *
 * mmap(2) maps the registers, ``PROT_READ`` only: who may write to them can have the device write
 * to any memory. What is mapped goes with the device, and touching it is ``SIGBUS`` then.
 *
 * When the device has gone every call and every request that waits gets ``ENXIO``, also when it
 * was the hardware that vanished, and its registers read as all ones. ``ETIMEDOUT``: the device
 * did not say in time that it was done. ``EIO``: a transfer did not come to an end at all, and the
 * device was cut off from memory, and with that from its interrupt, until the driver is bound anew:
 * then there are neither transfers nor factorials.
 */

/** define REFCDEV_EDU_BYTES - how much of its memory the device lets a transfer reach */
#define REFCDEV_EDU_BYTES		4095

/** define REFCDEV_EDU_FACTORIAL_MAX - beyond this the device would compute for too long */
#define REFCDEV_EDU_FACTORIAL_MAX	(16u << 20)

/**
 * struct refcdev_edu_factorial - argument of %REFCDEV_EDU_FACTORIAL
 * @n: in: of which number, at most %REFCDEV_EDU_FACTORIAL_MAX
 * @result: out: its factorial, modulo 2^32
 */
struct refcdev_edu_factorial {
	__u32 n;
	__u32 result;
};

/**
 * struct refcdev_edu_state - what %REFCDEV_EDU_GET_STATE tells
 * @identification: what the device says it is
 * @reserve: buffers that were set aside for when memory is short
 * @outstanding: transfers that were accepted and are not done
 * @spurious: interrupts that had nothing to say
 * @transfers: transfers that were done
 * @refills: buffers given back to the reserve, so as many had been taken out
 */
struct refcdev_edu_state {
	__u32 identification;
	__u32 reserve;
	__u32 outstanding;
	__u32 spurious;
	__u64 transfers;
	__u64 refills;
};

/**
 * define REFCDEV_EDU_FACTORIAL - compute a factorial
 *
 * Waits for the device; with ``O_NONBLOCK`` it is ``EAGAIN``. ``EINVAL``: the number is too high.
 */
#define REFCDEV_EDU_FACTORIAL		_IOWR('R', 0x20, struct refcdev_edu_factorial)

/** define REFCDEV_EDU_INVERT - have the device invert the bits of a number: is it alive? */
#define REFCDEV_EDU_INVERT		_IOWR('R', 0x21, __u32)

/** define REFCDEV_EDU_GET_STATE - read a &struct refcdev_edu_state */
#define REFCDEV_EDU_GET_STATE		_IOR('R', 0x22, struct refcdev_edu_state)

/**
 * struct refcdev_edu_constraints - what %REFCDEV_EDU_GET_CONSTRAINTS tells
 * @address_bits: in how many bits the addresses of a buffer have to fit
 * @flags: 0: it need not be of one piece
 */
struct refcdev_edu_constraints {
	__u32 address_bits;
	__u32 flags;
};

/**
 * struct refcdev_edu_attachment - argument of %REFCDEV_EDU_ATTACH
 * @fd: in: a dma-buf
 * @id: out: what it is called, through this open file
 */
struct refcdev_edu_attachment {
	__s32 fd;
	__u32 id;
};

/** define REFCDEV_EDU_FROM_DEVICE - the transfer is into the buffer */
#define REFCDEV_EDU_FROM_DEVICE		(1u << 0)

/**
 * struct refcdev_edu_transfer - argument of %REFCDEV_EDU_TRANSFER
 * @buffer_offset: in: where in the buffer
 * @id: in: the buffer
 * @flags: in: 0, or %REFCDEV_EDU_FROM_DEVICE
 * @offset: in: where in the memory of the device
 * @bytes: in: how many; not 0
 */
struct refcdev_edu_transfer {
	__u64 buffer_offset;
	__u32 id;
	__u32 flags;
	__u32 offset;
	__u32 bytes;
};

/** define REFCDEV_EDU_GET_CONSTRAINTS - read a &struct refcdev_edu_constraints */
#define REFCDEV_EDU_GET_CONSTRAINTS	_IOR('R', 0x23, struct refcdev_edu_constraints)

/**
 * define REFCDEV_EDU_ATTACH - make a buffer known to the device
 *
 * ``EBADF``, ``EINVAL``: there is no such file, or it is no dma-buf. ``EBUSY``: the buffer lies
 * where the device cannot reach it. ``EMFILE``: as many are attached as an open file may have.
 * ``ENOMEM``; ``EINTR``, where a signal came before the buffer could be had; or what its exporter
 * says.
 */
#define REFCDEV_EDU_ATTACH		_IOWR('R', 0x24, struct refcdev_edu_attachment)

/**
 * define REFCDEV_EDU_DETACH - end that
 *
 * A transfer that is under way is not disturbed. ``EINVAL``: nothing of this open file is called
 * so.
 */
#define REFCDEV_EDU_DETACH		_IOW('R', 0x25, __u32)

/**
 * define REFCDEV_EDU_TRANSFER - have the device read or write a buffer
 *
 * Waits for it, and returns how many bytes were transferred: less than it was asked for if a signal
 * came, or an error, after a piece of it. With ``O_NONBLOCK`` it is ``EAGAIN``. ``EINVAL``: nothing
 * of this open file is called so, or the range is not within the buffer and the device's memory.
 * ``EACCES``: the buffer's file may not be written to.
 */
#define REFCDEV_EDU_TRANSFER		_IOW('R', 0x26, struct refcdev_edu_transfer)

#endif /* _UAPI_LINUX_REFCDEV_EDU_H */
