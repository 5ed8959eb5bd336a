# SPDX-License-Identifier: GPL-2.0-only
"""Kernel configuration fragments: merge them, and check that every request has stuck."""

from .common import TREE, HarnessError

FRAGMENTS = TREE / "scripts/configs"


def parse(text):
    """{'CONFIG_X': 'y'}; an option that is not set has the value 'n'."""
    options = {}
    for line in text.splitlines():
        if line.startswith("CONFIG_") and "=" in line:
            name, value = line.split("=", 1)
            options[name] = value
        elif line.startswith("# CONFIG_") and line.endswith(" is not set"):
            options[line.split()[1]] = "n"
    return options


def merged(kernel):
    """The fragments of a kernel as one; a later one has the last word."""
    options = {}
    for name in kernel.fragments:
        options.update(parse((FRAGMENTS / f"{name}.config").read_text()))
    return options


def text(options):
    return "".join(f"# {name} is not set\n" if value == "n" else f"{name}={value}\n"
                   for name, value in sorted(options.items()))


def check(requested, actual):
    """Error that names each option that the kernel's Kconfig did not accept."""
    lost = [f"{name}={value} (is {actual.get(name, 'n')})"
            for name, value in sorted(requested.items()) if actual.get(name, "n") != value]
    if lost:
        raise HarnessError("options that did not stick: " + ", ".join(lost))
