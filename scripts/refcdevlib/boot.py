# SPDX-License-Identifier: GPL-2.0-only
"""Watches one guest from start to end: its console, its protocol channel, the clock."""

import dataclasses
import os
import re
import selectors
import time

from .common import HarnessError
from .plan import Test
from .plug import attach
from .qemu import Guest
from .splat import Watch
from .verdict import judge

START_LIMIT = 180		# from QEMU's start to the first test
ENDED_AFTER_FAILURE = "ended after a failure"
STOP_LIMIT = 30			# from the last test to power off
LAST_WORDS = 15			# for the guest to say where it hangs
HARDWARE_ERROR = re.compile(r"hardware error: .*")
SANITIZERS = Test("sanitizers", "guest/sanitizers", "tools/testing/refcdev/guest/sanitizers",
                  limit=120)


class Lines:
    """Cuts a byte stream into lines and keeps a copy in a file, if there is one."""

    def __init__(self, stream, feed, path=os.devnull):
        self.stream, self.feed, self.rest = stream, feed, b""
        self.copy = open(path, "wb")

    def read(self):
        """False at the end of the stream."""
        try:
            data = self.stream.recv(65536)
        except ConnectionResetError:
            data = b""
        self.copy.write(data)
        self.copy.flush()
        *lines, self.rest = (self.rest + data).split(b"\n")
        if not data and self.rest:
            lines, self.rest = [self.rest], b""
        for line in lines:
            self.feed(line.decode(errors="replace").rstrip("\r"))
        return bool(data)


@dataclasses.dataclass
class Turn:
    """A test that has begun, until its result is reported."""
    test: Test
    started: float
    lines: list = dataclasses.field(default_factory=list)
    status: int = None
    seconds: float = None

    def end(self, status):
        self.status, self.seconds = status, time.monotonic() - self.started


