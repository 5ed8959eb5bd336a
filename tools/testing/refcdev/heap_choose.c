// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_choose.c: a program that has a device and looks for memory that it can use, by what the
 * device and the heaps say of themselves: no heap's name, kind or place is written into it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/refcdev_edu.h>
#include <linux/refcdev_heap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static void fail(const char *what)
{
	printf("# %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	return fd;
}

/* Could this heap do it? */
static bool suits(const struct refcdev_heap_info *heap, uint64_t bytes,
		  const struct refcdev_edu_constraints *device)
{
	return heap->largest >= bytes && heap->address_bits <= device->address_bits;
}

/*
 * The first that has it to give; the next one if that was taken meanwhile. Returns the buffer, or
 * -1, and has said then what there is.
 */
static int find_memory(int heaps, uint64_t bytes, const struct refcdev_edu_constraints *device)
{
	struct refcdev_heap_info heap = {};
	struct refcdev_heap_allocation wanted;

	for (; ioctl(heaps, REFCDEV_HEAP_GET_INFO, &heap) == 0; heap.index++) {
		printf("# heap %u: %llu of %llu bytes left, %llu of them for one buffer, %u bits\n",
		       heap.index, heap.left, heap.size, heap.largest, heap.address_bits);
		if (!suits(&heap, bytes, device))
			continue;
		wanted = (struct refcdev_heap_allocation){
			.handle = heap.handle, .bytes = bytes, .address_bits = device->address_bits,
		};
		if (ioctl(heaps, REFCDEV_HEAP_ALLOCATE, &wanted) == 0)
			return wanted.fd;
		printf("# heap %u: %s\n", heap.index, strerror(errno));
	}
	if (errno != ENOENT)
		fail("looking at the heaps");
	printf("# no heap of %u has %llu bytes in %u bits of address\n", heap.index,
	       (unsigned long long)bytes, device->address_bits);
	return -1;
}

static void transfer(int device, uint32_t id, uint64_t at, bool from_device)
{
	struct refcdev_edu_transfer transfer = {
		.buffer_offset = at, .id = id, .bytes = REFCDEV_EDU_BYTES,
		.flags = from_device ? REFCDEV_EDU_FROM_DEVICE : 0,
	};

	if (ioctl(device, REFCDEV_EDU_TRANSFER, &transfer) != REFCDEV_EDU_BYTES)
		fail("transfer");
}

/* From the first half to the device, and back to the second. */
static bool use(int device, int buffer, uint64_t bytes)
{
	struct refcdev_edu_attachment attachment = { .fd = buffer };
	uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);
	unsigned int i;

	if (memory == MAP_FAILED)
		fail("mmap");
	for (i = 0; i < REFCDEV_EDU_BYTES; i++)
		memory[i] = i * 7 + i / 256;
	if (ioctl(device, REFCDEV_EDU_ATTACH, &attachment))
		fail("attach");
	transfer(device, attachment.id, 0, false);
	transfer(device, attachment.id, bytes / 2, true);
	return memcmp(memory, memory + bytes / 2, REFCDEV_EDU_BYTES) == 0;
}

int main(int argc, char **argv)
{
	const uint64_t bytes = 16 << 10;
	struct refcdev_edu_constraints constraints;
	int heaps, device, buffer;

	if (argc != 3 || !strcmp(argv[1], "--help")) {
		printf("usage: heap_choose HEAPS DEVICE\n"
		       "Finds memory for DEVICE among HEAPS, both paths of nodes, and uses it.\n"
		       "exit code: 0 it compared equal, 1 something failed, 3 no heap has any\n");
		return argc != 2;
	}
	heaps = open_node(argv[1]);
	device = open_node(argv[2]);
	if (ioctl(device, REFCDEV_EDU_GET_CONSTRAINTS, &constraints))
		fail("what the device needs");
	buffer = find_memory(heaps, bytes, &constraints);
	if (buffer < 0)
		return 3;
	if (!use(device, buffer, bytes)) {
		printf("# what came back is not what was sent\n");
		return 1;
	}
	printf("# what came back is what was sent\n");
	return 0;
}
