# SPDX-License-Identifier: GPL-2.0-only
"""scripts/test: the command line."""

import dataclasses
import random
import shlex

from . import kernels, plan, proxies, qemu, selftest
from .common import HARNESS, PASS, SKIP, HarnessError, cpus, say
from .image import folder
from .runner import Runner
from .usage import Arguments

EPILOG = """exit code: 0 passed, 1 failed, 4 all skipped, 124 a test ran out of time,
125 the harness itself could not go on"""
MOST_JOBS = 4			# of a guest each; they share the host's memory


def _options(words):
    parser = Arguments(prog="scripts/test", epilog=EPILOG,
                       description="Runs tests in a guest, and prints their results as KTAP.")
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="test or glob; default: all")
    add("--list", action="store_true", help="list tests, where they boot, and the kernels")
    add("--kernel", metavar="NAME", help="on this kernel (name, variant or series)")
    add("--full", action="store_true", help="the full tier: all counts, all tests")
    add("--seed", type=int, help="seed of the random choices; printed when not given")
    add("--repeat", type=int, default=1, metavar="N", help="N times, until the first failure")
    add("--jobs", type=int, default=min(cpus(), MOST_JOBS), metavar="N",
        help="guests at a time; default: one per processor, %(default)s here")
    add("--no-build", action="store_true", help="run what the last run built")
    add("--shell", action="store_true", help="a shell in the guest, with everything in it, on "
        "the machine of the first NAME")
    add("--gdb", action="store_true", help="QEMU waits for a debugger; no time limits")
    add("--dry-run", action="store_true", help="print the QEMU command lines, and stop")
    add("--selftest", action="store_true", help="test the harness itself, and nothing else")
    add("--no-install", action="store_true", help="list the packages that are missing, and stop")
    options = parser.parse_args(words)
    if options.jobs < 1:
        parser.error("--jobs takes a number from 1 on")
    if options.gdb:
        options.jobs = 1		# there is one debugger, on one port
    if options.seed is None:
        options.seed = random.randrange(1, 1 << 31)
    return options


def _list_all(tests):
    for test in tests:
        notes = [",".join(test.boot), f"limit {test.limit} s"]
        notes += ["full tier only"] if test.tier == "full" else []
        notes += [f"quick tier {','.join(test.quick)} only"] if test.quick else []
        notes += ["own boot"] if test.own_boot else []
        notes += [f"machine {test.machine}"] if test.machine != qemu.Machine.name else []
        print(f"{test.name:24}{'; '.join(notes)}")
    print(f"{selftest.NAME:24}the harness itself: {len(plan.selftests())} guest tests")
    print(f"{proxies.NAME:24}the machine code of the modules for packaged kernels; no guest")
    print("kernels: " + ", ".join(kernel.name for kernel in kernels.ALL))
    return PASS


def _boots(options, tests):
    """The boots that the command line asks for, whether the harness tests itself, and the kernels
    for which machine code is looked at.
    """
    names = [name for name in options.names if name not in (selftest.NAME, proxies.NAME)]
    itself = options.selftest or selftest.NAME in options.names \
        or not (options.names or options.kernel)
    chosen = plan.select(tests, names) if options.names else tests
    if options.selftest:
        chosen = []
    if not options.full and not options.names:
        chosen = [test for test in chosen if test.tier != "full"]
        if not options.kernel:
            chosen = [dataclasses.replace(test, boot=test.quick or test.boot) for test in chosen]
    where = kernels.find(options.kernel or kernels.DEFAULT)
    where = sorted(where, key=lambda kernel: kernel.packaged)
    named = bool(options.kernel and names)
    code = proxies.NAME in options.names or not (options.names or options.selftest)
    return plan.boots(chosen, where, named, options.jobs), itself, \
        [kernel for kernel in where if code and kernel.packaged and not kernel.variant.by_name]


def main(words):
    options = _options(words)
    tests = plan.discover()
    if options.list:
        return _list_all(tests)
    boots, itself, code_of = _boots(options, tests)
    if options.shell:
        kernel = kernels.find(options.kernel or "debug")[0]
        named = plan.select(tests, options.names)
        machine = qemu.Machine(name=named[0].machine) if named else qemu.Machine()
        return Runner(options, [kernel]).shell(kernel, machine)
    if not boots and not itself and not code_of:
        raise HarnessError("no test runs on that kernel by itself: name the test")
    if options.dry_run:
        return _dry_run(boots)
    code = PASS
    for iteration in range(1, options.repeat + 1):
        if options.repeat > 1:
            say(f"iteration {iteration} of {options.repeat}, seed {options.seed}")
        code = _once(options, boots, itself, code_of)
        if code not in (PASS, SKIP):
            if options.repeat > 1:
                say(f"stopped in iteration {iteration} of {options.repeat}")
            break
    return code


def _dry_run(boots):
    for boot in boots:
        print(f"# {boot.kernel.name}: {' '.join(test.name for test in boot.tests)}")
        print(shlex.join(qemu.for_humans(folder(boot.kernel) / "bzImage", "initramfs.cpio",
                                         boot.memory, boot.append, boot.machine)))
    return PASS


def _once(options, boots, itself, code_of):
    used = [boot.kernel for boot in boots] + code_of
    if itself:
        used += kernels.find("stock")
    runner = Runner(options, dict.fromkeys(used))
    code = HARNESS
    print("KTAP version 1", flush=True)
    try:
        code = runner.run([dataclasses.replace(boot, tests=list(boot.tests)) for boot in boots],
                          selftest if itself else None, code_of)
    finally:
        runner.finish(code)
    return code
