"""The matrix of requirements and tests, as rows for reports: from what the newest check `traceability` measured."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field, JsonValue, ValidationError

from gates.model import Frozen
from tasks.outcome import RunOutcome

CHECK = "traceability"
KEY = "matrix"
HEADS = ("requirement", "defined", "tests", "state")
GOOD = ("passed", "named")

Row = tuple[str, str, str, str]


class _Test(Frozen):
    test: str
    outcome: str


class _Entry(Frozen):
    requirement: str
    defined: str
    tests: tuple[_Test, ...]
    more: int = 0


class _Measured(Frozen, extra="ignore"):
    requirements: int
    matrix: tuple[_Entry, ...] = Field(min_length=1)


class Matrix(NamedTuple):
    """What a report shows."""

    rows: tuple[Row, ...]
    """Under `HEADS`, as defined."""
    more: int
    """Requirements beyond these."""


def matrix_of(outcome: RunOutcome) -> Matrix:
    """Which tests stand for which requirements, at the newest gate that could tell."""
    asked = (check.measured for phase in outcome.phases for check in phase.checks if check.check == CHECK)
    told = [found for measured in asked if (found := _read(measured))]
    return told[-1] if told else Matrix((), 0)


def _read(measured: JsonValue) -> Matrix | None:
    try:
        told = _Measured.model_validate(measured)
    except ValidationError:  # it could not be measured, or another version did
        return None
    return Matrix(tuple(map(_row, told.matrix)), max(told.requirements - len(told.matrix), 0))


def _row(entry: _Entry) -> Row:
    more = f" and {entry.more} more" if entry.more else ""
    tests = ", ".join(_label(each, entry) for each in entry.tests) + more
    return entry.requirement, entry.defined, tests or "none", _state(entry)


def _label(test: _Test, entry: _Entry) -> str:
    """With its own outcome where that is not the row's."""
    return test.test if test.outcome == _state(entry) else f"{test.test} ({test.outcome})"


def _state(entry: _Entry) -> str:
    outcomes = [test.outcome for test in entry.tests]
    return next((good for good in GOOD if good in outcomes), outcomes[0] if outcomes else "untested")


def worst_first(rows: Sequence[Row]) -> list[Row]:
    """What nothing stands for, before the rest."""
    return sorted(rows, key=lambda row: row[-1] in GOOD)
