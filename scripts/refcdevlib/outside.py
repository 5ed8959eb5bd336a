# SPDX-License-Identifier: GPL-2.0-only
"""Builds somebody else's driver: against an installed copy of the core, away from this tree."""

import hashlib
import pathlib
import shutil

from .common import HarnessError

DRIVER = "tools/testing/refcdev/outside"
USED = ("Makefile", "Kbuild", "include", "drivers/refcdev", DRIVER)
INSTALLED = "usr/src/refcdev"


class Outside:
    """What is built beside the private copy for one kernel."""

    def __init__(self, copy):
        self.copy = copy
        self.path = copy.with_name(copy.name + ".outside")
        self.driver = self.path / "driver"
        self.failure = self.driver / "outside.txt"

    def build(self, kdir, files, make):
        """Install and build, unless the same was built before. Leaves modules.order behind.

        That the driver does not build is for its test to report; that the core does not, is an
        error here.
        """
        stamp, key = self.path / "built", self._key(kdir, files)
        if stamp.exists() and stamp.read_text() == key:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(self.copy / DRIVER, self.driver)
        root = self.path / "root"
        make("core, to install it", "-C", self.copy, f"KDIR={kdir}", f"DESTDIR={root}", "install")
        try:
            make("driver outside", "-C", self.driver, f"KDIR={kdir}",
                 f"REFCDEV={root / INSTALLED}")
        except HarnessError as error:
            self.failure.write_text(f"{error}\n")
        stamp.write_text(key)

    def products(self):
        """The module; or why there is none."""
        return [path for path in (self.driver / "outside.ko", self.failure) if path.exists()]

    def _key(self, kdir, files):
        """Names what goes into the build: other contents or another kernel is another build."""
        digest = hashlib.sha256(str(kdir).encode())
        for name in sorted(files):
            if any(pathlib.Path(name).is_relative_to(used) for used in USED):
                data = (self.copy / name).read_bytes()
                digest.update(f"\n{name} {len(data)} ".encode() + data)
        return digest.hexdigest()
