# SPDX-License-Identifier: GPL-2.0-only
"""Packages of another suite of Debian, by an apt of our own that leaves the machine's alone."""

import contextlib
import pathlib
import re
import subprocess
import tempfile

from .common import HarnessError, cache_dir, output

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def _mirror():
    """Where the machine's own apt finds Debian: the other suites are there too."""
    targets = output(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)",
                      "Created-By: Packages"]) or ""
    for target in targets.splitlines():
        origin, label, uri = target.split("|", 2)
        if origin == label == "Debian" and not uri.startswith("cdrom:"):
            return uri
    raise HarnessError("this machine's apt knows no mirror of the Debian archive; when its "
                       "sources list one, 'apt-get update' helps")


@contextlib.contextmanager
def opened(name):
    """A suite with its lists fetched, until the end of the block."""
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="apt-") as folder:
        suite = Suite(name, pathlib.Path(folder))
        suite.update()
        yield suite


class Suite:
    """The suite called 'name'; everything that apt writes goes to 'folder'."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder

    def apt(self, tool, *words):
        """Standard output of an apt tool that sees this suite and nothing else."""
        settings = {"Dir::Etc::sourcelist": self.folder / "suite.list",
                    "Dir::Etc::sourceparts": "/dev/null",
                    "Dir::Etc::preferences": "/dev/null",
                    "Dir::Etc::preferencesparts": "/dev/null",
                    "Dir::State::lists": self.folder / "lists",
                    "Dir::State::status": "/dev/null", "Dir::Cache": self.folder / "cache",
                    "Acquire::Languages": "none", "APT::Update::Error-Mode": "any",
                    "APT::Sandbox::User": "root"}	# the folder is open to nobody else
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        done = subprocess.run([tool, "-q", *options, *words], cwd=self.folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise HarnessError(f"{tool} {' '.join(words)} failed; {self.name} must be on the "
                               "mirror that this machine's apt uses for Debian:\n" + done.stderr)
        return done.stdout

    def update(self):
        for path in ("lists/partial", "cache/archives/partial"):
            (self.folder / path).mkdir(parents=True)
        (self.folder / "suite.list").write_text(
            f"deb [signed-by={KEYRING}] {_mirror()} {self.name} main\n")
        self.apt("apt-get", "update")

    def newest(self, prefix):
        """(package, version) of the package with the highest number after 'prefix'."""
        names = re.findall(f"^{re.escape(prefix)}([0-9]+)$",
                           self.apt("apt-cache", "pkgnames", prefix), re.MULTILINE)
        if not names:
            raise HarnessError(f"{self.name} has no package {prefix}*")
        package = prefix + max(names, key=int)
        offers = self.apt("apt-cache", "madison", package)		# newest first
        return package, offers.split("|")[1].strip()

    def download(self, package, version):
        """Path of the package's file, which goes with the suite."""
        self.apt("apt-get", "download", f"{package}={version}")
        return next(self.folder.glob(f"{package}_*.deb"))
