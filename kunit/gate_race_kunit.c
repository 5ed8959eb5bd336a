// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate_race_kunit.c: disconnects against entering kthreads, in the quick tier's counts
 */
/* refcdev-test: limit=120 core=dump=N */

#define SINGLE	150
#define BATCHED	1024

#include "gate_race.h"

static struct kunit_case gate_race_cases[] = {
	KUNIT_CASE(nobody_inside_after_disconnect),
	KUNIT_CASE(nobody_inside_after_disconnect_in_halves),
	{}
};

static struct kunit_suite gate_race_suite = {
	.name = "gate_race",
	.test_cases = gate_race_cases,
};

kunit_test_suite(gate_race_suite);

MODULE_DESCRIPTION("KUnit suite of races at the gate, in the quick tier's counts");
MODULE_LICENSE("GPL");
