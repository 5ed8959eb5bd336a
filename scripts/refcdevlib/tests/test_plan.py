# SPDX-License-Identifier: GPL-2.0-only
"""What a test declares, and where the quick tier runs it."""

import types
import unittest

from refcdevlib import cli_test, plan
from refcdevlib.common import HarnessError


def declared(words):
    test = plan.Test("a", "sh ./a.sh", "a.sh")
    plan._declare(test, words)
    return test


def kernels_of(words, **options):
    """Variants of the kernels on which the command line runs a test that declares 'words'."""
    given = {"names": [], "full": False, "kernel": None, "selftest": False, "jobs": 2} | options
    boots, _, _ = cli_test._boots(types.SimpleNamespace(**given), [declared(words)])
    return {boot.kernel.variant.name for boot in boots}


class Tiers(unittest.TestCase):
    def test_everywhere_where_nothing_is_said(self):
        self.assertEqual(kernels_of("boot=debug,stock"), {"debug", "stock"})

    def test_the_quick_tier_takes_what_it_is_told(self):
        self.assertEqual(kernels_of("boot=debug,stock quick=stock"), {"stock"})

    def test_the_full_tier_takes_all(self):
        self.assertEqual(kernels_of("boot=debug,stock quick=stock", full=True),
                         {"debug", "stock"})

    def test_so_does_a_test_that_is_named(self):
        self.assertEqual(kernels_of("boot=debug,stock quick=stock", names=["a"]),
                         {"debug", "stock"})

    def test_so_does_a_kernel_that_is_named(self):
        self.assertEqual(kernels_of("boot=debug,stock quick=debug", kernel="stock"), {"stock"})

    def test_only_the_full_tier(self):
        self.assertEqual(kernels_of("boot=debug tier=full"), set())

    def test_quick_is_one_of_those_that_boot_names(self):
        with self.assertRaises(HarnessError):
            declared("boot=debug quick=stock")
