# SPDX-License-Identifier: GPL-2.0-only
"""The results folder of a run: one folder per boot, a summary on top."""

import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import time

from .common import TREE, HarnessError, cache_dir, output
from .verdict import totals


def _top():
    """In the checkout, or in the cache when that cannot be written."""
    return (TREE if os.access(TREE, os.W_OK) else cache_dir()) / "results"


def _commit():
    def git(*words):
        return output(["git", "-C", str(TREE), *words])
    described = git("describe", "--always", "--dirty", "--tags")
    if described is None:
        return "unknown\n"
    return f"{described}\n\n{git('diff', 'HEAD') or ''}\n"


class Results:
    """Writes what happened, as it happens."""

    def __init__(self, kernel_names, command):
        stamp = time.strftime("%Y%m%d-%H%M%S")
        name = f"{stamp}-{'+'.join(kernel_names)}-{os.getpid()}"
        self.folder = _top() / name
        self.boots, self.all = 0, []
        try:
            self.folder.mkdir(parents=True)
            (self.folder / "commit.txt").write_text(_commit())
            (self.folder / "command.txt").write_text(shlex.join(["scripts/" + command[1], *command[2:]]) + "\n")
            fresh = self.folder.parent / f".latest-{os.getpid()}"
            fresh.symlink_to(name)
            fresh.replace(self.folder.parent / "latest")
        except OSError as error:
            raise HarnessError(f"cannot write to {self.folder}: {error.strerror}") from error

    def boot(self, image):
        """A fresh folder for one boot."""
        self.boots += 1
        folder = self.folder / f"boot-{self.boots:02}-{image.kernel.name}"
        folder.mkdir()
        shutil.copy(image.config, folder / "kernel.config")
        return folder

    def add(self, result, folder):
        self.all.append((result, folder.name))

    def finish(self, code):
        """Summary for people, results.json for machines."""
        listing = [dict(dataclasses.asdict(result), boot=boot) for result, boot in self.all]
        (self.folder / "results.json").write_text(
            json.dumps({"exit": code, "tests": listing}, indent=1))
        lines = [f"{result.status:8}{result.seconds:7.1f} s  {result.title}  {boot}"
                 + "".join(f"\n{'':20}{reason}" for reason in result.reasons)
                 for result, boot in self.all]
        lines.append(totals([result for result, _ in self.all]))
        (self.folder / "summary.txt").write_text("\n".join(lines) + "\n")


def write_command(folder: pathlib.Path, line):
    """The QEMU line, so that a boot can be repeated by hand."""
    (folder / "qemu.cmd").write_text(shlex.join(line) + "\n")
