"""Journal entries: what happened, in lines that balance (R-008 to R-010)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ledger.errors import EntryError
from ledger.money import Money, total

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_date(text: str) -> dt.date:
    """Read 2024-02-29, and no other notation; EntryError otherwise."""
    try:
        if ISO_DATE.fullmatch(text.strip()):
            return dt.date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise EntryError(f"{text!r} is not a date: YYYY-MM-DD is expected")


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry: a positive amount debits the account, a negative one credits it."""

    account: str
    amount: Money
    memo: str = ""

    @property
    def debit(self) -> Money:
        """The amount if this is a debit, else zero."""
        return self.amount if self.amount.minor > 0 else Money(0, self.amount.currency)

    @property
    def credit(self) -> Money:
        """The amount, made positive, if this is a credit, else zero."""
        return -self.amount if self.amount.minor < 0 else Money(0, self.amount.currency)


def debit(account: str, amount: Money, memo: str = "") -> Line:
    """A debit of an amount above zero; EntryError otherwise."""
    return Line(account, _above_zero(amount), memo)


def credit(account: str, amount: Money, memo: str = "") -> Line:
    """A credit of an amount above zero; EntryError otherwise."""
    return Line(account, -_above_zero(amount), memo)


@dataclass(frozen=True, slots=True)
class Entry:
    """One business event. It balances from the moment it exists: EntryError names every rule that it breaks."""

    date: dt.date
    text: str
    lines: tuple[Line, ...]
    reference: str = ""
    closing: bool = False
    reverses: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.lines))
        problems = list(_broken_rules(self))
        if problems:
            raise EntryError(*problems)

    @property
    def currency(self) -> str:
        """The one currency of all lines."""
        return self.lines[0].amount.currency

    @property
    def turnover(self) -> Money:
        """What moved: the sum of the debits."""
        return total((line.debit for line in self.lines), self.currency)

    def mirrored(self, number: int, on: dt.date) -> Entry:
        """The entry that takes this one back, once this one is posted under a number."""
        lines = tuple(replace(line, amount=-line.amount) for line in self.lines)
        return Entry(on, f"Reversal of {number}: {self.text}", lines, closing=self.closing, reverses=number)


def _above_zero(amount: Money) -> Money:
    if amount.minor <= 0:
        raise EntryError(f"{amount} is not above zero: the side of a line says its sign")
    return amount


def _broken_rules(entry: Entry) -> Iterator[str]:
    if not isinstance(entry.date, dt.date) or isinstance(entry.date, dt.datetime):
        yield f"{entry.date!r} is not a date"
    if not entry.text.strip():
        yield "the entry has no text"
    if len(entry.lines) < 2:
        yield f"an entry has at least two lines, this one has {len(entry.lines)}"
    yield from (f"the line for account {line.account} moves nothing" for line in entry.lines if not line.amount)
    yield from _imbalance(entry.lines)


def _imbalance(lines: tuple[Line, ...]) -> Iterator[str]:
    currencies = sorted({line.amount.currency for line in lines})
    if len(currencies) > 1:
        yield f"an entry has one currency, this one has {' and '.join(currencies)}"
    elif lines:
        difference = total((line.amount for line in lines), currencies[0])
        if difference:
            yield f"debits and credits differ by {difference} {currencies[0]}"
