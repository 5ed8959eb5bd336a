# SPDX-License-Identifier: GPL-2.0-only
"""One test in a guest of its own, for the commands that want what it printed."""

from . import plan, qemu
from .boot import boot_once
from .results import write_command


def run_alone(image, results, test, environment, machine=qemu.Machine()):
    """Boots, and returns the test's result."""
    boot = plan.Boot(image.kernel, [test], machine)
    folder = results.boot(image)
    initrd = folder / "initramfs.cpio"
    initrd.write_bytes(image.initramfs([test], environment))
    write_command(folder, qemu.for_humans(image.bzimage, initrd, boot.memory, boot.append,
                                          machine))
    outcome = []
    boot_once(boot, image.bzimage, initrd, folder, outcome.append)
    initrd.unlink()
    results.add(outcome[0], folder)
    return outcome[0]
