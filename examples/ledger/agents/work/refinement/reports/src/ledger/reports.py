"""Reports: account statement, trial balance, income statement and balance sheet (R-016, R-019 to R-021)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.accounts import Account, Kind
from ledger.journal import Line
from ledger.money import Money, total
from ledger.posting import Book, Posted


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One line of an account's statement, with the balance after it."""

    posted: Posted
    line: Line
    balance: Money


@dataclass(frozen=True, slots=True)
class TrialRow:
    """An account with its balance on one side."""

    account: Account
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account in use, and the two sums that must agree."""

    rows: tuple[TrialRow, ...]
    debit: Money
    credit: Money

    @property
    def balanced(self) -> bool:
        """Whether debits and credits are equal."""
        return self.debit == self.credit


@dataclass(frozen=True, slots=True)
class Section:
    """Accounts of one kind with their amounts, positive where the account is on its normal side."""

    rows: tuple[tuple[Account, Money], ...]
    total: Money


@dataclass(frozen=True, slots=True)
class IncomeStatement:
    """What a period earned and spent."""

    income: Section
    expenses: Section

    @property
    def profit(self) -> Money:
        """Income less expenses; negative for a loss."""
        return self.income.total - self.expenses.total


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """What the shop owns and owes on one day; `profit` is what no closing entry has moved into equity yet."""

    assets: Section
    liabilities: Section
    equity: Section
    profit: Money

    @property
    def balanced(self) -> bool:
        """Whether the assets are equal to the liabilities, the equity and the profit together."""
        return self.assets.total == self.liabilities.total + self.equity.total + self.profit


def statement(book: Book, code: str, start: dt.date, end: dt.date) -> list[StatementRow]:
    """The lines of one account from a day to a day, by date and number, each with the running balance."""
    running = book.balance(code, start - dt.timedelta(days=1))
    rows = []
    for posted in sorted(book.posted, key=lambda posted: (posted.entry.date, posted.number)):
        if start <= posted.entry.date <= end:
            for line in (line for line in posted.entry.lines if line.account == code):
                running += line.amount
                rows.append(StatementRow(posted, line, running))
    return rows


def trial_balance(book: Book, as_of: dt.date | None = None) -> TrialBalance:
    """The accounts that were ever used, with their balances at the end of a day, or of all."""
    balances = book.changes(end=as_of)
    rows = tuple(_trial_row(account, balances[account.code]) for account in book.chart if account.code in balances)
    return TrialBalance(
        rows,
        total((row.debit for row in rows), book.currency),
        total((row.credit for row in rows), book.currency),
    )


def income_statement(book: Book, start: dt.date, end: dt.date) -> IncomeStatement:
    """Income and expenses from a day to a day, as they were before any closing entry."""
    changes = book.changes(start, end, closing=False)
    return IncomeStatement(_section(book, Kind.INCOME, changes), _section(book, Kind.EXPENSE, changes))


def balance_sheet(book: Book, as_of: dt.date | None = None) -> BalanceSheet:
    """Assets, liabilities and equity at the end of a day, or of all."""
    balances = book.changes(end=as_of)
    unclosed = (amount for code, amount in balances.items() if book.chart.get(code).kind.temporary)
    return BalanceSheet(
        _section(book, Kind.ASSET, balances),
        _section(book, Kind.LIABILITY, balances),
        _section(book, Kind.EQUITY, balances),
        -total(unclosed, book.currency),
    )


def _trial_row(account: Account, balance: Money) -> TrialRow:
    zero = Money(0, balance.currency)
    return TrialRow(account, balance, zero) if balance.minor >= 0 else TrialRow(account, zero, -balance)


def _section(book: Book, kind: Kind, balances: Mapping[str, Money]) -> Section:
    rows = tuple(_shown(account, balances) for account in book.chart.of_kind(kind) if balances.get(account.code))
    return Section(rows, _sum(rows, book.currency))


def _shown(account: Account, balances: Mapping[str, Money]) -> tuple[Account, Money]:
    amount = balances[account.code]
    return account, amount if account.kind.debit_normal else -amount


def _sum(rows: Iterable[tuple[Account, Money]], currency: str) -> Money:
    return total((amount for _, amount in rows), currency)
