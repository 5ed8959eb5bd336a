# SPDX-License-Identifier: GPL-2.0-only
"""scripts/run: the same unplug for two drivers, side by side; and a PCI device pulled out."""

import itertools
import re
import sys
import textwrap

from . import kernels, plan
from .alone import run_alone
from .common import FAIL, PASS, say
from .image import Image
from .qemu import Machine
from .results import Results
from .usage import Arguments

POISON = "slub_debug=FZPU"	# freed memory reads 0x6b: the stock kernel's way to see the bug
LIMIT = 90
ROWS = (
    ("unbind and bind cycles", "cycles"),
    ("calls let through", "calls"),
    ("calls refused", "refused"),
    ("in flight at disconnect", "inflight"),
    ("sleepers woken", "woken"),
    ("drain time, median", "drain_median_us"),
    ("drain time, worst", "drain_worst_us"),
    ("private data released", "released"),
    ("live objects (allocator)", "slab_live"),
)
EDU_ROWS = (
    ("pulled out and put back", "cycles"),
    ("... during DMA or a factorial", "overlapped"),
    ("in flight then: reads", "reads"),
    ("                writes", "writes"),
    ("                factorials", "factorials"),
    ("transfers done", "done"),
    ("transfers ended by the unplug", "gone"),
    ("sleepers woken", "woken"),
    ("bytes read back, all right", "compared"),
    ("SIGBUS on mapped registers", "sigbus"),
    ("private data released", "released"),
    ("live objects (allocator)", "slab_live"),
)
FIFO_PROOFS = (
    ("inflight", "no call was in flight at a disconnect"),
    ("woken", "no sleeper was woken"),
)
EDU_PROOFS = (
    ("overlapped", "nothing was in flight when the device was pulled out"),
    ("gone", "no transfer was ended by the unplug"),
    ("woken", "no sleeper was woken"),
    ("compared", "no data was compared"),
    ("sigbus", "no mapping was touched after the device had gone"),
)
KEY_LINES = re.compile(r"kernel BUG at|^general protection|^RIP: 0010|6b6b6b6b|"
                       r"\b\w+\+0x\w+/0x\w+ \[devm_fifo\]|Poison overwritten|^Object |^FIX ")
WIDTH = 44
LABEL = 30


class Side:
    """One driver: what its guest script counted, what the kernel said."""

    def __init__(self, title, result):
        self.title, self.result = title, result
        self.values = {}
        for line in result.lines:
            found = re.match(r"^# demo: (\w+)=(\S+)", line)
            if found:
                self.values[found[1]] = found[2]

    def number(self, name):
        value = self.values.get(name, "")
        return int(value) if value.isdigit() else None

    def show(self, name):
        value = self.values.get(name, "-")
        if name == "released" and value != "-":
            return f"{value} of {self.values.get('created', '?')}"
        return value + (" us" if name.endswith("_us") and value != "-" else "")

    def words(self):
        """The kernel's own words: how the most telling complaint begins, and where it was."""
        if not self.result.splats:
            return ["nothing"]
        splat = next((splat for splat in self.result.splats if splat.matches("6b6b6b6b")),
                     self.result.splats[0])
        lines = {}
        for line in splat.lines[1:]:
            key = KEY_LINES.search(line)
            if key and "?" not in line[:3]:
                lines.setdefault(key[0], line.strip())	# the first of each kind
        words = [splat.title] + list(lines.values())[:5]
        if any("6b6b6b6b" in line for line in words):
            words.append("(0x6b is what the allocator fills freed memory with)")
        return words


def _treat(image, results, name, title, environment, machine=Machine()):
    """One boot with one driver."""
    test = plan.Test(name, f"sh demo/{name}.sh", f"tools/testing/refcdev/demo/{name}.sh",
                     limit=LIMIT, append=POISON, boot=("stock",))
    say(f"{title}: unplugged while in use, in a guest")
    return Side(title, run_alone(image, results, test, environment, machine))


def _row(label, cells):
    """One row of the table, in as many lines as its longest cell takes."""
    columns = [textwrap.wrap(cell, WIDTH - 2) or [""] for cell in cells]
    for index, line in enumerate(itertools.zip_longest(*columns, fillvalue="")):
        print(f"{label if index == 0 else '':{LABEL}}" +
              "".join(f" | {cell:{WIDTH - 2}}" for cell in line).rstrip())


def _table(sides, rows=ROWS):
    rule = "-" * (LABEL + 1) + "+".join([""] + ["-" * WIDTH] * len(sides))
    print()
    _row("", [side.title for side in sides])
    print(rule)
    for label, name in rows:
        if any(name in side.values for side in sides):
            _row(label, [side.show(name) for side in sides])
    print(rule)
    words = itertools.zip_longest(*(side.words() for side in sides), fillvalue="")
    for index, cells in enumerate(words):
        _row("what the kernel said" if index == 0 else "", cells)
    print()


def _wrong_caught(side):
    if side.result.splats:
        return []
    return ["the kernel did not notice the use after free of devm_fifo"]


def _survived(side, proofs):
    """Everything that must hold for a driver that is right, and that the race was there."""
    problems = [f"unexpected: {splat.title}" for splat in side.result.splats]
    problems += [reason for reason in side.result.reasons if "splat" not in reason]
    problems += [f"failed: {leaf.name}" for leaf in side.result.leaves if leaf.status == "fail"]
    if side.number("released") is None or side.values.get("created") != side.values["released"]:
        problems.append(f"private data released {side.show('released')}")
    if side.number("slab_live") != 0:
        problems.append(f"live objects left: {side.show('slab_live')}")
    for name, what in proofs:
        if not side.number(name):
            problems.append(what)
    return problems


def main(words):
    parser = Arguments(prog="scripts/run", description="A devm driver and a refcdev driver, "
                       "unplugged while in use, side by side; then a PCI device that is pulled out.")
    parser.add_argument("--leak", action="store_true",
                        help="leak one reference on purpose: the run must notice, and fail")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random choices")
    parser.add_argument("--no-install", action="store_true",
                        help="list the packages that are missing, and stop")
    options = parser.parse_args(words)
    image = Image(kernels.find("stock")[0])
    image.prepare()
    results = Results(["demo", image.kernel.name], sys.argv)
    environment = {"REFCDEV_TIER": "quick", "REFCDEV_SEED": options.seed,
                   "REFCDEV_KERNEL": image.kernel.name, "DEMO_LEAK": int(options.leak)}
    wrong = None if options.leak else _treat(image, results, "demo_devm",
                                             "devm_fifo (the common way)", environment)
    right = _treat(image, results, "demo_fifo", "fifo (refcdev)", environment)
    _table([side for side in (wrong, right) if side])
    problems = (_wrong_caught(wrong) if wrong else []) + _survived(right, FIFO_PROOFS)
    if not options.leak:
        edu = _treat(image, results, "demo_edu", "edu (refcdev), a PCI device with DMA",
                     environment, Machine(name="acpiphp"))
        _table([edu], EDU_ROWS)
        problems += _survived(edu, EDU_PROOFS)
    code = FAIL if problems else PASS
    results.finish(code)
    for problem in problems:
        print(f"FAILED: {problem}")
    if not problems:
        print("devm_fifo was caught using freed memory; fifo survived the same treatment, and edu "
              "that it was\npulled out of its slot.")
    say(f"consoles and counts: {results.folder}")
    return code
