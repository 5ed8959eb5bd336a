// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_use.c: buffers of the heap sample for tests that cannot go on without them
 */
#include <sys/mman.h>

#include "edu.h"
#include "heap_use.h"

void heap_renew(void)
{
	if (heap_is_bound())
		require(heap_unbind() == 0);
	require(heap_bind() == 0);
}

int heap_file(void)
{
	int file = heap_open();

	require(file >= 0);
	return file;
}

uint64_t heap_limit(void)
{
	long kib = read_number("/sys/module/heap/parameters/file_limit_kib");

	require(kib > 0);
	return (uint64_t)kib << 10;
}

int heap_buffer(int file, bool contiguous, uint64_t bytes)
{
	int buffer = heap_allocate(file, heap_pick(file, contiguous), bytes, 0, 0);

	require(buffer >= 0);
	return buffer;
}

uint8_t *heap_map(int buffer, size_t bytes)
{
	uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);

	require(at != MAP_FAILED);
	return at;
}

int heap_attached(size_t bytes, int *edu, int *file, int *buffer, uint8_t **at)
{
	int id;

	if (!edu_is_bound())
		require(edu_bind() == 0);
	heap_renew();
	*edu = edu_open(0);
	*file = heap_file();
	*buffer = heap_allocate(*file, heap_pick(*file, false), bytes, 0, 28);
	require(*buffer >= 0);
	*at = heap_map(*buffer, bytes);
	edu_fill(*at, bytes, 1);
	id = edu_import(*edu, *buffer);
	require(id > 0);
	return id;
}

void heap_expect(const char *counter, long wanted)
{
	if (!wait_until(heap_counter(counter) == wanted, 5 * SECOND))
		complain("%s is %ld, not %ld", counter, heap_counter(counter), wanted);
}
