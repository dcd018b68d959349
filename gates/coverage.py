"""`coverage`: the target's tests execute so much of the product, or so much of what is new in it.

The share is of every tracked product file, one that no test imports at 0 %; and a figure is never shown rounded to
the other side of its limit. What is new is told by a comparison of our own with the base commit: a legacy product with
few tests may ask all of its new code, and nothing of the old.
"""

import ast
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NamedTuple

from pydantic import Field, JsonValue

from gates import new_lines, statements
from gates.files import read
from gates.line_hits import LineHits
from gates.model import Flag, Frozen
from gates.paths import Paths, shown
from gates.product import covered
from gates.ran import crash, said
from gates.subject import Subject, compared
from gates.suites import coverage_report, guard, pytest_run
from gates.suites.coverage_figures import (
    Counted,
    Covered,
    Lines,
    counted,
    displayed,
    new_finding,
    plain,
    together,
    whole_finding,
)
from gates.suites.coverage_report import Measured
from gates.syntax import parse
from gates.verdict import Finding, Unmeasurable, Verdict, answer, error

__all__ = ["Limits", "Report", "compares", "displayed", "judge", "measure"]

FEW = 20
"""New statements below which a percentage says little; it is judged all the same."""

Percent = Annotated[float, Field(ge=0, le=100, strict=True)]


class Limits(Frozen):
    """How much must be covered, and of what."""

    at_least: Percent | None = None
    """Percent of all statements together. Default: 80, and nothing where `new_code` is given."""
    new_code: Percent | None = None
    """Percent of the statements on lines that the base commit does not have."""
    branch: Flag = False
    """Whether the ways out of branches count as well."""
    paths: Paths = ()
    """Files or globs that are the product. Default: the declared packages, and `src/` or else the packages and modules
    in the root; without the tests that ran."""

    @property
    def overall(self) -> float | None:
        """Percent of all statements that is asked for, if it is."""
        return 80 if self.at_least is None and self.new_code is None else self.at_least


def compares(limits: Limits) -> bool:
    """Whether the base commit's tree is looked at as well."""
    return limits.new_code is not None


class Report(Frozen):
    """Every product file."""

    files: tuple[Covered, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """The figures of every product file."""
    told = pytest_run.told(subject)
    files = covered(subject, limits.paths, told.cases)
    if told.guard and (problems := guard.heard(told.guard).problems):
        raise Unmeasurable(f"the figures cannot be believed: {problems[0]}")
    try:
        _assert_reported(subject)
        figures = coverage_report.read(subject, branch=limits.branch)
    except Unmeasurable as problem:
        raise Unmeasurable(str(problem), *said(subject.ran[-1])) from None
    new = new_lines.changed(subject, compared(subject), files) if compares(limits) else {}
    found = (_file(subject, path, figures.get(path), new, branch=limits.branch) for path in files)
    return Report(files=tuple(found)).model_dump(mode="json")


def _assert_reported(subject: Subject) -> None:
    """The target may have put a report of its own where ours was to be. Raises Unmeasurable."""
    if len(subject.ran) == 1:
        raise Unmeasurable("the tests were run without coverage")
    reporting = subject.ran[-1]
    if reporting.code != 0:
        raise Unmeasurable(f"coverage could not make its report: {crash(reporting) or f'exit code {reporting.code}'}")


def _file(
    subject: Subject, path: str, told: Measured | None, new: Mapping[str, frozenset[int]], *, branch: bool
) -> Covered:
    tree = parse(path, read(subject.root, path)) if told is None or path in new else None
    lines = _uncovered(tree, branch=branch) if told is None and tree else _lines(told, branch=branch)
    fresh = counted(lines, new_lines.statements_on(tree, new[path])) if tree and path in new else None
    return Covered(path=path, imported=bool(lines.executed), new=fresh, lines=lines, **counted(lines).model_dump())


def _lines(told: Measured | None, *, branch: bool) -> Lines:
    if told is None:
        return Lines(executed=(), missing=())
    return Lines(
        executed=told.executed_lines,
        # nothing may be excluded: our own configuration says so
        missing=told.missing_lines + told.excluded_lines,
        taken=tuple(line for line, _ in told.executed_branches) if branch else (),
        left=tuple(line for line, _ in told.missing_branches) if branch else (),
    )


def _uncovered(tree: ast.Module, *, branch: bool) -> Lines:
    lines, _ = statements.count(tree)
    return Lines(executed=(), missing=tuple(lines), left=tuple(statements.ways(tree)) if branch else ())


class Answer(NamedTuple):
    """One of the two shares that can be asked for."""

    figure: str
    words: str
    passed: bool
    findings: list[Finding]


def executed(_: Limits, report: JsonValue) -> tuple[LineHits, ...]:
    """Every product file's lines."""
    return tuple(_hits(file) for file in Report.model_validate(report).files)


def _hits(file: Covered) -> LineHits:
    hit, missed = sorted(set(file.lines.executed)), sorted(set(file.lines.missing))
    return LineHits(path=file.path, hit=tuple(hit), missed=tuple(missed), named=file.imported)


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the shares that are asked for reach their limits."""
    files = Report.model_validate(report).files
    limit = _both(limits, limits.overall, limits.new_code)
    if not any(file.total for file in files):
        return error("coverage", "no product file has a statement that could be covered", limit=limit)
    whole = _whole(limits.overall, files) if limits.overall is not None else None
    new = _new(limits.new_code, files) if limits.new_code is not None else None
    answers = [each for each in (new, whole) if each]
    findings = [finding for each in answers for finding in each.findings]
    # no line here: the message has all of them
    passed = all(each.passed for each in answers)
    first = f": {shown(findings[0].path or '')} {findings[0].message}" if findings and not passed else ""
    return answer(
        "coverage",
        ", ".join(each.words for each in answers) + first,
        measured=_both(limits, whole and float(whole.figure), new and float(new.figure)),
        limit=limit,
        findings=findings,
        passed=passed,
    )


def _both(limits: Limits, overall: float | None, new: float | None) -> JsonValue:
    """One number where only the whole is asked for, otherwise each by its name."""
    if limits.new_code is None:
        return overall
    return {"new_code": new} if limits.overall is None else {"new_code": new, "all": overall}


def _whole(at_least: float, files: tuple[Covered, ...]) -> Answer:
    limit = Fraction(str(at_least))
    share = together(files).share
    short = sorted((file for file in files if file.share < limit), key=lambda file: file.share)
    return _answered(share, at_least, "", [] if share >= limit else list(map(whole_finding, short)))


def _new(at_least: float, files: tuple[Covered, ...]) -> Answer:
    parts: list[tuple[Covered, Counted]] = [(file, file.new) for file in files if file.new]
    all_new = together(new for _, new in parts)
    if not all_new.total:
        return Answer("100", "no new code", passed=True, findings=[])
    short = sorted(((file, new) for file, new in parts if new.missing), key=lambda part: part[1].share)
    few = f" (of only {all_new.total} statements)" if all_new.total < FEW else ""
    # even where it is enough, what nobody tests of the new code is worth a look
    return _answered(all_new.share, at_least, f"new code{few} ", [new_finding(file, new) for file, new in short])


def _answered(share: Fraction, at_least: float, name: str, findings: list[Finding]) -> Answer:
    limit = Fraction(str(at_least))
    figure = displayed(share, limit)
    sign = ">=" if share >= limit else "<"
    words = f"{name}{figure} % {sign} {plain(Decimal(str(at_least)))} %"
    return Answer(figure, words, passed=share >= limit, findings=findings)
