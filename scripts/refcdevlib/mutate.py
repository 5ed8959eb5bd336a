# SPDX-License-Identifier: GPL-2.0-only
"""scripts/mutate: breaks a copy of the tree and runs the tests that must notice."""

import dataclasses
import json
import shutil
import subprocess
import sys

from . import kernels, plan, proxies
from .common import FAIL, HARNESS, PASS, TREE, HarnessError, cache_dir, die_with_parent, locked, say
from .usage import Arguments

FOLDER = TREE / "scripts/mutants"
LEAVE = shutil.ignore_patterns(".git", "results", "mutants", "*.o", "*.ko", "__pycache__")


@dataclasses.dataclass
class Mutant:
    """One way to break the core."""
    name: str
    what: str
    clause: str
    file: str
    tests: list
    old: str
    new: str
    series: str = None		# the only one whose kernels have what it breaks

    def apply(self, tree):
        """Make the edit; one that does not apply any more is an error, not a pass."""
        path = tree / self.file
        text = path.read_text()
        found = text.count(self.old)
        if found != 1:
            raise HarnessError(f"mutant {self.name} no longer applies: its old text stands "
                               f"{found} times in {self.file}; bring scripts/mutants/"
                               f"{self.name}.mutant up to date")
        path.write_text(text.replace(self.old, self.new))


def load(path):
    head, _, edit = path.read_text().partition("--- old\n")
    old, mark, new = edit.partition("+++ new\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    if not mark or not {"what", "clause", "file", "tests"} <= set(fields):
        raise HarnessError(f"{path.name}: needs what:, clause:, file:, tests:, '--- old' and "
                           "'+++ new'")
    return Mutant(path.stem, fields["what"], fields["clause"], fields["file"],
                  fields["tests"].split(), old, new, fields.get("series"))


def _run(tree, tests, words):
    """Run the copy's own tests: its exit code and the titles of those that failed."""
    done = subprocess.run(["sh", tree / "scripts/test", *words, *tests], cwd=tree, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, preexec_fn=die_with_parent)
    latest = tree / "results/latest/results.json"
    if done.returncode == HARNESS or not latest.exists():
        raise HarnessError(f"the tests could not be run:\n{done.stdout[-3000:]}")
    results = json.loads(latest.read_text())
    return done.returncode, [_culprit(test) for test in results["tests"]
                             if test["status"] not in ("pass", "skip")]


def _culprit(test):
    leaves = [leaf["name"] for leaf in test["leaves"] if leaf["status"] == "fail"]
    return test["name"] + (f" ({', '.join(leaves[:3])})" if leaves else "") + \
        (f": {test['reasons'][0]}" if test["reasons"] and not leaves else "")


def _applies(mutant, kernel):
    """Is what it breaks built for that kernel at all?"""
    found = kernels.find(kernel or kernels.DEFAULT)
    if mutant.series in (None, *(one.series.name for one in found)):
        return True
    print(f"ok - {mutant.clause} {mutant.name} # SKIP only with --kernel {mutant.series}")
    return False


def _treat(mutant, everything, words):
    """True if a named test noticed."""
    tree = cache_dir() / "mutants" / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(TREE, tree, ignore=LEAVE, symlinks=True)
    mutant.apply(tree)
    say(f"{mutant.name}: {mutant.what}")
    code, culprits = _run(tree, [] if everything else mutant.tests, words)
    caught = code == FAIL and bool(culprits)
    print(f"{'ok' if caught else 'not ok'} - {mutant.clause} {mutant.name}: " +
          ("caught by " + "; ".join(culprits) if caught
           else f"not caught (exit {code}) " + "; ".join(culprits)), flush=True)
    return caught


def main(words):
    parser = Arguments(prog="scripts/mutate", description="Break the core on purpose, and "
                       "see a test notice.")
    parser.add_argument("names", nargs="*", metavar="MUTANT", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="list the mutants")
    parser.add_argument("--all-tests", action="store_true",
                        help="run the whole quick tier on each, not only its own tests")
    parser.add_argument("--kernel", help="as for scripts/test")
    parser.add_argument("--no-install", action="store_true",
                        help="list the packages that are missing, and stop")
    options = parser.parse_args(words)
    mutants = {path.stem: load(path) for path in sorted(FOLDER.glob("*.mutant"))}
    unknown = set(options.names) - set(mutants)
    if unknown:
        raise HarnessError(f"no mutant '{unknown.pop()}'; there are {', '.join(mutants)}")
    chosen = [mutants[name] for name in options.names or mutants]
    if options.list:
        for mutant in chosen:
            print(f"{mutant.name:24}{mutant.clause:5}{mutant.what}")
        return PASS
    chosen = [mutant for mutant in chosen if _applies(mutant, options.kernel)]
    for mutant in chosen:
        plan.select(plan.discover(), [test for test in mutant.tests if test != proxies.NAME])
    extra = ["--kernel", options.kernel] if options.kernel else []
    with locked(cache_dir() / "mutants.lock", "the mutants"):
        caught = [_treat(mutant, options.all_tests, extra) for mutant in chosen]
    print(f"{sum(caught)} passed, {len(caught) - sum(caught)} failed")
    sys.stdout.flush()
    return PASS if all(caught) else FAIL
