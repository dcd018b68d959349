"""What can be said of a figure that was measured several times: its median, how sure that is, how much it varies.

The interval ends at two of the samples, with equally many beyond either end: as many as leave it the certainty LEVEL.
How sure that is follows from their number alone, however they are distributed. Of fewer than FEWEST samples nothing is
said. With five the interval is their whole range, which misses the true median in 6 of 100 cases.
"""

import statistics
from collections.abc import Sequence
from enum import StrEnum
from math import comb
from typing import NamedTuple

FEWEST = 5
LEVEL = 0.96
"""With it one of ten samples may be anything at either end, and four of twenty."""
MOST_SPREAD = 0.5
"""The middle half of the samples may lie so far apart, as a share of their median; beyond that they tell nothing."""


class Side(StrEnum):
    """Where an interval lies, seen from a limit."""

    WITHIN = "within"
    """All of it keeps the limit."""
    BEYOND = "beyond"
    """All of it misses the limit."""
    ACROSS = "across"
    """Neither, or the samples tell nothing."""


class Interval(NamedTuple):
    """A median, and between which values it lies with the certainty of their number."""

    low: float
    median: float
    high: float

    def side(self, bound: float, *, at_most: bool) -> Side:
        """Where it lies, if `bound` is the most that is allowed (else the least)."""
        if self.high <= bound if at_most else self.low >= bound:
            return Side.WITHIN
        if self.low > bound if at_most else self.high < bound:
            return Side.BEYOND
        return Side.ACROSS


def interval(samples: Sequence[float]) -> Interval:
    """The interval of the median of samples, of which there must be one at least."""
    ordered = sorted(samples)
    beyond = _beyond(len(ordered))
    return Interval(ordered[beyond], statistics.median(ordered), ordered[-1 - beyond])


def certainty(size: int) -> float:
    """How probable it is that the interval of so many samples holds the true median; LEVEL at least, from 6 on."""
    return 1 - _missing(size, _beyond(size))


def _beyond(size: int) -> int:
    """How many of so many samples lie beyond either end of their interval."""
    beyond = 0
    while _missing(size, beyond + 1) <= 1 - LEVEL:
        beyond += 1
    return beyond


def _missing(size: int, beyond: int) -> float:
    """How probable it is that nearly all samples lie to one side of the true median: all but `beyond` at the most."""
    return 2 * sum(comb(size, some) for some in range(beyond + 1)) / (1 << size)


def spread(samples: Sequence[float]) -> float:
    """How far the middle half of the samples lies apart, as a share of their median; 0 for fewer than two."""
    middle = abs(statistics.median(samples))
    if len(samples) < 2 or not middle:  # noqa: PLR2004 - quarters need two
        return 0.0
    quarter, _, three_quarters = statistics.quantiles(samples, n=4, method="inclusive")
    return (three_quarters - quarter) / middle


def too_few(samples: Sequence[float]) -> bool:
    """Whether nothing can be said of them."""
    return len(samples) < FEWEST


def too_varied(samples: Sequence[float]) -> bool:
    """Whether they vary so much that nothing can be said of them."""
    return spread(samples) > MOST_SPREAD
