# SPDX-License-Identifier: GPL-2.0-only
"""What is a complaint of the kernel, what is not, and whose it is."""

import unittest

from refcdevlib.splat import Watch

WARNING = "WARNING: CPU: 1 PID: 77 at drivers/x.c:3 f+0x1/0x2"
NEWER_WARNING = "WARNING: drivers/x.c:3 at f+0x1/0x2, CPU#1: cat/77"
SPLATS = (
    "BUG: KASAN: use-after-free in fifo_read+0x1/0x2 [fifo]",
    WARNING,
    NEWER_WARNING,
    "WARNING: possible circular locking dependency detected",
    "WARNING: possible recursive locking detected",
    "WARNING: suspicious RCU usage",
    "BUG: sleeping function called from invalid context at x.c:3",
    "INFO: task cat:77 blocked for more than 45 seconds.",
    "INFO: task cat:77 blocked in I/O wait for more than 45 seconds.",
    "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:1]",
    "watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 0",
    "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 146s!",
    "Oops: general protection fault, probably for non-canonical address 0x6b6b: 0000 [#1] SMP",
    "general protection fault, probably for non-canonical address 0x6b6b: 0000 [#1] SMP",
    "BUG kmalloc-64 (Tainted: G    B      OE     ): Poison overwritten",
    "refcount_t: underflow; use-after-free.",
    "ODEBUG: free active (active state 0) object type: timer_list",
    "UBSAN: array-index-out-of-bounds in x.c:3:4",
    "kernel BUG at x.c:3!",
    "Kernel panic - not syncing: sysrq triggered crash",
    "BUG: Bad page state in process cat  pfn:00001",
    "kmemleak: Kernel memory leak detector disabled",
)
HARMLESS = (
    "Spectre V2 : WARNING: Unprivileged eBPF is enabled",
    "refcdev: loading out-of-tree module taints kernel.",
    "Disabling lock debugging due to kernel taint",
    "kmemleak: Cannot allocate a scan area, scanning the full object",
    "kmemleak: Automatic memory scanning thread started",
    "clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable",
    "rcu: Preemptible hierarchical RCU implementation.",
    "PCI: Probing PCI hardware (bus 00)",
    "NMI watchdog: Perf NMI watchdog permanently disabled",
)


def watch(*messages):
    watcher = Watch()
    for message in messages:
        watcher.feed(f"[    1.234567] {message}\r\n")
    return watcher


class Splats(unittest.TestCase):
    def test_each_kind(self):
        for message in SPLATS:
            self.assertEqual(len(watch(message).splats), 1, message)

    def test_words_come_before_the_warning(self):
        for words in ("refcdev: foo is unbound from inside", "refcount_t: underflow; x"):
            for warning in (WARNING, NEWER_WARNING):
                watcher = watch("------------[ cut here ]------------", words, warning,
                                "Call Trace:", "---[ end trace 0000000000000000 ]---",
                                "usb: hello")
                self.assertEqual(len(watcher.splats), 1)
                self.assertEqual(watcher.splats[0].title, words)
                self.assertEqual(len(watcher.splats[0].lines), 4)

    def test_list_corruption_is_one(self):
        watcher = watch("list_del corruption. next->prev should be 1, but was 2. (next=3)",
                        "------------[ cut here ]------------",
                        "kernel BUG at lib/list_debug.c:62!",
                        "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI", "Call Trace:")
        self.assertEqual(len(watcher.splats), 1)
        self.assertEqual(len(watcher.splats[0].lines), 4)

    def test_warning_after_a_warning(self):
        self.assertEqual(len(watch("------------[ cut here ]------------", WARNING,
                                   "BUG: KASAN: use-after-free in g").splats), 2)

    def test_harmless(self):
        for message in HARMLESS:
            self.assertEqual(watch(message).splats, [], message)

    def test_only_the_kernel_speaks(self):
        watcher = Watch()
        watcher.feed("BUG: printed by a program")
        self.assertEqual(watcher.splats, [])

    def test_belongs_to_its_test(self):
        watcher = watch("refcdev-test: start a", SPLATS[0], "refcdev-test: end a", SPLATS[1])
        self.assertEqual([splat.test for splat in watcher.splats], ["a", None])
        self.assertEqual(watcher.ended, {"a"})

    def test_oops_is_one(self):
        for oops in ("Oops: 0000 [#1] SMP", "Oops: Oops: 0000 [#1] SMP KASAN"):
            watcher = watch("BUG: kernel NULL pointer dereference, address: 0000000000000000",
                            "#PF: supervisor read access in kernel mode", oops,
                            "Kernel panic - not syncing: Fatal exception")
            self.assertEqual(len(watcher.splats), 1)

    def test_two_reports_are_two(self):
        self.assertEqual(len(watch(SPLATS[0], "Call Trace:", SPLATS[2]).splats), 2)

    def test_dropped_messages_are_noticed(self):
        self.assertEqual(watch("** 12 printk messages dropped **").dropped, 1)
