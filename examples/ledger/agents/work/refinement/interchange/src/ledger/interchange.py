"""Interchange: entries to and from CSV, one line of an entry per row (R-022 to R-024)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import groupby

from ledger.errors import FormatError, LedgerError
from ledger.journal import Entry, Line, parse_date
from ledger.money import Money

COLUMNS = ("entry", "date", "text", "reference", "closing", "account", "debit", "credit", "memo")
REQUIRED = ("entry", "date", "text", "account", "debit", "credit")
UNSAFE = ("=", "+", "-", "@", "\t", "\r", "'")  # what a spreadsheet may take for a formula, and our own escape

Row = dict[str, str]


def write_csv(entries: Iterable[Entry]) -> str:
    """The entries as CSV; texts that a spreadsheet would run as a formula are quoted with an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for number, entry in enumerate(entries, 1):
        writer.writerows(_to_row(number, entry, line) for line in entry.lines)
    return out.getvalue()


def read_csv(text: str, currency: str) -> list[Entry]:
    """Entries from CSV, with commas or semicolons; FormatError names every problem by its line, and then none is read.

    Rows that follow one another with the same value in the column `entry` make one entry.
    """
    problems: list[str] = []
    entries: list[Entry] = []
    for _, group in groupby(_rows(text), key=lambda numbered: numbered[1]["entry"]):
        rows = list(group)
        try:
            entries.append(_to_entry(rows, currency))
        except LedgerError as error:
            problems += error.problems if isinstance(error, FormatError) else _at(rows[0][0], error)
    if problems:
        raise FormatError(*problems)
    return entries


def _rows(text: str) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its last line in the file."""
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    header = text.split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="", strict=True)
    try:
        missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
        if missing:
            raise FormatError(f"line 1: no column {', '.join(missing)}")
        for row in reader:
            if None in row:
                raise FormatError(f"line {reader.line_num}: more fields than columns")
            yield reader.line_num, row
    except csv.Error as error:
        raise FormatError(f"line {reader.line_num}: {error}") from error


def _to_entry(rows: list[tuple[int, Row]], currency: str) -> Entry:
    lines, problems = [], []
    for number, row in rows:
        try:
            lines.append(_to_line(row, currency))
        except LedgerError as error:
            problems += _at(number, error)
    if problems:
        raise FormatError(*problems)
    first = rows[0][1]
    return Entry(
        parse_date(first["date"]),
        _unescape(first["text"]),
        tuple(lines),
        reference=_unescape(first.get("reference", "")),
        closing=first.get("closing", "") == "yes",
    )


def _to_line(row: Row, currency: str) -> Line:
    debit, credit = row["debit"].strip(), row["credit"].strip()
    if bool(debit) == bool(credit):
        raise FormatError("exactly one of debit and credit is expected")
    amount = Money.parse(debit or credit, currency)
    if amount.minor <= 0:
        raise FormatError(f"{debit or credit} is not above zero")
    return Line(row["account"].strip(), amount if debit else -amount, _unescape(row.get("memo", "")))


def _to_row(number: int, entry: Entry, line: Line) -> Row:
    return {
        "entry": str(number),
        "date": entry.date.isoformat(),
        "text": _escape(entry.text),
        "reference": _escape(entry.reference),
        "closing": "yes" if entry.closing else "",
        "account": line.account,
        "debit": str(line.debit) if line.debit else "",
        "credit": str(line.credit) if line.credit else "",
        "memo": _escape(line.memo),
    }


def _escape(text: str) -> str:
    return "'" + text if text.startswith(UNSAFE) else text


def _unescape(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(UNSAFE) else text


def _at(number: int, error: LedgerError) -> list[str]:
    return [f"line {number}: {problem}" for problem in error.problems]
