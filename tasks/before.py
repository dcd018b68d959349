"""Figures of speed and size as they were before the work began, and one table with what came of them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from gates.model import Frozen
from gates.speed.quantities import FAMILIES, Measure, shown
from gates.verdict import Outcome

LABEL = re.compile(r"slo [a-z0-9]")


class Before(Frozen):
    """One figure, measured on the commit that a phase started from; shown, and never judged."""

    check: str
    """The label of the check that looks at it: `slo parse`."""
    measure: Measure
    unit: str | None = None
    """Of a number that the command prints."""
    figure: float | None = None
    """Median, in seconds, bytes, instructions, or as printed; None: there was none."""
    low: float | None = None
    high: float | None = None
    """Its interval, as in `gates/speed/estimates.py`."""
    runs: int = 0
    problem: str | None = None
    """Why there is no figure."""

    @property
    def told(self) -> str:
        """For people."""
        if self.figure is None:
            return f"none: {self.problem}"
        return shown(self.figure, self.measure, self.unit)


class Answer(NamedTuple):
    """What a gate said of a check."""

    check: str
    outcome: Outcome
    measured: JsonValue
    limit: JsonValue


HEADS = ("limit on speed or size", "before", "base", "after", "limit", "answer")
"""`before`: at the start of the phase that asked for it. `base` and `after`: at the newest gate, in one go."""


def rows(befores: Iterable[Before], answers: Iterable[Answer]) -> tuple[tuple[str, ...], ...]:
    """One row for each check on speed or size, under HEADS: of several figures or answers, the first and the newest."""
    first: dict[str, Before] = {}
    for before in befores:
        first.setdefault(before.check, before)
    newest = {answer.check: answer for answer in answers if LABEL.match(answer.check)}
    return tuple(tuple(_row(check, first.get(check), newest.get(check))) for check in dict.fromkeys([*first, *newest]))


def _row(check: str, before: Before | None, answer: Answer | None) -> Iterator[str]:
    measured = answer.measured if answer and isinstance(answer.measured, Mapping) else {}
    yield check.removeprefix("slo ")
    yield before.told if before else "not measured"
    yield _figure(measured, "base")
    yield _figure(measured, "candidate")
    limit = answer.limit if answer and isinstance(answer.limit, Mapping) else {}
    yield ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in limit.items() if name != "before")
    yield str(answer.outcome) if answer else "not asked yet"


def _figure(measured: Mapping[str, JsonValue], which: str) -> str:
    """A figure of a verdict of `slo`; whatever else stands there is none."""
    value, measure, unit = measured.get(which), measured.get("measure"), measured.get("unit")
    known = next((one for one in FAMILIES if one == measure), None)
    if not isinstance(value, int | float) or known is None:
        return ""
    return shown(float(value), known, unit if isinstance(unit, str) else None)
