# SPDX-License-Identifier: GPL-2.0-only
"""What exit status, KTAP and splats amount to, and the exit code of a run."""

import unittest

from refcdevlib.plan import Test
from refcdevlib.splat import Splat
from refcdevlib.verdict import exit_code, judge, totals


def verdict(lines=(), status=0, ending="the guest died", splats=(), expects=()):
    test = Test("t", "t.sh", "t.sh", expects=list(expects))
    return judge(test, "stock-6.1", 1.0, list(lines), status, ending, list(splats))


SPLAT = Splat("t", ["BUG: KASAN: use-after-free in f", "Call Trace:"])


class Verdict(unittest.TestCase):
    def check(self, result, status, code):
        self.assertEqual((result.status, exit_code([result])), (status, code))

    def test_exit_status(self):
        self.check(verdict(status=0), "pass", 0)
        self.check(verdict(status=1), "fail", 1)
        self.check(verdict(status=4), "skip", 4)
        self.check(verdict(status=2), "fail", 1)

    def test_never_ended(self):
        self.check(verdict(status=None), "fail", 1)
        self.check(verdict(status=None, ending="time-out: slow"), "timeout", 124)

    def test_ktap_against_exit_status(self):
        self.check(verdict(["1..1", "not ok 1 a"], 0), "fail", 1)
        self.check(verdict(["1..2", "ok 1 a"], 0), "fail", 1)
        self.check(verdict(["1..1", "ok 1 a"], 1), "fail", 1)

    def test_splats(self):
        self.check(verdict(splats=[SPLAT]), "fail", 1)
        self.check(verdict(splats=[SPLAT], expects=["KASAN"]), "pass", 0)
        self.check(verdict(splats=[SPLAT, SPLAT], expects=["KASAN"]), "fail", 1)
        self.check(verdict(expects=["KASAN"]), "fail", 1)

    def test_time_out_outranks_failure(self):
        self.assertEqual(exit_code([verdict(status=1), verdict(status=None, ending="time-out")]),
                         124)

    def test_leaves_are_counted(self):
        results = [verdict(["1..2", "ok 1 a", "ok 2 b # SKIP no"]), verdict(), verdict(status=1)]
        self.assertEqual(totals(results), "2 passed, 1 failed, 1 skipped")
        self.assertEqual(totals([verdict()]), "1 passed, 0 failed")
