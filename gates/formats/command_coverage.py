"""A `command` that measures coverage: how much of the product was executed, whatever the language.

The lines and hits are the report's; the files are ours: a tracked file of the product that the report does not name
counts with every line that is not blank, as not executed.
"""

import posixpath
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import PurePosixPath
from typing import NamedTuple

from pydantic import JsonValue

from gates.files import read, regular, select
from gates.formats import cobertura, lcov
from gates.formats.left_files import read_all
from gates.formats.report_paths import Where, checkout_of, where
from gates.line_hits import LineHits, Tally, ranges, unnamed, within
from gates.model import Frozen
from gates.new_lines import changed
from gates.paths import is_test, matcher, shown
from gates.ran import tail
from gates.subject import Subject, compared
from gates.suites.coverage_figures import displayed, plain
from gates.verdict import Finding, Unmeasurable, Verdict, answer, error
from gates.wanted_report import WantedReport

MOST_BYTES = 256 * 1024 * 1024
MOST_RANGES = 12
NAMED = 3
AT_LEAST = 80.0
READERS = {"cobertura": cobertura.read, "lcov": lcov.read}
TEST_FOLDERS = frozenset({"__tests__", "__mocks__", "spec", "specs", "testdata", "fixtures"})
TEST_NAMES = ("*.test.*", "*.spec.*", "*_test.*", "*_tests.*", "*_SUITE.erl", "*Test.java", "*Tests.java", "*Test.kt")
"""Beside those of Python."""


class Report(Frozen):
    """The files of the product."""

    code: int
    output: str
    files: tuple[LineHits, ...]
    new: tuple[LineHits, ...] | None = None
    """Only their changed lines, where these were asked for."""
    others: tuple[str, ...] = ()
    """What the report names and is no tracked file of the tree."""


def measure(wanted: WantedReport, subject: Subject) -> JsonValue:
    """The figures of every product file."""
    (ran,) = subject.ran
    told, others = _told(wanted, subject)
    product = _product(wanted, subject, told)
    files = [_hits(path, subject, told.get(path), branch=wanted.branch) for path in product]
    if wanted.branch and not any(file.taken + file.left for file in files):
        raise Unmeasurable("the report tells of no branch: have the tool measure branches, or leave `branch` out")
    new = None
    if wanted.new_code is not None:
        new = tuple(within(files, changed(subject, compared(subject), product)))
    return Report(
        code=ran.code or 0, output=tail(ran.output), files=tuple(files), new=new, others=tuple(others)
    ).model_dump(mode="json")


def _hits(path: str, subject: Subject, tally: Tally | None, *, branch: bool) -> LineHits:
    text = read(subject.root, path).decode(errors="replace")
    return tally.of(path, text.count("\n") + 1, branch=branch) if tally else unnamed(path, text)


def _told(wanted: WantedReport, subject: Subject) -> tuple[dict[str, Tally], list[str]]:
    """Path in the tree to its hits, and the names that are no tracked file."""
    names = where(subject, checkout_of(subject, "checkout"), regular(subject))
    told: dict[str, Tally] = {}
    others: list[str] = []
    for path, data in read_all(subject.reports, wanted.pattern, most=MOST_BYTES):
        files, folders = READERS[wanted.format](path, data)
        for name, tally in files.items():
            if not (inside := _place(path, name, folders or ("",), names)):
                others.append(name)
            elif inside in told:
                _merge(told[inside], tally)
            else:
                told[inside] = tally
    if not any(tally.lines for tally in told.values()):
        named = f": it names {', '.join(map(shown, others[:NAMED]))}" if others else ""
        raise Unmeasurable(f"the report tells of no line of a tracked file{named}")
    return told, others


def _place(report: str, name: str, folders: Iterable[str], names: Where) -> str | None:
    """The tracked file that is meant; below several folders it would be the hits of several files in one."""
    found = dict.fromkeys(filter(None, (names.tracked(posixpath.join(folder, name)) for folder in folders)))
    if len(found) > 1:
        raise Unmeasurable(
            f"{shown(report)}: {shown(name)} may be any of {', '.join(map(shown, list(found)[:NAMED]))}: have the tool"
            " write a report for each source, or name files from the root of the repository"
        )
    return next(iter(found), None)


