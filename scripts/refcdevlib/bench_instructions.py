# SPDX-License-Identifier: GPL-2.0-only
"""scripts/bench --instructions: what each technique costs per call, to the instruction."""

import re

from . import qemu
from .bench_guest import lines_of
from .common import HarnessError, say

CALLS = 2000
TOLERANCE = 1			# of two runs
# Where the kernel lies decides what it takes to see that a path is not copied over its text.
APPEND = "nokaslr"
OPERATIONS = ("read", "write", "ioctl", "poll", "fault", "open+close")
OURS = "refcdev"
# How many instructions above the bare device refcdev may cost.
BOUNDS = {"read": 36, "write": 36, "ioctl": 40, "poll": 48, "open+close": 260}
WIDTH = 38			# of the first column
TITLES = {"proxy": "behind the same proxy", "own": "the way its user has it"}
LINE = re.compile(r"^\s*# bench: (\S+) (\S+) (\d+) (\d+) (\d+) (\d+)$")
NODE = re.compile(r"^\s*# bench-node: (\S+) (\S+) (\S+) (\S+) (.*)$")
CPU = re.compile(r"^\s*# bench-cpu: ([^:]+): (.*)$")
RELEASE = re.compile(r"^\s*# bench-kernel: (\S+)$")


def parse(lines):
    """What one guest printed: release, mitigations, nodes, and the cells of each node."""
    run = {"release": None, "mitigations": {}, "nodes": [], "cells": {}}
    for line in lines:
        if found := LINE.match(line):
            node, operation, *numbers = found.groups()
            cell = dict(zip(("median", "least", "mode", "mode_percent"), map(int, numbers)))
            run["cells"].setdefault(node, {})[operation] = cell
        elif found := NODE.match(line):
            run["nodes"].append(dict(zip(("name", "technique", "form", "guards", "user"),
                                         found.groups())))
        elif found := CPU.match(line):
            run["mitigations"][found[1]] = found[2]
        elif found := RELEASE.match(line):
            run["release"] = found[1]
    _check_complete(run)
    return run


def _check_complete(run):
    missing = [f"{node['name']} {operation}" for node in run["nodes"]
               for operation in OPERATIONS
               if operation not in run["cells"].get(node["name"], {})]
    if missing or not run["nodes"]:
        raise HarnessError("the guest did not count everything; missing: "
                           + (", ".join(missing[:5]) or "all"))


def above_bare(run):
    """Medians above the bare device's, by (technique, form), then operation."""
    names = {(node["technique"], node["form"]): node["name"] for node in run["nodes"]}
    bare = run["cells"][names["bare", "bare"]]
    return {key: {operation: run["cells"][name][operation]["median"] - bare[operation]["median"]
                  for operation in OPERATIONS}
            for key, name in names.items() if key[1] != "bare"}


def guards(run):
    """What each (technique, form) guards: nothing, calls or all."""
    return {(node["technique"], node["form"]): node["guards"] for node in run["nodes"]}


def is_guarded(kind, operation):
    return kind == "all" or (kind == "calls" and operation != "fault")


def cheapest(run, operation, form="proxy"):
    """Of those that guard it."""
    kinds = guards(run)
    costs = {key: cost[operation] for key, cost in above_bare(run).items()
             if key[1] == form and is_guarded(kinds[key], operation)}
    return min(costs, key=costs.get)


def broken_bounds(run):
    """refcdev is within its bounds, and below all others behind the same proxy."""
    costs, kinds, problems = above_bare(run), guards(run), []
    ours = costs[OURS, "proxy"]
    for operation in OPERATIONS:
        bound = BOUNDS.get(operation)
        if bound is not None and ours[operation] > bound:
            problems.append(f"{OURS} costs {ours[operation]:+} above bare in {operation}; "
                            f"at most {bound:+}")
        for key, cost in costs.items():
            if key[1] == "proxy" and key[0] != OURS and is_guarded(kinds[key], operation) \
               and cost[operation] <= ours[operation]:
                problems.append(f"{key[0]} costs {cost[operation]:+} in {operation}, "
                                f"no more than {OURS} ({ours[operation]:+})")
    return problems


