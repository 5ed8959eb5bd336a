# SPDX-License-Identifier: GPL-2.0-only
"""What the machine code of a proxy does on its fast path: when the gate is open, and the call
is of the usual kind.

The fast path is all that lies on a way from the entry to a return on which no slow function is
called, and nothing that only a patched branch (a tracepoint that is on) leads to.
"""

import dataclasses
import re

from . import objdump

# Reached only when the gate is closed, the processor is wanted, or something is wrong.
GATE = {"refcdev_refused": "the gate was closed when the call came",
        "gate_exit_slow": "the gate was closed while the call was inside",
        "__lifetime_exit_slow": "the same, for the kernel's own calls"}
PREEMPT = {"__SCT__preempt_schedule": "something else wants the processor",
           "__SCT__preempt_schedule_notrace": "the same",
           "preempt_schedule": "the same", "preempt_schedule_thunk": "the same"}
CANARY = {"__stack_chk_fail": "the stack was overwritten: does not return"}
WRONG = {"__warn_printk": "a warning"}
SLOW = {**GATE, **PREEMPT, **CANARY, **WRONG}
NO_CALLS = {"__fentry__"}	# a nop unless the function is being traced

FENCES = {"mfence", "lfence", "sfence", "serialize", "cpuid", "wbinvd", "invlpg", "rdmsr", "wrmsr",
          "pause", "hlt", "int", "iretq"}
ATOMIC = {"xadd", "cmpxchg", "cmpxchg8b", "cmpxchg16b"}	# without lock: this CPU's memory only
NO_STORE = re.compile(r"^(cmp|test|bt|nop|ud|j|call|push|prefetch|lea|div|idiv|mul|imul)")
NO_RESULT = re.compile(r"^(cmp[bwlq]?|test[bwlq]?|bt[wlq]?|push|nop|ud|j|call)")
COUNT = re.compile(r"^%gs:(\S*)\((%r[^)]*)\)$")
NEAR = 8			# instructions that a compiler may put in between
CLOBBERED = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")


def _names():
    """Which register a name is a part of."""
    names = {}
    for letter in "abcd":
        for name in (f"r{letter}x", f"e{letter}x", f"{letter}x", f"{letter}l", f"{letter}h"):
            names[name] = f"r{letter}x"
    for word in ("si", "di", "bp", "sp"):
        for name in (f"r{word}", f"e{word}", word, f"{word}l"):
            names[name] = f"r{word}"
    for number in range(8, 16):
        for suffix in ("", "d", "w", "b"):
            names[f"r{number}{suffix}"] = f"r{number}"
    return names


REGISTERS = _names()


def register(operand):
    return REGISTERS.get(operand[1:]) if operand.startswith("%") else None


def is_memory(operand):
    return not operand.startswith("$") and not register(operand) and \
        ("(" in operand or ":" in operand or bool(re.match(r"^-?0x|^\d", operand)))


def is_percpu(operand):
    return operand.startswith("%gs:")


def base(operand):
    """The register of an address that has no index."""
    found = re.match(r"^(?:%\ws:)?(?:-?0x[0-9a-f]+)?\((%\w+)\)$", operand)
    return register(found[1]) if found else None


def stored(one):
    """The memory that an instruction writes, or None."""
    if not one.operands or NO_STORE.match(one.name) or not is_memory(one.operands[-1]):
        return None
    return one.operands[-1]


def locked(one):
    """Why an instruction makes other processors wait, or itself wait for them; or None."""
    if "lock" in one.prefixes:
        return "a lock prefix"
    if one.name.startswith("xchg") and any(map(is_memory, one.operands)):
        return "xchg with memory, which is locked"
    if one.name in FENCES:
        return "a barrier"
    if one.name.rstrip("bwlq") in ATOMIC and not is_percpu(one.operands[-1]):
        return "an atomic instruction"
    return None


@dataclasses.dataclass
class Node:
    """An instruction of one function, and where it goes from there."""
    one: objdump.Instruction
    next: list				# keys; of a conditional jump the fall-through first
    callee: str = None			# a name, or "*" for what a pointer says
    ends: bool = False			# the function returns, itself or by a tail call

    def is_slow(self, more):
        """'more' names other functions."""
        return self.callee in SLOW or self.callee in more or self.one.name == "ud2"


