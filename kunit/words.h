/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words.h: the arguments of a call as numbers, for the walks to compare what arrived with
 * what was sent
 */
#ifndef REFCDEV_KUNIT_WORDS_H
#define REFCDEV_KUNIT_WORDS_H

#define MAX_WORDS	6

/**
 * struct words - the arguments of a call
 * @word: each of them, as a number
 */
struct words {
	unsigned long word[MAX_WORDS];
};

/* Each argument as a number. */
#define WORDS_1(a)		(unsigned long)(a)
#define WORDS_2(a, ...)		(unsigned long)(a), WORDS_1(__VA_ARGS__)
#define WORDS_3(a, ...)		(unsigned long)(a), WORDS_2(__VA_ARGS__)
#define WORDS_4(a, ...)		(unsigned long)(a), WORDS_3(__VA_ARGS__)
#define WORDS_5(a, ...)		(unsigned long)(a), WORDS_4(__VA_ARGS__)
#define WORDS_6(a, ...)		(unsigned long)(a), WORDS_5(__VA_ARGS__)
#define WORDS_NR(_1, _2, _3, _4, _5, _6, nr, ...)	WORDS_##nr
#define WORDS(...)								\
	((struct words) { { WORDS_NR(__VA_ARGS__, 6, 5, 4, 3, 2, 1)(__VA_ARGS__) } })

#endif /* REFCDEV_KUNIT_WORDS_H */
