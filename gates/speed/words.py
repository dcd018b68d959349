"""What a verdict on speed or size says."""

import statistics
from collections.abc import Iterator
from typing import NamedTuple

from gates.speed.estimates import Side, certainty
from gates.speed.limits import Limits
from gates.speed.quantities import Measure, shown, value_of
from gates.speed.targets import Samples, Standing
from gates.verdict import Finding

SOURCES: dict[Measure, str] = {
    "output": "by the command's own word",
    "instructions": "as valgrind counts inside of the command",
    "memory": "of its largest process, or of all of them together where that is more",
}
"""What must be known of a figure."""
VERBS = {Side.WITHIN: "keeps", Side.BEYOND: "misses", Side.ACROSS: "is inconclusive about"}

LEAST = 1e-9
"""A ratio that can be turned round."""


class Told(NamedTuple):
    """What there is to tell."""

    limits: Limits
    samples: Samples
    standings: tuple[Standing, ...]
    remarks: tuple[str, ...]


def summary(told: Told) -> str:
    """One line: the figure, what it comes to for each demand, and what must be known of it."""
    limits = told.limits
    parts = [_figure(told), *(_standing(told, each) for each in told.standings), *told.remarks]
    if limits.inconclusive == "allow" and any(each.side is Side.ACROSS for each in told.standings):
        parts.append("inconclusive, which the plan allows")
    return "; ".join(parts)


def findings(told: Told) -> tuple[Finding, ...]:
    """What the next attempt is told: each demand that is not kept, and the remarks."""
    missed = [_standing(told, each) for each in told.standings if each.side is not Side.WITHIN]
    return tuple(Finding(message=f"{_figure(told)}; {each}") for each in (*missed, *told.remarks))


def _figure(told: Told) -> str:
    limits, samples = told.limits, told.samples
    source = f", {SOURCES[limits.measure]}" if limits.measure in SOURCES else ""
    return f"{limits.measure} {', '.join(_medians(limits, samples))}{source}"


def _medians(limits: Limits, samples: Samples) -> Iterator[str]:
    def figure(value: float) -> str:
        return shown(value, limits.measure, limits.unit)

    yield figure(statistics.median(samples.candidate))
    if samples.base:
        yield f"base {figure(statistics.median(samples.base))}"
    if limits.before is not None:
        yield f"before {figure(value_of(limits.before, limits.measure))} as the plan says"


def _standing(told: Told, standing: Standing) -> str:
    """`keeps at most 15 s (14.1 s to 14.5 s by 97 %, 10 runs)`."""
    low, _, high = standing.interval
    about = " to ".join(_edges(told.limits, standing))
    many, noun = len(told.samples.candidate), "pair" if standing.relative else "run"
    # rounded down: it is not surer than that
    sure = f"{standing.doubt}: {about}" if standing.doubt else f"{about} by {int(100 * certainty(many))} %"
    runs = f"{many} {noun}{'' if many == 1 else 's'}"
    certain = f"({sure}, {runs})" if low != high or standing.doubt else f"({runs})"
    return f"{VERBS[standing.side]} {standing.demand} {certain}"


def _edges(limits: Limits, standing: Standing) -> Iterator[str]:
    """Both ends of its interval, the lower one first, in the terms of the demand."""
    low, _, high = standing.interval
    if standing.name == "worse_by_at_most":
        yield from (f"{(edge - 1) * 100:+.1f} %" for edge in (low, high))
    elif standing.name == "times_better":
        turned = (low, high) if limits.meaning.more_is_better else (1 / max(high, LEAST), 1 / max(low, LEAST))
        yield from (f"{edge:.3g} times" for edge in turned)
    else:
        yield from (shown(edge, limits.measure, limits.unit) for edge in (low, high))
