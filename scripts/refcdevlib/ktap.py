# SPDX-License-Identifier: GPL-2.0-only
"""Reads KTAP: nested results, plans, skips. KUnit's older dialect is read as well."""

import dataclasses
import re

RESULT = re.compile(r"^( *)(ok|not ok) +(\d+)(?: +- | *)([^#]*?)\s*(?:#\s*(\w+)\s*(.*))?$")
PLAN = re.compile(r"^( *)1\.\.(\d+)\s*(?:#.*)?$")
LINE = re.compile(r"^ *(?:(?:not )?ok +\d+\b|1\.\.\d+|KTAP version|#)")


@dataclasses.dataclass
class Leaf:
    """A result that has no results below it."""
    status: str		# pass, fail, skip
    name: str
    reason: str = ""


@dataclasses.dataclass
class Level:
    """The results at one indentation, until a result further left closes it."""
    indent: int
    plan: int = None
    results: int = 0
    leaves: list = dataclasses.field(default_factory=list)

    def error(self):
        if self.plan is not None and self.plan != self.results:
            return f"{self.results} results where the plan says {self.plan}"
        return None


class Parser:
    """Feed it lines; then leaves and errors. Lines that are not KTAP are passed over."""

    def __init__(self):
        self.stack, self.errors, self.plans = [Level(0)], [], 0

    def feed(self, line):
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan:
            self.plans += 1
            level = self._level(len(plan[1]))
            if level.plan is not None:
                self.errors.append("a second plan")
            level.plan = int(plan[2])
        elif result:
            self._result(len(result[1]), result)

    def _level(self, indent):
        """The level of this indentation; deeper ones stay open for their parent's line."""
        for level in self.stack:
            if level.indent == indent:
                return level
        self.stack.append(Level(indent))
        self.stack.sort(key=lambda level: level.indent)
        return self.stack[[level.indent for level in self.stack].index(indent)]

    def _result(self, indent, result):
        level = self._level(indent)
        below = []
        while self.stack[-1].indent > indent:
            child = self.stack.pop()
            below = child.leaves + below
            if child.error():
                self.errors.append(f"{result[4] or result[3]}: {child.error()}")
        level.results += 1
        leaf = _leaf(result)
        if int(result[3]) != level.results:
            self.errors.append(f"result {result[3]} where {level.results} was due")
        for child in below:
            child.name = f"{leaf.name}: {child.name}"
        failed_below = any(child.status == "fail" for child in below)
        if not below or (leaf.status == "fail" and not failed_below):
            below = below + [leaf]
        level.leaves += below

    def finish(self):
        """All leaves, when no more lines come; what is still open was cut off."""
        for level in self.stack[1:]:
            self.errors.append("subtests whose parent never reported")
            self.stack[0].leaves += level.leaves
        for level in self.stack:
            if level.error():
                self.errors.append(level.error())
        return self.stack[0].leaves


def _leaf(result):
    status = "pass" if result[2] == "ok" else "fail"
    directive = (result[5] or "").upper()
    if directive == "SKIP" and status == "pass":
        status = "skip"
    return Leaf(status, result[4].strip() or result[3], (result[6] or "").strip())
