"""Accounts, and the chart that holds them (R-005 to R-007)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ledger.errors import AccountError

CODE = re.compile(r"[0-9A-Z][0-9A-Z.-]{0,11}")


class Kind(StrEnum):
    """The five kinds of account."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"

    @property
    def debit_normal(self) -> bool:
        """Whether a debit makes an account of this kind grow."""
        return self in {Kind.ASSET, Kind.EXPENSE}

    @property
    def temporary(self) -> bool:
        """Whether closing the year empties an account of this kind."""
        return self in {Kind.INCOME, Kind.EXPENSE}


@dataclass(frozen=True, slots=True)
class Account:
    """One account; AccountError if its code or name is malformed."""

    code: str
    name: str
    kind: Kind

    def __post_init__(self) -> None:
        if not CODE.fullmatch(self.code):
            raise AccountError(f"{self.code!r} is not an account code: up to 12 of 0-9 A-Z . - are expected")
        if not self.name.strip():
            raise AccountError(f"account {self.code} has no name")


class Chart:
    """The accounts of one book, each under its code."""

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self._accounts: dict[str, Account] = {}
        for account in accounts:
            self.add(account)

    def add(self, account: Account) -> None:
        """Take in a new account; AccountError if its code is in use."""
        if account.code in self._accounts:
            raise AccountError(f"account {account.code} exists already: {self._accounts[account.code].name}")
        self._accounts[account.code] = account

    def get(self, code: str) -> Account:
        """The account of a code; AccountError, with the nearest code if there is one, when it is unknown."""
        if code in self._accounts:
            return self._accounts[code]
        near = difflib.get_close_matches(code, self._accounts, n=1)
        hint = f"; did you mean {near[0]} ({self._accounts[near[0]].name})?" if near else ""
        raise AccountError(f"there is no account {code!r}{hint}")

    def of_kind(self, kind: Kind) -> list[Account]:
        """The accounts of one kind, by code."""
        return [account for account in self if account.kind is kind]

    def __iter__(self) -> Iterator[Account]:
        return iter(sorted(self._accounts.values(), key=lambda account: account.code))

    def __len__(self) -> int:
        return len(self._accounts)

    def __contains__(self, code: object) -> bool:
        return code in self._accounts


def standard_chart() -> Chart:
    """A chart to begin with: what a small shop that sells goods and charges sales tax needs."""
    return Chart(
        [
            Account("1000", "Cash", Kind.ASSET),
            Account("1100", "Bank", Kind.ASSET),
            Account("1200", "Receivables", Kind.ASSET),
            Account("1300", "Stock", Kind.ASSET),
            Account("1500", "Equipment", Kind.ASSET),
            Account("2000", "Payables", Kind.LIABILITY),
            Account("2100", "Sales tax", Kind.LIABILITY),
            Account("2500", "Loans", Kind.LIABILITY),
            Account("3000", "Owner's capital", Kind.EQUITY),
            Account("3100", "Owner's drawings", Kind.EQUITY),
            Account("3900", "Retained earnings", Kind.EQUITY),
            Account("4000", "Sales", Kind.INCOME),
            Account("4900", "Other income", Kind.INCOME),
            Account("5000", "Cost of goods sold", Kind.EXPENSE),
            Account("6000", "Rent", Kind.EXPENSE),
            Account("6100", "Wages", Kind.EXPENSE),
            Account("6900", "Other expenses", Kind.EXPENSE),
        ]
    )
