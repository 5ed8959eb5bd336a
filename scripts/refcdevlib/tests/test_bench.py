# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/bench makes of the lines of a guest: cells, table, bounds, comparison."""

import copy
import pathlib
import tempfile
import unittest

from refcdevlib.bench_instructions import (BOUNDS, OPERATIONS, Instructions, broken_bounds,
                                           cheapest, differences, parse, table)
from refcdevlib.bench_plot import draw
from refcdevlib.common import HarnessError

NODES = (("bench-bare", "bare", "bare", "nothing", 0),
         ("bench-proxy", "proxy", "proxy", "nothing", 9),
         ("bench-counter", "counter", "proxy", "all", 50),
         ("bench-counter-own", "counter", "own", "calls", 20),
         ("bench-refcdev", "refcdev", "proxy", "all", 30))


def lines(**changed):
    """As a guest prints them; costs above 1000 by technique, or by technique_operation."""
    yield "# bench-kernel: 6.1.0"
    yield "# bench-cpu: spectre_v2: Mitigation: Retpolines; and more"
    for name, technique, form, guards, _ in NODES:
        yield f"# bench-node: {name} {technique} {form} {guards} somebody of old"
    for name, technique, form, _, cost in NODES:
        for operation in OPERATIONS:
            word = f"{technique}_{operation.split('+')[0]}"
            median = 1000 + (cost if form == "own" else changed.get(word, cost))
            yield f"    # bench: {name} {operation} {median} {median - 5} {median} 99"


class Cells(unittest.TestCase):
    def test_parse(self):
        run = parse(lines())
        self.assertEqual(run["release"], "6.1.0")
        self.assertEqual(run["mitigations"]["spectre_v2"], "Mitigation: Retpolines; and more")
        self.assertEqual(run["cells"]["bench-counter"]["poll"],
                         {"median": 1050, "least": 1045, "mode": 1050, "mode_percent": 99})

    def test_something_is_missing(self):
        some = [line for line in lines() if "bench-refcdev fault" not in line]
        with self.assertRaisesRegex(HarnessError, "missing: bench-refcdev fault"):
            parse(some)
        with self.assertRaisesRegex(HarnessError, "missing: all"):
            parse([])


class Bounds(unittest.TestCase):
    def test_kept(self):
        self.assertEqual(broken_bounds(parse(lines())), [])

    def test_each_is_checked(self):
        for operation, bound in BOUNDS.items():
            name = operation.split("+")[0]
            for cost, broken in ((bound, 0), (bound + 1, 1)):
                run = parse(lines(**{f"refcdev_{name}": cost, f"counter_{name}": 999}))
                found = [problem for problem in broken_bounds(run)
                         if f"in {operation};" in problem]
                self.assertEqual(len(found), broken, operation)

    def test_below_the_others(self):
        for operation in OPERATIONS:
            run = parse(lines(**{f"counter_{operation.split('+')[0]}": 30}))
            self.assertIn(f"counter costs +30 in {operation}, no more than refcdev (+30)",
                          broken_bounds(run))

    def test_what_guards_nothing_is_no_rival(self):
        run = parse(lines())
        self.assertEqual(cheapest(run, "read"), ("refcdev", "proxy"))
        self.assertEqual(cheapest(run, "read", "own"), ("counter", "own"))


class Comparison(unittest.TestCase):
    def test_one_more_is_the_same(self):
        first = parse(lines())
        for by, count in ((0, 0), (1, 0), (-1, 0), (2, 1), (-2, 1)):
            second = copy.deepcopy(first)
            second["cells"]["bench-proxy"]["ioctl"]["median"] += by
            self.assertEqual(len(differences(first, second)), count, by)

    def test_every_run_is_compared(self):
        first = parse(lines())
        third = parse(lines(proxy_poll=19))
        found = {"runs": [first, first, third]}
        self.assertEqual(Instructions().problems(found),
                         ["bench-proxy poll: 1009 and 1019 instructions in two runs"])


class Table(unittest.TestCase):
    def test_rows_and_marks(self):
        text = list(table(parse(lines(refcdev_fault=60, refcdev_open=60))))
        self.assertIn("6.1.0; spectre_v2: Mitigation: Retpolines", text[0])
        row = {line.split(" ")[2]: line for line in text if line.startswith("  ")}
        self.assertEqual(text[3].split()[-6:], ["1000"] * 6)
        self.assertEqual(row["proxy"].split()[1:], ["(+9)"] * 6)
        self.assertEqual(row["refcdev"].split()[1:],
                         ["+30*"] * 4 + ["+60"] * 2)
        own = next(line for line in text if "counter, as somebody of old" in line)
        self.assertEqual(own.split()[-6:], ["+20"] * 4 + ["(+20)", "+20"])


class Pictures(unittest.TestCase):
    def test_commands(self):
        (name, commands), *_ = Instructions().plots({"runs": [parse(lines())]})
        self.assertEqual(name, "cost-per-call")
        self.assertIn('"read" 9 50 30', commands)
        self.assertIn('operation "proxy" "counter" "refcdev"', commands)

    def test_what_cannot_be_drawn(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(HarnessError):
            draw(pathlib.Path(folder), "wrong", "plot nothing that there is")
