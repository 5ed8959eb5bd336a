# SPDX-License-Identifier: GPL-2.0-only
"""scripts/bench --disconnect: how long it takes to take a device down, against how others do
it, how many grace periods of RCU it takes, and what objects, nodes and files cost in memory.
"""

import dataclasses
import re

from .bench_guest import lines_of
from .bench_curves import Plot
from .bench_stats import Ratio
from .common import HarnessError, say

ROUNDS = CROWDS = 31
DOWN = re.compile(r"^\s*# down: (\w+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$")
WARM = re.compile(r"^\s*# down: warm$")
SIZES = re.compile(r"^\s*# sizes: (\d+) (\d+) (\d+) (\d+) (\d+)$")
MEMORY = re.compile(r"^\s*# memory: (\w+) (-?\d+) (-?\d+)$")
SLAB = re.compile(r"^\s*# slab: (\w+) (\S+) ([\d.]+) (\d+)$")
RELEASE = re.compile(r"^\s*# bench-kernel: (\S+)$")
FIELDS = ("drained", "gone", "waited", "normal", "expedited", "own_rounds")
GRACE_PERIODS = 20		# that a thousand devices may take which are begun together
FILES = (1, 10, 100, 1000, 10000)


@dataclasses.dataclass(frozen=True)
class Row:
    """One ratio of the table; the bound is for the median of what waits for calls."""
    title: str
    ours: str
    theirs: str
    bound: float = None


ROWS = (
    Row("idle : SRCU", "refcdev", "srcu", 0.5),
    Row("idle : percpu_ref", "refcdev", "percpu_ref", 0.05),
    Row("idle : an expedited grace period alone", "refcdev", "rcu"),
    Row("10,000 open files : 1", "files_10000", "refcdev", 1.5),
    Row("1,000 open files : 1", "files_1000", "refcdev"),
    Row("no open file : 1", "empty", "refcdev"),
    Row("64 sleepers : none", "sleepers", "refcdev"),
    Row("64 nodes of one lifetime : 1", "nodes", "refcdev", 2.0),
    Row("64 nodes of one lifetime : 64 devices with SRCU", "nodes", "srcu_many"),
    Row("1,000 devices begun together : one by one", "together", "serial"),
)


def parse(lines):
    """What the guest printed."""
    found = {"release": None, "rounds": {}, "memory": {}, "slabs": {}, "sizes": None}
    for line in lines:
        if (match := DOWN.match(line)):
            values = dict(zip(FIELDS, map(int, match.groups()[1:])))
            found["rounds"].setdefault(match[1], []).append(values)
        elif WARM.match(line):
            found["rounds"] = {}
        elif (match := SIZES.match(line)):
            names = ("cpus", "lifetime", "counts", "refcdev", "inode")
            found["sizes"] = dict(zip(names, map(int, match.groups())))
        elif (match := MEMORY.match(line)):
            found["memory"][match[1]] = {"slab": int(match[2]), "percpu": int(match[3])}
        elif (match := SLAB.match(line)):
            found["slabs"].setdefault(match[1], {})[match[2]] = \
                {"objects": float(match[3]), "size": int(match[4])}
        elif (match := RELEASE.match(line)):
            found["release"] = match[1]
    missing = {name for row in ROWS for name in (row.ours, row.theirs)} - set(found["rounds"])
    if missing or not found["sizes"] or "file" not in found["memory"]:
        raise HarnessError("the guest did not measure everything; missing: "
                           + (", ".join(sorted(missing)) or "memory"))
    return found


def ratio(found, row, field):
    rounds = found["rounds"]
    return Ratio.of([values[field] for values in rounds[row.ours]],
                    [values[field] for values in rounds[row.theirs]])


def most_waited(found, name):
    return max(values["waited"] for values in found["rounds"][name])


def broken_bounds(found):
    problems = []
    for row in ROWS:
        if row.bound is not None:
            median = ratio(found, row, "drained").median
            if median > row.bound:
                problems.append(f"{row.title}: {median:.3g}, at most {row.bound:g}")
    own = {values["own_rounds"] for values in found["rounds"]["together"]}
    if own != {1}:
        problems.append(f"1,000 devices begun together took {max(own)} rounds of questions, not 1")
    most = most_waited(found, "together")
    if most > GRACE_PERIODS:
        problems.append(f"1,000 devices begun together waited for {most} grace periods, "
                        f"at most {GRACE_PERIODS}")
    extra = found["memory"]["file"]["slab"] - found["memory"]["plain_file"]["slab"]
    if extra > 8:		# a slab more or less, of 10,000 files
        problems.append(f"an open file takes {extra} bytes more than one of /dev/null")
    return problems


