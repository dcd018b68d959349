"""`bandit`: no issue at or above a severity and a confidence, in any product file; with `new_only`, no new one.

What bandit finds in a file, and why it is not asked by its command line, is in `gates/metrics/bandit_issues.py`. What
is new is told by comparing with the base commit: rule, file, severity and the text of the line make two issues the same
one, the line's number does not. There may be as many of the same as there were. A file that has moved keeps its issues.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from pydantic import JsonValue

from gates.metrics.bandit_issues import CRASHED, Issue
from gates.metrics.by_file import ByFile, Figures, known, needs_of, readable
from gates.metrics.figures import Need
from gates.model import Flag, Frozen
from gates.paths import Paths
from gates.product import analysed, analysed_before
from gates.ratchet import fresh
from gates.subject import Subject
from gates.verdict import Finding, Verdict, answer, counted, worst
from gates.waivers import Waiver, split

Level = Literal["low", "medium", "high"]
RANKS = ("undefined", "low", "medium", "high")


class Limits(Frozen):
    """Issues at or above both levels count against the limit, which is none."""

    severity: Level = "medium"
    """How grave an issue must be to count."""
    confidence: Level = "medium"
    """How sure bandit must be of it."""
    paths: Paths = ()
    """Files or globs to analyse. Default: every tracked Python file; outside of `src/` and the packages no tests."""
    new_only: Flag = False
    """Whether issues that the base commit has as well count for nothing."""


Issues = dict[str, tuple[Issue, ...]]
"""By path."""


class Report(Frozen):
    """Every issue of the files analysed, whatever its level."""

    issues: Issues
    before: Issues | None = None
    """Those of the base, by the paths that its files have now; None: it was not asked."""
    waivers: tuple[Waiver, ...] = ()


class Found(NamedTuple):
    """An issue and its file."""

    path: str
    issue: Issue

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same one as in another tree."""
        return self.path, self.issue.rule, self.issue.severity, self.issue.code


def _needs(limits: Limits, subject: Subject) -> list[Need]:
    needs = needs_of("bandit", analysed(subject, limits.paths), subject)
    before = analysed_before(subject, limits.paths) if limits.new_only else ()
    return [*needs, *needs_of("bandit", before, subject, tree="base")] if before else needs


def _report(limits: Limits, subject: Subject, figures: Figures) -> JsonValue:
    return {
        "issues": readable("bandit", figures),
        "before": known("bandit", figures, subject) if limits.new_only else None,
        "waivers": [waiver.model_dump(mode="json") for waiver in subject.waivers],
    }


BY_FILE = ByFile(_needs, _report)
measure = BY_FILE.measure


def compares(limits: Limits) -> bool:
    """Whether the base has to be measured as well."""
    return limits.new_only


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when no issue that counts reaches both levels."""
    found = Report.model_validate(report)
    grave = [each for each in _listed(found.issues) if _counts(limits, each.issue)]
    grave.sort(key=lambda each: (-RANKS.index(each.issue.severity), each.path))
    new = grave if found.before is None else fresh(grave, _listed(found.before), lambda each: each.identity)
    standing, waived = split(map(_finding, new), found.waivers)
    verdict = answer(
        "bandit",
        f"{counted(len(standing), 'new issue' if limits.new_only else 'issue')} of severity {limits.severity}"
        f" and confidence {limits.confidence} or above in {counted(len(found.issues), 'file')}"
        + _aside(len(grave) - len(new), len(waived)) + worst(standing),
        measured=len(standing),
        limit={"severity": limits.severity, "confidence": limits.confidence},
        findings=standing,
        passed=not standing and bool(found.issues) and (found.before is not None or not limits.new_only),
    )  # fmt: skip
    return verdict.model_copy(update={"waived": waived})


def _aside(before: int, waived: int) -> str:
    """What does not count, for it must not be passed over."""
    told = [f"{count} {name}" for count, name in ((before, "as at the base"), (waived, "waived")) if count]
    return f" ({', '.join(told)})" if told else ""


def _listed(issues: Issues) -> Iterable[Found]:
    return (Found(path, issue) for path, some in issues.items() for issue in some)


def _counts(limits: Limits, issue: Issue) -> bool:
    severe = RANKS.index(issue.severity) >= RANKS.index(limits.severity)
    return issue.rule == CRASHED or (severe and RANKS.index(issue.confidence) >= RANKS.index(limits.confidence))


def _finding(found: Found) -> Finding:
    path, issue = found
    levels = f"severity {issue.severity}, confidence {issue.confidence}"
    message = f"{issue.rule} {issue.text} ({levels})"
    return Finding(path=path, line=issue.line, message=message, rule=issue.rule)
