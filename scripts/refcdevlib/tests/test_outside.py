# SPDX-License-Identifier: GPL-2.0-only
"""What a driver elsewhere needs: symbols for all that the headers offer, and a build of its own."""

import pathlib
import re
import tempfile
import unittest

from refcdevlib.common import TREE, HarnessError
from refcdevlib.outside import DRIVER, INSTALLED, Outside

# at the start of a line, and no inline function: those have their semicolons inside; a parameter
# may be a pointer to a function, and what is said of the function (__printf(1, 2)) may go before
# it or follow
BRACKETS = r"\((?:[^(){};]|\((?:[^(){};]|\([^(){};]*\))*\))*\)"
PROTOTYPE = re.compile(rf"^(?!static|typedef|#|\s)(?:__\w+(?:{BRACKETS})?\s+)*"
                       rf"[\w \t*]*?\b(\w+){BRACKETS}(?:\s+__\w+(?:{BRACKETS})?)*;", re.MULTILINE)
EXPORT = re.compile(r"^EXPORT_SYMBOL_GPL\((\w+)\);", re.MULTILINE)
PRIVATE = re.compile(r'^#\s*include\s*"', re.MULTILINE)


class Headers(unittest.TestCase):
    def setUp(self):
        self.headers = [path.read_text() for path in (TREE / "include/linux").glob("*.h")]

    def test_what_they_declare_is_exported_and_nothing_else(self):
        declared = {name for text in self.headers for name in PROTOTYPE.findall(text)}
        exported = {name for path in (TREE / "drivers/refcdev").glob("*.c")
                    for name in EXPORT.findall(path.read_text())}
        self.assertIn("lifetime_put", declared)
        self.assertEqual(declared, exported)

    def test_they_include_nothing_private(self):
        for text in self.headers:
            self.assertIsNone(PRIVATE.search(text))

    def test_the_driver_includes_nothing_private(self):
        self.assertIsNone(PRIVATE.search((TREE / DRIVER / "outside.c").read_text()))


class Build(unittest.TestCase):
    """With a make that only says what it was asked for."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.copy = pathlib.Path(folder.name, "stock-6.1")
        self.files = [f"{DRIVER}/outside.c", "include/linux/refcdev.h", "kunit/Kbuild"]
        for name in self.files:
            (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
            (self.copy / name).write_text("")
        self.outside, self.made, self.broken = Outside(self.copy), [], False

    def make(self, what, *words):
        self.made.append(words)
        if what.startswith("driver") and self.broken:
            raise HarnessError("undefined!")

    def builds(self, kdir="/kernel"):
        """Did it take two calls of make, or none?"""
        self.made.clear()
        self.outside.build(kdir, self.files, self.make)
        return len(self.made)

    def test_once_per_contents_and_kernel(self):
        self.assertEqual((self.builds(), self.builds()), (2, 0))
        (self.copy / "kunit/Kbuild").write_text("of no matter")
        self.assertEqual(self.builds(), 0)
        (self.copy / "include/linux/refcdev.h").write_text("changed")
        self.assertEqual((self.builds(), self.builds()), (2, 0))
        self.assertEqual(self.builds("/newer"), 2)

    def test_against_what_was_installed(self):
        self.builds()
        install, driver = self.made
        root, = (str(word)[len("DESTDIR="):] for word in install
                 if str(word).startswith("DESTDIR="))
        self.assertIn(f"REFCDEV={root}/{INSTALLED}", driver)
        self.assertFalse(any(str(self.copy) + "/" in str(word) for word in driver))

    def test_a_driver_that_does_not_build_is_the_guest_s_to_report(self):
        self.broken = True
        self.builds()
        self.assertEqual([path.name for path in self.outside.products()], ["outside.txt"])
        self.assertIn("undefined!", self.outside.failure.read_text())
