"""The service levels of docs/service-levels.md, measured against the limits that stand there."""

import datetime as dt
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger import Book, Entry, Money, balance_sheet, credit, debit, load, save, standard_chart, trial_balance

PAGE = Path(__file__).resolve().parents[1] / "docs" / "service-levels.md"
LEVELS = re.findall(r"^\| (S-\d\d) \|[^|]*\| ([\d.]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
MANY = 5000


def entries(count: int) -> list[Entry]:
    """Sales of one year, all of different amounts."""
    first = dt.date(2024, 1, 1)
    return [
        Entry(
            first + dt.timedelta(days=number % 366),
            f"Sale {number}",
            (debit("1000", Money(number + 1, "EUR")), credit("4000", Money(number + 1, "EUR"))),
            reference=f"S-{number}",
        )
        for number in range(count)
    ]


def filled(count: int) -> Book:
    book = Book("EUR", standard_chart())
    for entry in entries(count):
        book.post(entry)
    return book


def seconds(action: Callable[[], object], rounds: int = 1) -> float:
    """The processor time of the quickest of some rounds: what other programs do meanwhile does not count."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        spent.append(time.process_time() - start)
    return min(spent)


def posting(_: Path) -> float:
    return seconds(lambda: filled(MANY))


def loading(folder: Path) -> float:
    save(filled(MANY), folder / "book.jsonl")
    return seconds(lambda: load(folder / "book.jsonl"))


def reporting(_: Path) -> float:
    book = filled(MANY)
    return seconds(lambda: (trial_balance(book), balance_sheet(book)))


def size(folder: Path) -> float:
    save(filled(MANY), folder / "book.jsonl")
    return (folder / "book.jsonl").stat().st_size / MANY


def lost_in_splits(_: Path) -> float:
    amounts = [Money(minor, "EUR") for minor in range(-500, 500)]
    return sum(abs(amount.minor - sum(part.minor for part in amount.allocate([97, 31, 7]))) for amount in amounts)


def growth(_: Path) -> float:
    return seconds(lambda: filled(4000), rounds=3) / seconds(lambda: filled(1000), rounds=3)


MEASURES = {"S-01": posting, "S-02": loading, "S-03": reporting, "S-04": size, "S-05": lost_in_splits, "S-06": growth}


@pytest.mark.parametrize(("level", "limit"), LEVELS, ids=[level for level, _ in LEVELS])
def test_a_service_level_is_kept(level: str, limit: str, tmp_path: Path) -> None:
    """R-003, R-011, R-019, R-025: fast, small and exact enough."""
    assert MEASURES[level](tmp_path) <= float(limit)


def test_every_level_is_measured() -> None:
    """A level that nobody measures is a promise that nobody keeps."""
    assert {level for level, _ in LEVELS} == set(MEASURES)