class Function:
    """The control flow of a function, with its cold part."""

    def __init__(self, module, name):
        self.module, self.name, self.nodes = module, name, {}
        start = module.instruction_at(objdump.Place(name))
        work = [start]
        while work:
            one = work.pop()
            if one.key not in self.nodes:
                node = self.nodes[one.key] = self._node(one)
                work += [module.instructions[key] for key in node.next]
        self.start = start.key

    def _own(self, one):
        """Is it of this function?"""
        return one is not None and (one.function == self.name or
                                    one.function.startswith(self.name + ".cold"))

    def _node(self, one):
        after = self.module.after(one)
        following = [after.key] if self._own(after) else []
        if one.is_return:
            return Node(one, [], ends=True)
        if one.is_call:
            name = self._callee(one)
            ends = not following or name in CANARY
            return Node(one, [] if ends else following, None if name in NO_CALLS else name)
        if not one.is_jump:
            return Node(one, following)
        target = one.target and self.module.instruction_at(one.target)
        if not one.is_conditional:
            following = []
        if self._own(target):
            return Node(one, following + [target.key])
        return Node(one, following, self._callee(one), ends=True)

    def _callee(self, one):
        target = one.target
        if target is not None:
            return self.module.function_at(target) or f"{target.symbol}+{target.offset:x}"
        if one.reference and not one.reference.symbol.startswith(objdump.INDIRECT):
            return one.reference.symbol		# through a pointer of the kernel's own
        return "*"

    def fast(self, slow=()):
        """Keys of the instructions of the fast path."""
        passable = {key for key, node in self.nodes.items() if not node.is_slow(slow)}
        forward = self._reach([self.start], lambda key: self.nodes[key].next, passable)
        before = {key: [] for key in self.nodes}
        for key, node in self.nodes.items():
            for other in node.next:
                before[other].append(key)
        ends = [key for key in forward if self.nodes[key].ends]
        return self._reach(ends, before.get, forward)

    @staticmethod
    def _reach(keys, step, within):
        seen, work = set(), list(keys)
        while work:
            key = work.pop()
            if key in within and key not in seen:
                seen.add(key)
                work += step(key)
        return seen

    def first_slow(self, key, slow):
        """Names of the slow functions that are met first on the ways from there."""
        names, seen, work = set(), set(), [key]
        while work:
            key = work.pop()
            node = self.nodes[key]
            if key in seen:
                continue
            seen.add(key)
            if node.is_slow(slow):
                names.add(node.callee or "ud2")
            else:
                work += node.next
        return names

    def guard(self, key):
        """What a conditional jump asks: gate, preempt, canary, or other."""
        before = {following: other for other, following in self.module.order.items()}
        test = self.module.instructions[before[key]]
        if _is_preempt_count(test):
            return "preempt"
        if any(word == "%gs:0x28" or (is_percpu(word) and test.reference and
                                      test.reference.symbol == "__stack_chk_guard")
               for word in test.operands):
            return "canary"
        asks_memory = test.name.startswith("cmp") and is_memory(test.operands[-1]) or \
            test.name.startswith("test") and self._loaded(test, before)
        return "gate" if asks_memory and self._counts(self.nodes[key].next[0]) else "other"

    def _loaded(self, test, before):
        """Does it test a register that was loaded from memory just before?"""
        wanted, key = register(test.operands[-1]), test.key
        for _ in range(NEAR):
            key = before.get(key)
            one = key and self.module.instructions[key]
            if not one or one.is_call or one.is_jump:
                return False
            if one.operands and register(one.operands[-1]) == wanted:
                return one.name.startswith("mov") and is_memory(one.operands[0])
        return False

    def _counts(self, key):
        """Is a counter of the processor's own moved there, before anything else is asked?"""
        for _ in range(NEAR):
            node = self.nodes[key]
            if _counted(node.one) != (0, 0):
                return True
            if len(node.next) != 1 or node.callee:
                return False
            key = node.next[0]
        return False


def stack_registers(function):
    """By instruction: the registers that hold an address of the stack when it begins."""
    known = {function.start: {"rsp"}}
    work = [function.start]
    while work:
        key = work.pop()
        node = function.nodes[key]
        after = _after(node, known[key])
        for other in node.next:
            merged = after & known.get(other, after)
            if merged != known.get(other):
                known[other] = merged
                work.append(other)
    return known


def _after(node, before):
    one, after = node.one, set(before)
    if node.callee and not node.ends:
        return after - set(CLOBBERED)
    if not one.operands or NO_RESULT.match(one.name):
        return after
    written = register(one.operands[-1])
    source = one.operands[0]
    if not written or written == "rsp":
        return after
    if one.name in ("mov", "movq") and register(source) in before or \
       one.name.startswith("lea") and base(source) in before:
        return after | {written}
    if one.name[:3] in ("add", "sub") and source.startswith("$") and written in before:
        return after
    if one.name.startswith("xchg"):
        after.discard(register(source))
    return after - {written}


