# SPDX-License-Identifier: GPL-2.0-only
"""scripts/fast-path: what each proxy of the built module may do on its fast path, and whether it
does no more.
"""

import dataclasses
import pathlib
import shutil
import subprocess
import tempfile
import textwrap
import time

from . import fastpath, kernels
from .common import FAIL, PASS, TREE, HarnessError, cpus, die_with_parent, say
from .ktap import Leaf
from .objdump import Module
from .usage import Arguments
from .verdict import Result

NAME = "fast_path"
SAMPLES = ("fifo", "ticker")		# with enters and exits of their own
ONE_CALL = frozenset({(1, 1, 1)})	# to the driver, and counted in and out
LET_THROUGH = ONE_CALL | {(1, 0, 0)}	# goes through uncounted when the gate is closed
IF_THERE = LET_THROUGH | {(0, 1, 1), (0, 0, 0)}


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a proxy's fast path may do. Most have none and may do nothing but call the driver."""
    why: str = ""
    ways: frozenset = ONE_CALL		# (calls of the driver, counted up, counted down)
    calls: frozenset = frozenset()	# other functions, on some kernel
    slow: tuple = ()		# not of the fast path either
    locked: int = 0		# locked instructions of its own
    shared: bool = False	# it writes to more than its stack and its CPU's counters
    winding: bool = False	# what is slow may stand first, with a jump around it


def _rule(why, calls="", **more):
    return Rule(why, calls=frozenset(calls.split()), **more)


LISTS = "__list_add_valid __list_add_valid_or_report __list_del_entry_valid " \
    "__list_del_entry_valid_or_report "
LOCKS = "_raw_spin_lock _raw_spin_unlock _raw_spin_lock_irqsave _raw_spin_unlock_irqrestore "
GIVE_UP = _rule("what gives something up goes through uncounted", ways=LET_THROUGH,
                slow=("refcdev_refused",))
ASYNC = _rule("a request that completes later is another function's", slow=("call_async",))
LOCK = _rule("the call is on a list, for who wakes it", "locker_begin locker_end",
             ways=LET_THROUGH, slow=("refcdev_refused",), winding=True)
VMA = _rule("goes through uncounted; one copy of a warning for both", "keep_proxy", ways=IF_THERE)
RULES = {
    "refcdev_read_iter": ASYNC,
    "refcdev_write_iter": ASYNC,
    "refcdev_fasync": GIVE_UP,
    "refcdev_setlease": GIVE_UP,
    "refcdev_lock": LOCK,
    "refcdev_flock": LOCK,
    "refcdev_vm_open": VMA,
    "refcdev_vm_close": VMA,
    "refcdev_vm_fault": _rule("of a handler that maps by itself; the page that another one "
                              "returns is mapped in the caller's place",
                              slow=("map_returned_page", "fault_without_handler")),
    "refcdev_iter_file_splice_write": _rule("no gate of its own: it sleeps on a pipe; the "
                                            "write_iter that it calls has one",
                                            "iter_file_splice_write",
                                            slow=("refcdev_refused",),
                                            ways=frozenset({(0, 0, 0)})),
    "refcdev_open": _rule("the file's reference counts: of the object, and of two modules; "
                          "the look-up",
                          "refcdev_lookup try_module_get refcdev_op_name __lifetime_put "
                          "refcount_warn_saturate", ways=None, locked=1, shared=True),
    "refcdev_release": _rule("the file's reference to the object is dropped", "__lifetime_put",
                             ways=IF_THERE),
    "refcdev_mmap": _rule("its count is left to a work item that gets the address space's lock "
                          "after the call: an allocation and a list of those",
                          LISTS + LOCKS + "mmap_is_foreign refcdev_guard_mapping kmalloc_trace "
                          "__kmalloc_cache_noprof kfree queue_work_on _printk down_write up_write",
                          ways=None, locked=1, shared=True),
    "refcdev_uring_cmd": _rule("a table of commands whose call has not returned, as they may "
                               "complete first; with a lock per 64th of the table",
                               LISTS + LOCKS + "refcount_warn_saturate gate_enter_late",
                               ways=None, locked=1, shared=True),
}
NONE = Rule()


def complaints(name, facts, rule):
    """What a fast path does beyond its rule, in words."""
    if not facts.length:
        yield f"{name}: every way through it calls a slow function"
        return
    if len(facts.locked) > rule.locked:
        yield from (f"{one}: {why}" for one, why in facts.locked)
    for callee in sorted(facts.calls - rule.calls):
        yield f"{name}: calls {callee}"
    if rule.ways is not None and facts.ways != rule.ways:
        yield f"{name}: (calls of the driver, counted in, out): {sorted(facts.ways)}, " \
              f"not {sorted(rule.ways)}"
    if not rule.shared:
        yield from (f"{one}: writes what others may see" for one in facts.stores)
        yield from (f"{one}: {why}" for one, why in facts.strange if not rule.winding)
        yield from (f"{one}: may be replaced by other code" for one in facts.patched)
        if facts.loops:
            yield f"{name}: has a loop"


def proxies(module):
    """The proxies that the module puts into the tables of types, and its own open."""
    found = module.named_by("refcdev_make_proxy") + module.named_by("refcdev_set_vm_proxies") + \
        module.named_in("refcdev_dispatcher")
    if len(found) < 20:
        raise HarnessError(f"only {len(found)} proxies were found in the module")
    return list(dict.fromkeys(found))


def check_core(path):
    """(name, facts, rule, complaints) of each proxy."""
    module = Module.read(path)
    for name in proxies(module):
        rule = RULES.get(name, NONE)
        facts = fastpath.examine(module, name, rule.slow)
        yield name, facts, rule, list(complaints(name, facts, rule))


