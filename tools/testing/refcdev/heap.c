// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap.c: the heap sample as its tests use it, and what edu does with its buffers
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/refcdev_edu.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "heap.h"

static int or_errno(int ret)
{
	return ret < 0 ? -errno : ret;
}

int heap_bind(void)
{
	return driver_bind(HEAP_DRIVER, HEAP_DEVICE);
}

int heap_unbind(void)
{
	return driver_unbind(HEAP_DRIVER, HEAP_DEVICE);
}

bool heap_is_bound(void)
{
	return driver_is_bound(HEAP_DRIVER, HEAP_DEVICE);
}

int heap_open(void)
{
	return or_errno(open(HEAP_NODE, O_RDWR | O_CLOEXEC));
}

int heap_info(int fd, unsigned int index, struct refcdev_heap_info *info)
{
	memset(info, 0, sizeof(*info));
	info->index = index;
	return or_errno(ioctl(fd, REFCDEV_HEAP_GET_INFO, info));
}

uint64_t heap_pick(int fd, bool contiguous)
{
	struct refcdev_heap_info info;
	unsigned int i;

	for (i = 0; heap_info(fd, i, &info) == 0; i++)
		if (!!(info.flags & REFCDEV_HEAP_CONTIGUOUS) == contiguous)
			return info.handle;
	return 0;
}

int heap_allocate(int fd, uint64_t handle, uint64_t bytes, uint32_t flags, uint32_t bits)
{
	struct refcdev_heap_allocation wanted = {
		.handle = handle, .bytes = bytes, .flags = flags, .address_bits = bits, .fd = -1,
	};

	return or_errno(ioctl(fd, REFCDEV_HEAP_ALLOCATE, &wanted)) ?: wanted.fd;
}

long heap_counter(const char *counter)
{
	return driver_count(HEAP_DRIVER, counter);
}

long heap_attr(const char *name, const char *attr)
{
	char path[128];

	snprintf(path, sizeof(path), HEAP_FOLDER "%s/%s", name, attr);
	return read_number(path);
}

long heap_used(const char *name)
{
	return heap_attr(name, "used");
}

int edu_import(int fd, int dmabuf)
{
	struct refcdev_edu_attachment attachment = { .fd = dmabuf };

	return or_errno(ioctl(fd, REFCDEV_EDU_ATTACH, &attachment)) ?: (int)attachment.id;
}

int edu_release_import(int fd, uint32_t id)
{
	return or_errno(ioctl(fd, REFCDEV_EDU_DETACH, &id));
}

int edu_move(int fd, uint32_t id, uint64_t buffer_offset, uint32_t offset, uint32_t bytes,
	     bool from_device)
{
	struct refcdev_edu_transfer transfer = {
		.buffer_offset = buffer_offset, .id = id, .offset = offset, .bytes = bytes,
		.flags = from_device ? REFCDEV_EDU_FROM_DEVICE : 0,
	};

	return or_errno(ioctl(fd, REFCDEV_EDU_TRANSFER, &transfer));
}
