# SPDX-License-Identifier: GPL-2.0-only
"""Discovers the tests and what each declares, and groups them into boots."""

import dataclasses
import difflib
import fnmatch
import re
import shlex

from . import kernels
from .common import TOOLS, TREE, HarnessError
from .qemu import BOARDS, Machine

MARKER = re.compile(r"^\s*(?:#|//|/?\*+)\s*refcdev-test:\s*(.*?)\s*(?:\*/)?\s*$")
KEYS = ("limit", "boot", "quick", "tier", "expects", "append", "mem", "alone", "programs", "ends",
        "machine", "core", "verdict")


@dataclasses.dataclass
class Test:
    """A test and what the 'refcdev-test:' lines in its source say."""
    name: str
    command: str			# in the guest, in /refcdev
    path: str				# in the tree
    limit: int = 60
    boot: tuple = ("debug",)
    quick: tuple = ()			# of these, where the quick tier runs it; (): on all
    tier: str = "both"
    expects: list = dataclasses.field(default_factory=list)
    append: str = ""
    mem: str = ""
    alone: bool = False
    programs: tuple = ()		# of the machine, to be taken along
    ends: str = ""			# how the guest goes down, with what the test left running
    machine: str = Machine.name
    verdict: str = "pass"		# of the harness's own tests

    @property
    def own_boot(self):
        return bool(self.append or self.mem or self.alone or self.ends)


@dataclasses.dataclass
class Boot:
    """One start of a guest."""
    kernel: kernels.Kernel
    tests: list
    machine: Machine = Machine()

    @property
    def append(self):
        return self.tests[0].append

    @property
    def memory(self):
        return self.tests[0].mem or self.kernel.variant.memory

    @property
    def ends(self):
        return self.tests[0].ends

    @property
    def clean(self):
        """Nothing is declared to be wrong or left over at the end: sanitizers can tell."""
        return not self.ends and not any(test.expects for test in self.tests)


def _declared(test):
    """Fill in a test from its source."""
    for line in (TREE / test.path).read_text(errors="replace").splitlines():
        found = MARKER.match(line)
        if found:
            _declare(test, found[1])
    return test


def _declare(test, words):
    try:
        pairs = [word.split("=", 1) for word in shlex.split(words)]
        for key, value in pairs:
            _set(test, key, value)
        if not set(test.quick) <= set(test.boot):
            raise ValueError("quick= names a boot that boot= does not")
    except ValueError as error:
        raise HarnessError(f"{test.path}: cannot read 'refcdev-test: {words}': {error}") from error


def _set(test, key, value):
    if key not in KEYS:
        raise ValueError(f"unknown word '{key}'; there are {', '.join(KEYS)}")
    if key == "limit":
        test.limit = int(value)
    elif key == "boot":
        test.boot = tuple(value.split(","))
        unknown = set(test.boot) - {variant.name for variant in kernels.VARIANTS}
        if unknown:
            raise ValueError(f"unknown boot '{unknown.pop()}'")
    elif key == "quick":
        test.quick = tuple(value.split(","))
    elif key == "expects":
        re.compile(value)
        test.expects.append(value)
    elif key == "programs":
        test.programs = tuple(value.split(","))
    elif key == "alone":
        test.alone = value == "1"
    elif key == "ends" and value not in ("poweroff", "reboot"):
        raise ValueError(f"unknown end '{value}'")
    elif key == "core":
        test.command += f" {value}"
    elif key == "machine" and value not in BOARDS:
        raise ValueError(f"unknown machine '{value}'; there are {', '.join(BOARDS)}")
    else:
        setattr(test, key, value)


def discover():
    """All tests, by name."""
    tests = []
    for path in TOOLS.glob("*.sh"):
        if path.name != "lib.sh":
            tests.append(Test(path.stem, f"sh ./{path.name}", str(path.relative_to(TREE))))
    for path in (TREE / "kunit").glob("*_kunit.c"):
        suite = path.stem.removesuffix("_kunit")
        tests.append(Test(f"kunit_{suite}", f"guest/run_kunit {suite}",
                          str(path.relative_to(TREE))))
    return sorted(map(_declared, tests), key=lambda test: test.name)


def selftests():
    """The tests of the harness itself: each says in 'verdict' what it must be reported as."""
    return [_declared(Test(path.stem, f"sh selftest/{path.name}", str(path.relative_to(TREE)),
                           boot=("stock",)))
            for path in sorted((TOOLS / "selftest").glob("*.sh"))]


def select(tests, patterns):
    """The tests that names or globs mean."""
    chosen = []
    names = [test.name for test in tests]
    for pattern in patterns:
        found = [test for test in tests if fnmatch.fnmatchcase(test.name, pattern)]
        if not found:
            near = difflib.get_close_matches(pattern, names, cutoff=0.4) or names
            raise HarnessError(f"no test '{pattern}'; nearest: {', '.join(near) or 'none'}")
        chosen += [test for test in found if test not in chosen]
    return chosen


SHARE = 16		# tests that are worth a boot of their own, where another can run beside it


def boots(tests, chosen_kernels, named=False, jobs=1):
    """Group tests into boots. With 'named', a test runs on each chosen kernel, whatever it says."""
    result = []
    for kernel in chosen_kernels:
        wanted = {kernel.variant.name, *kernel.variant.runs}
        here = [test for test in tests if named or wanted & set(test.boot)]
        for name in BOARDS:
            result += _on_machine(kernel, [test for test in here if test.machine == name],
                                  Machine(name=name), jobs)
    return result


def _on_machine(kernel, tests, machine, jobs):
    """Those that make the kernel complain have a boot to themselves: a taint is no news after."""
    shared = [test for test in tests if not test.own_boot]
    quiet = [test for test in shared if not test.expects]
    telling = [test for test in shared if test.expects]
    parts = max(1, min(jobs, len(quiet) // SHARE))
    groups = [quiet[part::parts] for part in range(parts)] + [telling]
    groups += [[test] for test in tests if test.own_boot]
    return [Boot(kernel, group, machine) for group in groups if group]
