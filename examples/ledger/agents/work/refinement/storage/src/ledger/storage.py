"""Storage: a book in one file of JSON lines, saved whole or not at all (R-025 to R-027)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.accounts import Account, Chart, Kind
from ledger.errors import FormatError, LedgerError, StorageError
from ledger.journal import Entry, Line, parse_date
from ledger.money import Money
from ledger.posting import Book

VERSION = 1


@dataclass(frozen=True, slots=True)
class Stored:
    """A book as it was loaded; `save` wants the digest back to know that nobody changed the file since."""

    book: Book
    digest: str


def load(path: Path) -> Stored:
    """Read a book, posting every entry anew; FormatError names the line that is wrong, or what was cut off."""
    body, digest = _unseal(_read(path))
    return Stored(_parse(body), digest)


def save(book: Book, path: Path, replacing: str | None = None) -> str:
    """Write a book and return its digest; StorageError if the file is not the one that it replaces.

    Without `replacing` the file must not exist yet. An interrupted save leaves the old file as it was.
    """
    text, digest = _seal("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in _rows(book)))
    with _writer_lock(path):
        _expect(path, replacing)
        _replace(path, text)
    return digest


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a text in UTF-8") from error


def _rows(book: Book) -> Iterator[dict[str, Any]]:
    yield {"ledger": VERSION, "currency": book.currency}
    for account in book.chart:
        yield {"account": account.code, "name": account.name, "kind": account.kind.value}
    for posted in book.posted:
        yield _entry_row(posted.entry)
    if book.locked_through:
        yield {"locked": book.locked_through.isoformat()}


def _entry_row(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "entry": entry.date.isoformat(),
        "text": entry.text,
        "lines": [[line.account, line.amount.minor, line.memo] for line in entry.lines],
    }
    extras = {"reference": entry.reference, "closing": entry.closing, "reverses": entry.reverses}
    return row | {name: value for name, value in extras.items() if value}


def _seal(body: str) -> tuple[str, str]:
    """The body with a last line that tells whether all of it is there, unchanged."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    return body + json.dumps({"end": digest}, separators=(",", ":")) + "\n", digest


def _unseal(text: str) -> tuple[str, str]:
    body = text[: text.rfind("\n", 0, -1) + 1]
    sealed, digest = _seal(body)
    if text != sealed:
        raise FormatError("the file was cut off or changed by hand: its last line does not fit the lines before it")
    return body, digest


def _parse(body: str) -> Book:
    rows = list(enumerate(body.split("\n")[:-1], 1))
    book: Book | None = None
    for number, line in rows:
        try:
            row = json.loads(line)
            if book is None:
                book = _header(row)
            else:
                _reader(row)(book, row)
        except LedgerError as error:
            raise FormatError(*(f"line {number}: {problem}" for problem in error.problems)) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"line {number}: not a row of a book ({error})") from error
    if book is None:
        raise FormatError("the file holds no book")
    return book


def _header(row: dict[str, Any]) -> Book:
    if row["ledger"] != VERSION:
        raise FormatError(f"version {row['ledger']} of the format is not known, only {VERSION}")
    return Book(row["currency"], Chart())


def _reader(row: dict[str, Any]) -> Callable[[Book, dict[str, Any]], None]:
    readers = {"account": _read_account, "entry": _read_entry, "locked": _read_lock}
    (kind,) = row.keys() & readers.keys()
    return readers[kind]


def _read_account(book: Book, row: dict[str, Any]) -> None:
    book.chart.add(Account(row["account"], row["name"], Kind(row["kind"])))


def _read_entry(book: Book, row: dict[str, Any]) -> None:
    lines = tuple(Line(account, Money(minor, book.currency), memo) for account, minor, memo in row["lines"])
    book.post(
        Entry(
            parse_date(row["entry"]),
            row["text"],
            lines,
            reference=row.get("reference", ""),
            closing=row.get("closing", False),
            reverses=row.get("reverses"),
        )
    )


def _read_lock(book: Book, row: dict[str, Any]) -> None:
    book.lock(parse_date(row["locked"]))


def _expect(path: Path, digest: str | None) -> None:
    found = _unseal(_read(path))[1] if path.exists() else None
    if found != digest:
        raise StorageError(f"{path} was changed by somebody else: load it again" if found else f"{path} is gone")


def _replace(path: Path, text: str) -> None:
    """Write beside the file, make sure that it is on the disk, then change names in one step."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@contextmanager
def _writer_lock(path: Path) -> Iterator[None]:
    """One writer at a time, also between processes."""
    lock = path.with_name(path.name + ".lock")
    try:
        lock.touch(exist_ok=False)
    except FileExistsError as error:
        raise StorageError(f"somebody is writing {path}; if nobody is, remove {lock}") from error
    try:
        yield
    finally:
        lock.unlink()
