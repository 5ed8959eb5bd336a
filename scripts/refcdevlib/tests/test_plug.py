# SPDX-License-Identifier: GPL-2.0-only
"""The host's side of unplugging, with a QEMU that is made up."""

import json
import pathlib
import socket
import tempfile
import types
import unittest

from refcdevlib.boot import Lines
from refcdevlib.plug import Plugs, attach
from refcdevlib.qemu import BOARDS, Machine

GREETING = '{"QMP": {"version": {}, "capabilities": []}}'


class Protocol(unittest.TestCase):
    """Each step is one line in; what comes out is looked at."""

    def setUp(self):
        self.asked, self.told, self.logged = [], [], []
        self.plugs = Plugs({"edu0": {"driver": "edu", "addr": "0x5"}, "edu1": {"driver": "edu"}},
                           lambda line: self.asked.append(json.loads(line)), self.told.append,
                           self.logged.append)

    def qemu(self, **message):
        self.plugs.from_qemu(json.dumps(message))

    def ready(self):
        self.plugs.from_qemu(GREETING)
        self.qemu(id=self.asked.pop()["id"], **{"return": {}})

    def ask(self, line):
        """Returns the number that QEMU was asked with."""
        self.plugs.from_guest(line)
        return self.asked[-1]["id"]

    def taken(self, number):
        self.qemu(id=number, **{"return": {}})

    def failed(self, number, why):
        self.qemu(id=number, error={"class": "GenericError", "desc": why})

    def event(self, name, **data):
        self.qemu(event=name, data=data)

    def deleted(self, device):
        self.event("DEVICE_DELETED", device=device, path=f"/machine/peripheral/{device}")

    def test_what_is_asked_early_waits_for_the_handshake(self):
        self.plugs.from_guest("unplug edu0")
        self.assertEqual(self.asked, [])
        self.plugs.from_qemu(GREETING)
        self.assertEqual([asked["execute"] for asked in self.asked], ["qmp_capabilities"])
        self.taken(self.asked[0]["id"])
        self.assertEqual([asked["execute"] for asked in self.asked],
                         ["qmp_capabilities", "device_del"])

    def test_out_is_out_when_it_has_been_deleted(self):
        self.ready()
        number = self.ask("unplug edu0")
        self.assertEqual(self.asked[-1]["arguments"], {"id": "edu0"})
        self.taken(number)
        self.event("DEVICE_DELETED", path="/machine/peripheral/edu0/bus")
        self.deleted("edu1")
        self.assertEqual(self.told, ["gone edu1"])
        self.deleted("edu0")
        self.assertEqual(self.told[1:], ["ok unplug edu0"])
        self.assertEqual(self.plugs.absent, {"edu0", "edu1"})

    def test_deleted_before_the_command_has_returned(self):
        self.ready()
        number = self.ask("unplug edu0")
        self.deleted("edu0")
        self.taken(number)
        self.assertEqual(self.told, ["ok unplug edu0"])

    def test_back_where_it_was(self):
        self.ready()
        self.ask("unplug edu0")
        self.deleted("edu0")
        number = self.ask("plug edu0")
        self.assertEqual(self.asked[-1]["arguments"],
                         {"id": "edu0", "driver": "edu", "addr": "0x5"})
        self.assertEqual(self.told, ["ok unplug edu0"])
        self.taken(number)
        self.assertEqual(self.told[1:], ["ok plug edu0"])
        self.assertEqual(self.plugs.absent, set())

    def test_the_guest_lets_go_by_itself(self):
        self.ready()
        self.deleted("edu0")
        self.assertEqual(self.told, ["gone edu0"])
        self.failed(self.ask("unplug edu0"), "Device 'edu0' not found")
        self.assertEqual(self.told[1:], ["error unplug edu0: Device 'edu0' not found"])

    def test_several_under_way(self):
        self.ready()
        first, second = self.ask("unplug edu0"), self.ask("unplug edu1")
        again = self.ask("unplug edu0")
        self.taken(second)
        self.taken(first)
        self.failed(again, "already in the process of unplug")
        self.deleted("edu1")
        self.deleted("edu0")
        self.assertEqual(self.told, ["error unplug edu0: already in the process of unplug",
                                     "ok unplug edu1", "ok unplug edu0"])

    def test_the_guest_refuses(self):
        self.ready()
        self.taken(self.ask("unplug edu0"))
        self.event("DEVICE_UNPLUG_GUEST_ERROR", device="edu0", path="/")
        self.assertEqual(self.told, ["error unplug edu0: the guest does not let go of it"])
        self.deleted("edu0")
        self.assertEqual(self.told[1:], ["gone edu0"])

    def test_what_is_wrong_is_said_and_not_passed_on(self):
        self.ready()
        for line in ("unplug", "unplug edu2", "pull edu0", "unplug edu0 now", 'plug "}'):
            self.plugs.from_guest(line)
        self.assertEqual(self.asked, [])
        self.assertEqual([told.split(":")[0] for told in self.told],
                         ["error unplug", "error unplug edu2", "error pull edu0",
                          "error unplug edu0 now", 'error plug "}'])

    def test_an_echo_is_no_question(self):
        self.ready()
        for line in ("", "ok unplug edu0", "error x: y", "gone edu0"):
            self.plugs.from_guest(line)
        self.assertEqual((self.asked, self.told), ([], []))

    def test_hello_is_answered_without_qemu(self):
        self.ready()
        self.plugs.from_guest("hello you")
        self.assertEqual((self.asked, self.told), ([], ["ok hello you"]))

    def test_a_line_that_is_cut(self):
        self.ready()
        self.plugs.from_qemu('{"event": "DEVICE_DEL')
        self.assertEqual(self.told, [])


