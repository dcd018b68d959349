"""What checkers of types leave, and whether they say to have checked the files that they were given."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gates.ran import tail
from gates.reports import read_report
from gates.subject import Subject
from gates.verdict import Finding, Unmeasurable

SAID, COVERED = "said.json", "covered"
MOST_BYTES = 100_000_000
REMARK = re.compile(rb"[^{].*: note: ")
ENDED = (0, 1)
"""Codes with which mypy says that it has looked at everything."""

Row = tuple[str, int, str, str]
"""Path on disk, line, rule, message."""


def of_mypy(ran: Subject, expected: set[str]) -> Iterable[Row]:
    """The errors that mypy tells, if it has checked these files (paths on disk). Raises Unmeasurable."""
    try:
        checked = json.loads(read_report(ran.reports, f"{COVERED}/coverage.json", most=MOST_BYTES))["lines"].keys()
    except Unmeasurable as problem:
        raise Unmeasurable(f"mypy came to no end: {_why(ran) or problem}", *_blocking(ran)) from None
    except (ValueError, KeyError, AttributeError, RecursionError):
        raise Unmeasurable("mypy left a list of files that cannot be read") from None
    if any(each.code not in ENDED for each in ran.ran):
        raise Unmeasurable(f"mypy came to no end: {_why(ran)}", *_blocking(ran))
    if missing := expected - set(checked):
        places = [Finding(message=f"{Path(path).name} was not checked") for path in sorted(missing)]
        raise Unmeasurable(f"mypy did not check {len(missing)} of {len(expected)} files: {places[0].message}", *places)
    return [_row(row) for row in _lines(ran) if row.get("severity") == "error"]


def _row(row: dict[str, Any]) -> Row:
    return str(row["file"]), int(row.get("line") or 0), str(row.get("code") or "error"), str(row.get("message"))


def _lines(ran: Subject) -> list[dict[str, Any]]:
    text = read_report(ran.reports, SAID, most=MOST_BYTES)
    # of sections of its configuration that are not needed it speaks in plain words
    lines = [line for line in text.splitlines() if line.strip() and not REMARK.match(line)]
    try:
        rows = list(map(json.loads, lines))
    except (ValueError, RecursionError):
        raise Unmeasurable(f"mypy said what is no report: {text[:200].decode(errors='replace')}") from None
    if not all(isinstance(row, dict) and "file" in row for row in rows):
        raise Unmeasurable("mypy said what is no report")
    return rows


def _blocking(ran: Subject) -> tuple[Finding, ...]:
    """What keeps mypy from checking anything: an error of syntax, a module that is there twice."""
    try:
        return tuple(Finding(message=f"{Path(row[0]).name}:{row[1]} {row[3]}") for row in map(_row, _lines(ran)))
    except Unmeasurable:
        return ()


def _why(ran: Subject) -> str:
    return " ".join(" ".join([_failures(ran), *(finding.message for finding in _blocking(ran))]).split())[:600]


def _failures(ran: Subject) -> str:
    words = (each.failure or tail(each.output) for each in ran.ran if each.failure or each.code != 0)
    return " ".join(" ".join(words).split())[:600]


def of_pyright(ran: Subject, files: int) -> Iterable[Row]:
    """The errors that pyright tells, if it has checked so many files. Raises Unmeasurable."""
    try:
        said = json.loads(read_report(ran.reports, SAID, most=MOST_BYTES))
        analysed, rows = said["summary"]["filesAnalyzed"], said["generalDiagnostics"]
        errors = [_diagnostic(row) for row in rows if row.get("severity") == "error"]
    except (Unmeasurable, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise Unmeasurable(f"pyright came to no end: {_failures(ran) or problem}") from None
    if analysed != files:
        raise Unmeasurable(f"pyright checked {analysed} files instead of {files}")
    return errors


def _diagnostic(row: dict[str, Any]) -> Row:
    line = int(row["range"]["start"]["line"]) + 1 if "range" in row else 0
    return str(row["file"]), line, str(row.get("rule") or "syntax"), " ".join(str(row.get("message")).split())
