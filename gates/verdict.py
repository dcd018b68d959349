"""A check's answer, and the fold of many answers into one.

Only `passed` passes. `failed` was measured and missed its limit; `error` could not be measured; `unknown` was asked
and got no answer. All three block, and so does an empty list of verdicts: a gate that measured nothing is no gate.
"""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import JsonValue

from gates.model import Frozen
from gates.paths import shown

MOST_FINDINGS = 50
"""What an agent can still read; the rest is counted."""


class Outcome(StrEnum):
    """What a check came to."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    UNKNOWN = "unknown"


class Finding(Frozen):
    """One place that speaks against the limit; what the next attempt is told."""

    message: str
    path: str | None = None
    """Path inside the repository, `/`-separated; None when the finding has no place."""
    line: int | None = None
    rule: str | None = None
    """What was broken, as tools and waivers name it: `B324`, `test-deleted`; None where nothing has a name."""

    @property
    def place(self) -> str:
        """Its file, and the line in it if it has one; empty for none."""
        line = f":{self.line}" if self.line else ""
        return f"{shown(self.path)}{line}" if self.path else ""

    @property
    def headline(self) -> str:
        """Its place and its first line, as one line of text."""
        first = self.message.partition("\n")[0]
        return f"{self.place} {first}" if self.path else first


class Waived(Finding):
    """A finding that the plan allows."""

    reason: str
    """Why, as the plan says it."""


class Verdict(Frozen):
    """What was measured, against which limit, and where it falls short."""

    check: str
    """The check's label: its name, and for a `command` its own name behind it (`command build`)."""
    outcome: Outcome
    summary: str
    """One line a person can act on: `coverage 91.2 % < 95 %: src/ledger/post.py 71 %, lines 40-52`."""
    measured: JsonValue = None
    limit: JsonValue = None
    findings: tuple[Finding, ...] = ()
    waived: tuple[Waived, ...] = ()
    """What would have counted against it, had the plan not allowed it; none is left out."""
    noted: tuple[Finding, ...] = ()
    """What was seen, and does not count against it; of many the first ones, and how many more there are."""

    @property
    def passed(self) -> bool:
        """Whether this verdict lets a gate pass."""
        return self.outcome is Outcome.PASSED


class Unmeasurable(Exception):
    """Raised by a check's `measure`: nothing can be said; the reason says what, where and what to do."""

    def __init__(self, reason: str, *findings: Finding) -> None:
        super().__init__(reason)
        self.findings = findings


def error(check: str, reason: str, *findings: Finding, limit: JsonValue = None) -> Verdict:
    """The verdict of a check that could not measure; `reason` says what, where and what to do."""
    return Verdict(check=check, outcome=Outcome.ERROR, summary=f"{check}: {reason}", findings=findings, limit=limit)


def answer(
    check: str, summary: str, *, measured: JsonValue, limit: JsonValue, findings: Sequence[Finding], passed: bool
) -> Verdict:
    """The verdict of a check that did measure; of many findings the first ones, and how many more there are."""
    return Verdict(
        check=check,
        outcome=Outcome.PASSED if passed else Outcome.FAILED,
        summary=f"{check} {summary}",
        measured=measured,
        limit=limit,
        findings=first(findings),
    )


def first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Of many findings the first ones, and how many more there are."""
    more = len(findings) - MOST_FINDINGS
    return (*findings[:MOST_FINDINGS], *([Finding(message=f"and {more} more")] if more > 0 else ()))


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def worst(findings: Sequence[Finding]) -> str:
    """How a summary ends: with the first finding, if there is one."""
    return f": {findings[0].headline}" if findings else ""


def fold(verdicts: Sequence[Verdict]) -> Outcome:
    """One answer from many: the worst of them, and `unknown` of none."""
    if not verdicts:
        return Outcome.UNKNOWN
    outcomes = {verdict.outcome for verdict in verdicts}
    worst_first = (Outcome.ERROR, Outcome.UNKNOWN, Outcome.FAILED, Outcome.PASSED)
    return next(outcome for outcome in worst_first if outcome in outcomes)
