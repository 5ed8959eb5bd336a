# SPDX-License-Identifier: GPL-2.0-only
"""scripts/bench: what protection costs, measured side by side."""

import dataclasses
import json
import sys

from . import kernels
from .bench_down import Disconnect
from .bench_instructions import Instructions
from .bench_plot import draw
from .bench_scale import Scaling
from .common import FAIL, PASS, HarnessError, say
from .image import Image
from .results import Results
from .usage import Arguments

# Each has name, about, run(context), and of what run returned: table(), problems(), plots().
MEASURES = (Instructions(), Disconnect(), Scaling())


@dataclasses.dataclass
class Context:
    """What a measure has to work with."""
    options: object
    image: Image
    results: Results


def _options(words):
    parser = Arguments(prog="scripts/bench", description="What protecting a character device "
                       "costs: refcdev and every technique in use, behind the same proxy and "
                       "the way their users have them.",
                       epilog="Without a measure: all of them. Exit code: 0; 1 a bound is "
                       "broken, or two runs differ; 125 the harness could not go on")
    add = parser.add_argument
    for measure in MEASURES:
        add(f"--{measure.name}", action="append_const", dest="measures", const=measure,
            help=measure.about)
    add("--kernel", metavar="NAME", default=kernels.DEFAULT,
        help="the stock kernel of this series (default %(default)s)")
    add("--repeat", type=int, default=1, metavar="N", help="N runs, which must agree")
    add("--no-build", action="store_true", help="run what the last run built")
    add("--no-install", action="store_true", help="list the packages that are missing, and stop")
    options = parser.parse_args(words)
    if options.repeat < 1:
        parser.error("--repeat takes a number from 1 on")
    options.measures = options.measures or list(MEASURES)
    return options


def _kernel(name):
    """Measured is what people run: no debugging, and not PREEMPT_RT unless by name."""
    for kernel in kernels.find(name):
        if kernel.packaged:
            return kernel
    raise HarnessError(f"there is no packaged kernel '{name}' to measure on; "
                       "try --kernel 6.1 or --kernel 6.12")


def _write(results, context, found):
    commit = (results.folder / "commit.txt").read_text().split("\n", 1)[0]
    command = (results.folder / "command.txt").read_text().strip()
    text = json.dumps({"kernel": context.image.kernel.name, "commit": commit,
                       "command": command, **found}, indent=1)
    (results.folder / "bench.json").write_text(text + "\n")


def main(words):
    options = _options(words)
    image = Image(_kernel(options.kernel))
    image.prepare(build=not options.no_build)
    results = Results(["bench", image.kernel.name], sys.argv)
    context = Context(options, image, results)
    found, problems = {}, []
    for measure in options.measures:
        found[measure.name] = measure.run(context)
        _write(results, context, found)
        print("\n".join(measure.table(found[measure.name])), flush=True)
        problems += measure.problems(found[measure.name])
    pictures = [draw(results.folder, name, commands) for measure in options.measures
                for name, commands in measure.plots(found[measure.name])]
    code = FAIL if problems else PASS
    results.finish(code)
    for problem in problems:
        print(f"FAILED: {problem}")
    say(f"all figures: {results.folder / 'bench.json'}")
    say("pictures: " + " ".join(str(path) for path in pictures))
    return code
