// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_touch.c: touches mapped pages, and judges what is found there
 *
 * The first words of a page are the driver's, who marks its pages with them, and are only
 * read here. Everybody writes a word of their own further on.
 */
#include "map_race.h"
#include "sigbus.h"

enum content { FOUND_SIGBUS, FOUND_ZEROES, FOUND_DEVICE, FOUND_OTHER };

static const char *const content_names[] = { "SIGBUS", "zeroes", "the device", "something else" };
static const char *const policy_names[] = { "sigbus", "zero", "keep" };

/* False: SIGBUS. */
bool read_words(const char *page, struct mapdev_words *words)
{
	const volatile struct mapdev_words *from = (const void *)page;

	return sigbus_survives({
		words->magic = from->magic;
		words->serial = from->serial;
		words->kind = from->kind;
	});
}

static bool write_word(char *page, unsigned int who, uint64_t value, uint64_t *found)
{
	volatile uint64_t *word = (volatile uint64_t *)page + 16 + who;

	return sigbus_survives({
		*word = value;
		*found = *word;
	});
}

static enum content find(const struct mapping *mapping, unsigned int i)
{
	struct mapdev_words words;

	if (!read_words(mapping->at + i * PAGE, &words))
		return FOUND_SIGBUS;
	if (!words.magic && !words.serial && !words.kind)
		return FOUND_ZEROES;
	if (words.magic == (MAPDEV_MAGIC ^ (mapping->first + i)) &&
	    words.serial == mapping->serial &&
	    words.kind == (way_is_register(mapping->way) ? MAPDEV_REGISTERS : MAPDEV_RAM))
		return FOUND_DEVICE;
	return FOUND_OTHER;
}

/* What its policy says, once the device is gone. */
static bool may_be_gone(const struct mapping *mapping, unsigned int i, enum content found)
{
	switch (mapping->policy) {
	case POLICY_SIGBUS:
		return found == FOUND_SIGBUS;
	case POLICY_ZERO:
		return found == FOUND_ZEROES ||
		       (found == FOUND_SIGBUS && mapping->private && way_is_register(mapping->way));
	default:
		/* Untouched it may be there: one fault may map several pages. */
		return found == FOUND_DEVICE ||
		       (found == FOUND_SIGBUS && !way_is_at_once(mapping->way) &&
			!(mapping->touched & 1u << i));
	}
}

static void judge(struct mapping *mapping, unsigned int i, enum content found, bool gone,
		  struct tally *tally)
{
	bool there = !__atomic_load_n(&shared->going, __ATOMIC_ACQUIRE) &&
		     mapping->round == shared->round;
	bool right, stale;

	if (found == FOUND_OTHER)
		right = false;
	else if (gone)
		right = may_be_gone(mapping, i, found) || mapping->written;
	else if (there)
		right = found == FOUND_DEVICE;
	else
		right = found == FOUND_DEVICE || may_be_gone(mapping, i, found) ||
			(mapping->policy == POLICY_KEEP && found == FOUND_SIGBUS);
	if (found == FOUND_DEVICE && !gone)
		mapping->touched |= 1u << i;
	if (right)
		return;
	stale = gone && (found == FOUND_DEVICE || found == FOUND_OTHER);
	*(stale ? &tally->stale : &tally->odd) += 1;
	complain(stale ? STALE : ODD,
		 "policy %s, %s, %s, page %u: found %s when the device was %s",
		 policy_names[mapping->policy], way_names[mapping->way],
		 mapping->private ? "private" : "shared", i, content_names[found],
		 gone ? "gone" : there ? "there" : "going");
}

/* What was written must be found there, unless the page was taken away in between. */
static void write_page(struct mapping *mapping, unsigned int i, bool gone, unsigned int who)
{
	struct tally *tally = &shared->tallies[who];
	uint64_t value = (uint64_t)shared->round << 32 | who, found;

	if (mapping->private)
		mapping->written = true;
	tally->touches++;
	if (!write_word(mapping->at + i * PAGE, who, value, &found)) {
		tally->sigbus++;
		return;
	}
	if (gone && mapping->policy == POLICY_SIGBUS && !mapping->private) {
		complain(STALE, "%s: written to when the device was gone",
			 way_names[mapping->way]);
		tally->stale++;
	}
	if (gone && found != value) {
		complain(ODD, "%s: wrote %#llx, found %#llx", way_names[mapping->way],
			 (unsigned long long)value, (unsigned long long)found);
		tally->odd++;
	}
}

/*
 * The flag is read first: if it was set, the disconnect had returned before the page was
 * touched, whatever goes on elsewhere.
 */
void touch(struct mapping *mapping, bool writes, unsigned int who)
{
	struct tally *tally = &shared->tallies[who];
	enum content found;
	unsigned int i;
	bool gone;

	for (i = 0; i < mapping->pages; i++) {
		gone = mapping->round != shared->round ||
		       __atomic_load_n(&shared->gone, __ATOMIC_ACQUIRE);
		found = find(mapping, i);
		tally->touches++;
		tally->sigbus += found == FOUND_SIGBUS;
		tally->zeroes += found == FOUND_ZEROES;
		judge(mapping, i, found, gone, tally);
		if (writes && mapping->writable)
			write_page(mapping, i, gone, who);
	}
}
