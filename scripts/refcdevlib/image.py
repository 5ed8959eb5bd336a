# SPDX-License-Identifier: GPL-2.0-only
"""What it takes to boot a kernel: its image, its build folder, an initramfs with the tests."""

import pathlib
import re
import shutil
import subprocess

from . import kbuild, kernels, stock
from .build import Copy
from .common import HarnessError, output, say
from .initramfs import Initramfs

BUSYBOX = pathlib.Path("/bin/busybox")


def folder(kernel):
    """Where the kernel is, or will be, in the cache."""
    return stock.product(kernel) if kernel.packaged else kbuild.product(kernel)


class Image:
    """A kernel that can be booted, and the tests' modules for it."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.folder = stock.fetch(kernel) if kernel.packaged else kbuild.build(kernel)
        self.bzimage, self.config = self.folder / "bzImage", self.folder / "config"
        self.copy = Copy(kernel)

    @property
    def kdir(self):
        """What modules are built against."""
        if self.kernel.packaged:
            release, _ = kernels.packaged_release(self.kernel)
            return pathlib.Path("/usr/src") / f"linux-headers-{release}"
        return self.folder / "obj"

    def prepare(self, build=True):
        """Build modules and programs, and pack everything but the plan."""
        with self.copy.locked():
            if build:
                say(f"building modules and programs for {self.kernel.name}")
                self.copy.build(self.kdir)
            elif not self.copy.path.exists():
                raise HarnessError(f"nothing was built for {self.kernel.name} yet: "
                                   "run once without --no-build")
            self.base = _base(self.copy)

    def initramfs(self, tests, environment):
        """The whole archive: the kernel unpacks the second part over the first."""
        extra = Initramfs()
        extra.file("refcdev/plan", "".join(f"{t.name} {t.command}\n" for t in tests).encode())
        extra.file("refcdev/env", "".join(f"export {name}='{value}'\n"
                                          for name, value in environment.items()).encode())
        for program in dict.fromkeys(name for test in tests for name in test.programs):
            _take_along(extra, program)
        return self.base + extra.archive()


def _base(copy):
    if not BUSYBOX.exists():
        raise HarnessError(f"{BUSYBOX} is missing: install busybox-static")
    root = Initramfs()
    for folder in ("proc", "sys", "dev", "tmp", "refcdev/modules"):
        root.folder(folder)
    root.device("dev/console", 5, 1)
    root.file("bin/busybox", BUSYBOX.read_bytes(), 0o755)
    applets = subprocess.run([BUSYBOX, "--list"], stdout=subprocess.PIPE, text=True, check=True)
    for applet in applets.stdout.split():
        if applet != "busybox":
            root.link(f"bin/{applet}", "busybox")
    for name, path, mode in copy.programs():
        if name == "guest/init":
            root.file("init", path.read_bytes(), 0o755)
        root.file(f"refcdev/{name}", path.read_bytes(), mode)
    for path in copy.modules():
        root.file(f"refcdev/modules/{path.name}", path.read_bytes())
    root.file("refcdev/samples", "".join(f"{path.stem}\n" for path in copy.modules()
                                         if "samples" in path.parent.parts[-2:]).encode())
    return root.archive()


def _take_along(root, program):
    """A program of this machine, with the shared libraries that it is linked to."""
    path = shutil.which(program)
    if not path:
        raise HarnessError(f"a test needs the program {program}; install it with: "
                           f"apt-get install {program}")
    root.file(f"bin/{program}", pathlib.Path(path).read_bytes(), 0o755)
    for library in sorted(set(re.findall(r"(/\S+) \(0x", output(["ldd", path]) or ""))):
        root.file(library.lstrip("/"), pathlib.Path(library).read_bytes(), 0o755)
