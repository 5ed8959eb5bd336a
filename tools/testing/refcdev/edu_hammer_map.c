// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_map.c: the registers, mapped: made, touched, held while the device goes, and
 * touched again
 *
 * The touch is the proof that nothing is there any more: /proc/PID/pagemap has nothing to say of
 * mappings by frame number, mapped or not.
 */
#include <errno.h>
#include <sys/mman.h>

#include "edu_hammer.h"
#include "sigbus.h"

#define IS_EDU		0xed
#define BAR_PAGES	256
#define MAP_PAGES	8	/* at most, of one mapping */

/* False: SIGBUS. */
static bool read_word(const volatile uint8_t *at, uint32_t *word)
{
	return sigbus_survives(*word = *(const volatile uint32_t *)at);
}

static void map(struct worker *self, struct mapping *mapping)
{
	int flags = below(self, 4) ? MAP_SHARED : MAP_PRIVATE;
	unsigned int first = below(self, 2) ? 0 : below(self, BAR_PAGES - MAP_PAGES);
	void *at;

	mapping->pages = 1 + below(self, MAP_PAGES);
	mapping->first = !first;
	begin_call(self, KIND_MMAP);
	at = mmap(NULL, mapping->pages * PAGE, PROT_READ, flags, self->fd, first * (off_t)PAGE);
	end_call(self, KIND_MMAP, at == MAP_FAILED ? -errno : 0);
	mapping->at = at == MAP_FAILED ? NULL : at;
}

void unmap(struct mapping *mapping)
{
	if (mapping->at)
		munmap((void *)mapping->at, mapping->pages * PAGE);
	mapping->at = NULL;
}

/* Until the device goes the registers are there; then there is nothing, and never all ones. */
static void touch(struct worker *self, const struct mapping *mapping)
{
	unsigned int page = below(self, mapping->pages);
	uint32_t word;

	self->slot->touches++;
	if (!read_word(mapping->at + page * PAGE, &word)) {
		self->slot->sigbus++;
		if (!__atomic_load_n(&shared->going, __ATOMIC_SEQ_CST))
			find_wrong(self, &self->slot->odd, "SIGBUS while the device is there");
	} else if (mapping->first && !page && (word & 0xff) != IS_EDU) {
		find_wrong(self, &self->slot->wrong, "the first register is %#x", word);
	}
}

void run_map(struct worker *self)
{
	struct mapping *mapping = &self->mappings[below(self, MAPPINGS)];

	if (!mapping->at)
		map(self, mapping);
	else if (below(self, 8))
		touch(self, mapping);
	else
		unmap(mapping);
}

void check_dead_mapping(struct worker *self, const struct mapping *mapping)
{
	unsigned int page;
	uint32_t word;

	for (page = 0; mapping->at && page < mapping->pages; page++) {
		self->slot->dead_pages++;
		if (read_word(mapping->at + page * PAGE, &word))
			find_wrong(self, &self->slot->stale, "a page could be read: %#x", word);
	}
}
