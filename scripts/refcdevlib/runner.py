# SPDX-License-Identifier: GPL-2.0-only
"""Runs boots, some of them side by side, and prints their results as KTAP."""

import concurrent.futures
import subprocess
import sys
import threading

from . import proxies, qemu
from .boot import SANITIZERS, boot_once
from .common import PASS, HarnessError, say
from .image import Image
from .results import Results, write_command
from .verdict import exit_code, ktap, totals


class Runner:
    """One run of the command: the images it needs, its results, its options."""

    def __init__(self, options, kernel_list):
        self.options = options
        self.results = None
        self.count = 0
        self.lock = threading.Lock()	# results and what is printed
        self.images = {}
        for kernel in kernel_list:
            self.images[kernel.name] = image = Image(kernel)
            image.prepare(build=not options.no_build)

    def environment(self, kernel):
        return {"REFCDEV_TIER": "full" if self.options.full else "quick",
                "REFCDEV_SEED": self.options.seed, "REFCDEV_KERNEL": kernel.name}

    def _write_initramfs(self, boot, path):
        image = self.images[boot.kernel.name]
        tests = list(boot.tests) + ([SANITIZERS] if boot.clean else [])
        environment = self.environment(boot.kernel) | {"REFCDEV_END": boot.ends or "poweroff"}
        path.write_bytes(image.initramfs(tests, environment))
        return image

    def boot(self, boot, report):
        """One guest; returns the tests that did not get their turn."""
        image = self.images[boot.kernel.name]
        with self.lock:
            folder = self.results.boot(image)
        initrd = folder / "initramfs.cpio"
        self._write_initramfs(boot, initrd)
        write_command(folder, qemu.for_humans(image.bzimage, initrd, boot.memory, boot.append,
                                              boot.machine))
        statuses = set()

        def collect(result):
            statuses.add(result.status)
            report(result, folder)
        rest = boot_once(boot, image.bzimage, initrd, folder, collect, self._gdb(image),
                         limits=not self.options.gdb)
        if statuses <= {"pass", "skip"}:
            initrd.unlink()		# a failed boot keeps it, to be repeated by hand
        return rest

    def boot_until_all_ran(self, boot, report):
        """A crash or a time-out ends a guest; the rest then gets a fresh one."""
        while boot.tests:
            rest = self.boot(boot, report)
            if len(rest) == len(boot.tests):
                raise HarnessError("a guest ended before it ran a single test: "
                                   f"see {self.results.folder}")
            boot.tests = rest

    def report(self, result, folder):
        with self.lock:
            self.results.add(result, folder)
            self.print(result)

    def print(self, result):
        self.count += 1
        for line in ktap(result, self.count):
            print(line)
        sys.stdout.flush()

    def _gdb(self, image):
        if not self.options.gdb:
            return ()
        say("QEMU waits for a debugger. In another terminal:\n"
            f"  gdb {image.folder / 'obj/vmlinux'} -ex 'target remote :1234'\n"
            "and when a module is loaded, with the address from /sys/module/NAME/sections/.text:\n"
            f"  add-symbol-file {image.copy.path}/drivers/refcdev/refcdev.ko ADDRESS")
        return ("-S", "-s")

    def shell(self, kernel, machine):
        """A guest on the terminal with everything in it; nothing is run."""
        if machine.board.devices:
            say(f"{', '.join(machine.board.devices)} of machine {machine.name} is there, but no "
                "channel on which to ask for an unplug: use its 'remove', or its slot's 'power'")
        image = self.images[kernel.name]
        results = Results([kernel.name, "shell"], sys.argv)
        path = results.folder / "initramfs.cpio"
        path.write_bytes(image.initramfs([], self.environment(kernel)))
        line = qemu.command(image.bzimage, path, kernel.variant.memory,
                            "refcdev.shell",
                            ("stdio", ",mux=on,signal=off"), ("null", ""), machine)
        code = subprocess.run(line, check=False).returncode
        path.unlink()
        return PASS if code == 0 else _died(code)

    def run(self, boots, selftest=None, code_of=()):
        """All boots; returns the exit code of the run."""
        names = dict.fromkeys(boot.kernel.name for boot in boots)
        names = list(names) + ([selftest.NAME] if selftest else [])
        self.results = Results(names or [proxies.NAME], sys.argv)
        say(f"seed {self.options.seed}; results in {self.results.folder}")
        jobs = [lambda boot=boot: self.boot_until_all_ran(boot, self.report) for boot in boots]
        if selftest:	# as long as many small boots: not last, where nothing runs beside it
            jobs.insert(self.options.jobs, lambda: self.report(*selftest.run(self)))
        for kernel in code_of:
            jobs.append(lambda image=self.images[kernel.name]:
                        self.report(proxies.run(image), self.results.folder))
        self._side_by_side(jobs)
        return exit_code([result for result, _ in self.results.all])

    def _side_by_side(self, jobs):
        """A guest seldom keeps all of its processors busy, so there is room for another."""
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            try:
                started = [pool.submit(job) for job in jobs]
                for job in concurrent.futures.as_completed(started):
                    job.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                qemu.Guest.stop_all()
                raise

    def finish(self, code):
        """The end of the KTAP stream, and the last line."""
        if self.results is None:
            return
        print(f"1..{self.count}")
        self.results.finish(code)
        print(totals([result for result, _ in self.results.all]))


def _died(code):
    raise HarnessError(f"QEMU ended with {code}")
