# SPDX-License-Identifier: GPL-2.0-only
"""Entry of the commands: python3 -m refcdevlib COMMAND ..."""

import errno
import signal
import sys

from .common import HARNESS, HarnessError, cache_dir, say


def main():
    command, *words = sys.argv[1:] or ["help"]
    try:
        if command == "test":
            from .cli_test import main as run
        elif command == "kernel":
            from .cli_kernel import main as run
        elif command == "run":
            from .demo import main as run
        elif command == "bench":
            from .bench import main as run
        elif command == "mutate":
            from .mutate import main as run
        elif command == "fast-path":
            from .proxies import main as run
        else:
            raise HarnessError(f"no command '{command}'")
        return run(words)
    except HarnessError as error:
        say(f"scripts/{command}: {error}")
        return HARNESS
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            say(f"scripts/{command}: no space left on the disk for "
                f"{error.filename or cache_dir()}; make room or set XDG_CACHE_HOME")
            return HARNESS
        raise
    except KeyboardInterrupt:
        say(f"scripts/{command}: interrupted")
        return HARNESS


def terminated(_signal, _frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminated)
    sys.exit(main())
