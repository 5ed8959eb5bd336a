/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * managed.h: an object with managed resources, and the story of what became of them: a
 * letter per event
 */
#ifndef REFCDEV_KUNIT_MANAGED_H
#define REFCDEV_KUNIT_MANAGED_H

#include <linux/kasan.h>
#include <linux/lifetime_managed.h>

#include "helpers.h"

/**
 * struct keeper - an object that manages
 * @life: its lifetime
 * @letter: each is itself; what an action reads, so that it finds the memory there
 * @mutex: to be managed
 * @ida: the same
 */
struct keeper {
	struct lifetime life;
	char letter[128];
	struct mutex mutex;	/* protects nothing */
	struct ida ida;
};

/* What happened in a case, in order: 'C' for the cancel hook, 'R' for the release. */
static struct story {
	char text[100];
	atomic_t length;
} story;

static inline void tell(char letter)
{
	unsigned int at = atomic_fetch_inc(&story.length);

	if (at < sizeof(story.text) - 1)
		story.text[at] = letter;
}

/* An action; the data is a letter of the object. */
static inline void say(void *data)
{
	might_sleep();
	tell(*(char *)data);
}

static inline void keeper_cancel(struct lifetime *life)
{
	tell('C');
}

static inline void keeper_release(struct lifetime *life)
{
	tell('R');
}

static const struct lifetime_ops keeper_ops = {
	.owner = THIS_MODULE,
	.cancel = keeper_cancel,
	.release = keeper_release,
};

static inline void keeper_init(struct keeper *keeper)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keeper->letter); i++)
		keeper->letter[i] = i;
}

/* Without a device: to be ended with lifetime_end(). */
static inline struct keeper *keeper_new(struct kunit *test)
{
	struct keeper *keeper = lifetime_alloc(struct keeper, life, NULL, &keeper_ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(keeper));
	keeper_init(keeper);
	return keeper;
}

static inline int add_at(struct keeper *keeper, enum lifetime_phase phase, char letter)
{
	return lifetime_add_action_at(&keeper->life, phase, say, &keeper->letter[(int)letter]);
}

static inline void add(struct kunit *test, struct keeper *keeper, char letter)
{
	KUNIT_ASSERT_EQ(test, add_at(keeper, LIFETIME_AT_RELEASE, letter), 0);
}

static inline int story_init(struct kunit *test)
{
	memset(&story, 0, sizeof(story));
	return 0;
}

#define EXPECT_STORY(test, wanted)						\
	KUNIT_EXPECT_STREQ(test, (const char *)story.text, wanted)

#ifdef CONFIG_KASAN_GENERIC
#define CAN_TELL_FREED	1
/* Would KASAN object? Freed memory stays in its quarantine for long enough. */
static inline __no_sanitize_address bool is_freed(const void *memory)
{
	/* Above 0 it says how many bytes there are. */
	return *(const s8 *)kasan_mem_to_shadow(memory) < 0;
}
#else
#define CAN_TELL_FREED	0
static inline bool is_freed(const void *memory)
{
	return false;
}
#endif

#define EXPECT_FREED(test, memory, wanted)					\
	KUNIT_EXPECT_EQ(test, is_freed(memory), CAN_TELL_FREED && (wanted))

#endif /* REFCDEV_KUNIT_MANAGED_H */
