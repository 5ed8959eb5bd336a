# SPDX-License-Identifier: GPL-2.0-only
"""Where a kernel's source comes from: the newest of a suite, chosen once; and where it is built."""

import contextlib
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from refcdevlib import kbuild, kernels, sources
from refcdevlib.common import HarnessError
from refcdevlib.suite import Suite


class Offers(Suite):
    """A suite whose apt answers from a list."""

    def __init__(self, *offers):
        super().__init__("suite", None)
        self.offers = offers

    def apt(self, tool, *words):
        return "".join(line + "\n" for line in self.offers if line.startswith(words[-1]))


class Newest(unittest.TestCase):
    def test_numbers_not_letters(self):
        suite = Offers("linux-source-7.9", "linux-source-7.10 | 7.10.2-1 | x",
                       "linux-source-7.10 | 7.10.1-1 | x", "linux-source-7.10")
        self.assertEqual(suite.newest("linux-source-7."), ("linux-source-7.10", "7.10.2-1"))

    def test_none(self):
        with self.assertRaisesRegex(HarnessError, "no package linux-source-7"):
            Offers("linux-source-6.12").newest("linux-source-7.")


class Choice(unittest.TestCase):
    """Of a series that a newer suite has, with a cache of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for patch in (mock.patch.dict(os.environ, XDG_CACHE_HOME=folder.name),
                      mock.patch.object(sources, "say")):
            patch.start()
            self.addCleanup(patch.stop)
        self.series = kernels.find("debug-7")[0].series

    def offered(self, version):
        suite = Offers(f"linux-source-7.3 | {version} | x", "linux-source-7.3")
        return mock.patch.object(sources.suite, "opened",
                                 lambda name: contextlib.nullcontext(suite))

    def test_once_until_a_refresh(self):
        with self.assertRaisesRegex(HarnessError, "not chosen yet"):
            sources.chosen(self.series)
        with self.offered("7.3.4-1~bpo13+1"):
            sources.choose(self.series)
        with self.offered("7.3.5-1"):
            sources.choose(self.series)
            self.assertEqual(sources.chosen(self.series),
                             sources.Source("linux-source-7.3", "7.3.4-1~bpo13+1"))
            self.assertEqual(sources.refresh(self.series).version, "7.3.5-1")
        self.assertEqual(sources.chosen(self.series).version, "7.3.5-1")

    def test_a_package_of_this_machine_is_not_chosen(self):
        with self.assertRaisesRegex(HarnessError, "apt-get install linux-source-6.12"):
            sources.refresh(kernels.find("debug-6.12")[0].series)


class Settled(unittest.TestCase):
    def test_the_kernel_is_looked_for_where_it_is_kept(self):
        with tempfile.NamedTemporaryFile("w+") as file:
            makefile = pathlib.Path(file.name)
            for text in ("# made by x\ninclude y\n", "export KBUILD_OUTPUT = {}\ninclude y\n"):
                makefile.write_text(text.format("k.building/obj"))
                kbuild._settle(makefile, "k/obj")
                self.assertEqual(makefile.read_text(), text.format("k/obj"))
