# SPDX-License-Identifier: GPL-2.0-only
"""Medians and quartiles of ratios of things that were measured in turn, in one run."""

import dataclasses
import statistics

from .common import HarnessError

ENOUGH = 30			# pairs


@dataclasses.dataclass
class Ratio:
    """Of pairs: each round's own ratio, so that what makes a round slow is in both."""
    median: float
    low: float			# quartiles
    high: float
    pairs: int

    @classmethod
    def of(cls, ours, theirs):
        pairs = [one / other for one, other in zip(ours, theirs, strict=True)]
        if len(pairs) < 2:
            raise HarnessError("there are not enough rounds for a ratio; ask for more")
        low, median, high = statistics.quantiles(pairs, n=4, method="inclusive")
        return cls(median, low, high, len(pairs))

    @property
    def spread(self):
        """The interval between the quartiles, as a part of the median."""
        return (self.high - self.low) / self.median

    def __str__(self):
        return f"{_short(self.median)} ({_short(self.low)}..{_short(self.high)})"


def _short(number):
    """Three digits that count, and no more."""
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"
