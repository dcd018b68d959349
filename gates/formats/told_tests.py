"""What a test runner of any language tells: case by case, whatever the format of its report."""

from collections.abc import Iterable
from typing import Literal

from gates.formats.report_paths import Where
from gates.model import Frozen

MOST_LINES, MOST_CHARACTERS = 6, 600

Told = Literal["passed", "failed", "skipped"]
Place = tuple[str | None, int | None]
"""Path in the tree and line."""


class Case(Frozen):
    """One test."""

    name: str
    outcome: Told
    """An error of the test's own counts as failed."""
    path: str | None = None
    """From the root of the tree."""
    line: int | None = None
    message: str = ""


class Counts(Frozen):
    """The cases of a run, of which those that passed need no record."""

    passed: int
    failed: tuple[Case, ...]
    skipped: tuple[Case, ...]


def counted(cases: Iterable[Case]) -> Counts:
    """The cases by what became of them."""
    passed, others = 0, []
    for case in cases:
        if case.outcome == "passed":
            passed += 1
        else:
            others.append(case)
    failed = tuple(case for case in others if case.outcome == "failed")
    return Counts(passed=passed, failed=failed, skipped=tuple(case for case in others if case.outcome == "skipped"))


NOWHERE: Place = (None, None)


def case(name: str, outcome: Told, text: str, where: Where, place: Place = NOWHERE) -> Case:
    """A case, whose place is looked for in what it says when the report does not give it."""
    path, line = place
    if outcome != "passed" and (path is None or line is None):
        found = where.first_place(text)
        if found and path in (None, found[0]):
            path, line = found
    if outcome == "passed":
        return Case(name=name, outcome=outcome)
    lines = [each for each in text.strip().splitlines() if each.strip()]
    message = "\n".join(lines[:MOST_LINES])[:MOST_CHARACTERS]
    return Case(name=name, outcome=outcome, path=path, line=line, message=message)
