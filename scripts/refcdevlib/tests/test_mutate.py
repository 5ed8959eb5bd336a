# SPDX-License-Identifier: GPL-2.0-only
"""Mutants keep up with what they break: to find out by running them all takes hours."""

import unittest

from refcdevlib import mutate, plan
from refcdevlib.common import TREE


class Mutants(unittest.TestCase):
    def setUp(self):
        if not mutate.FOLDER.exists():
            self.skipTest("this tree is a mutant itself")
        self.mutants = [mutate.load(path) for path in sorted(mutate.FOLDER.glob("*.mutant"))]

    def test_each_still_applies(self):
        self.assertGreater(len(self.mutants), 10)
        for mutant in self.mutants:
            text = (TREE / mutant.file).read_text()
            self.assertEqual(text.count(mutant.old), 1, mutant.name)
            self.assertNotEqual(mutant.old, mutant.new, mutant.name)

    def test_each_names_tests_that_there_are(self):
        names = {test.name for test in plan.discover()} | {"selftest", "fast_path"}
        for mutant in self.mutants:
            self.assertLessEqual(set(mutant.tests), names, mutant.name)
