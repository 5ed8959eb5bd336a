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
class Board:
    """A board, and what sits in its slots."""
    options: tuple
    append: str = ""		# for the kernel's command line
    fixed: tuple = ()		# devices that stay
    devices: dict = dataclasses.field(default_factory=dict)	# those that come and go, by id


# What a test may ask for with 'machine='. On acpiphp there is bad hardware too, for a driver of
# edu that is bound to it by hand: the first memory BAR of pci-testdev has 4 KiB, that of
# secondary-vga 16 MiB, which are no registers of edu's.
# Not the older machine, which takes hotplug on its first bus: to look up a wire's interrupt in its
# firmware tables takes a debug kernel half a minute, and each binding does.
# pcie_ports: a kernel without memory-mapped configuration space leaves hotplug to the firmware.
BOARDS = {
    "pc": Board(("-machine", "pc")),
    "acpiphp": Board(("-machine", "q35"),
                     fixed=("pcie-root-port,id=port0,bus=pcie.0,addr=0x4,chassis=1,slot=1",
                            "pci-testdev,id=small0,bus=pcie.0,addr=0x6",
                            "secondary-vga,id=wrong0,bus=pcie.0,addr=0x7"),
                     devices={"edu0": {"driver": "edu", "bus": "port0", "addr": "0x0"}}),
    "pciehp": Board(("-machine", "q35",
                     "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"),
                    append="pcie_ports=native",
                    fixed=("pcie-root-port,id=port0,bus=pcie.0,addr=0x4,chassis=1,slot=1",),
                    devices={"edu0": {"driver": "edu", "bus": "port0", "addr": "0x0"}}),
}


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a guest runs on."""
    cpus: int = 2
    exact: bool = False		# emulated, and its clock advances by 1 ns per instruction
    name: str = "pc"

    @property
    def board(self):
        return BOARDS[self.name]

    def options(self):
        words = [*self.board.options, "-smp", str(self.cpus),
                 *(EXACT if self.exact else acceleration())]
        plugged = [",".join([of["driver"], f"id={name}", *(f"{key}={value}" for key, value
                                                           in of.items() if key != "driver")])
                   for name, of in self.board.devices.items()]
        for device in (*self.board.fixed, *plugged):
            words += ["-device", device]
        return words


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
    append = " ".join(word for word in (APPEND, SLOW, machine.board.append, append) if word)
    return ["qemu-system-x86_64", *machine.options(), "-m", memory,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", str(image), "-initrd", str(initrd), "-append", append,
            "-chardev", f"{console[0]},id=console{console[1]}", "-serial", "chardev:console",
            "-chardev", f"{ktap[0]},id=ktap{ktap[1]}", "-serial", "chardev:ktap"]


def for_humans(image, initrd, memory, append, machine=Machine()):
    """The same guest on a terminal, with the protocol in a file."""
    return command(image, initrd, memory, append,
                   ("stdio", ",signal=off"), ("file", ",path=ktap.txt"), machine)


def plugging(asking, qmp):
    """The guest's third serial line, on which it asks, and QEMU's own channel; file descriptors.

    By itself that line would share its interrupt with the first one, which not every kernel does.
    """
    return ["-chardev", f"socket,id=plug,fd={asking}",
            "-device", "isa-serial,chardev=plug,index=2,iobase=0x3e8,irq=7",
            "-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control"]


class Guest:
    """A running QEMU with two byte streams, or four where devices come and go."""

    running, lock, stopped = set(), threading.Lock(), False

    def __init__(self, image, initrd, memory, append, extra=(), machine=Machine()):
        pairs = [socket.socketpair() for _ in range(4 if machine.board.devices else 2)]
        ends = [end.fileno() for _, end in pairs]
        line = command(image, initrd, memory, append,
                       ("socket", f",fd={ends[0]}"), ("socket", f",fd={ends[1]}"), machine)
        line += plugging(*ends[2:]) if machine.board.devices else []
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
        for _, end in pairs:
            end.close()
        self.streams = [stream for stream, _ in pairs]
        self.console, self.ktap = self.streams[:2]
        self.asking, self.qmp = self.streams[2:] or (None, None)

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
        for stream in self.streams:
            stream.close()
        return self.process.returncode, complaint.decode(errors="replace").strip()
