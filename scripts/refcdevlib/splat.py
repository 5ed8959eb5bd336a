# SPDX-License-Identifier: GPL-2.0-only
"""Finds the kernel's complaints in its log, and tells which test they belong to."""

import dataclasses
import re

STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
MARK = re.compile(r"^refcdev-test: (start|end) (\S+)$")

# What begins a complaint, at the start of a message
START = re.compile("^(?:" + "|".join((
    r"WARNING:", r"BUG:", r"BUG \S+ \(", r"kernel BUG at", r"Oops:", r"UBSAN:", r"ODEBUG:",
    r"general protection fault", r"Kernel panic", r"KASAN:", r"KFENCE:", r"KCSAN:",
    r"INFO: task .* blocked.* for more than", r"INFO: trying to register non-static key",
    r"INFO: lockdep is turned off", r"rcu: INFO: .*(?:stall|starved)", r"INFO: rcu",
    r"rcu: rcu_\w+ kthread starved", r"rcu: .*detected expedited stalls",
    r"(?:NMI )?watchdog: (?:CPU\d+: )?(?:BUG|Watchdog detected)", r"refcount_t:",
    r"list_(?:add|del) corruption", r"double fault:", r"stack segment", r"unable to handle",
    r"invalid opcode:", r"divide error:", r"int3:", r"traps: PANIC", r"Bad page",
    # without a scan area it looks at more than it has to, not at less
    r"kmemleak: (?:Cannot(?! allocate a scan area)|Kernel memory leak detector disabled|Memory pool empty)",
    r"Slab .*(?:corrupt|Objects remaining)", r"=* ?\[ BUG:",
)) + ")")

# What comes along with a complaint that has begun just before
CONTINUES = re.compile(r"^(?:Oops:|KASAN: |Kernel panic - not syncing: (?:Fatal exception|Oops)|"
                       r"general protection fault|invalid opcode:|INFO: lockdep is turned off|"
                       r"unable to handle|WARNING: Nested)")
# A WARN or BUG says its own words first, then what it is
CUT = re.compile(r"^-+\[ cut here \]-+$")
# and lib/list_debug.c says its words even before the cut
PRELUDE = re.compile(r"^list_(?:add|del) corruption")
# The last words of a kernel that was told to go
DOWN = re.compile(r"^reboot: (?:Restarting system|Power down)")
DROPPED = re.compile(r"\*\* \d+ printk messages dropped|printk: .*messages dropped")
LENGTH = 60


@dataclasses.dataclass
class Splat:
    test: str		# None: outside of all tests
    lines: list

    @property
    def title(self):
        return self.lines[0] if self.lines else "a warning without words"

    def matches(self, regex):
        return re.search(regex, "\n".join(self.lines)) is not None


class Watch:
    """Feed it the console, line by line."""

    def __init__(self):
        self.splats, self.test, self.ended, self.dropped = [], None, set(), 0
        self.open, self.down = None, False
        self.cut = False		# the splat that is open has not said yet what it is

    def feed(self, raw):
        line = raw.rstrip("\r\n")
        if DROPPED.search(line):
            self.dropped += 1
        stamped = STAMP.match(line)
        if not stamped:
            return
        message = line[stamped.end():]
        self.down = self.down or DOWN.match(message) is not None
        mark = MARK.match(message)
        if mark:
            self.open = None
            self.test = mark[2] if mark[1] == "start" else None
            if mark[1] == "end":
                self.ended.add(mark[2])
        elif CUT.match(message):
            if self.open and len(self.open.lines) == 1 and PRELUDE.match(self.open.lines[0]):
                self.cut = True
            else:
                self._begin([])
        elif START.match(message) and not (self.open and (self.cut or CONTINUES.match(message))):
            self._begin([message])
        elif self.open:
            self.cut = self.cut and not message.startswith(("WARNING:", "kernel BUG at"))
            self.open.lines.append(message)
            if message.startswith("---[ end trace") or len(self.open.lines) >= LENGTH:
                self.open = None

    def _begin(self, lines):
        self.open, self.cut = Splat(self.test, lines), not lines
        self.splats.append(self.open)

    def of(self, test):
        return [splat for splat in self.splats if splat.test == test]
