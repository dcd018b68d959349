"""Reports as text for a terminal (R-029)."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.accounts import Chart
from ledger.money import Money
from ledger.reports import BalanceSheet, IncomeStatement, Section, StatementRow, TrialBalance
from ledger.tables import table


def accounts_text(chart: Chart) -> str:
    """The chart, by code."""
    return table(["Code", "Name", "Kind"], [[account.code, account.name, account.kind] for account in chart])


def trial_text(trial: TrialBalance) -> str:
    """The trial balance with both of its sums."""
    rows = [[row.account.code, row.account.name, _blank(row.debit), _blank(row.credit)] for row in trial.rows]
    rows.append(["", "Total", trial.debit.grouped(), trial.credit.grouped()])
    return table(["Code", "Account", "Debit", "Credit"], rows, right={2, 3})


def income_text(statement: IncomeStatement) -> str:
    """Income, expenses and what is left."""
    rows = [*_section("Income", statement.income), *_section("Expenses", statement.expenses)]
    rows.append(["", "Profit" if statement.profit.minor >= 0 else "Loss", statement.profit.grouped()])
    return table(["Code", "Account", "Amount"], rows, right={2})


def balance_text(sheet: BalanceSheet) -> str:
    """Assets against liabilities, equity and the profit that is not closed yet."""
    rows = [*_section("Assets", sheet.assets), *_section("Liabilities", sheet.liabilities)]
    rows += [*_section("Equity", sheet.equity), ["", "Profit not closed yet", sheet.profit.grouped()]]
    claims = sheet.liabilities.total + sheet.equity.total + sheet.profit
    rows.append(["", "Total liabilities, equity and profit", claims.grouped()])
    return table(["Code", "Account", "Amount"], rows, right={2})


def statement_text(rows: Iterable[StatementRow]) -> str:
    """The lines of one account with the running balance."""
    cells = [
        [
            row.posted.entry.date.isoformat(),
            str(row.posted.number),
            row.posted.entry.text,
            row.line.amount.grouped(),
            row.balance.grouped(),
        ]
        for row in rows
    ]
    return table(["Date", "Entry", "Text", "Amount", "Balance"], cells, right={1, 3, 4})


def _section(title: str, section: Section) -> list[list[str]]:
    rows = [[account.code, account.name, amount.grouped()] for account, amount in section.rows]
    return [*rows, ["", f"Total {title.lower()}", section.total.grouped()]]


def _blank(amount: Money) -> str:
    return amount.grouped() if amount else ""
