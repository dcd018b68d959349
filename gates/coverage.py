"""`coverage`: the target's tests execute so much of the product.

The share is of every tracked product file, one that no test imports at 0 %; and a figure is never shown rounded to
the other side of its limit.
"""

import ast
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field, JsonValue

from gates import coverage_report, pytest_run, statements
from gates.coverage_report import Measured
from gates.files import read
from gates.model import Flag, Frozen
from gates.paths import Paths, shown
from gates.product import covered
from gates.ran import said
from gates.subject import Subject
from gates.syntax import parse
from gates.verdict import Finding, Unmeasurable, Verdict, answer, error

MOST_RANGES = 12
MOST_DIGITS = 20


class Limits(Frozen):
    """How much must be covered, and of what."""

    at_least: Annotated[float, Field(ge=0, le=100, strict=True)] = 80
    """Percent of all statements together."""
    branch: Flag = False
    """Whether the ways out of branches count as well."""
    paths: Paths = ()
    """Files or globs that are the product. Default: the declared packages, and `src/` or else the packages and modules
    in the root; without the tests that ran."""


class Covered(Frozen):
    """The figures of one file."""

    path: str
    imported: bool
    """Whether the run tells of the file at all."""
    covered: int
    """Statements, and ways out of branches if these count."""
    total: int
    missing: tuple[tuple[int, int], ...]
    """First and last lines of what was not executed."""


class Report(Frozen):
    """Every product file."""

    files: tuple[Covered, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """The figures of every product file."""
    files = covered(subject, limits.paths, pytest_run.cases(subject))
    try:
        told = coverage_report.read(subject, branch=limits.branch)
    except Unmeasurable as problem:
        raise Unmeasurable(str(problem), *said(subject.ran[-1])) from None
    figures = tuple(
        _figures(path, told[path], branch=limits.branch)
        if path in told
        else _uncovered(path, parse(path, read(subject.root, path)), branch=limits.branch)
        for path in files
    )
    return Report(files=figures).model_dump(mode="json")


def _figures(path: str, told: Measured, *, branch: bool) -> Covered:
    taken = told.executed_branches if branch else ()
    left = told.missing_branches if branch else ()
    # nothing may be excluded: our own configuration says so
    missing = told.missing_lines + told.excluded_lines
    return Covered(
        path=path,
        imported=bool(told.executed_lines),
        covered=len(told.executed_lines) + len(taken),
        total=len(told.executed_lines) + len(missing) + len(taken) + len(left),
        missing=tuple(_ranges(told.executed_lines, {*missing, *(line for line, _ in left)})),
    )


def _uncovered(path: str, tree: ast.Module, *, branch: bool) -> Covered:
    lines, branches = statements.count(tree)
    total = len(lines) + (branches if branch else 0)
    return Covered(path=path, imported=False, covered=0, total=total, missing=tuple(_ranges((), lines)))


def _ranges(executed: Iterable[int], missing: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of missing lines, unbroken by an executed one."""
    missing = set(missing)
    run: list[int] = []
    for line in sorted({*executed, *missing}):
        if line in missing:
            run.append(line)
        elif run:
            yield run[0], run[-1]
            run = []
    if run:
        yield run[0], run[-1]


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the share of all files together reaches the limit."""
    files = Report.model_validate(report).files
    total = sum(file.total for file in files)
    if not total:
        return error("coverage", "no product file has a statement that could be covered", limit=limits.at_least)
    limit = Fraction(str(limits.at_least))
    share = Fraction(100 * sum(file.covered for file in files), total)
    passed = share >= limit
    findings = [] if passed else [_finding(file) for file in sorted(files, key=_share) if _share(file) < limit]
    figure = displayed(share, limit)
    # no line here: the message has all of them
    first = f": {shown(findings[0].path or '')} {findings[0].message}" if findings else ""
    return answer(
        "coverage",
        f"{figure} % {'>=' if passed else '<'} {_plain(Decimal(str(limits.at_least)))} %{first}",
        measured=float(figure),
        limit=limits.at_least,
        findings=findings,
        passed=passed,
    )


def _share(file: Covered) -> Fraction:
    return Fraction(100 * file.covered, file.total) if file.total else Fraction(100)


def displayed(share: Fraction, limit: Fraction) -> str:
    """A share rounded down, to as many digits as it takes to stay on its side of the limit."""
    for digits in range(1, MOST_DIGITS):
        figure = Decimal(int(share * 10**digits)).scaleb(-digits)
        if share < limit or Fraction(figure) >= limit:
            break
    return _plain(figure)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _finding(file: Covered) -> Finding:
    ranges = [str(first) if first == last else f"{first}-{last}" for first, last in file.missing]
    shown_ranges = ", ".join(ranges[:MOST_RANGES]) + (", ..." if len(ranges) > MOST_RANGES else "")
    never = "" if file.imported else ", no test imports it"
    return Finding(
        path=file.path,
        line=file.missing[0][0] if file.missing else None,
        message=f"{int(_share(file))} %{never}, lines {shown_ranges}",
    )
