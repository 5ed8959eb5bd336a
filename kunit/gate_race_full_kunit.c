// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate_race_full_kunit.c: disconnects against entering kthreads, in the full tier's counts
 */
/* refcdev-test: limit=900 tier=full core=dump=N */

/* Each: 16 parts, as the kernel reports tasks that wait longer than 45 s for a case. */
#define SINGLE	100
#define BATCHED	6272

#include "gate_race.h"

static const int parts[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static void part_desc(const int *part, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "part_%d_of_%zu", *part, ARRAY_SIZE(parts));
}

KUNIT_ARRAY_PARAM(part, parts, part_desc);

static struct kunit_case gate_race_full_cases[] = {
	KUNIT_CASE_PARAM(nobody_inside_after_disconnect, part_gen_params),
	KUNIT_CASE_PARAM(nobody_inside_after_disconnect_in_halves, part_gen_params),
	{}
};

static struct kunit_suite gate_race_full_suite = {
	.name = "gate_race_full",
	.test_cases = gate_race_full_cases,
};

kunit_test_suite(gate_race_full_suite);

MODULE_DESCRIPTION("KUnit suite of races at the gate, in the full tier's counts");
MODULE_LICENSE("GPL");
