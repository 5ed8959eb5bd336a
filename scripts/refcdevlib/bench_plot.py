# SPDX-License-Identifier: GPL-2.0-only
"""Draws with gnuplot: SVG, into the results folder."""

import subprocess

from .common import HarnessError

TERMINAL = "set terminal svg size 900,480 background '#ffffff'"


def draw(folder, name, commands):
    """Returns the picture's path."""
    path = folder / f"{name}.svg"
    text = f"{TERMINAL}\nset output '{path}'\n{commands}\n"
    try:
        done = subprocess.run(["gnuplot"], input=text, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        raise HarnessError("there is no gnuplot; install it with: "
                           "apt-get install gnuplot-nox") from error
    if done.returncode or not path.exists() or not path.stat().st_size:
        raise HarnessError(f"gnuplot could not draw {name}: {done.stdout.strip()}")
    return path
