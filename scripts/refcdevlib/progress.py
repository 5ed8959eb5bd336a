# SPDX-License-Identifier: GPL-2.0-only
"""A progress bar with an estimate on a terminal; elsewhere a line every 15 seconds."""

import sys
import time


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Progress:
    def __init__(self, label, expected):
        self.label, self.expected, self.done = label, expected, 0
        self.start = time.monotonic()
        self.tty = sys.stderr.isatty()
        self.next = self.start

    def step(self, count=1):
        self.done += count
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + (0.2 if self.tty else 15)
        self._show(now - self.start)

    def _show(self, elapsed):
        part = min(self.done / self.expected, 0.99)
        left = f", about {clock(elapsed / part - elapsed)} left" if part > 0.02 else ""
        text = f"{self.label}: {part:4.0%}, {clock(elapsed)} so far{left}"
        if self.tty:
            filled = int(part * 20)
            bar = "#" * filled + "." * (20 - filled)
            text = f"\r[{bar}] {text}\033[K"
        sys.stderr.write(text + ("" if self.tty else "\n"))
        sys.stderr.flush()

    def end(self, word):
        elapsed = clock(time.monotonic() - self.start)
        clear = "\r\033[K" if self.tty else ""
        sys.stderr.write(f"{clear}{self.label}: {word} after {elapsed}\n")
        sys.stderr.flush()
