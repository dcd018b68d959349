"""A saved book comes back as it was, or not at all."""

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from ledger.accounts import Account, Kind, standard_chart
from ledger.errors import FormatError, StorageError
from ledger.journal import Entry, credit, debit
from ledger.money import Money
from ledger.posting import Book
from ledger.storage import load, save


@pytest.fixture
def book() -> Book:
    """With all that a book can hold: an account of its own, a reference, a reversal, a lock."""
    five = Money(500, "EUR")
    chart = standard_chart()
    chart.add(Account("1010", "Kasse „Süd“", Kind.ASSET))
    book = Book("EUR", chart)
    sale = (debit("1010", five, "till\u20282"), credit("4000", five))
    book.post(Entry(dt.date(2024, 3, 1), "Tea — 貸方", sale, reference="S-1"))
    book.post(Entry(dt.date(2024, 3, 2), "Closing", (debit("4000", five), credit("3900", five)), closing=True))
    book.reverse(2, dt.date(2024, 3, 3))
    book.lock(dt.date(2024, 3, 31))
    return book


@pytest.fixture
def path(book: Book, tmp_path: Path) -> Path:
    save(book, tmp_path / "shop.jsonl")
    return tmp_path / "shop.jsonl"


def reseal(path: Path, *rows: object) -> None:
    """Write rows with a last line that fits them, as someone who knows the format would."""
    body = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    end = json.dumps({"end": hashlib.sha256(body.encode()).hexdigest()}, separators=(",", ":"))
    path.write_text(body + end + "\n", encoding="utf-8")


HEADER = {"ledger": 1, "currency": "EUR"}
CASH = {"account": "1000", "name": "Cash", "kind": "asset"}
SALES = {"account": "4000", "name": "Sales", "kind": "income"}


def test_a_book_comes_back_as_it_was(book: Book, path: Path) -> None:
    """R-025: accounts, entries with their links, balances and the lock."""
    loaded = load(path).book
    assert list(loaded.chart) == list(book.chart)
    assert loaded.posted == book.posted
    assert loaded.balance("1010") == book.balance("1010")
    assert loaded.locked_through == book.locked_through


def test_a_new_book_is_saved_empty_and_open(tmp_path: Path) -> None:
    """R-025: no entries and no lock come back as no entries and no lock."""
    path = tmp_path / "new.jsonl"
    digest = save(Book("JPY", standard_chart()), path)
    stored = load(path)
    assert stored.digest == digest
    assert (stored.book.currency, stored.book.posted, stored.book.locked_through) == ("JPY", (), None)


def test_saving_what_was_loaded_changes_nothing(path: Path) -> None:
    """R-025: to the byte, so that a backup shows real changes only."""
    before = path.read_bytes()
    stored = load(path)
    assert save(stored.book, path, stored.digest) == stored.digest
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("size", [0, 1, 40, -1, -2, -80])
def test_a_file_that_was_cut_off_is_refused(path: Path, size: int) -> None:
    """R-026: wherever it was cut."""
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(FormatError, match="cut off or changed"):
        load(path)


def test_a_changed_amount_is_refused(path: Path) -> None:
    """R-026: even if the entry balances afterwards."""
    path.write_text(path.read_text("utf-8").replace("500", "900"), encoding="utf-8")
    with pytest.raises(FormatError, match="cut off or changed"):
        load(path)


def test_a_file_of_other_bytes_is_refused(path: Path) -> None:
    """R-026"""
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="not a text in UTF-8"):
        load(path)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "holds no book"),
        ([{"ledger": 2, "currency": "EUR"}], "line 1: version 2 of the format is not known"),
        ([{"currency": "EUR"}], "line 1: not a row of a book"),
        (["[]"], "line 1: not a row of a book"),
        ([HEADER, "{"], "line 2: not a row of a book"),
        ([HEADER, {"surprise": 1}], "line 2: not a row of a book"),
        ([HEADER, CASH, CASH], "line 3: account 1000 exists already"),
        ([HEADER, CASH | {"kind": "treasure"}], "line 2: not a row of a book .*treasure"),
        ([HEADER, CASH, {"entry": "2024-03-01", "text": "Sale", "lines": [["1000", 1.5, ""]]}], "line 3: 1.5 is not a"),
        ([HEADER, CASH, {"entry": "2024-03-01", "text": "Sale", "lines": [["1000"]]}], "line 3: not a row"),
        ([HEADER, {"locked": "soon"}], "line 2: 'soon' is not a date"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(path: Path, rows: list[object], problem: str) -> None:
    """R-026: a fitting last line does not make a book sound."""
    reseal(path, *rows)
    with pytest.raises(FormatError, match=problem):
        load(path)


def test_entries_are_checked_again_when_they_are_loaded(path: Path) -> None:
    """R-026: an entry that no book would take is not taken from a file either."""
    lines = [["1000", 500, ""], ["4000", -400, ""]]
    reseal(path, HEADER, CASH, SALES, {"entry": "2024-03-01", "text": "Sale", "lines": lines})
    with pytest.raises(FormatError, match="line 4: debits and credits differ by 1.00 EUR"):
        load(path)


def test_a_change_by_somebody_else_is_not_overwritten(path: Path) -> None:
    """R-027: the second of two who loaded the same book has to load it again."""
    mine, theirs = load(path), load(path)
    theirs.book.lock(dt.date(2024, 4, 30))
    save(theirs.book, path, theirs.digest)
    with pytest.raises(StorageError, match="changed by somebody else"):
        save(mine.book, path, mine.digest)
    assert load(path).book.locked_through == dt.date(2024, 4, 30)


def test_a_new_book_does_not_replace_an_old_one(book: Book, path: Path) -> None:
    """R-027"""
    with pytest.raises(StorageError, match="changed by somebody else"):
        save(book, path)


def test_a_book_that_was_removed_is_not_made_again(path: Path) -> None:
    """R-027"""
    stored = load(path)
    path.unlink()
    with pytest.raises(StorageError, match="is gone"):
        save(stored.book, path, stored.digest)


def test_two_cannot_write_at_once(path: Path) -> None:
    """R-027: and the message says what to do about a lock that was left behind."""
    stored = load(path)
    lock = path.with_name(path.name + ".lock")
    lock.touch()
    with pytest.raises(StorageError, match=r"remove .*shop\.jsonl\.lock"):
        save(stored.book, path, stored.digest)
    assert lock.exists()


def test_an_interrupted_save_leaves_the_old_book(path: Path) -> None:
    """R-027: what cannot be written does no harm, and the next save works."""
    before = path.read_bytes()
    stored = load(path)
    blocked = path.with_name(path.name + ".new")
    blocked.mkdir()
    with pytest.raises(OSError, match=r"shop\.jsonl\.new"):
        save(stored.book, path, stored.digest)
    assert path.read_bytes() == before
    blocked.rmdir()
    assert save(stored.book, path, stored.digest) == stored.digest