def table(found):
    rounds = len(found["rounds"]["refcdev"])
    yield f"Taking devices down, {rounds} rounds in turn on 2 processors, {found['release']}:"
    yield "ratios of times, median (quartiles). Device nodes are gone at the end of the second."
    yield ""
    yield f"{'':50}{'until nobody is inside':28}{'all of it':24}{'bound':>6}"
    for row in ROWS:
        bound = "" if row.bound is None else f"{row.bound:g}"
        yield f"  {row.title:48}{ratio(found, row, 'drained')!s:28}" \
            f"{ratio(found, row, 'gone')!s:24}{bound:>6}"
    yield ""
    yield from _grace_periods(found)
    yield ""
    yield from _memory(found)


def _grace_periods(found):
    yield f"{'grace periods of RCU, most of all rounds':50}{'while one waits':28}" \
        f"{'until all are gone':24}{'bound':>6}"
    for name, title in (("refcdev", "1 device"), ("nodes", "64 nodes of one lifetime"),
                        ("percpu_ref", "1 device with percpu_ref"),
                        ("serial", "1,000 devices, one by one"),
                        ("together", "1,000 devices, begun together")):
        values = found["rounds"][name]
        whole = f"{max(v['expedited'] for v in values)} expedited, " \
            f"{max(v['normal'] for v in values)} others"
        bound = str(GRACE_PERIODS) if name == "together" else ""
        yield f"  {title:48}{most_waited(found, name):<28}{whole:24}{bound:>6}"
    own = {name: max(values["own_rounds"] for values in found["rounds"][name])
           for name in ("serial", "together")}
    yield f"  1,000 devices: rounds of questions to other CPUs: one by one {own['serial']}, " \
        f"begun together {own['together']}"


def _memory(found):
    sizes, memory = found["sizes"], found["memory"]
    percpu, cpus = sizes["counts"], sizes["cpus"]
    lifetime, node, plain = (memory[name]["slab"] for name in ("lifetime", "node", "plain_node"))
    yield "memory, in bytes"
    yield f"  per lifetime           {sizes['lifetime']:6}  struct lifetime, in the driver's " \
        f"object; with its name, and rounded up: {lifetime}"
    yield f"  per lifetime and CPU   {percpu:6}  a counter for each kind of call; {cpus} " \
        f"possible CPUs here, counted: {memory['lifetime']['percpu']}"
    yield f"  per node               {sizes['refcdev']:6}  struct refcdev, in the driver's object"
    yield f"                         {sizes['inode']:6}  its inode: the address space that files " \
        "and mappings find it by"
    yield f"                         {node:6}  all of it, counted, with its device in sysfs and " \
        f"/dev; of a plain cdev: {plain}"
    file, other = memory["file"]["slab"], memory["plain_file"]["slab"]
    yield f"  per open file          {max(file - other, 0):6}  nothing: counted {file}, and " \
        f"{other} for one of /dev/null"


class Disconnect:
    """The measure, as scripts/bench knows it."""
    name = "disconnect"
    about = "time to take devices down, grace periods, memory"

    def run(self, context):
        say(f"taking devices down on {context.image.kernel.name}, {ROUNDS} rounds; "
            "some minutes")
        return parse(lines_of(context, self.name,
                              {"BENCH_ROUNDS": ROUNDS, "BENCH_CROWDS": CROWDS}))

    def table(self, found):
        return table(found)

    def problems(self, found):
        return broken_bounds(found)

    def plots(self, found):
        """(name, gnuplot's commands) of each picture."""
        points = []
        for count in FILES:
            name = "refcdev" if count == 1 else f"files_{count}"
            one = ratio(found, Row("", name, "refcdev"), "drained")
            points.append((count, one.median, one.low, one.high))
        bound = next(row.bound for row in ROWS if row.ours == f"files_{FILES[-1]}")
        plot = Plot(f"disconnect, until nobody is inside, {found['release']}", "open files",
                    "time, of that with one file open", {"refcdev": points}, logarithmic=True,
                    bound=bound)
        yield "disconnect", plot.commands()
