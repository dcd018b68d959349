"""Reports add up, on every day and after a year is closed."""

import datetime as dt

import pytest

from ledger.accounts import standard_chart
from ledger.errors import AccountError
from ledger.journal import Entry, credit, debit
from ledger.money import Money
from ledger.posting import Book
from ledger.reports import (
    BalanceSheet,
    Section,
    TrialBalance,
    balance_sheet,
    income_statement,
    statement,
    trial_balance,
)

YEAR = (dt.date(2024, 1, 1), dt.date(2024, 12, 31))


def euros(text: str) -> Money:
    return Money.parse(text, "EUR")


def move(day: str, to: str, source: str, amount: str, *, closing: bool = False) -> Entry:
    lines = (debit(to, euros(amount)), credit(source, euros(amount)))
    return Entry(dt.date.fromisoformat(day), "Something", lines, closing=closing)


@pytest.fixture
def book() -> Book:
    """A year with a loan, two sales and the goods that were sold."""
    book = Book("EUR", standard_chart())
    book.post(move("2024-01-01", "1100", "3000", "1000.00"))
    book.post(move("2024-02-01", "1100", "2500", "500.00"))
    book.post(move("2024-03-01", "1000", "4000", "300.00"))
    book.post(move("2024-03-01", "5000", "1100", "120.00"))
    book.post(move("2024-11-30", "1000", "4000", "50.00"))
    return book


def test_a_statement_runs_from_the_balance_before_it(book: Book) -> None:
    """R-016: by date and not by number; only the account asked for, only the days asked for."""
    book.post(move("2024-02-15", "1100", "1000", "50.00"))
    rows = statement(book, "1100", dt.date(2024, 2, 1), dt.date(2024, 2, 29))
    assert [(row.posted.number, str(row.line.amount), str(row.balance)) for row in rows] == [
        (2, "500.00", "1500.00"),
        (6, "50.00", "1550.00"),
    ]
    (drop,) = statement(book, "1100", dt.date(2024, 3, 1), dt.date(2024, 12, 31))
    assert (str(drop.line.amount), str(drop.balance)) == ("-120.00", "1430.00")


def test_a_statement_of_an_unknown_account_is_refused(book: Book) -> None:
    """R-016, R-006: rather than shown empty."""
    with pytest.raises(AccountError, match="did you mean 1100"):
        statement(book, "1109", *YEAR)


def test_a_trial_balance_shows_each_account_on_its_side(book: Book) -> None:
    """R-019: by code, accounts never used left out."""
    trial = trial_balance(book)
    assert [(row.account.code, str(row.debit), str(row.credit)) for row in trial.rows] == [
        ("1000", "350.00", "0.00"),
        ("1100", "1380.00", "0.00"),
        ("2500", "0.00", "500.00"),
        ("3000", "0.00", "1000.00"),
        ("4000", "0.00", "350.00"),
        ("5000", "120.00", "0.00"),
    ]
    assert trial.debit == trial.credit == euros("1850.00")


def test_a_trial_balance_is_of_the_end_of_its_day(book: Book) -> None:
    """R-019"""
    trial = trial_balance(book, dt.date(2024, 2, 1))
    assert [row.account.code for row in trial.rows] == ["1100", "2500", "3000"]
    assert trial.balanced


def test_an_account_back_at_zero_stays_in_the_trial_balance(book: Book) -> None:
    """R-019: it was used, so a reader looks for it."""
    book.reverse(2, dt.date(2024, 2, 2))
    assert [str(row.credit) for row in trial_balance(book).rows if row.account.code == "2500"] == ["0.00"]


def test_sums_that_differ_are_not_called_balanced() -> None:
    """R-019, R-021: one cent is enough."""
    nothing, cent = Section((), euros("0.00")), Section((), euros("0.01"))
    assert not TrialBalance((), euros("1.00"), euros("0.99")).balanced
    assert not BalanceSheet(cent, nothing, nothing, euros("0.00")).balanced
    assert BalanceSheet(cent, nothing, nothing, euros("0.01")).balanced


def test_an_empty_book_balances_at_zero() -> None:
    """R-019, R-021"""
    empty = Book("JPY", standard_chart())
    assert trial_balance(empty) == TrialBalance((), Money(0, "JPY"), Money(0, "JPY"))
    assert balance_sheet(empty).balanced
    assert income_statement(empty, *YEAR).profit == Money(0, "JPY")


def test_an_income_statement_earns_and_spends_in_its_period(book: Book) -> None:
    """R-020: both days included, everything outside left out."""
    whole = income_statement(book, *YEAR)
    assert [(account.code, str(amount)) for account, amount in whole.income.rows] == [("4000", "350.00")]
    assert [(account.code, str(amount)) for account, amount in whole.expenses.rows] == [("5000", "120.00")]
    assert whole.profit == euros("230.00")
    march = income_statement(book, dt.date(2024, 3, 1), dt.date(2024, 3, 1))
    assert march.profit == euros("180.00")


def test_a_loss_is_a_negative_profit(book: Book) -> None:
    """R-020"""
    book.post(move("2024-12-01", "6000", "1100", "999.00"))
    assert income_statement(book, *YEAR).profit == euros("-769.00")


def test_closing_entries_do_not_empty_the_income_statement(book: Book) -> None:
    """R-020: the statement of a closed year is the one it had before."""
    before = income_statement(book, *YEAR)
    book.post(move("2024-12-31", "4000", "3900", "350.00", closing=True))
    book.post(move("2024-12-31", "3900", "5000", "120.00", closing=True))
    assert income_statement(book, *YEAR) == before


@pytest.mark.parametrize("day", ["2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01", "2024-12-31"])
def test_a_balance_sheet_balances_on_any_day(book: Book, day: str) -> None:
    """R-021"""
    assert balance_sheet(book, dt.date.fromisoformat(day)).balanced


def test_a_balance_sheet_shows_profit_that_is_not_closed_yet(book: Book) -> None:
    """R-021: and once it is closed, shows it in equity instead."""
    sheet = balance_sheet(book)
    assert (sheet.assets.total, sheet.liabilities.total) == (euros("1730.00"), euros("500.00"))
    assert (sheet.equity.total, sheet.profit) == (euros("1000.00"), euros("230.00"))
    book.post(move("2024-12-31", "4000", "3900", "350.00", closing=True))
    book.post(move("2024-12-31", "3900", "5000", "120.00", closing=True))
    closed = balance_sheet(book)
    assert closed.balanced
    assert (closed.equity.total, closed.profit) == (euros("1230.00"), euros("0.00"))


def test_an_overdrawn_account_stays_in_its_section(book: Book) -> None:
    """R-021: a bank account below zero is a negative asset, and the sheet balances."""
    book.post(move("2024-12-01", "1300", "1100", "2000.00"))
    sheet = balance_sheet(book)
    assert [(account.code, str(amount)) for account, amount in sheet.assets.rows] == [
        ("1000", "350.00"),
        ("1100", "-620.00"),
        ("1300", "2000.00"),
    ]
    assert sheet.balanced
