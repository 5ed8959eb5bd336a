# SPDX-License-Identifier: GPL-2.0-only
"""scripts/kernel: list, build and locate the kernels that the tests boot."""

from . import kbuild, kconfig, kernels, sources
from .common import PASS, HarnessError
from .image import Image
from .usage import Arguments


def main(words):
    parser = Arguments(prog="scripts/kernel", description="The kernels that the tests boot.")
    parser.add_argument("--no-install", action="store_true",
                        help="list the packages that are missing, and stop")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="names, what each is, whether it is in the cache")
    for name, about in (("build", "build (or download), unless it is in the cache"),
                        ("path", "folder with bzImage and config, and what modules build against"),
                        ("config", "the merged configuration fragments"),
                        ("refresh", "of a series from a newer suite: take the newest there is")):
        commands.add_parser(name, help=about).add_argument("name", metavar="NAME")
    options = parser.parse_args(words)
    if options.command == "list":
        return _list()
    found = kernels.find(options.name)
    if options.command == "refresh":
        return _refresh(found)
    if options.command == "config":
        for kernel in found:
            print(kconfig.text(kconfig.merged(kernel)), end="")
        return PASS
    for kernel in found:
        if options.command == "path" and not kernel.packaged and not kbuild.product(kernel).exists():
            raise HarnessError(f"{kernel.name} is not built: scripts/kernel build {kernel.name}")
        image = Image(kernel)
        print(f"{kernel.name}: {image.folder} {image.kdir}")
    return PASS


def _refresh(found):
    for series in dict.fromkeys(kernel.series for kernel in found):
        source = sources.refresh(series)
        print(f"{series.name}: {source.package} {source.version}")
    return PASS


def _list():
    for kernel in kernels.ALL:
        state = "" if kernel.packaged else f" ({_state(kernel)})"
        print(f"{kernel.name:16}{kernel.variant.about}{state}")
    return PASS


def _state(kernel):
    try:
        built = kbuild.product(kernel).exists()
        version = sources.chosen(kernel.series).version
    except HarnessError as error:
        return error
    return f"{version}, {'built' if built else 'not built yet'}"