def check_sample(path):
    """(function, enters, exits, complaints) of each function with inlined enters or exits."""
    module = Module.read(path)
    total = 0
    for name in list(module.functions):
        if name.startswith("__SC") or ".cold" in name:
            continue
        found = fastpath.sections(module, name)
        if not found:
            continue
        total += len(found)
        wrong = [text for facts in found for text in _section_complaints(name, facts)]
        yield name, _count(found, 0), _count(found, 1), wrong
    if not total:
        yield path.name, 0, 0, [f"{path.name}: no lifetime_enter() was found in it"]


def _count(found, which):
    return sum(way[which] for facts in found for way in facts.ways)


def _section_complaints(name, facts):
    yield from (f"{one}: {why}" for one, why in facts.locked)
    yield from (f"{one}: writes what others may see" for one in facts.stores)
    yield from (f"{name}: calls {callee} with preemption off" for callee in sorted(facts.calls))


def judge(core, samples):
    """(title, lines of the table, complaints), one per proxy and per function of a sample."""
    for name, facts, rule, wrong in check_core(core):
        others = _wrapped(", ".join(sorted(facts.calls & rule.calls)) or "-", 48)
        row = f"{name:32}{facts.length:6}{len(facts.locked):8}  {others}"
        yield f"{name}: one call, nothing shared" if rule is NONE else \
            f"{name}: no more than its rule", [row] + _because(rule), wrong
    for path in samples:
        for name, enters, exits, wrong in check_sample(path):
            yield (f"{path.stem}: {name}: enters and exits inline",
                   [f"{path.stem}: {name}: {enters} enters, {exits} exits"], wrong)


def _because(rule):
    return [f"{'':34}{_wrapped(rule.why, 34)}"] if rule.why else []


def _wrapped(text, indent):
    return ("\n" + " " * indent).join(textwrap.wrap(text, 100 - indent))


def built(copy):
    """Of a copy of the tree that was built: the core, and the samples."""
    return copy / "drivers/refcdev/refcdev.ko", \
        [copy / f"drivers/samples/{name}.ko" for name in SAMPLES]


def run(image):
    """The check as a test of scripts/test: one result, on what was built for a kernel."""
    start = time.monotonic()
    leaves, lines = [], []
    core, samples = built(image.copy.path)
    for number, (title, table, wrong) in enumerate(judge(core, samples), 1):
        leaves.append(Leaf("fail" if wrong else "pass", title, "; ".join(wrong)))
        lines += [f"# {line}" for text in table + wrong for line in text.split("\n")]
        lines.append(f"{'not ok' if wrong else 'ok'} {number} {title}")
    lines.append(f"1..{len(leaves)}")
    status = "fail" if any(leaf.status == "fail" for leaf in leaves) else "pass"
    return Result(NAME, image.kernel.name, status, time.monotonic() - start, leaves, [], lines, [])


def _build(kdir, folder):
    """The core and the samples, without debugging, away from the tree."""
    for part in ("Kbuild", "Makefile", "include", "drivers"):
        source = TREE / part
        if source.is_dir():
            shutil.copytree(source, folder / part, symlinks=True,
                            ignore=shutil.ignore_patterns("*.o", "*.ko", ".*.cmd", "*.mod*"))
        else:
            shutil.copy(source, folder / part)
    for part in ("kunit", "tools/testing/refcdev/modules"):
        (folder / part).mkdir(parents=True)
        (folder / part / "Kbuild").write_text("")
    say(f"building the core and the samples for {kdir}")
    done = subprocess.run(["make", f"-j{cpus()}", "-C", kdir, f"M={folder}",
                           "CONFIG_REFCDEV_DEBUG=", "modules"], text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
    if done.returncode:
        raise HarnessError(f"building the modules failed:\n{done.stdout}")


def _show(core, samples):
    print(f"{'proxy':32}{'instr.':>6}{'locked':>8}  other calls")
    failed, total = [], 0
    for _, table, wrong in judge(core, samples):
        total += 1
        print("\n".join(table))
        failed += wrong
    for line in failed:
        print(f"FAILED: {line}")
    if not failed:
        print(f"{total} functions: on the fast path no locked instruction, no barrier, no write to "
              "memory that two\nprocessors share and no call but the driver's, unless the line "
              "below says why.")
    return FAIL if failed else PASS


def main(words):
    parser = Arguments(prog="scripts/fast-path", description="Disassembles the proxies of the "
                       "built module, and checks what they do when the gate is open. Exit status: "
                       "0; 1 if one does more than it may; 125 if it cannot be told.")
    parser.add_argument("kdir", nargs="?", metavar="KDIR", type=pathlib.Path,
                        help="build for the kernel in this folder; default: the headers of the "
                        "packaged 6.1")
    parser.add_argument("--built", metavar="FOLDER", type=pathlib.Path,
                        help="do not build: look at what is built in this copy of the tree")
    options = parser.parse_args(words)
    if options.built:
        return _show(*built(options.built))
    release, _ = kernels.packaged_release(kernels.find("stock")[0])
    kdir = options.kdir or pathlib.Path(f"/usr/src/linux-headers-{release}")
    if not (kdir / "Makefile").exists():
        raise HarnessError(f"no kernel in {kdir}; give the folder of one, or install its "
                           "linux-headers")
    with tempfile.TemporaryDirectory(prefix="fast-path-") as folder:
        _build(kdir.resolve(), pathlib.Path(folder))
        return _show(*built(pathlib.Path(folder)))