def _merge(into: Tally, other: Tally) -> None:
    for line, hits in other.lines.items():
        into.add(line, hits)
    for name, taken in other.branches.items():
        into.branch(name, taken)


def _product(wanted: WantedReport, subject: Subject, told: Collection[str]) -> list[str]:
    """What counts: as the plan has it; else what the report tells of, and every tracked file like it."""
    left_out = matcher(wanted.without)
    if wanted.paths:
        chosen: Iterable[str] = select(subject, wanted.paths)
    else:
        suffixes = {PurePosixPath(path).suffix for path in told}
        chosen = (path for path in regular(subject) if path in told or _like(path, suffixes))
        chosen = (path for path in chosen if not _is_test(path))
    product = sorted(path for path in chosen if not left_out(path))
    if not product:
        raise Unmeasurable("no tracked file is left that would count: mend `paths` and `without`")
    return product


def _like(path: str, suffixes: Collection[str]) -> bool:
    return bool(PurePosixPath(path).suffix) and PurePosixPath(path).suffix in suffixes


def _is_test(path: str) -> bool:
    *folders, name = PurePosixPath(path).parts
    return (
        is_test(path)
        or not TEST_FOLDERS.isdisjoint(folders)
        or any(fnmatchcase(name, pattern) for pattern in TEST_NAMES)
    )


class Share(NamedTuple):
    """One of the two shares that can be asked for."""

    words: str
    figure: float | None
    """Percent; None where there is no line to cover."""
    findings: list[Finding]


def judge(label: str, wanted: WantedReport, report: JsonValue) -> Verdict:
    """Passed when the command ended with 0, and enough of all lines, or of the new ones, was executed."""
    found = Report.model_validate(report)
    if found.code:
        output = Finding(message=found.output or "it printed nothing")
        return error(label, f"ended with code {found.code}", output)
    if not sum(file.total for file in found.files):
        return error(label, "no product file has a line that could be covered")
    least = overall(wanted)
    new = _share("new code ", found.new or (), wanted.new_code) if wanted.new_code is not None else None
    whole = _share("", found.files, least) if least is not None else None
    shares = [share for share in (new, whole) if share]
    findings = [finding for share in shares for finding in share.findings]
    outside = f"; {len(found.others)} files of the report are not tracked" if found.others else ""
    first = f": {shown(findings[0].path or '')} {findings[0].message}" if findings else ""
    return answer(
        label,
        ", ".join(share.words for share in shares) + outside + first,
        measured=_both(wanted, whole and whole.figure, new and new.figure),
        limit=_both(wanted, least, wanted.new_code),
        findings=findings,
        passed=not findings,
    )


def overall(wanted: WantedReport) -> float | None:
    """Percent of all lines that is asked for, if it is."""
    return AT_LEAST if wanted.at_least is None and wanted.new_code is None else wanted.at_least


def _both(wanted: WantedReport, whole: float | None, new: float | None) -> JsonValue:
    """One number where only the whole is asked for, otherwise each by its name."""
    if wanted.new_code is None:
        return whole
    return {"new_code": new} if overall(wanted) is None else {"new_code": new, "all": whole}


def _share(what: str, files: Sequence[LineHits], least: float) -> Share:
    """The summary, the figure and what speaks against it, for the lines of these files."""
    total, limit = sum(file.total for file in files), Fraction(str(least))
    if not total:
        return Share("no new line to cover", None, [])
    share = Fraction(100 * sum(file.covered for file in files), total)
    figure, passed = displayed(share, limit), share >= limit
    under = sorted((file for file in files if file.share < limit), key=lambda file: file.share)
    findings = [] if passed else [_finding(what, file) for file in under]
    return Share(f"{what}{figure} % {'>=' if passed else '<'} {plain(Decimal(str(least)))} %", float(figure), findings)


def _finding(what: str, file: LineHits) -> Finding:
    runs = [str(first) if first == last else f"{first}-{last}" for first, last in ranges(file)]
    lines = ", ".join(runs[:MOST_RANGES]) + (", ..." if len(runs) > MOST_RANGES else "")
    never = "" if file.named else ", the report does not name it"
    return Finding(
        path=file.path,
        line=file.missed[0] if file.missed else None,
        message=f"{what}{int(file.share)} %{never}, lines {lines}",
    )
