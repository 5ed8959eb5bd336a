# SPDX-License-Identifier: GPL-2.0-only
"""The QEMU command line, and QEMU as a child that never outlives the runner."""

import dataclasses
import os
import socket
import subprocess
import threading

from .common import HarnessError, die_with_parent

APPEND = "console=ttyS0 panic=-1 printk.devkmsg=on ignore_loglevel printk.time=1 kunit.enable=1"
SLOW = "workqueue.watchdog_thresh=140"		# an emulated processor needs patience


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a guest runs on."""
    cpus: int = 2
    exact: bool = False		# emulated, and its clock advances by 1 ns per instruction

    def options(self):
        return ["-smp", str(self.cpus), *(EXACT if self.exact else acceleration())]


# Time passes only with instructions: a guest that is idle goes on to its next timer at once.
EXACT = ("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-seed", "1",
         "-rtc", "base=2026-01-01,clock=vm")


def acceleration():
    """KVM only where the processor really offers it; a /dev/kvm elsewhere may hang the guest."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        flags = set(info.read().split())
    if flags & {"vmx", "svm"} and os.access("/dev/kvm", os.R_OK | os.W_OK):
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi"]


def command(image, initrd, memory, append, console, ktap, machine=Machine()):
    """console and ktap are chardev specifications without their id."""
    return ["qemu-system-x86_64", "-machine", "pc", *machine.options(), "-m", memory,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", str(image), "-initrd", str(initrd),
            "-append", f"{APPEND} {SLOW} {append}".rstrip(),
            "-chardev", f"{console[0]},id=console{console[1]}", "-serial", "chardev:console",
            "-chardev", f"{ktap[0]},id=ktap{ktap[1]}", "-serial", "chardev:ktap"]


def for_humans(image, initrd, memory, append, machine=Machine()):
    """The same guest on a terminal, with the protocol in a file."""
    return command(image, initrd, memory, append,
                   ("stdio", ",signal=off"), ("file", ",path=ktap.txt"), machine)


class Guest:
    """A running QEMU with two byte streams."""

    running, lock, stopped = set(), threading.Lock(), False

    def __init__(self, image, initrd, memory, append, extra=(), machine=Machine()):
        console, console_end = socket.socketpair()
        ktap, ktap_end = socket.socketpair()
        ends = (console_end.fileno(), ktap_end.fileno())
        line = command(image, initrd, memory, append,
                       ("socket", f",fd={ends[0]}"), ("socket", f",fd={ends[1]}"), machine)
        with self.lock:
            if self.stopped:
                raise HarnessError("the run was stopped")
            try:
                self.process = subprocess.Popen([*line, *extra], stdin=subprocess.DEVNULL,
                                                stdout=subprocess.DEVNULL,
                                                stderr=subprocess.PIPE, pass_fds=ends,
                                                preexec_fn=die_with_parent)
            except OSError as error:
                raise HarnessError(f"cannot start {line[0]}: {error.strerror}") from error
            self.running.add(self)
        console_end.close()
        ktap_end.close()
        self.console, self.ktap = console, ktap

    @classmethod
    def stop_all(cls):
        """End the guests of all threads; there will be no others."""
        with cls.lock:
            cls.stopped = True
            for guest in cls.running:
                guest.kill()

    def kill(self):
        self.process.kill()

    def close(self):
        """Reap it. Error when it did not end by itself nor by our hand."""
        self.process.kill()
        with self.lock:
            self.running.discard(self)
        _, complaint = self.process.communicate()
        self.console.close()
        self.ktap.close()
        return self.process.returncode, complaint.decode(errors="replace").strip()
