# SPDX-License-Identifier: GPL-2.0-only
"""The fast path is found in machine code, and what it does beyond its rule is told."""

import unittest

from refcdevlib import fastpath, proxies
from refcdevlib.objdump import Module

# As objdump prints it. The lines in <> are replaced by the tests.
PROXY = """
Disassembly of section .text:

0000000000000100 <refcdev_read>:
 100:\tcall   105 <refcdev_read+0x5>\t101: R_X86_64_PLT32\t__fentry__-0x4
 105:\tpush   %rbx
 106:\tsub    $0x10,%rsp
 10a:\tmov    0xd8(%rdi),%rax
 110:\tincl   %gs:0x0(%rip)        # 117 <refcdev_read+0x17>\t113: R_X86_64_PC32\t__preempt_count-0x4
 117:\tmov    -0x180(%rax),%rbx
 11b:\tmovzbl 0x8(%rbx),%eax
 11f:\ttest   %al,%al
 121:\tjne    180 <refcdev_read+0x80>
 123:\tmov    (%rbx),%rax
 126:\tincl   %gs:0x10(%rax)
<enter>
 12a:\tdecl   %gs:0x0(%rip)        # 131 <refcdev_read+0x31>\t12d: R_X86_64_PC32\t__preempt_count-0x4
 131:\tje     1a0 <refcdev_read+0xa0>
 137:\tlea    0x8(%rsp),%rbp
 13c:\tmov    %rax,0x0(%rbp)
<frame>
 155:\tcall   15a <refcdev_read+0x5a>\t156: R_X86_64_PLT32\t__x86_indirect_thunk_rax-0x4
<leave>
 15a:\tdecl   %gs:0x10(%rdx)
 160:\tjmp    180 <refcdev_read+0x80>\t161: R_X86_64_PLT32\t__x86_return_thunk-0x4
 180:\tcall   185 <refcdev_read+0x85>\t181: R_X86_64_PLT32\trefcdev_refused-0x4
 185:\tjmp    160 <refcdev_read+0x60>
 1a0:\tcall   1a5 <refcdev_read+0xa5>\t1a1: R_X86_64_PLT32\t__SCT__preempt_schedule-0x4
 1a5:\tjmp    137 <refcdev_read+0x37>
"""


def wrong(rule=proxies.NONE, records="", **lines):
    """What is said of the proxy with these lines in it."""
    code = PROXY
    for place in ("enter", "frame", "leave"):
        code = code.replace(f"<{place}>\n", lines.get(place, ""))
    module = Module(code, records=records)
    facts = fastpath.examine(module, "refcdev_read", rule.slow)
    return list(proxies.complaints("refcdev_read", facts, rule))


class Proxy(unittest.TestCase):
    def says(self, text, **lines):
        said = wrong(**lines)
        self.assertEqual(len(said), 1, said)
        self.assertIn(text, said[0])

    def test_a_good_one(self):
        self.assertEqual(wrong(), [])

    def test_locked(self):
        self.says("a lock prefix", enter=" 127:\tlock addl $0x0,-0x4(%rsp)\n")
        self.says("locked", enter=" 127:\txchg   %eax,%gs:0x10(%rcx)\n")
        self.assertEqual(wrong(enter=" 127:\txchg   %ax,%ax\n"), [])

    def test_atomic(self):
        self.says("an atomic instruction", enter=" 127:\tcmpxchg %ecx,0x10(%rsp)\n")
        self.assertEqual(wrong(enter=" 127:\tcmpxchg %ecx,%gs:0x10(%rdx)\n"), [])

    def test_barrier(self):
        for name in ("mfence", "lfence", "sfence"):
            self.says("a barrier", enter=f" 127:\t{name}\n")

    def test_store(self):
        self.says("writes what others may see", enter=" 127:\tmov    %eax,0x30(%rbx)\n")
        self.says("writes what others may see", enter=" 127:\tincl   0x10(%rax)\n")
        self.says("writes what others may see",
                  enter=" 127:\tmovl   $0x1,0x0(%rip)\t129: R_X86_64_PC32\t.data-0x8\n")
        self.assertEqual(wrong(enter=" 127:\tcmpl   $0x1,0x30(%rbx)\n"), [])

    def test_store_on_the_stack(self):
        self.assertEqual(wrong(frame=" 140:\tmov    %rbp,%r12\n 143:\tmov    %eax,(%r12)\n"), [])
        # the register does not hold the stack's address any more
        self.says("writes what others may see",
                  frame=" 140:\tmov    (%rbx),%rbp\n 143:\tmov    %eax,0x0(%rbp)\n")
        # a call does not keep this one
        self.says("writes what others may see",
                  frame=" 140:\tlea    0x8(%rsp),%r11\n", leave=" 158:\tmov    %eax,(%r11)\n")

    def test_frame_given_to_the_driver(self):
        self.says("writes what others may see", frame=" 140:\tmov    %rbp,%rcx\n")

    def test_call(self):
        self.says("calls gate_is_idle",
                  enter=" 127:\tcall   12c <x>\t128: R_X86_64_PLT32\tgate_is_idle-0x4\n")
        self.says("calls pv_ops", enter=" 127:\tcall   *0x0(%rip)\t129: R_X86_64_PC32\tpv_ops+0x214\n")

    def test_two_calls_of_the_driver(self):
        again = " 158:\tcall   15d <x>\t159: R_X86_64_PLT32\t__x86_indirect_thunk_rdx-0x4\n"
        self.says("[(2, 1, 1)]", leave=again)

    def test_counted_twice(self):
        self.says("[(1, 2, 1)]", enter=" 127:\tincl   %gs:0x10(%rcx)\n")

    def test_loop(self):
        self.says("has a loop", leave=" 158:\tjne    137 <refcdev_read+0x37>\n")

    def test_always_slow(self):
        slow = " 158:\tcall   15d <x>\t159: R_X86_64_PLT32\tgate_exit_slow-0x4\n"
        self.says("every way through it calls a slow function", leave=slow)

    def test_the_slow_way_is_not_the_one_without_a_jump(self):
        said = wrong(leave=" 157:\tjne    15a <refcdev_read+0x5a>\n"
                           " 158:\tcall   15d <x>\t159: R_X86_64_PLT32\tgate_exit_slow-0x4\n")
        self.assertTrue(any("the slow one does not" in text for text in said), said)

    def test_a_question_that_leads_elsewhere(self):
        self.says("leads to refcdev_refused",
                  enter=" 127:\tcmp    $0x1,%edi\n 128:\tjne    180 <refcdev_read+0x80>\n")

    def test_code_that_the_kernel_replaces(self):
        records = "RELOCATION RECORDS FOR [.altinstructions]:\n" \
            "0000000000000000 R_X86_64_PC32     .text+0x0000000000000127\n"
        self.says("may be replaced", enter=" 127:\tnopl   (%rax)\n", records=records)

    def test_a_rule_allows_what_it_says(self):
        line = " 127:\tcall   12c <x>\t128: R_X86_64_PLT32\tgate_is_idle-0x4\n"
        rule = proxies.Rule("it asks", calls=frozenset({"gate_is_idle"}))
        self.assertEqual(wrong(rule, enter=line), [])
        self.assertEqual(len(wrong(rule, enter=line + " 129:\tmfence\n")), 1)