def differences(first, second):
    """Cells of two runs that differ by more than the tolerance."""
    problems = []
    for node, cells in first["cells"].items():
        for operation, cell in cells.items():
            one, two = cell["median"], second["cells"][node][operation]["median"]
            if abs(one - two) > TOLERANCE:
                problems.append(f"{node} {operation}: {one} and {two} instructions in two runs")
    return problems


def label(node):
    """A row's first column."""
    return f"{node['technique']}, as {node['user']}" if node["form"] == "own" \
        else node["technique"]


def table(run):
    """Lines of text."""
    costs, kinds = above_bare(run), guards(run)
    labels = {(node["technique"], node["form"]): label(node) for node in run["nodes"]}
    bare = run["cells"]["bench-bare"]
    best = {operation: cheapest(run, operation) for operation in OPERATIONS}
    yield f"Guest instructions per call above the bare device, {run['release']}; spectre_v2: " \
        + run["mitigations"].get("spectre_v2", "not told").split(";")[0]
    yield ""
    yield f"{'':{WIDTH}}" + "".join(f"{operation:>11}" for operation in OPERATIONS)
    yield f"{'bare, all of it':{WIDTH}}" + "".join(f"{bare[operation]['median']:10} "
                                                   for operation in OPERATIONS)
    for form, title in TITLES.items():
        yield f"{title}:"
        for key, cost in costs.items():
            if key[1] == form:
                yield f"  {labels[key]:{WIDTH - 2}}" + "".join(
                    _cell(cost[operation], is_guarded(kinds[key], operation),
                          best[operation] == key) for operation in OPERATIONS)
    yield "* the cheapest that guards it, behind the same proxy   ( ) not guarded"


def _cell(cost, guarded, best):
    text = f"{cost:+}"
    if not guarded:
        text = f"({text})"
    return f"{text + ('*' if best else '' if not guarded else ' '):>11}"


def bars(run, operations):
    """A group of bars for each operation: what is behind the same proxy, above bare."""
    costs = {key[0]: cost for key, cost in above_bare(run).items() if key[1] == "proxy"}
    rows = [" ".join([f'"{operation}"'] + [str(cost[operation]) for cost in costs.values()])
            for operation in operations]
    titles = " ".join(["operation"] + [f'"{name}"' for name in costs])
    return "\n".join(["$cost << end", titles, *rows, "end",
                      f'set title "behind the same proxy, {run["release"]}"',
                      'set ylabel "instructions above the bare device"',
                      "set style data histogram", "set style histogram clustered gap 1",
                      "set style fill solid 0.8 border -1", "set yrange [0:*]",
                      "set key outside", "set grid y",
                      f"plot for [i=2:{len(costs) + 1}] $cost using i:xtic(1) "
                      "title columnheader(i) noenhanced"])


class Instructions:
    """The measure, as scripts/bench knows it."""
    name = "instructions"
    about = "guest instructions per call, exact"

    def run(self, context):
        """Once in each of as many guests as are asked for."""
        runs = []
        for number in range(context.options.repeat):
            say(f"counting instructions on {context.image.kernel.name}, guest {number + 1} "
                f"of {context.options.repeat}")
            lines = lines_of(context, self.name, {"BENCH_CALLS": CALLS},
                             qemu.Machine(cpus=1, exact=True), APPEND)
            runs.append(parse(lines))
        return {"calls": CALLS, "runs": runs}

    def table(self, found):
        return table(found["runs"][0])

    def plots(self, found):
        """(name, gnuplot's commands) of each picture."""
        run = found["runs"][0]
        yield "cost-per-call", bars(run, OPERATIONS[:-1])
        yield "cost-of-open-and-close", bars(run, OPERATIONS[-1:])

    def problems(self, found):
        first, *others = found["runs"]
        return broken_bounds(first) + [problem for other in others
                                       for problem in differences(first, other)]
