# SPDX-License-Identifier: GPL-2.0-only
"""Which kernels there are: a table of series, times the variants of each."""

import dataclasses
import difflib

from .common import HarnessError, output


@dataclasses.dataclass(frozen=True)
class Series:
    """One kernel series. A new one is a new line in SERIES."""
    name: str
    source: str			# package with /usr/src/<source>.tar.xz
    headers: str		# metapackage whose dependency names a packaged kernel, or None
    steps: int			# lines that a build of the debug kernel prints, for its progress bar
    fragments: tuple = ()	# of this series, after those of the variant
    suite: str = None		# of a newer distribution; then 'source' is all but the last number


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way to configure a series; no fragments means the distribution's own kernel."""
    name: str
    fragments: tuple
    memory: str
    about: str
    flavour: str = ""		# in the name of the package, for {} in the series' headers
    runs: tuple = ()		# it also takes the tests for these variants
    by_name: bool = False	# not with its series, but only by a name of its own


SERIES = (
    Series("6.1", "linux-source-6.1", "linux-headers-{}amd64", 1750),
    Series("6.12", "linux-source-6.12", "linux-headers-6.12-{}amd64", 1860, ("6.12",)),
    # no stock kernel: the tools in its headers package need a newer C library and compiler
    Series("7", "linux-source-7.", None, 1985, ("6.12", "7"), "trixie-backports"),
)
DEFAULT = "6.1"

VARIANTS = (
    Variant("stock", (), "512M", "the distribution's kernel, as it is"),
    Variant("debug", ("base", "debug"), "1G",
            "KASAN, lockdep, debugobjects, kmemleak, KUnit, fault injection"),
    Variant("debug-kobj", ("base", "debug", "kobj"), "1G",
            "debug, and late kobject releases, and every probe done twice"),
    Variant("rt", (), "512M", "the distribution's PREEMPT_RT kernel, as it is", "rt-",
            ("stock",), by_name=True),
)


@dataclasses.dataclass(frozen=True)
class Kernel:
    series: Series
    variant: Variant

    @property
    def name(self):
        return f"{self.variant.name}-{self.series.name}"

    @property
    def packaged(self):
        return not self.variant.fragments

    @property
    def headers(self):
        """Metapackage whose dependency names a packaged kernel."""
        return self.series.headers.format(self.variant.flavour)

    @property
    def fragments(self):
        """Names in scripts/configs; a later one has the last word."""
        return () if self.packaged else self.variant.fragments + self.series.fragments


ALL = tuple(kernel for kernel in (Kernel(s, v) for s in SERIES for v in VARIANTS)
            if kernel.series.headers or not kernel.packaged)


def find(name):
    """The kernels that a name means: full name, variant (of the default series) or series.

    A series leaves out the variants that run by name only.
    """
    name = name.removesuffix(".x")
    for found in ([k for k in ALL if k.name == name],
                  [k for k in ALL if k.variant.name == name and k.series.name == DEFAULT],
                  [k for k in ALL if k.series.name == name and not k.variant.by_name]):
        if found:
            return found
    names = [k.name for k in ALL]
    words = names + [v.name for v in VARIANTS] + [s.name for s in SERIES]
    near = difflib.get_close_matches(name, words, cutoff=0.4)
    raise HarnessError(f"no kernel '{name}'; " +
                       (f"nearest: {', '.join(near)}; " if near else "") +
                       f"there are: {', '.join(names)}")


def package_version(package):
    """Version of an installed package; without it a message that says how to get it."""
    version = output(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Version}", package])
    if not version or not version.startswith("ii"):
        raise HarnessError(f"package {package} is not installed; "
                           f"install it with: apt-get install {package}")
    return version.split("|")[1]


def packaged_release(kernel):
    """Release of a packaged kernel (6.1.0-9-amd64) and its package version."""
    package_version(kernel.headers)
    depends = output(["dpkg-query", "-W", "-f", "${Depends}", kernel.headers]) or ""
    for dependency in depends.split(","):
        word = dependency.split()[0] if dependency.split() else ""
        if word.startswith("linux-headers-"):
            return word[len("linux-headers-"):], package_version(word)
    raise HarnessError(f"{kernel.headers} depends on no kernel headers: '{depends}'")
