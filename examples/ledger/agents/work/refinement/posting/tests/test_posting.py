"""Posting numbers entries and keeps balances."""

import datetime as dt

import pytest

from ledger.accounts import standard_chart
from ledger.errors import AccountError, AmountError
from ledger.journal import Entry, credit, debit
from ledger.money import Money
from ledger.posting import Book


def euros(text: str) -> Money:
    return Money.parse(text, "EUR")


def move(day: str, text: str, to: str, source: str, amount: str) -> Entry:
    return Entry(dt.date.fromisoformat(day), text, (debit(to, euros(amount)), credit(source, euros(amount))))


@pytest.fixture
def book() -> Book:
    """A shop after its first three days: capital paid in, stock bought, something sold."""
    book = Book("EUR", standard_chart())
    book.post(move("2024-01-01", "Capital", "1100", "3000", "5000.00"))
    book.post(move("2024-01-02", "Stock", "1300", "1100", "1200.00"))
    book.post(move("2024-01-03", "Sale", "1000", "4000", "80.00"))
    return book


def test_numbers_run_from_one_without_gaps(book: Book) -> None:
    """R-011"""
    assert [posted.number for posted in book.posted] == [1, 2, 3]
    assert [posted.entry.text for posted in book.posted] == ["Capital", "Stock", "Sale"]


def test_a_balance_is_the_sum_of_its_lines(book: Book) -> None:
    """R-016: debits are positive, credits negative, and an account never used is at zero."""
    assert book.balance("1100") == euros("3800.00")
    assert book.balance("4000") == euros("-80.00")
    assert book.balance("6000") == euros("0.00")


def test_a_balance_can_be_asked_for_any_day(book: Book) -> None:
    """R-016: the day itself is included."""
    assert book.balance("1100", dt.date(2023, 12, 31)) == euros("0.00")
    assert book.balance("1100", dt.date(2024, 1, 1)) == euros("5000.00")
    assert book.balance("1100", dt.date(2024, 1, 2)) == euros("3800.00")


def test_an_unknown_account_has_no_balance(book: Book) -> None:
    """R-006"""
    with pytest.raises(AccountError, match="did you mean 1100"):
        book.balance("1101")


def test_a_book_has_a_real_currency() -> None:
    """R-004"""
    with pytest.raises(AmountError, match="not a currency"):
        Book("euros", standard_chart())
