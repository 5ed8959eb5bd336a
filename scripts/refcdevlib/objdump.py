# SPDX-License-Identifier: GPL-2.0-only
"""Reads the machine code of an x86-64 module from objdump: instructions, and where each leads."""

import dataclasses
import re

from .common import HarnessError, output

SECTION = re.compile(r"^Disassembly of section (\S+):$")
LABEL = re.compile(r"^([0-9a-f]+) <(.+)>:$")
LINE = re.compile(r"^ *([0-9a-f]+):\t(.*)$")
RELOCATION = re.compile(r"^[0-9a-f]+: (R_X86_64_\w+) (\S+?)([-+]0x[0-9a-f]+)?$")
RECORD = re.compile(r"^([0-9a-f]+) (R_X86_64_\w+)\s+(\S+?)([-+]0x[0-9a-f]+)?$")
OBJECT = re.compile(r"^([0-9a-f]+) .{7} (\S+)\t([0-9a-f]+)\s+(?:\.hidden )?(\S+)$")
PREFIXES = {"lock", "rep", "repz", "repnz", "cs", "ds", "es", "ss", "data16", "notrack", "bnd",
            "addr32"}
RETURNS = ("__x86_return_thunk", "its_return_thunk")
INDIRECT = "__x86_indirect_"	# a call through a register: patched where the processor allows it


@dataclasses.dataclass
class Place:
    """A symbol, or an offset in a section."""
    symbol: str
    offset: int = 0


@dataclasses.dataclass
class Instruction:
    section: str
    address: int
    function: str
    prefixes: list
    name: str
    operands: list
    text: str
    reference: Place = None		# what its relocation names

    @property
    def key(self):
        return self.section, self.address

    @property
    def is_jump(self):
        return self.name.startswith("j")

    @property
    def is_conditional(self):
        return self.is_jump and self.name not in ("jmp", "jmpq")

    @property
    def is_call(self):
        return self.name in ("call", "callq")

    @property
    def target(self):
        """Where a jump or call leads: a Place, or None if that is in a register or in memory."""
        if self.reference:
            symbol = self.reference.symbol
            if symbol.startswith(INDIRECT) or self.operands[0].startswith("*"):
                return None
            # relative to the end of the instruction, four bytes on
            return Place(symbol, self.reference.offset + 4)
        found = re.match(r"([0-9a-f]+)\b", self.operands[0])
        return Place(self.section, int(found[1], 16)) if found else None

    @property
    def is_return(self):
        return self.name in ("ret", "retq") or \
            (self.name.startswith("jmp") and self.reference is not None
             and self.reference.symbol in RETURNS)

    def __str__(self):
        named = f" [{self.reference.symbol}]" if self.reference else ""
        return f"{self.function}: {self.address:x}: {self.text}{named}"


def _operands(text):
    """Split at commas that are not inside brackets."""
    return [word.strip() for word in re.findall(r"(?:\([^)]*\)|[^,(])+", text)] if text else []


def _instruction(section, function, address, text):
    text = " ".join(text.split(" #")[0].split())
    words = text.split(" ")
    prefixes = []
    while len(words) > 1 and words[0] in PREFIXES:
        prefixes.append(words.pop(0))
    operands = re.sub(r"<[^>]*>", "", " ".join(words[1:]))
    return Instruction(section, int(address, 16), function, prefixes, words[0],
                       _operands(operands), text)


class Module:
    """Instructions by section and address, functions by name, and who is named where in data."""

    def __init__(self, code, symbols="", records=""):
        self.instructions, self.functions, self.order = {}, {}, {}
        self.objects, self.data = {}, []
        self._parse_code(code)
        for line in symbols.splitlines():
            found = OBJECT.match(line)
            if found:
                self.objects[found[4]] = found[2], int(found[1], 16), int(found[3], 16)
        self._parse_records(records)

    @classmethod
    def read(cls, path):
        def run(*words):
            text = output(["objdump", *words, str(path)])
            if text is None:
                raise HarnessError(f"objdump {' '.join(words)} {path} failed; "
                                   "is it a module? (objdump is in package binutils)")
            return text
        return cls(run("-dr", "--no-show-raw-insn", "-w"), run("-t"), run("-r"))

    def _parse_code(self, code):
        section = function = last = None
        for line in code.splitlines():
            if (found := SECTION.match(line)):
                section, last = found[1], None
            elif (found := LABEL.match(line)):
                function = found[2]
                self.functions[function] = section, int(found[1], 16)
            elif (found := LINE.match(line)):
                last = self._add(section, function, found[1], found[2].split("\t"), last)

    def _add(self, section, function, address, columns, last):
        """One line: with -w an instruction's relocation follows it."""
        one = _instruction(section, function, address, columns[0])
        found = RELOCATION.match(" ".join(columns[1:3]))
        if found:
            one.reference = Place(found[2], int(found[3] or "0", 16))
        self.instructions[one.key] = one
        if last:
            self.order[last.key] = one.key
        return one

    def _parse_records(self, records):
        section = None
        for line in records.splitlines():
            if line.startswith("RELOCATION RECORDS FOR ["):
                section = line.split("[")[1].split("]")[0]
            elif (found := RECORD.match(line)):
                self.data.append((section, int(found[1], 16),
                                  Place(found[3], int(found[4] or "0", 16))))

    def after(self, one):
        return self.instructions.get(self.order.get(one.key))

    def function_at(self, place):
        """The name of the function that begins there; None in the middle of one."""
        if place.symbol in self.functions or not place.symbol.startswith("."):
            return place.symbol
        return next((name for name, where in self.functions.items()
                     if where == (place.symbol, place.offset)), None)

    def instruction_at(self, place):
        where = self.functions.get(place.symbol, (place.symbol, place.offset))
        return self.instructions.get(where)

    def named_by(self, function):
        """Functions of this module whose address a function's code takes, in its order."""
        names = []
        for one in self.instructions.values():
            if one.function != function or not one.reference or one.is_call or one.is_jump:
                continue
            offset = one.reference.offset + (4 if "(%rip)" in one.text else 0)
            name = self.function_at(Place(one.reference.symbol, offset))
            if name in self.functions:
                names.append(name)
        return names

    def named_in(self, thing):
        """The same, for an object of data."""
        section, start, size = self.objects[thing]
        names = [self.function_at(place) for where, offset, place in self.data
                 if where == section and start <= offset < start + size]
        return [name for name in names if name in self.functions]

    def patched(self):
        """Addresses of code that the kernel may replace by other code when it loads it."""
        return {(place.symbol, place.offset) for where, _, place in self.data
                if where == ".altinstructions" and place.symbol.startswith(".text")}
