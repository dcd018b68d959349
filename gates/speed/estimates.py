"""What can be said of a figure that was measured several times: its median, how sure that is, how much it varies.

The interval is a bootstrap of the median: the samples are drawn again, with replacement, ROUNDS times, always by the
same seed, so that equal samples give equal answers. Of fewer than FEWEST samples nothing is said. With five the
interval is their whole range, which misses the true median in 6 of 100 cases; from eight on it keeps its 99 %.
"""

import random
import statistics
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

FEWEST = 5
LEVEL = 0.99
ROUNDS = 2000
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
    """A median, and between which values it lies with the certainty LEVEL."""

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
    draw = random.Random(0)  # noqa: S311 - nothing to guess: the same samples are to give the same answer
    size = len(samples)
    medians = sorted(statistics.median(draw.choices(samples, k=size)) for _ in range(ROUNDS if size > 1 else 1))
    tail = int(len(medians) * (1 - LEVEL) / 2)
    return Interval(medians[tail], statistics.median(samples), medians[-1 - tail])


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
