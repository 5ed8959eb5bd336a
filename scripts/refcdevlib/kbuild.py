# SPDX-License-Identifier: GPL-2.0-only
"""Builds a debug kernel from the distribution's source package, once, into the cache."""

import hashlib
import re
import shutil
import subprocess

from . import kconfig, sources
from .common import HarnessError, cache_dir, cpus, die_with_parent, locked, need_space, say
from .progress import Progress

FOREIGN = ("alpha arc arm arm64 csky hexagon ia64 loongarch m68k microblaze mips nios2 openrisc "
           "parisc powerpc riscv s390 sh sparc xtensa").split()
# crypto/Kconfig reads the crypto folders of all architectures
UNUSED = [f"arch/{name}/[!c]*" for name in FOREIGN] + [
    "tools/testing", "tools/perf", "drivers/gpu/drm/amd/include/asic_reg", "Documentation/*/*"]


def key(kernel):
    """Names the product: another source or another fragment is another kernel."""
    digest = hashlib.sha256(kconfig.text(kconfig.merged(kernel)).encode())
    chosen = sources.chosen(kernel.series)
    return f"{kernel.name}-{chosen.label}-{digest.hexdigest()[:12]}"


def product(kernel):
    """Folder of the finished kernel; it exists only when it is complete."""
    return cache_dir() / "kernels" / key(kernel)


def source(series):
    """The unpacked source tree, without what a build for x86 never reads."""
    chosen = sources.chosen(series)
    tree = cache_dir() / "src" / f"{chosen.package}-{chosen.label}"
    with locked(tree.with_name(tree.name + ".lock"), f"the source of {series.name}"):
        if not tree.exists():
            need_space(tree.parent, 1800, f"the source of kernel {series.name}")
            with sources.archive(series) as path:
                _unpack(path, chosen.package, tree)
    return tree


def _unpack(archive, top, tree):
    say(f"unpacking {archive.name}")
    fresh = tree.with_name(tree.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    excludes = [f"--exclude={top}/{path}" for path in UNUSED]
    done = subprocess.run(["tar", "-C", fresh, "--strip-components=1", "--anchored", *excludes,
                           "-xf", archive], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise HarnessError(f"cannot unpack {archive}: {done.stderr.strip()[-300:]}")
    fresh.rename(tree)


def build(kernel):
    """Build unless it is in the cache; returns the product's folder."""
    sources.choose(kernel.series)
    final = product(kernel)
    with locked(final.with_name(final.name + ".lock"), f"kernel {kernel.name}"):
        if final.exists():
            return final
        tree = source(kernel.series)
        need_space(final.parent, 1500, f"kernel {kernel.name}")
        work = final.with_name(final.name + ".building")
        obj = work / "obj"
        obj.mkdir(parents=True, exist_ok=True)
        _configure(kernel, tree, obj)
        _compile(kernel, tree, obj, work / "build.log")
        _finish(work, obj)
        _settle(obj / "Makefile", final / "obj")
        work.rename(final)
    return final


def _configure(kernel, tree, obj):
    requested = kconfig.merged(kernel)
    wanted = obj / "wanted.config"
    wanted.write_text(kconfig.text(requested))
    _make(tree, obj, f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig")
    _make(tree, obj, "olddefconfig")
    kconfig.check(requested, kconfig.parse((obj / ".config").read_text()))


def _make(tree, obj, *words):
    done = subprocess.run(["make", "-C", tree, f"O={obj}", *words], text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        raise HarnessError(f"make {words[-1]} of the kernel failed:\n{_tail(done.stdout)}")


def _tail(text, lines=30):
    return "\n".join(text.splitlines()[-lines:])


def _compile(kernel, tree, obj, log):
    """The long part. The log stays in the cache, and its end is shown on failure."""
    steps = kernel.series.steps
    bar = Progress(f"building kernel {kernel.name} (once; it is kept)", steps)
    command = ["make", "-C", tree, f"O={obj}", f"-j{cpus()}", "all"]
    with open(log, "w", encoding="utf-8", errors="replace") as out, \
         subprocess.Popen(command, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          preexec_fn=die_with_parent) as make:
        for line in make.stdout:
            out.write(line)
            bar.step()
    bar.end("failed" if make.returncode else "built")
    if make.returncode:
        text = log.read_text(errors="replace")
        why = "no space left on the disk" if "No space left on device" in text else "see below"
        raise HarnessError(f"building kernel {kernel.name} failed, {why}; log: {log}\n"
                           + _tail(text))


def _finish(work, obj):
    """Keep what boots, its symbols for gdb, and what modules are built against."""
    shutil.move(obj / "arch/x86/boot/bzImage", work / "bzImage")
    shutil.copy(obj / ".config", work / "config")
    shutil.copy(obj / "System.map", work / "System.map")
    keep = (obj / "scripts", obj / "tools")
    for path in obj.rglob("*"):
        if path.is_file() and not any(part in path.parents for part in keep) \
           and (path.suffix in (".o", ".a", ".cmd", ".order", ".bin", ".relocs")
                or path.name.startswith((".tmp_", "vmlinux."))) \
           and path.name != "vmlinux.symvers":
            path.unlink()


def _settle(makefile, folder):
    """Newer kernels write down where they are built, and look there when modules are built."""
    text = makefile.read_text()
    makefile.write_text(re.sub("(?<=^export KBUILD_OUTPUT = ).*", lambda _: str(folder), text,
                               flags=re.MULTILINE))
