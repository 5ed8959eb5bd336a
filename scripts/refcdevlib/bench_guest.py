# SPDX-License-Identifier: GPL-2.0-only
"""What a measure's guest printed."""

from . import plan, qemu
from .alone import run_alone
from .common import HarnessError

LIMIT = 1800


def lines_of(context, name, environment, machine=qemu.Machine(), append=""):
    """Runs tools/testing/refcdev/measure/NAME.sh."""
    path = f"measure/{name}.sh"
    test = plan.Test(f"bench_{name}", f"sh {path}", f"tools/testing/refcdev/{path}", limit=LIMIT,
                     boot=("stock",), append=append)
    result = run_alone(context.image, context.results, test, environment, machine)
    if result.status != "pass":
        failed = result.reasons + [leaf.name for leaf in result.leaves if leaf.status == "fail"]
        raise HarnessError(f"the guest failed: {'; '.join(failed)}; see {context.results.folder}")
    return result.lines
