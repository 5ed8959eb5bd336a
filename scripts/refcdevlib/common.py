# SPDX-License-Identifier: GPL-2.0-only
"""What every part needs: exit codes, the harness error, the cache, locks, messages."""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys

PASS, FAIL, SKIP, TIMEOUT, HARNESS = 0, 1, 4, 124, 125

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = TREE / "tools/testing/refcdev"


class HarnessError(Exception):
    """The harness itself cannot go on: exit 125, message without a traceback."""


def say(text):
    """Progress and advice; standard output belongs to the results."""
    print(text, file=sys.stderr, flush=True)


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = pathlib.Path(base).absolute() / "refcdev"
    if any(c.isspace() or c in "#:" for c in str(path)):
        raise HarnessError(f"the cache path '{path}' has a character that make cannot handle; "
                           "set XDG_CACHE_HOME to a path without spaces, '#' and ':'")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"cannot make the cache folder {path}: {error.strerror}; "
                           "set XDG_CACHE_HOME to a folder you can write") from error
    return path


def need_space(path, megabytes, what):
    """Better to say so now than to stop in the middle."""
    free = shutil.disk_usage(path).free >> 20
    if free < megabytes:
        raise HarnessError(f"no space for {what}: {path} has {free} MB free, "
                           f"{megabytes} MB are needed; make room or set XDG_CACHE_HOME")


@contextlib.contextmanager
def locked(path, what):
    """One at a time across processes; whoever waits says what for. Gone with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that is at work on {what}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def output(command, **kwargs):
    """Standard output of a command, or None when it fails or does not exist."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, text=True, check=False, **kwargs)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def cpus():
    return len(os.sched_getaffinity(0))


LIBC = ctypes.CDLL(None)


def die_with_parent():
    """For a child, before exec: no process is left behind even when the parent is killed."""
    set_parent_death_signal = 1
    LIBC.prctl(set_parent_death_signal, signal.SIGKILL)
