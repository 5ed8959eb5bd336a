/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h: what differs between the supported kernels; the only place that asks
 * for a version. Each entry says since when the kernel has what the name means.
 */
#ifndef REFCDEV_COMPAT_H
#define REFCDEV_COMPAT_H

#include <linux/fs.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error refcdev needs Linux 6.1 or newer
#endif

/* 6.2: class->devnode() takes a const device; 6.3: so does class->dev_uevent() */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define devnode_const
#else
#define devnode_const			const
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define dev_uevent_const
#else
#define dev_uevent_const		const
#endif

/* 6.4: class_create() lost its first argument */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define class_create_compat(name)	class_create(THIS_MODULE, name)
#else
#define class_create_compat(name)	class_create(name)
#endif

/* 6.8: address_space->private_data is called i_private_data */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define mapping_private(mapping)	((mapping)->private_data)
#else
#define mapping_private(mapping)	((mapping)->i_private_data)
#endif

/* 6.10: __assign_str() lost its second argument */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define assign_str_compat(dst, src)	__assign_str(dst, src)
#else
#define assign_str_compat(dst, src)	__assign_str(dst)
#endif

/* 6.11: platform_driver.remove returns nothing; until then remove_new does */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define remove_void			remove_new
#else
#define remove_void			remove
#endif

/* Members of struct file_operations that have come and gone: see fops.h */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)	/* splice_eof: in stable */
#define REFCDEV_FOPS_OF_VERSION(X)	X(iterate) X(sendpage) X(splice_eof)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define REFCDEV_FOPS_OF_VERSION(X)	X(iterate) X(sendpage)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define REFCDEV_FOPS_OF_VERSION(X)	X(iterate) X(splice_eof)
#else
#define REFCDEV_FOPS_OF_VERSION(X)	X(splice_eof)
#endif

/* 6.10: a word of flags in place of mmap_supported_flags; both are copied as they are */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define REFCDEV_FOPS_DATA(X)		X(mmap_supported_flags)
#else
#define REFCDEV_FOPS_DATA(X)		X(fop_flags)
#endif

/* 6.7, and stable: marks a kiocb of io_submit(2) */
#ifndef IOCB_AIO_RW
#define IOCB_AIO_RW			0
#endif

#endif /* REFCDEV_COMPAT_H */
