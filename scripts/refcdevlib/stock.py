# SPDX-License-Identifier: GPL-2.0-only
"""The distribution's kernels: fetched as a package and unpacked into the cache, not installed."""

import pathlib
import shutil
import subprocess
import tempfile

from .common import HarnessError, cache_dir, locked, need_space, say
from .kernels import packaged_release


def product(kernel):
    release, version = packaged_release(kernel)
    return cache_dir() / "kernels" / f"{kernel.name}-{release}-{version.replace('~', '-')}"


def fetch(kernel):
    """Folder with vmlinuz and config; downloads the package the first time."""
    release, version = packaged_release(kernel)
    final = product(kernel)
    with locked(final.with_name(final.name + ".lock"), f"kernel {kernel.name}"):
        if not final.exists():
            need_space(final.parent, 200, f"kernel {kernel.name}")
            with tempfile.TemporaryDirectory(dir=final.parent, prefix="fetch-") as folder:
                _unpack(_download(release, version, folder), release, pathlib.Path(folder), final)
    return final


def _download(release, version, folder):
    package = f"linux-image-{release}={version}"
    say(f"downloading {package}")
    done = subprocess.run(["apt-get", "-q", "download", package], cwd=folder, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    debs = list(pathlib.Path(folder).glob("*.deb"))
    if done.returncode or not debs:
        raise HarnessError(f"cannot download {package}; perhaps 'apt-get update' helps:\n"
                           + done.stdout)
    return debs[0]


def _unpack(deb, release, folder, final):
    """Only what boots: the modules of the distribution are not used."""
    tree = folder / "tree"
    tree.mkdir()
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as data:
        done = subprocess.run(["tar", "-C", tree, "-xf", "-", "./boot"], stdin=data.stdout,
                              stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode or data.returncode:
        raise HarnessError(f"cannot unpack {deb.name}: {done.stderr.strip()}")
    product = folder / "product"
    product.mkdir()
    shutil.move(tree / f"boot/vmlinuz-{release}", product / "bzImage")
    shutil.move(tree / f"boot/config-{release}", product / "config")
    shutil.move(tree / f"boot/System.map-{release}", product / "System.map")
    product.rename(final)
