"""Every report can be read on a terminal, to the last figure."""

import datetime as dt

import pytest

from ledger.accounts import Account, Chart, Kind, standard_chart
from ledger.journal import Entry, credit, debit
from ledger.money import Money
from ledger.posting import Book
from ledger.reports import balance_sheet, income_statement, statement, trial_balance
from ledger.views import accounts_text, balance_text, income_text, statement_text, trial_text

YEAR = (dt.date(2024, 1, 1), dt.date(2024, 12, 31))


def move(day: str, text: str, to: str, source: str, amount: str) -> Entry:
    money = Money.parse(amount, "EUR")
    return Entry(dt.date.fromisoformat(day), text, (debit(to, money), credit(source, money)))


@pytest.fixture
def book() -> Book:
    book = Book("EUR", standard_chart())
    book.post(move("2024-01-01", "Capital", "1100", "3000", "2,000.00"))
    book.post(move("2024-01-02", "Sale", "1000", "4000", "99.00"))
    book.post(move("2024-01-03", "Rent", "6000", "1100", "1,200.00"))
    return book


def test_accounts_are_listed_with_their_kind() -> None:
    """R-029"""
    chart = Chart([Account("1000", "Cash", Kind.ASSET), Account("9", "Tips", Kind.INCOME)])
    assert accounts_text(chart).split("\n")[2:] == ["1000  Cash  asset", "9     Tips  income"]


def test_a_trial_balance_leaves_the_empty_side_blank(book: Book) -> None:
    """R-019, R-029"""
    assert trial_text(trial_balance(book)).split("\n") == [
        "Code  Account             Debit    Credit",
        "----  ---------------  --------  --------",
        "1000  Cash                99.00",
        "1100  Bank               800.00",
        "3000  Owner's capital            2,000.00",
        "4000  Sales                         99.00",
        "6000  Rent             1,200.00",
        "      Total            2,099.00  2,099.00",
    ]


def test_a_loss_is_called_a_loss(book: Book) -> None:
    """R-020, R-029"""
    lines = income_text(income_statement(book, *YEAR)).split("\n")
    assert lines[2].split() == ["4000", "Sales", "99.00"]
    assert lines[-1].split() == ["Loss", "-1,101.00"]
    assert len({len(line) for line in lines[1:]}) == 1
    profit = income_text(income_statement(book, dt.date(2024, 1, 1), dt.date(2024, 1, 2))).split("\n")[-1]
    assert profit.split() == ["Profit", "99.00"]


def test_a_balance_sheet_shows_both_of_its_sums(book: Book) -> None:
    """R-021, R-029"""
    lines = [line.split() for line in balance_text(balance_sheet(book)).split("\n")]
    assert ["Total", "assets", "899.00"] in lines
    assert ["Profit", "not", "closed", "yet", "-1,101.00"] in lines
    assert lines[-1] == ["Total", "liabilities,", "equity", "and", "profit", "899.00"]


def test_a_statement_shows_the_running_balance(book: Book) -> None:
    """R-016, R-029"""
    assert statement_text(statement(book, "1100", *YEAR)).split("\n")[2:] == [
        "2024-01-01      1  Capital   2,000.00  2,000.00",
        "2024-01-03      3  Rent     -1,200.00    800.00",
    ]
