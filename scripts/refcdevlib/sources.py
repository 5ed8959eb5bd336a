# SPDX-License-Identifier: GPL-2.0-only
"""Which source package a series is built from: an installed one, or one of a newer suite.

Of a newer suite the newest is chosen, once: the choice is kept in the cache until a refresh.
"""

import contextlib
import dataclasses
import pathlib
import subprocess

from . import suite
from .common import HarnessError, cache_dir, locked, need_space, say
from .kernels import package_version


@dataclasses.dataclass(frozen=True)
class Source:
    package: str
    version: str

    @property
    def label(self):
        """The version, for the name of a folder."""
        return self.version.replace("~", "-").replace("+", "-")


def _choice(series, what=""):
    """File with the choice; with 'what', a file that belongs to it."""
    return cache_dir() / "src" / f"chosen-{series.name}{what}"


def chosen(series):
    """The source of a series; never asks the network."""
    if not series.suite:
        return Source(series.source, package_version(series.source))
    choice = _choice(series)
    if not choice.exists():
        raise HarnessError(f"the source of kernel {series.name} is not chosen yet; the first build "
                           f"takes the newest {series.source}* of {series.suite}")
    return Source(*choice.read_text().split())


def choose(series):
    """See to it that the series has a source."""
    if series.suite:
        with locked(_choice(series, ".lock"), f"the choice of {series.name}"):
            if not _choice(series).exists():
                _choose(series)


def refresh(series):
    """Choose anew, from what the suite offers now."""
    if not series.suite:
        raise HarnessError(f"{series.source} is a package of this machine: "
                           f"apt-get install {series.source} brings it up to date")
    with locked(_choice(series, ".lock"), f"the choice of {series.name}"):
        _choose(series)
    return chosen(series)


def _choose(series):
    say(f"looking for the newest {series.source}* in {series.suite}")
    with suite.opened(series.suite) as packages:
        package, version = packages.newest(series.source)
    say(f"kernel {series.name} is {package} {version} from now on; "
        f"a newer one is taken by: scripts/kernel refresh {series.name}")
    fresh = _choice(series, ".new")
    fresh.write_text(f"{package} {version}\n")
    fresh.replace(_choice(series))


@contextlib.contextmanager
def archive(series):
    """Path of the packed source, until the end of the block."""
    source = chosen(series)
    path = f"usr/src/{source.package}.tar.xz"
    if not series.suite:
        yield pathlib.Path("/", path)
        return
    need_space(cache_dir(), 400, f"the package {source.package}")
    with suite.opened(series.suite) as packages:
        say(f"downloading {source.package} {source.version}")
        try:
            deb = packages.download(source.package, source.version)
        except HarnessError as error:
            raise HarnessError(f"{error}\nwhen the suite has dropped that version: "
                               f"scripts/kernel refresh {series.name}") from error
        yield _extracted(deb, path)


def _extracted(deb, path):
    """One file of a package, next to it."""
    target = deb.parent / pathlib.Path(path).name
    with open(target, "wb") as out, \
         subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as data:
        done = subprocess.run(["tar", "-xOf", "-", f"./{path}"], stdin=data.stdout, stdout=out,
                              stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise HarnessError(f"cannot unpack {deb.name}: {done.stderr.strip()}")
    return target
