# SPDX-License-Identifier: GPL-2.0-only
"""The harness tests itself: guests that succeed, fail, crash, hang are reported as that."""

import pathlib
import subprocess
import time
import unittest

from . import kernels, plan
from .common import FAIL, PASS, SKIP, TIMEOUT, TREE, die_with_parent
from .ktap import Leaf
from .verdict import Result, exit_code

NAME = "selftest"
CODES = {"pass": PASS, "fail": FAIL, "crash": FAIL, "hardware": FAIL, "skip": SKIP,
         "timeout": TIMEOUT}
DEATHS = {"the guest died": "crash", "QEMU gave up": "hardware"}	# by how the reason begins


def run(runner):
    """One result for all of it, and the folder of its last boot."""
    start = time.monotonic()
    leaves = _units()
    comments = []
    if runner.options.full:
        leaf, comments = _debug_cost(runner.images[kernels.find("stock")[0].name])
        leaves.append(leaf)
    verdicts, folder = {}, runner.results.folder
    tests = [test for test in plan.selftests() if runner.options.full or test.tier != "full"]

    def collect(result, where):
        nonlocal folder
        verdicts[result.name], folder = result, where
    for boot in plan.boots(tests, kernels.find("stock")):
        runner.boot_until_all_ran(boot, collect)
    leaves += [_check(test, verdicts.get(test.name)) for test in tests]
    status = "fail" if any(leaf.status == "fail" for leaf in leaves) else "pass"
    lines = comments + [f"{'ok' if leaf.status == 'pass' else 'not ok'} {number} {leaf.name}"
                        + (f" # {leaf.reason}" if leaf.reason else "")
                        for number, leaf in enumerate(leaves, 1)]
    return Result(NAME, "stock-" + kernels.DEFAULT, status, time.monotonic() - start, leaves, [],
                  lines, []), folder


def _check(test, result):
    """Was the guest's test reported as what it is, and with the right exit code?"""
    title = f"{test.name} is reported as {test.verdict}"
    if result is None:
        return Leaf("fail", title, "it was not reported at all")
    kinds = (DEATHS.get(reason.partition(":")[0]) for reason in result.reasons)
    said = next(filter(None, kinds), result.status)
    code = exit_code([result])
    if said == test.verdict and code == CODES[test.verdict]:
        return Leaf("pass", title)
    return Leaf("fail", title, f"said {said}, exit code {code}: {'; '.join(result.reasons)}")


def _units():
    """The Python unit tests."""
    folder = pathlib.Path(__file__).parent / "tests"
    outcome = _Outcome()
    unittest.defaultTestLoader.discover(str(folder), top_level_dir=str(folder.parent.parent)) \
        .run(outcome)
    return outcome.leaves


def _debug_cost(image):
    """What debug builds add costs nothing where it is off; and what was compared."""
    done = subprocess.run([TREE / "scripts/debug-cost", image.kdir], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          preexec_fn=die_with_parent)
    lines = done.stdout.splitlines()
    comments = [f"# {line}" for line in lines]
    if done.returncode:
        return Leaf("fail", "debugging that is off costs nothing", lines[-1]), comments
    return Leaf("pass", "debugging that is off costs nothing"), comments


class _Outcome(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.leaves = []

    def addSuccess(self, test):
        self.leaves.append(Leaf("pass", f"unit: {_short(test)}"))

    def addFailure(self, test, err):
        self.leaves.append(Leaf("fail", f"unit: {_short(test)}", str(err[1]).split("\n", 1)[0]))

    addError = addFailure


def _short(test):
    return ".".join(test.id().split(".")[-2:])
