# SPDX-License-Identifier: GPL-2.0-only
"""Builds the modules and programs for one kernel, in a private copy of the tree."""

import contextlib
import filecmp
import hashlib
import os
import pathlib
import shutil
import subprocess

from .common import (TREE, HarnessError, cache_dir, cpus, die_with_parent, locked, need_space,
                     say)
from .outside import Outside

PARTS = ("Makefile", "Kbuild", "Kconfig", "include", "drivers", "kunit", "tools/testing/refcdev")
BUILT = (".o", ".d", ".ko", ".mod", ".cmd", ".a", ".order", ".symvers", ".pyc")
PROGRAMS = "tools/testing/refcdev"


class Copy:
    """The private copy for one kernel."""

    def __init__(self, kernel):
        checkout = hashlib.sha256(str(TREE).encode()).hexdigest()[:12]
        self.kernel = kernel
        self.path = cache_dir() / "build" / checkout / kernel.name
        self.outside = Outside(self.path)

    @contextlib.contextmanager
    def locked(self):
        """Held while building, and while the results are packed into an initramfs."""
        with locked(self.path.with_name(self.path.name + ".lock"),
                    f"the modules for {self.kernel.name}"):
            yield

    def build(self, kdir):
        self.path.mkdir(parents=True, exist_ok=True)
        need_space(self.path, 200, "building the modules")
        files = self._sync()
        if (self.path / "Kbuild").exists():
            self.outside.build(kdir, files, self._make)
            self._make(f"modules for {self.kernel.name}", "-C", kdir, f"M={self.path}", "modules")
        if (self.path / PROGRAMS / "Makefile").exists():
            self._make("programs", "-C", self.path / PROGRAMS)

    def modules(self):
        """The modules of the last build; leftovers of an earlier one are not among them.

        With them somebody else's, or a text that says why there is none.
        """
        order = self.path / "modules.order"
        if not order.exists():
            return []
        paths = [self.path / line for line in order.read_text().split()]
        return [path.with_suffix(".ko") for path in paths] + self.outside.products()

    def programs(self):
        """(name, path, mode) of what goes into the guest's /refcdev."""
        top = self.path / PROGRAMS
        for path in sorted(top.rglob("*")):
            name = path.relative_to(top)
            if path.is_file() and name.parts[0] != "modules" and path.suffix not in BUILT:
                mode = path.stat().st_mode & 0o777
                if mode & 0o100 or path.suffix == ".sh":
                    yield str(name), path, mode | 0o555

    def _sync(self):
        """Bring the copy up to date, start over when a file has vanished; returns its files."""
        files = set(_sources())
        manifest = self.path / ".synced"
        before = set(manifest.read_text().splitlines()) if manifest.exists() else set()
        if before - files:
            shutil.rmtree(self.path)
            self.path.mkdir()
        for name in files:
            _refresh(TREE / name, self.path / name)
        manifest.write_text("\n".join(sorted(files)))
        return files

    def _make(self, what, *words):
        done = subprocess.run(["make", f"-j{cpus()}", *words], text=True, errors="replace",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False,
                              preexec_fn=die_with_parent)
        if done.returncode:
            raise HarnessError(f"building the {what} failed:\n{done.stdout}")
        if "warning:" in done.stdout:
            say(done.stdout)


def _sources():
    """Relative names of the files that matter, without what a build left in the checkout."""
    for part in PARTS:
        top = TREE / part
        if top.is_file():
            yield part
        for folder, _, names in os.walk(top):
            for name in names:
                path = pathlib.Path(folder) / name
                if path.suffix not in BUILT and not name.endswith((".mod.c", ".gen.h")) \
                   and not (path.suffix == "" and _is_program(path)):
                    yield str(path.relative_to(TREE))


def _is_program(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return True


def _refresh(source, target):
    """A copy with a time of its own: make must see that it is newer, whatever the source says."""
    if target.exists() and target.stat().st_mode == source.stat().st_mode \
       and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
