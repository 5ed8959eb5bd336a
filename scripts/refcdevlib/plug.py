# SPDX-License-Identifier: GPL-2.0-only
"""The host's side of unplugging: what the guest asks for is done by QEMU, and answered.

The guest writes a line, "unplug ID", "plug ID" or "hello WORD". It gets "ok LINE" once that
has happened (an unplugged device has left QEMU), or "error LINE: WHY". When it lets go of a
device by itself, through the slot's power file, it gets "gone ID".
"""

import json
import socket
import time

ANSWERS = ("ok", "error", "gone")	# never taken for a question: a terminal may echo


class Plugs:
    """Knows the devices that come and go; lines come in, lines go out, nothing waits."""

    def __init__(self, devices, to_qemu, to_guest, log):
        """to_qemu, to_guest and log take a line each."""
        self.devices, self.absent = devices, set()
        self.to_qemu, self.to_guest, self.log = to_qemu, to_guest, log
        self.early = []		# asked before QEMU was ready; None since it is
        self.under_way = {}	# the guest's words, by the number that QEMU knows them by
        self.number = 0

    def from_guest(self, line):
        """A line of the guest's third serial line."""
        self.log(f"guest: {line}")
        words = line.split()
        if not words or words[0] in ANSWERS:
            return
        if self.early is not None:
            self.early.append(words)
        else:
            self._ask(words)

    def from_qemu(self, line):
        """A line of QMP; the last one of a QEMU that dies may be cut."""
        self.log(f"QEMU:  {line}")
        try:
            message = json.loads(line)
        except ValueError:
            return
        if "QMP" in message:
            self._execute("qmp_capabilities", {}, None)
        elif "event" in message:
            self._event(message["event"], message.get("data", {}))
        elif message.get("id") in self.under_way:
            self._done(message)

    def _ask(self, words):
        verb, name = words if len(words) == 2 else (words[0], None)
        if verb not in ("hello", "unplug", "plug") or name is None:
            self._answer(words, "only 'unplug ID', 'plug ID' and 'hello WORD' are known")
        elif verb == "hello":
            self._answer(words)
        elif name not in self.devices:
            self._answer(words, f"no such device; there is {', '.join(self.devices)}")
        elif verb == "unplug":
            self._execute("device_del", {"id": name}, words)
        else:
            self._execute("device_add", {"id": name, **self.devices[name]}, words)

    def _execute(self, command, arguments, words):
        self.number += 1
        self.under_way[self.number] = words
        line = json.dumps({"execute": command, "arguments": arguments, "id": self.number})
        self.log(f"asked: {line}")
        self.to_qemu(line)

    def _done(self, message):
        """QEMU has taken a command: plugged in that is; out it is when the guest has let go."""
        words, failed = self.under_way[message["id"]], message.get("error")
        if words and words[0] == "unplug" and not failed:
            return
        del self.under_way[message["id"]]
        if words is None:
            early, self.early = self.early, None
            for asked in early:
                self._ask(asked)
            return
        if not failed:
            self.absent.discard(words[1])
        self._answer(words, failed and failed["desc"])

    def _event(self, event, data):
        name = data.get("device")
        if name not in self.devices:
            return
        if event == "DEVICE_DELETED":
            self.absent.add(name)
            if not self._end_unplugs(name):
                self._say(f"gone {name}")
        elif event == "DEVICE_UNPLUG_GUEST_ERROR":
            self._end_unplugs(name, "the guest does not let go of it")

    def _end_unplugs(self, name, why=None):
        """The event may come before QEMU says that it has taken the command."""
        ended = [number for number, words in self.under_way.items() if words == ["unplug", name]]
        for number in ended:
            self._answer(self.under_way.pop(number), why)
        return ended

    def _answer(self, words, why=None):
        self._say(f"error {' '.join(words)}: {why}" if why else f"ok {' '.join(words)}")

    def _say(self, line):
        self.log(f"told:  {line}")
        self.to_guest(line)


class Log:
    """A file of what was said, with the seconds since its beginning."""

    def __init__(self, path):
        self.file, self.began = open(path, "w", encoding="utf-8", buffering=1), time.monotonic()

    def __call__(self, line):
        self.file.write(f"{time.monotonic() - self.began:10.3f} {line}\n")

    def close(self):
        self.file.close()


def sender(stream, log, end):
    """Sends lines, and never waits: who does not read, or is dead, misses them."""
    def send(line):
        try:
            stream.send(line.encode() + end, socket.MSG_DONTWAIT)
        except OSError as error:
            log(f"lost:  {line}: {error.strerror}")
    return send


def attach(guest, devices, path):
    """Between a guest and its QEMU, with a log in 'path'; both streams are for others to read."""
    log = Log(path)
    return Plugs(devices, sender(guest.qmp, log, b"\r\n"), sender(guest.asking, log, b"\n"), log)
