/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h: looks up rows of the tables that the walks go through
 */
#ifndef REFCDEV_KUNIT_TABLE_H
#define REFCDEV_KUNIT_TABLE_H

#include <linux/kernel.h>
#include <linux/string.h>

/* The row with the name @wanted, or NULL. */
#define find_named(table, wanted)						\
({										\
	const char *__wanted = (wanted);					\
	typeof(&(table)[0]) __found = NULL;					\
	size_t __i;								\
										\
	for (__i = 0; __i < ARRAY_SIZE(table) && !__found; __i++)		\
		if (!strcmp((table)[__i].name, __wanted))			\
			__found = &(table)[__i];				\
	__found;								\
})

#endif /* REFCDEV_KUNIT_TABLE_H */
