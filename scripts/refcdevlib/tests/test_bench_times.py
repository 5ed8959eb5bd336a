# SPDX-License-Identifier: GPL-2.0-only
"""Ratios of times and rates: how they are made, what breaks a bound, what is only noise."""

import unittest

from refcdevlib import bench_down, bench_scale
from refcdevlib.bench_curves import Plot
from refcdevlib.bench_stats import Ratio
from refcdevlib.common import HarnessError


class Ratios(unittest.TestCase):
    def test_of_pairs(self):
        # a round in which all is slow says the same as the others
        ratio = Ratio.of([10, 1000, 10, 12], [20, 2000, 20, 20])
        self.assertEqual((ratio.median, ratio.low, ratio.pairs), (0.5, 0.5, 4))
        self.assertAlmostEqual(ratio.spread, 0.05)

    def test_of_unequal_rounds(self):
        self.assertRaises(ValueError, Ratio.of, [1, 2], [1])
        self.assertRaises(HarnessError, Ratio.of, [1], [1])


NAMES = sorted({name for row in bench_down.ROWS for name in (row.ours, row.theirs)}
               | {f"files_{count}" for count in bench_down.FILES[1:]})


def down(**drained):
    """Lines of a guest, ten rounds; each kind takes 100 unless told."""
    times = {"refcdev": 100, "srcu": 400, "percpu_ref": 4000} | drained
    lines = ["# bench-kernel: 6.1.0", "# sizes: 2 600 160 64 640", "# memory: lifetime 1040 330",
             "# memory: node 5000 0", "# memory: plain_node 4400 0", "# memory: plain_file 270 0",
             "# memory: file 272 0", "# slab: file filp 1.00 256",
             "  # down: refcdev 99999 99999 0 0 0 0", "  # down: warm"]
    for number in range(10):
        lines += [f"  # down: {name} {times.get(name, 100) + number} 1000 {times.get('waited', 1)} "
                  f"7 1 {times.get('asked', 1)}" for name in NAMES]
    return bench_down.parse(lines)


class Disconnect(unittest.TestCase):
    def test_within_bounds(self):
        self.assertEqual(bench_down.broken_bounds(down()), [])

    def test_the_first_round_does_not_count(self):
        self.assertEqual(len(down()["rounds"]["refcdev"]), 10)

    def test_each_bound_can_be_broken(self):
        for name, drained in (("srcu", 150), ("percpu_ref", 1500), ("files_10000", 160),
                              ("nodes", 220), ("waited", 21), ("asked", 2)):
            problems = bench_down.broken_bounds(down(**{name: drained}))
            self.assertEqual(len(problems), 1, name)

    def test_memory_of_a_file(self):
        found = down()
        found["memory"]["file"]["slab"] = 336
        self.assertIn("open file", bench_down.broken_bounds(found)[0])

    def test_what_is_missing(self):
        self.assertRaises(HarnessError, bench_down.parse, ["# down: refcdev 1 1 1 1 1 0"])

    def test_table(self):
        text = "\n".join(bench_down.table(down()))
        self.assertIn("10 rounds", text)
        self.assertRegex(text, r"idle : SRCU +0\.258 ")

    def test_plot(self):
        (name, commands), = bench_down.Disconnect().plots(down())
        self.assertEqual(name, "disconnect")
        for count in bench_down.FILES:
            self.assertIn(f"\n{count:.6g} ", commands)


def scale(ours=200, bare=200, noise=0):
    lines = ["# bench-kernel: 6.1.0"]
    for number in range(10):
        for technique, form, two in (("bare", "bare", bare), ("refcdev", "proxy", ours)):
            for file in bench_scale.FILES:
                lines.append(f"  # scale: bench-x {technique} {form} {file} 100 "
                             f"{two + (noise if number % 2 else 0)}")
    return bench_scale.parse(lines) | {"kvm": False}


class Scaling(unittest.TestCase):
    def test_within_the_bound(self):
        self.assertEqual(bench_scale.broken_bounds(scale()), [])

    def test_bound(self):
        self.assertEqual(len(bench_scale.broken_bounds(scale(ours=180))), len(bench_scale.FILES))

    def test_noise_is_no_figure_and_no_failure(self):
        found = scale(ours=150)
        for key, rates in found["rates"].items():
            if key.startswith("refcdev"):
                rates["two"] = [100, 250] * 5
        self.assertEqual(bench_scale.broken_bounds(found), [])
        self.assertIn("not measurable here", "\n".join(bench_scale.table(found)))
        self.assertEqual(list(bench_scale.Scaling().plots(found)), [])

    def test_noise_in_both_is_none(self):
        self.assertNotIn("refcdev                 not",
                         "\n".join(bench_scale.table(scale(noise=100))))

    def test_plot(self):
        (name, commands), = bench_scale.Scaling().plots(scale())
        self.assertEqual(name, "scaling")
        self.assertIn("'refcdev' 0", commands)

    def test_missing(self):
        self.assertRaises(HarnessError, bench_scale.parse, [])


class Plots(unittest.TestCase):
    def test_script(self):
        text = Plot("it's", "x", "y", {"a": [(1, 2, 1.5, 2.5)]}, bound=3).commands()
        self.assertIn("set title 'it''s'", text)
        self.assertIn("1 2 1.5 2.5\nend\n", text)
        self.assertIn("3 with lines", text)
