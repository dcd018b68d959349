"""What a plan demands of a figure, and how samples stand to it."""

import operator
from collections.abc import Sequence
from typing import NamedTuple

from gates.model import Frozen
from gates.speed.estimates import Interval, Side, interval, too_few, too_varied
from gates.speed.quantities import Amount, Measure, Percent, share_of, shown, value_of


class Demands(Frozen):
    """What is demanded; at least one of them, and each of them counts."""

    at_most: Amount | None = None
    """Of the candidate's figure: `15 s`, `100 MB`."""
    at_least: Amount | None = None
    """Of a number that the command prints: `1000`."""
    times_better: float | None = None
    """So many times better than the base at least: 8 is an eighth of the time, or eight times the throughput."""
    worse_by_at_most: Percent | None = None
    """So much worse than the base at most: `10 %`."""

    @property
    def relative(self) -> bool:
        """Whether the candidate is compared with the base."""
        return self.times_better is not None or self.worse_by_at_most is not None

    @property
    def written(self) -> dict[str, float | str]:
        """Those that the plan names, as it names them."""
        return {name: value for name in Demands.model_fields if (value := getattr(self, name)) is not None}


class Samples(NamedTuple):
    """What was measured, in the order of measuring; the first figures of both belong together."""

    candidate: Sequence[float]
    base: Sequence[float]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Candidate by base, of each pair; the base's figures must be above 0."""
        return tuple(map(operator.truediv, self.candidate, self.base))


class Standing(NamedTuple):
    """How the samples stand to one demand."""

    name: str
    """`at_most` or another one of `Demands`."""
    demand: str
    """For people: `at most 15 s`, `at most 10 % worse than the base`."""
    relative: bool
    interval: Interval
    """Of the candidate's figure, or of the ratio."""
    side: Side
    doubt: str | None
    """Why nothing can be said, where that is so."""


class Meaning(NamedTuple):
    """How figures are to be read."""

    measure: Measure
    unit: str | None
    more_is_better: bool
    exact: bool
    """One measurement is enough: it would give the same again."""


def standings(demands: Demands, samples: Samples, meaning: Meaning) -> tuple[Standing, ...]:
    """One for each demand. Raises ValueError where there is no base to compare with, or it has no figure above 0."""
    if demands.relative and not (samples.base and min(samples.base) > 0):
        raise ValueError("the base's figures are not above 0, and nothing can be so many times better or worse")
    if demands.relative and min(samples.candidate) < 0:
        raise ValueError("the candidate has a figure below 0, which is no share of the base's")
    return tuple(_standing(name, demands, samples, meaning) for name in demands.written)


def _standing(name: str, demands: Demands, samples: Samples, meaning: Meaning) -> Standing:
    bound, at_most = _bound(name, demands, meaning)
    relative = name in ("times_better", "worse_by_at_most")
    judged = samples.ratios if relative else samples.candidate
    found = interval(judged)
    doubt = None if meaning.exact else _doubt(judged)
    side = Side.ACROSS if doubt else found.side(bound, at_most=at_most)
    return Standing(name, _told(name, demands, meaning), relative, found, side, doubt)


def _doubt(samples: Sequence[float]) -> str | None:
    if too_few(samples):
        return f"{len(samples)} samples are too few"
    return "the figures vary too much" if too_varied(samples) else None


def _bound(name: str, demands: Demands, meaning: Meaning) -> tuple[float, bool]:
    """The limit of what is judged, and whether it is the most that is allowed (else the least)."""
    if name == "times_better":
        times = demands.times_better or 1.0
        return (times, False) if meaning.more_is_better else (1 / times, True)
    if name == "worse_by_at_most":
        worse = share_of(demands.worse_by_at_most or "0 %")
        return (1 - worse, False) if meaning.more_is_better else (1 + worse, True)
    return value_of(getattr(demands, name), meaning.measure), name == "at_most"


def _told(name: str, demands: Demands, meaning: Meaning) -> str:
    if name == "times_better":
        return f"at least {demands.times_better:g} times better than the base"
    if name == "worse_by_at_most":
        return f"at most {demands.worse_by_at_most} worse than the base"
    return f"{name.replace('_', ' ')} {shown(value_of(getattr(demands, name), meaning.measure), *meaning[:2])}"