class Streams(unittest.TestCase):
    """With sockets, as a guest has them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name, "host.log")
        asking, self.guest = socket.socketpair()
        qmp, self.qemu = socket.socketpair()
        self.plugs = attach(types.SimpleNamespace(asking=asking, qmp=qmp), {"edu0": {}}, self.log)
        self.lines = [Lines(asking, self.plugs.from_guest), Lines(qmp, self.plugs.from_qemu)]
        for stream in (asking, qmp, self.guest, self.qemu, self.plugs.log,
                       *(line.copy for line in self.lines)):
            self.addCleanup(stream.close)
        self.qemu.send(GREETING.encode() + b"\r\n")
        self.lines[1].read()
        self.qemu.recv(1000)
        self.qemu.send(b'{"return": {}, "id": 1}\r\n')
        self.lines[1].read()

    def test_a_terminal_s_line_end(self):
        self.guest.send(b"hello y")
        self.lines[0].read()
        self.guest.send(b"ou\r\n")
        self.lines[0].read()
        self.assertEqual(self.guest.recv(1000), b"ok hello you\n")

    def test_who_is_dead_is_not_waited_for(self):
        self.guest.send(b"hello you\nunplug edu0\nunpl")
        self.guest.close()
        self.qemu.close()
        while self.lines[0].read():
            pass
        self.assertFalse(self.lines[1].read())
        self.assertIn("lost:  ok hello you: ", self.log.read_text())
        self.assertIn("error unpl: only", self.log.read_text())

    def test_who_does_not_read_is_not_waited_for(self):
        for _ in range(20000):
            self.plugs.from_guest("hello " + "x" * 100)
        self.assertIn("lost:", self.log.read_text())

    def test_seconds_in_the_log(self):
        self.plugs.from_guest("hello you")
        self.assertRegex(self.log.read_text().splitlines()[-1], r"^ +\d+\.\d{3} told:  ok hello")


class Boards(unittest.TestCase):
    def test_each_puts_back_what_it_has(self):
        for name, board in BOARDS.items():
            line = " ".join(Machine(name=name).options())
            for device, of in board.devices.items():
                self.assertIn(f"-device {of['driver']},id={device},bus={of['bus']},"
                              f"addr={of['addr']}", line)