@dataclasses.dataclass
class Facts:
    """What is true of a fast path."""
    length: int = 0
    locked: list = dataclasses.field(default_factory=list)	# (instruction, why)
    calls: set = dataclasses.field(default_factory=set)	# names, without the driver's
    stores: list = dataclasses.field(default_factory=list)	# to memory others may see
    ways: set = dataclasses.field(default_factory=set)	# (driver calls, counted up, down)
    loops: bool = False
    patched: list = dataclasses.field(default_factory=list)
    guards: dict = dataclasses.field(default_factory=dict)	# kind: how many
    strange: list = dataclasses.field(default_factory=list)	# guards that are not as they should


def examine(module, name, slow=()):
    """The facts of one function."""
    function = Function(module, name)
    fast = function.fast(slow)
    known = stack_registers(function)
    facts = Facts()
    for key in sorted(fast):
        node = function.nodes[key]
        _look(facts, node, known[key])
        for other in node.next:
            if other not in fast:
                _leave(facts, function, key, other, slow)
    facts.patched = [module.instructions[key] for key in fast & module.patched()]
    facts.length, facts.loops, facts.ways = _ways(function, fast)
    return facts


def _look(facts, node, stack):
    why = locked(node.one)
    if why:
        facts.locked.append((node.one, why))
    if node.callee and node.callee != "*":
        facts.calls.add(node.callee)
    if node.callee == "*" and not node.ends and stack & set(ARGUMENTS):
        facts.stores.append(node.one)		# the driver is handed an address of this frame
    where = stored(node.one)
    if where and not is_percpu(where) and base(where) not in stack:
        facts.stores.append(node.one)


GONE = GATE.keys() | PREEMPT.keys()
MEANT = {"gate": GONE, "preempt": PREEMPT.keys(), "canary": CANARY.keys(),
         "other": WRONG.keys() | {"ud2"}}


def _leave(facts, function, key, other, slow):
    """A way off the fast path: by a jump that is not taken, and asked for what it should."""
    node = function.nodes[key]
    if not node.one.is_conditional or node.next[0] == other:
        facts.strange.append((node.one, "the fast path jumps, the slow one does not"))
        return
    kind = function.guard(key)
    met = function.first_slow(other, slow)
    facts.guards[kind] = facts.guards.get(kind, 0) + 1
    if not met <= MEANT[kind] | set(slow):
        facts.strange.append((node.one, f"the question ({kind}) leads to "
                              + ", ".join(sorted(met))))


def _is_preempt_count(one):
    """Its own symbol, or, in some kernels, the second word of pcpu_hot."""
    place = one.reference
    return place is not None and (place.symbol == "__preempt_count" or
                                  (place.symbol == "pcpu_hot" and place.offset == 8 - 4))


def _counted(one):
    """Up or down, if it moves a counter of this CPU's."""
    if not one.operands or not COUNT.match(one.operands[-1]) or "(%rip)" in one.operands[-1]:
        return 0, 0
    return int(one.name.startswith("inc")), int(one.name.startswith("dec"))


def _ways(function, fast):
    """Longest way in instructions, whether there is a loop, and what each way does in sum."""
    done, active, loops = {}, set(), False
    stack = [(function.start, False)]
    while stack:
        key, leaving = stack.pop()
        node = function.nodes[key]
        following = [other for other in node.next if other in fast]
        if leaving:
            active.discard(key)
            done[key] = _join(node, [done.get(other, (0, set())) for other in following])
        elif key not in done and key in fast:
            active.add(key)
            loops |= any(other in active for other in following)
            stack.append((key, True))
            stack += [(other, False) for other in following if other not in active]
    return (done.get(function.start, (0, set()))[0], loops,
            done.get(function.start, (0, set()))[1])


def _join(node, rest):
    ups, downs = _counted(node.one)
    ways = {way for _, some in rest for way in some} | ({(0, 0, 0)} if node.ends else set())
    return (1 + max((length for length, _ in rest), default=0),
            {(calls + (node.callee == "*"), up + ups, down + downs) for calls, up, down in ways})


def _moves_preempt(one, name):
    return one.name.startswith(name) and _is_preempt_count(one)


def sections(module, name):
    """Of a function with inlined enters and exits: the facts of each section with preemption off
    that moves a counter of the processor's own.
    """
    function, found = Function(module, name), []
    known = stack_registers(function)
    for key, node in function.nodes.items():
        if not _moves_preempt(node.one, "inc"):
            continue
        ends = {other for other, end in function.nodes.items() if _moves_preempt(end.one, "dec")}
        within = {other for other, inner in function.nodes.items() if not inner.is_slow(())}
        inside = function._reach([key], lambda one, ends=ends, function=function:
                                 [] if one in ends else function.nodes[one].next, within)
        facts = Facts(length=len(inside))
        for other in sorted(inside):
            _look(facts, function.nodes[other], known[other])
        facts.ways = {_counted(function.nodes[other].one) for other in inside} - {(0, 0)}
        if facts.ways:
            found.append(facts)
    return found
