"""Where a moment lies on the picture of a run: true to time while something happens, cut short while nothing does.

A run may wait a night for a person, or stand still until it is resumed. On one even scale minutes of work would vanish
beside such a pause, so every long pause takes the same narrow room, and the picture says how long it was.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from gates.model import Frozen

_MINUTE = 60
_BREAK = 34.0
_SHORTEST_PAUSE = 120.0
_LARGEST_SHARE = 0.15
_MOST_PAUSES = 8
_TICK_ROOM = 64.0
_ROOM_OF_MINUTES = 40.0
_ROOM_OF_SECONDS = 56.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


class Stretch(Frozen):
    """A time in which something happens, and its room on the picture."""

    start: float
    end: float
    x: float
    width: float


class Tick(Frozen):
    """A mark of the axis."""

    x: float
    clock: str
    day: str
    """Set where the day differs from the mark before."""


class Pause(Frozen):
    """A time that was cut short."""

    x: float
    width: float
    seconds: float


class Scale:
    """From seconds since the epoch to the picture's units, over `busy` spans of time."""

    def __init__(self, busy: Iterable[tuple[float, float]], left: float, width: float) -> None:
        clusters = _clusters(busy)
        self.rate = _rate(clusters, width)
        """Units a second, outside pauses."""
        self.stretches = _placed(clusters, left, self.rate)

    def x(self, moment: float) -> float:
        """The place of `moment`; in a pause, in proportion."""
        first, last = self.stretches[0], self.stretches[-1]
        moment = min(max(moment, first.start), last.end)
        for one, after in pairwise(self.stretches):
            if one.end < moment < after.start:
                share = (moment - one.end) / (after.start - one.end)
                return one.x + one.width + share * _BREAK
        inside = next(one for one in self.stretches if moment <= one.end)
        return inside.x + (moment - inside.start) * self.rate

    def pauses(self) -> list[Pause]:
        """What was cut short."""
        return [
            Pause(x=one.x + one.width, width=_BREAK, seconds=after.start - one.end)
            for one, after in pairwise(self.stretches)
        ]

    def ticks(self) -> list[Tick]:
        """Round times, far enough apart to be read; every stretch has one if there is room."""
        step = next((step for step in _STEPS if step * self.rate >= _TICK_ROOM), _STEPS[-1])
        moments = [moment for one in self.stretches for moment in _round_times(one, step)]
        return _legible([(self.x(moment), moment) for moment in moments], seconds=step < _MINUTE)


def _clusters(busy: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """`busy` in order, without overlaps, and with the short pauses filled."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(busy):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return _filled(merged or [(0.0, 0.0)])


def _filled(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    gaps = sorted((after[0] - one[1] for one, after in pairwise(spans)), reverse=True)
    work = sum(end - start for start, end in spans)
    long = max([_SHORTEST_PAUSE, _LARGEST_SHARE * work, *gaps[_MOST_PAUSES:][:1]])
    filled = [spans[0]]
    for start, end in spans[1:]:
        if start - filled[-1][1] > long:
            filled.append((start, end))
        else:
            filled[-1] = (filled[-1][0], end)
    return filled


def _rate(clusters: Sequence[tuple[float, float]], width: float) -> float:
    seconds = sum(end - start for start, end in clusters)
    return (width - _BREAK * (len(clusters) - 1)) / max(seconds, 1.0)


def _placed(clusters: Sequence[tuple[float, float]], left: float, rate: float) -> list[Stretch]:
    placed: list[Stretch] = []
    for start, end in clusters:
        x = placed[-1].x + placed[-1].width + _BREAK if placed else left
        placed.append(Stretch(start=start, end=end, x=x, width=(end - start) * rate))
    return placed


def _round_times(one: Stretch, step: int) -> list[float]:
    first = math.ceil(one.start / step) * step
    return [float(moment) for moment in range(first, math.floor(one.end) + 1, step)] or [one.start]


def _legible(places: Sequence[tuple[float, float]], *, seconds: bool) -> list[Tick]:
    ticks: list[Tick] = []
    day = ""
    for x, moment in places:
        if ticks and x - ticks[-1].x < (_ROOM_OF_SECONDS if seconds else _ROOM_OF_MINUTES):
            continue
        time = datetime.fromtimestamp(moment, UTC)
        today = f"{time.day} {time:%b}"
        ticks.append(Tick(x=x, clock=f"{time:%H:%M:%S}" if seconds else f"{time:%H:%M}", day=today * (today != day)))
        day = today
    return ticks
