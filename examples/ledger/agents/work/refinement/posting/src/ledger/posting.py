"""Posting: the book takes in sound entries, numbers them and never lets go of them (R-011 to R-018)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.accounts import Chart, Kind
from ledger.errors import PostingError
from ledger.journal import Entry, Line
from ledger.money import Money, decimals


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry with the number that the book gave it."""

    number: int
    entry: Entry


class Book:
    """The books of one shop in one currency: a chart, and every entry ever posted."""

    def __init__(self, currency: str, chart: Chart) -> None:
        decimals(currency)
        self.currency = currency
        self.chart = chart
        self._locked_through: dt.date | None = None
        self._posted: list[Posted] = []
        self._balances: dict[str, Money] = {}
        self._references: set[str] = set()
        self._reversed: set[int] = set()

    @property
    def posted(self) -> tuple[Posted, ...]:
        """Every entry, in the order of its number."""
        return tuple(self._posted)

    @property
    def locked_through(self) -> dt.date | None:
        """The last day on which nothing can be posted any more."""
        return self._locked_through

    def post(self, entry: Entry) -> Posted:
        """Take in one entry; PostingError names every reason why it does not fit."""
        problems = list(self._misfits(entry))
        if problems:
            raise PostingError(*problems)
        return self._record(entry)

    def post_all(self, entries: Iterable[Entry]) -> list[Posted]:
        """Take in all of the entries, or none: PostingError names every misfit by its place among them."""
        batch = list(entries)
        problems = [f"entry {place}: {why}" for place, entry in enumerate(batch, 1) for why in self._misfits(entry)]
        problems += _used_twice(batch)
        if problems:
            raise PostingError(*problems)
        return [self._record(entry) for entry in batch]

    def reverse(self, number: int, on: dt.date) -> Posted:
        """Take an entry back by posting its mirror; PostingError if that is not possible, or was done before."""
        return self.post(self._get(number).entry.mirrored(number, on))

    def lock(self, through: dt.date) -> None:
        """Let nothing be posted on or before a day; a lock moves forward only."""
        if self._locked_through and through < self._locked_through:
            raise PostingError(f"the book is locked through {self._locked_through}: a lock does not move back")
        self._locked_through = through

    def balance(self, code: str, as_of: dt.date | None = None) -> Money:
        """The balance of an account, at the end of a day or of all; debits are positive."""
        self.chart.get(code)
        balances = self._balances if as_of is None else self.changes(end=as_of)
        return balances.get(code, Money(0, self.currency))

    def changes(
        self, start: dt.date | None = None, end: dt.date | None = None, *, closing: bool = True
    ) -> dict[str, Money]:
        """What each account moved from a day to a day, both included; closing entries can be left out."""
        changes: dict[str, Money] = {}
        for posted in self._posted:
            if _within(posted.entry.date, start, end) and (closing or not posted.entry.closing):
                _add(changes, posted.entry.lines)
        return changes

    def close_year(self, on: dt.date, into: str) -> Posted:
        """Empty income and expenses into an equity account, and lock the book through that day."""
        if self.chart.get(into).kind is not Kind.EQUITY:
            raise PostingError(f"a year is closed into an equity account, {into} is not one")
        balances = self.changes(end=on)
        lines = [Line(code, -balances[code]) for code in sorted(balances) if self._to_close(code, balances[code])]
        if not lines:
            raise PostingError(f"there is nothing to close on {on}")
        profit = -sum((line.amount for line in lines), Money(0, self.currency))
        if profit:
            lines.append(Line(into, profit))
        closed = self.post(Entry(on, f"Closing of the year to {on}", tuple(lines), closing=True))
        self.lock(on)
        return closed

    def audit(self) -> list[str]:
        """Recompute every balance from the journal; what does not agree, in words."""
        kept, recomputed, zero = self._balances, self.changes(), Money(0, self.currency)
        return [
            f"account {code}: the book says {kept.get(code, zero)}, its entries say {recomputed.get(code, zero)}"
            for code in sorted(kept.keys() | recomputed)
            if kept.get(code, zero) != recomputed.get(code, zero)
        ]

    def _get(self, number: int) -> Posted:
        if not 1 <= number <= len(self._posted):
            raise PostingError(f"there is no entry {number}")
        return self._posted[number - 1]

    def _to_close(self, code: str, balance: Money) -> bool:
        return bool(balance) and self.chart.get(code).kind.temporary

    def _record(self, entry: Entry) -> Posted:
        posted = Posted(len(self._posted) + 1, entry)
        self._posted.append(posted)
        _add(self._balances, entry.lines)
        self._references |= {entry.reference} - {""}
        if entry.reverses:
            self._reversed.add(entry.reverses)
        return posted

    def _misfits(self, entry: Entry) -> Iterator[str]:
        if entry.currency != self.currency:
            yield f"the book is in {self.currency}, the entry in {entry.currency}"
        unknown = {line.account for line in entry.lines if line.account not in self.chart}
        yield from (f"there is no account {code!r}" for code in sorted(unknown))
        if self._locked_through and entry.date <= self._locked_through:
            yield f"{entry.date} is locked: the book is closed through {self._locked_through}"
        if entry.reference in self._references:
            yield f"the reference {entry.reference!r} is used already"
        if entry.reverses is not None:
            yield from self._bad_reversal(entry, entry.reverses)

    def _bad_reversal(self, entry: Entry, number: int) -> Iterator[str]:
        original = self._get(number).entry
        if number in self._reversed:
            yield f"entry {number} is reversed already"
        if entry.date < original.date:
            yield f"entry {number} is of {original.date}: it cannot be reversed before that"
        if entry.lines != original.mirrored(number, entry.date).lines:
            yield f"the lines are not those of entry {number} with their sides exchanged"


def _within(day: dt.date, start: dt.date | None, end: dt.date | None) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)


def _add(balances: dict[str, Money], lines: Iterable[Line]) -> None:
    for line in lines:
        before = balances.get(line.account)
        balances[line.account] = before + line.amount if before else line.amount


def _used_twice(batch: list[Entry]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for place, entry in enumerate(batch, 1):
        first = seen.setdefault(entry.reference, place)
        if entry.reference and first != place:
            yield f"entry {place}: entry {first} has the reference {entry.reference!r} too"
        if entry.reverses is not None:
            yield f"entry {place}: reversals are posted one by one"
