# SPDX-License-Identifier: GPL-2.0-only
"""scripts/bench --scaling: what a second processor adds to the throughput of a call, with each
technique, against what it adds with the bare device.
"""

import re

from . import qemu
from .bench_guest import lines_of
from .bench_curves import Plot
from .bench_stats import Ratio
from .common import HarnessError, say

ROUNDS, MILLISECONDS = 31, 20
WIDEST = 0.05			# between the quartiles, as a part of the median: more is noise
BOUND = 0.95
OURS = "refcdev"
BARE = ("bare", "bare")
FILES = {"shared": "one shared file", "own": "one file each"}
FORMS = {"proxy": "behind the same proxy", "own": "the way its user has it"}
SCALE = re.compile(r"^\s*# scale: \S+ (\S+) (\S+) (\w+) (\d+) (\d+)$")
RELEASE = re.compile(r"^\s*# bench-kernel: (\S+)$")


def parse(lines):
    """Rates, by 'technique form file': of each round for one processor and for two."""
    found = {"release": None, "rates": {}}
    for line in lines:
        if (match := SCALE.match(line)):
            rates = found["rates"].setdefault(" ".join(match.groups()[:3]),
                                              {"one": [], "two": []})
            rates["one"].append(int(match[4]))
            rates["two"].append(int(match[5]))
        elif (match := RELEASE.match(line)):
            found["release"] = match[1]
    for file in FILES:
        if f"{OURS} proxy {file}" not in found["rates"] or \
           " ".join([*BARE, file]) not in found["rates"]:
            raise HarnessError("the guest did not measure bare and refcdev")
    return found


def techniques(found):
    """(technique, form) in the order in which they were measured, without the bare one."""
    keys = dict.fromkeys(tuple(key.split()[:2]) for key in found["rates"])
    return [key for key in keys if key != BARE]


def _gains(found, key, file):
    """What the second processor adds, of each round."""
    rates = found["rates"][" ".join([*key, file])]
    return [two / one for one, two in zip(rates["one"], rates["two"], strict=True)]


def absolute(found, key, file):
    """Throughput of two processors, of one's."""
    return Ratio.of(_gains(found, key, file), [1] * len(_gains(found, key, file)))


def relative(found, key, file):
    """The same, of the bare device's own in the same round."""
    return Ratio.of(_gains(found, key, file), _gains(found, BARE, file))


def is_measurable(ratio):
    return ratio.spread <= WIDEST


def show(ratio):
    if is_measurable(ratio):
        return str(ratio)
    return f"not measurable here ({100 * ratio.spread:.0f} %)"


def broken_bounds(found):
    problems = []
    for file, title in FILES.items():
        ratio = relative(found, (OURS, "proxy"), file)
        if is_measurable(ratio) and ratio.median < BOUND:
            problems.append(f"{OURS} scales {ratio} of the bare device on {title}, "
                            f"at least {BOUND:g}")
    return problems


def table(found):
    rounds = len(found["rates"][" ".join([*BARE, "own"])]["one"])
    yield f"Reads per second on 2 processors, of those on 1, {rounds} rounds in turn, " \
        f"{found['release']}, {'KVM' if found['kvm'] else 'emulated'}:"
    yield "of the bare device's own, median (quartiles); where these are more than " \
        f"{100 * WIDEST:.0f} % apart, it says so"
    yield ""
    yield f"{'':28}" + "".join(f"{title:30}" for title in FILES.values())
    yield f"{'bare: 2 processors of 1':28}" + \
        "".join(f"{show(absolute(found, BARE, file)):30}" for file in FILES)
    for form, title in FORMS.items():
        yield f"{title}:"
        for key in techniques(found):
            if key[1] == form:
                yield f"  {key[0]:26}" + "".join(f"{show(relative(found, key, file)):30}"
                                                 for file in FILES)


class Scaling:
    """The measure, as scripts/bench knows it."""
    name = "scaling"
    about = "throughput of two processors against one"

    def run(self, context):
        say(f"scaling on {context.image.kernel.name}, {ROUNDS} rounds; some minutes")
        lines = lines_of(context, self.name, {"BENCH_ROUNDS": ROUNDS, "BENCH_MS": MILLISECONDS})
        return parse(lines) | {"kvm": "kvm" in qemu.acceleration()}

    def table(self, found):
        return table(found)

    def problems(self, found):
        return broken_bounds(found)

    def plots(self, found):
        """(name, gnuplot's commands) of each picture; none of what is only noise."""
        names = [key for key in techniques(found) if key[1] == "proxy"]
        curves = {}
        for shift, (file, title) in enumerate(FILES.items()):
            for place, key in enumerate(names):
                ratio = relative(found, key, file)
                if is_measurable(ratio):
                    curves.setdefault(title, []).append((place + 0.1 * shift, ratio.median,
                                                         ratio.low, ratio.high))
        if not curves:
            return
        plot = Plot(f"2 processors, behind the same proxy, {found['release']}", "technique",
                    "throughput gained, of the bare device's", curves, bound=BOUND,
                    labels={place: key[0] for place, key in enumerate(names)})
        yield "scaling", plot.commands()
