# SPDX-License-Identifier: GPL-2.0-only
"""What a test's exit status, its KTAP and the kernel's log amount to."""

import dataclasses

from .common import FAIL, PASS, SKIP, TIMEOUT
from .ktap import LINE, Leaf, Parser


@dataclasses.dataclass
class Result:
    """The outcome of one test on one kernel."""
    name: str
    kernel: str
    status: str			# pass, fail, skip, timeout
    seconds: float
    leaves: list
    reasons: list		# why it failed, other than its own 'not ok'
    lines: list			# what it printed
    splats: list		# those that it did not expect

    @property
    def title(self):
        return f"{self.kernel}/{self.name}"

    def counted(self):
        """Leaf results: the subtests, or the test itself where there are none."""
        leaves = list(self.leaves)
        if self.reasons or not leaves:
            status = "fail" if self.status == "timeout" else self.status
            leaves.append(Leaf(status, self.name, "; ".join(self.reasons)))
        return leaves


def judge(test, kernel, seconds, lines, exit_status, ending, splats):
    """exit_status is None for a test that never ended; then 'ending' says why."""
    parser = Parser()
    for line in lines:
        parser.feed(line)
    leaves = parser.finish()
    reasons, unexpected = _splats(test.expects, splats)
    reasons += parser.errors
    if exit_status is None:
        reasons.append(ending)
    elif exit_status not in (PASS, SKIP) \
            and not (exit_status == FAIL and any(leaf.status == "fail" for leaf in leaves)):
        reasons.append(f"exit status {exit_status}")
    status = _status(leaves, reasons, exit_status, ending)
    if status == "timeout" and (unexpected or any(leaf.status == "fail" for leaf in leaves)):
        status = "fail"		# it failed before it hung
    return Result(test.name, kernel, status, seconds, leaves, reasons, lines, unexpected)


def _status(leaves, reasons, exit_status, ending):
    if exit_status is None and ending.startswith("time-out"):
        return "timeout"
    if reasons or any(leaf.status == "fail" for leaf in leaves):
        return "fail"
    if exit_status == SKIP or (leaves and all(leaf.status == "skip" for leaf in leaves)):
        return "skip"
    return "pass"


def _splats(expects, splats):
    """Each expected one exactly once, and no other."""
    reasons, rest = [], list(splats)
    for regex in expects:
        matching = [splat for splat in rest if splat.matches(regex)]
        if len(matching) != 1:
            reasons.append(f"expected one splat like '{regex}', saw {len(matching)}")
        rest = [splat for splat in rest if splat not in matching[:1]]
    reasons += [f"unexpected splat: {splat.title}" for splat in rest]
    return reasons, rest


def exit_code(results):
    """Of a whole run that the harness survived."""
    statuses = [result.status for result in results]
    if "timeout" in statuses:
        return TIMEOUT
    if "fail" in statuses:
        return FAIL
    if all(status == "skip" for status in statuses):
        return SKIP
    return PASS


def totals(results):
    """The last line of a run."""
    leaves = [leaf.status for result in results for leaf in result.counted()]
    text = f"{leaves.count('pass')} passed, {leaves.count('fail')} failed"
    return text + (f", {leaves.count('skip')} skipped" if "skip" in leaves else "")


def ktap(result, number):
    """The result as lines of KTAP: what the test said is nested below."""
    yield f"# Subtest: {result.title}"
    for line in result.lines:
        yield "  " + (line if LINE.match(line) else "# " + line)
    for reason in result.reasons:
        yield f"  # {reason}"
    for splat in result.splats:
        yield from (f"  # | {line}" for line in splat.lines[:30])
    word = "ok" if result.status in ("pass", "skip") else "not ok"
    note = " # SKIP" if result.status == "skip" else f" # {result.seconds:.1f} s"
    if result.status == "timeout":
        note = f" # TIMEOUT after {result.seconds:.1f} s"
    yield f"{word} {number} {result.title}{note}"
