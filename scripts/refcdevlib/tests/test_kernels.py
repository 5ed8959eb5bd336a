# SPDX-License-Identifier: GPL-2.0-only
"""The table of kernels: what names mean, their fragments, their packages."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from refcdevlib import kconfig, kernels, plan
from refcdevlib.common import TREE, HarnessError

SCRIPTS = TREE / "scripts"


def names(word):
    return [kernel.name for kernel in kernels.find(word)]


class Names(unittest.TestCase):
    def test_what_they_mean(self):
        self.assertEqual(names("debug-6.12"), ["debug-6.12"])
        self.assertEqual(names("debug"), ["debug-" + kernels.DEFAULT])
        self.assertEqual(names("6.12"), ["stock-6.12", "debug-6.12", "debug-kobj-6.12"])

    def test_no_packaged_kernel_without_headers(self):
        self.assertEqual(names("7"), ["debug-7", "debug-kobj-7"])
        self.assertEqual(names("7.x"), names("7"))

    def test_realtime_by_its_own_name_only(self):
        self.assertEqual((names("rt"), names("rt-6.12")), (["rt-6.1"], ["rt-6.12"]))
        for word in ("6.1", "6.12", "stock"):
            self.assertNotIn("rt", [k.variant.name for k in kernels.find(word)])

    def test_packages_of_the_packaged(self):
        self.assertEqual([kernels.find(name)[0].headers for name in ("stock", "rt", "rt-6.12")],
                         ["linux-headers-amd64", "linux-headers-rt-amd64",
                          "linux-headers-6.12-rt-amd64"])

    def test_unknown(self):
        with self.assertRaisesRegex(HarnessError, "nearest: .*debug-6.12"):
            kernels.find("debg-6.12")


class Boots(unittest.TestCase):
    TESTS = [plan.Test(boot, "", "", boot=(boot,)) for boot in ("stock", "debug", "rt")]

    def on(self, name, **kwargs):
        boots = plan.boots(self.TESTS, kernels.find(name), **kwargs)
        return [test.name for boot in boots for test in boot.tests]

    def test_realtime_takes_what_stock_takes(self):
        self.assertEqual(self.on("rt"), ["stock", "rt"])
        self.assertEqual(self.on("stock"), ["stock"])
        self.assertEqual(self.on("debug"), ["debug"])

    def test_named_tests_run_anywhere(self):
        self.assertEqual(self.on("rt", named=True), ["stock", "debug", "rt"])

    def test_many_are_shared_between_guests(self):
        tests = [plan.Test(str(number), "", "") for number in range(2 * plan.SHARE)]
        for jobs, sizes in ((1, [32]), (2, [16, 16]), (4, [16, 16])):
            boots = plan.boots(tests, kernels.find("debug"), jobs=jobs)
            self.assertEqual([len(boot.tests) for boot in boots], sizes)
            self.assertEqual({test.name for boot in boots for test in boot.tests},
                             {test.name for test in tests})

    def test_each_machine_has_its_boots(self):
        tests = [plan.Test("plain", "", ""), plan.Test("edu", "", "", machine="acpiphp"),
                 plan.Test("port", "", "", machine="pciehp"),
                 plan.Test("edu_too", "", "", machine="acpiphp"),
                 plan.Test("edu_bug", "", "", machine="acpiphp", expects=["BUG"]),
                 plan.Test("edu_alone", "", "", machine="acpiphp", mem="1G")]
        boots = plan.boots(tests, kernels.find("debug"))
        self.assertEqual([(boot.machine.name, [test.name for test in boot.tests])
                          for boot in boots],
                         [("pc", ["plain"]), ("acpiphp", ["edu", "edu_too"]),
                          ("acpiphp", ["edu_bug"]), ("acpiphp", ["edu_alone"]),
                          ("pciehp", ["port"])])

    def test_who_makes_the_kernel_complain_is_apart(self):
        tests = [plan.Test("quiet", "", ""), plan.Test("one", "", "", expects=["WARNING"]),
                 plan.Test("two", "", "", expects=["BUG"]),
                 plan.Test("last", "", "", expects=["KASAN"], alone=True)]
        boots = plan.boots(tests, kernels.find("debug"))
        self.assertEqual([[test.name for test in boot.tests] for boot in boots],
                         [["quiet"], ["one", "two"], ["last"]])
        self.assertEqual([boot.clean for boot in boots], [True, False, False])


class Fragments(unittest.TestCase):
    def test_the_series_has_the_last_word(self):
        older, newer = (kconfig.merged(kernels.find(name)[0]) for name in ("debug-6.1", "debug-7"))
        self.assertEqual((older["CONFIG_PROC_SYSCTL"], newer["CONFIG_PROC_SYSCTL"]), ("y", "n"))
        self.assertEqual(newer["CONFIG_SYSCTL"], "y")

    def test_a_request_that_did_not_stick(self):
        kconfig.check({"CONFIG_A": "y", "CONFIG_B": "n"}, {"CONFIG_A": "y"})
        with self.assertRaisesRegex(HarnessError, "CONFIG_A=y"):
            kconfig.check({"CONFIG_A": "y"}, {"CONFIG_B": "y"})


class Packages(unittest.TestCase):
    """What bootstrap.sh would install on a machine that has nothing."""

    def missing(self, *words):
        with tempfile.TemporaryDirectory() as folder:
            query = pathlib.Path(folder, "dpkg-query")
            query.write_text("#!/bin/sh\nexit 1\n")
            query.chmod(0o755)
            script = '. "$(dirname -- "$0")/bootstrap.sh"; missing_packages "$@"'
            done = subprocess.run(["sh", "-c", script, SCRIPTS / "test", *words], text=True,
                                  env={"PATH": f"{folder}:{os.environ['PATH']}"},
                                  stdout=subprocess.PIPE, check=True)
        return {line.split()[0] for line in done.stdout.splitlines()}

    def test_each_series_lists_its_packages(self):
        for series in kernels.SERIES:
            needed = {kernel.headers for kernel in kernels.find(series.name) if kernel.packaged}
            needed |= set() if series.suite else {series.source}
            self.assertLessEqual(needed, self.missing("test", "--kernel", series.name))

    def test_only_the_series_that_is_named(self):
        usual = self.missing("test")
        self.assertNotIn("linux-source-6.12", usual)
        for words in (["NAME"], ["--kernel", "6.1"], ["--kernel", "7"], ["NAME-6.1"], [""]):
            self.assertEqual(self.missing("test", *words), usual, words)
        for words in (["--kernel", "debug-6.12"], ["--kernel=6.12"], ["build", "stock-6.12"]):
            self.assertEqual(self.missing("test", *words) - usual,
                             {"linux-source-6.12", "linux-headers-6.12-amd64"}, words)

    def test_realtime_lists_its_own(self):
        usual = self.missing("test")
        for word in ("rt", "rt-6.1", "rt-6.12"):
            kernel, = kernels.find(word)
            for words in (["--kernel", word], ["--kernel=" + word]):
                self.assertEqual(self.missing("test", *words) - usual, {kernel.headers}, words)

    def test_the_full_tier_and_a_named_test_need_more(self):
        usual = self.missing("test")
        self.assertNotIn("stress-ng", usual)
        for words in (["--full"], ["stress_ng"]):
            self.assertEqual(self.missing("test", *words) - usual, {"stress-ng"}, words)

    def test_the_demonstration_builds_no_kernel(self):
        self.assertNotIn("linux-source-6.1", self.missing("run"))