TABLE = """
Disassembly of section .text:

0000000000000010 <refcdev_poll>:
  10:\tret
0000000000000020 <refcdev_make_proxy>:
  20:\tmovq   $0x0,0x88(%rsi)\t27: R_X86_64_32S\t.text+0x10
  2b:\tlea    0x0(%rip),%rax        # 32 <x>\t2e: R_X86_64_PC32\t.text+0xc
  32:\tmovq   $0x0,0x60(%rsi)\t36: R_X86_64_32S\trefcdev_poll
  36:\tcall   3b <x>\t37: R_X86_64_PLT32\trefcdev_poll-0x4
  3b:\tmov    $0x0,%rdi\t3e: R_X86_64_32S\t.rodata.str1.8+0x10
"""


class Tables(unittest.TestCase):
    def test_what_code_takes_the_address_of(self):
        self.assertEqual(Module(TABLE).named_by("refcdev_make_proxy"), ["refcdev_poll"] * 3)

    def test_what_data_names(self):
        symbols = "0000000000000120 g     O .rodata\t0000000000000118 refcdev_dispatcher\n"
        records = "RELOCATION RECORDS FOR [.rodata]:\n" \
            "0000000000000128 R_X86_64_64       noop_llseek\n" \
            "0000000000000190 R_X86_64_64       .text+0x0000000000000010\n" \
            "0000000000000240 R_X86_64_64       .text+0x0000000000000020\n"
        module = Module(TABLE, symbols, records)
        self.assertEqual(module.named_in("refcdev_dispatcher"), ["refcdev_poll"])


class Section(unittest.TestCase):
    """An enter that is inlined in a driver's function."""
    CODE = """
Disassembly of section .text:

0000000000000100 <timer>:
 100:\tincl   %gs:0x0(%rip)\t103: R_X86_64_PC32\t__preempt_count-0x4
 107:\tmovzbl 0x8(%rdi),%eax
 10b:\ttest   %al,%al
 10d:\tjne    120 <timer+0x20>
 10f:\tmov    (%rdi),%rax
 112:\tincl   %gs:(%rax)
<more>
 120:\tdecl   %gs:0x0(%rip)\t123: R_X86_64_PC32\t__preempt_count-0x4
 127:\tlock incl 0x10(%rdi)
 12b:\tret
"""

    def section(self, more=""):
        found = fastpath.sections(Module(self.CODE.replace("<more>\n", more)), "timer")
        self.assertEqual(len(found), 1)
        return found[0]

    def test_what_follows_it_is_the_driver_s(self):
        facts = self.section()
        self.assertEqual((facts.locked, facts.stores, facts.ways), ([], [], {(1, 0)}))

    def test_what_is_in_it_counts(self):
        self.assertEqual(len(self.section(" 116:\tlock incl 0x20(%rdi)\n").locked), 1)
        self.assertEqual(len(self.section(" 116:\tincl   0x20(%rdi)\n").stores), 1)