class BootRun:
    """Runs a boot's tests; report(result) is called for each as it ends."""

    def __init__(self, boot, folder, limits=True):
        self.tests = list(boot.tests) + ([SANITIZERS] if boot.clean else [])
        self.boot, self.folder, self.limits = boot, folder, limits
        self.watch = Watch()
        self.turns = []			# begun and not yet reported, in order
        self.results = []
        self.plugs = None		# of devices that come and go
        self.dirty = False		# a test has left modules behind, or taken a device out
        self.ending = None		# why the host ends the guest
        self.deadline = None

    def run(self, guest, report):
        """Returns the tests that did not get their turn."""
        self.report = report
        self._limit(START_LIMIT)
        selector = selectors.DefaultSelector()
        pidfd = os.pidfd_open(guest.process.pid)
        selector.register(pidfd, selectors.EVENT_READ, None)
        streams = [Lines(guest.console, self.watch.feed, self.folder / "console.log"),
                   Lines(guest.ktap, self._protocol, self.folder / "ktap.txt")]
        if guest.qmp:
            self.plugs = attach(guest, self.boot.machine.board.devices, self.folder / "host.log")
            streams += [Lines(guest.asking, self.plugs.from_guest),
                        Lines(guest.qmp, self.plugs.from_qemu)]
        for lines in streams:
            selector.register(lines.stream, selectors.EVENT_READ, lines)
        try:
            self._loop(selector, guest)
        finally:
            os.close(pidfd)
            code, complaint = guest.close()
            if self.plugs:
                self.plugs.log.close()
        self._verdict_on_qemu(code, complaint)
        self._finish()
        ran = {result.name for result in self.results}
        return [test for test in self.boot.tests if test.name not in ran]

    def _limit(self, seconds):
        self.deadline = time.monotonic() + seconds if self.limits else None

    def _loop(self, selector, guest):
        while True:
            left = None if self.deadline is None else max(0, self.deadline - time.monotonic())
            events = selector.select(left)
            for key, _ in events:
                if key.data is None or not key.data.read():
                    selector.unregister(key.fileobj)
                    if key.data:
                        key.data.copy.close()
            if not selector.get_map():
                return
            self._settle(guest)
            if self.deadline is not None and time.monotonic() >= self.deadline:
                self._out_of_time(guest)

    def _protocol(self, line):
        """One line of the guest's second serial line."""
        words = line.split()
        if line.startswith("  "):
            if self.turns:
                self.turns[-1].lines.append(line[2:])
        elif self.ending:
            return		# the guest is being ended: what it still does does not count
        elif words[:2] == ["#", "start"]:
            test = next(test for test in self.tests if test.name == words[2])
            self.turns.append(Turn(test, time.monotonic()))
            self._limit(test.limit)
        elif words[:2] == ["#", "end"]:
            self.turns[-1].end(int(words[3]))
            self.dirty |= bool(self.plugs and self.plugs.absent)
            self._limit(START_LIMIT)
        elif words[:2] == ["#", "dirty"]:
            self.dirty = True
        elif words[:2] == ["#", "done"]:
            # going down is a part of a test that ends with it
            self._limit(min([STOP_LIMIT] + [turn.test.limit for turn in self.turns
                                            if turn.test.ends]))

    def _settle(self, guest):
        """A test has ended when both the protocol and the kernel's log, which is slower, say so."""
        while self.turns and self.turns[0].status is not None \
                and self.turns[0].test.name in self.watch.ended and not self.ending \
                and not self.turns[0].test.ends:
            self._report(self.turns.pop(0))
            last = self.results[-1]
            if (last.splats or self.dirty) and last.name != SANITIZERS.name:
                # a sanitizer reports once and switches itself off, and what a failed test
                # leaves behind would fail others: the rest needs a new guest
                self._end(guest, ENDED_AFTER_FAILURE)

    def _end(self, guest, why):
        self.ending, self.deadline = why, None
        guest.kill()

    def _report(self, turn):
        splats = self.watch.of(turn.test.name)
        if turn.test is SANITIZERS or turn.test.ends:
            splats += self.watch.of(None)
        seconds = turn.seconds or time.monotonic() - turn.started
        result = judge(turn.test, self.boot.kernel.name, seconds, turn.lines, turn.status,
                       self.ending or "the guest died", splats)
        if self.watch.dropped and turn.test is SANITIZERS:
            result.reasons.append("the kernel dropped messages; splats may be among them")
            result.status = "fail"
        self.results.append(result)
        self.report(result)

    def _finish(self):
        """What was open when the guest ended; and splats that belong to no test."""
        if self.ending == ENDED_AFTER_FAILURE:
            return
        for turn in self.turns:
            if turn.test.ends and (self.ending or not self.watch.down):
                turn.status = None	# it has ended, the guest has not
            self._report(turn)
        checked = any(result.name == SANITIZERS.name for result in self.results)
        if not checked and self.watch.of(None) and self.boot.clean:
            self._report(Turn(SANITIZERS, time.monotonic()))

    def _out_of_time(self, guest):
        """First let the guest say what it is at, then end it."""
        hanging = self.turns and self.turns[-1].status is None
        if hanging and not self.ending:
            self.ending = f"time-out: not finished after {self.turns[-1].test.limit} s"
            guest.ktap.send(b"\n")
            self._limit(LAST_WORDS)
        else:
            self._end(guest, self.ending or "time-out: the guest does not go on")

    def _verdict_on_qemu(self, code, complaint):
        """What no hardware would do, and the guest asked it to, is the fault of the test that is
        running: it has failed. Any other death of QEMU's is nobody's in the guest.
        """
        running = [turn.test.name for turn in self.turns if turn.status is None]
        refused = HARDWARE_ERROR.search(complaint)
        if code and not self.ending and running and refused:
            self.ending = f"QEMU gave up: {refused[0]}"
        elif code and not self.ending:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            how += f" during {running[0]}" if running else ""
            raise HarnessError(f"QEMU {how}" + (f": {complaint}" if complaint else ""))
        if not self.results and not self.turns:
            raise HarnessError("the guest did not get as far as the first test: "
                               f"see {self.folder / 'console.log'}")


def boot_once(boot, image, initrd, folder, report, extra=(), limits=True):
    """Start the guest and watch it to its end."""
    guest = Guest(image, initrd, boot.memory, boot.append, extra, boot.machine)
    run = BootRun(boot, folder, limits)
    return run.run(guest, report)
