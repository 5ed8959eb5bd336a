# SPDX-License-Identifier: GPL-2.0-only
"""KTAP as our programs and as KUnit print it, whole and cut off."""

import unittest

from refcdevlib.ktap import Parser

KUNIT = """\
    # Subtest: gate
    1..2
    ok 1 enter_after_disconnect
    # many: something to say
        # Subtest: many
        ok 1 n=1
        ok 2 n=8 # SKIP too few CPUs
    ok 2 many
# gate: pass:2 fail:0 skip:0 total:2
ok 1 - gate
"""


def parse(text):
    parser = Parser()
    for line in text.splitlines():
        parser.feed(line)
    return [(leaf.status, leaf.name) for leaf in parser.finish()], parser.errors


class Ktap(unittest.TestCase):
    def test_flat(self):
        self.assertEqual(parse("KTAP version 1\n1..2\nok 1 a\nnot ok 2 b # why\n"),
                         ([("pass", "a"), ("fail", "b")], []))

    def test_kunit_nests(self):
        self.assertEqual(parse(KUNIT), ([("pass", "gate: enter_after_disconnect"),
                                         ("pass", "gate: many: n=1"),
                                         ("skip", "gate: many: n=8")], []))

    def test_two_suites(self):
        leaves, errors = parse(KUNIT + KUNIT.replace("ok 1 - gate", "ok 2 - node"))
        self.assertEqual((len(leaves), errors), (6, []))

    def test_incomplete_plan(self):
        self.assertEqual(parse("1..3\nok 1 a\n")[1], ["1 results where the plan says 3"])

    def test_cut_off_below_a_parent(self):
        leaves, errors = parse("    1..2\n    ok 1 a\n")
        self.assertEqual(leaves, [("pass", "a")])
        self.assertEqual(len(errors), 2)

    def test_parent_fails_alone(self):
        self.assertEqual(parse("    ok 1 a\nnot ok 1 suite\n")[0],
                         [("pass", "suite: a"), ("fail", "suite")])

    def test_number_out_of_order(self):
        self.assertEqual(parse("1..2\nok 1 a\nok 3 c\n")[1], ["result 3 where 2 was due"])

    def test_nothing(self):
        self.assertEqual(parse("hello\n"), ([], []))
