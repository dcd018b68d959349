"""An entry that exists is sound: it balances, says what happened, and stays as it is."""

import dataclasses
import datetime as dt

import pytest

from ledger.errors import EntryError
from ledger.journal import Entry, Line, credit, debit, parse_date
from ledger.money import Money

DAY = dt.date(2024, 2, 29)


def euros(text: str) -> Money:
    return Money.parse(text, "EUR")


def sale() -> Entry:
    lines = (
        debit("1000", euros("119.00"), "till 1"),
        credit("4000", euros("100.00")),
        credit("2100", euros("19.00")),
    )
    return Entry(DAY, "Sale", lines, reference="2024-17")


def test_an_entry_keeps_what_it_was_given() -> None:
    """R-008: three lines that sum to zero."""
    entry = sale()
    assert entry.currency == "EUR"
    assert entry.turnover == euros("119.00")
    assert [line.amount.minor for line in entry.lines] == [11900, -10000, -1900]
    assert (entry.lines[0].memo, entry.reference, entry.closing, entry.reverses) == ("till 1", "2024-17", False, None)


def test_a_line_shows_its_side() -> None:
    """R-008: a debit has no credit, and the other way round."""
    bought, sold = debit("1000", euros("3.00")), credit("4000", euros("3.00"))
    assert (bought.debit, bought.credit) == (euros("3.00"), euros("0.00"))
    assert (sold.debit, sold.credit) == (euros("0.00"), euros("3.00"))


@pytest.mark.parametrize("side", [debit, credit])
@pytest.mark.parametrize("amount", ["0.00", "-3.00"])
def test_a_side_takes_amounts_above_zero_only(side, amount: str) -> None:  # type: ignore[no-untyped-def]
    """R-008: a negative debit is a mistake, not a credit."""
    with pytest.raises(EntryError, match="not above zero"):
        side("1000", euros(amount))


def test_debits_and_credits_must_be_equal() -> None:
    """R-008: one cent is enough to be refused."""
    with pytest.raises(EntryError, match="differ by 0.01 EUR"):
        Entry(DAY, "Sale", (debit("1000", euros("10.00")), credit("4000", euros("9.99"))))


def test_one_line_is_no_entry() -> None:
    """R-008"""
    with pytest.raises(EntryError, match="at least two lines, this one has 1"):
        Entry(DAY, "Sale", (debit("1000", euros("1.00")),))
    with pytest.raises(EntryError, match="this one has 0"):
        Entry(DAY, "Sale", ())


def test_a_line_moves_something() -> None:
    """R-008: lines of zero are refused, even if the entry balances."""
    nothing = Line("6000", euros("0.00"))
    with pytest.raises(EntryError, match="account 6000 moves nothing"):
        Entry(DAY, "Sale", (debit("1000", euros("1.00")), credit("4000", euros("1.00")), nothing))


def test_an_entry_has_one_currency() -> None:
    """R-004: equal figures of two currencies do not balance."""
    with pytest.raises(EntryError, match="this one has EUR and USD"):
        Entry(DAY, "Sale", (Line("1000", Money(100, "EUR")), Line("4000", Money(-100, "USD"))))


@pytest.mark.parametrize("when", [dt.datetime(2024, 2, 29, 12, 0), "2024-02-29", None])  # noqa: DTZ001
def test_a_date_is_a_day(when: object) -> None:
    """R-008: a time of day would make two entries of one day differ."""
    with pytest.raises(EntryError, match="is not a date"):
        Entry(when, "Sale", (debit("1000", euros("1.00")), credit("4000", euros("1.00"))))  # type: ignore[arg-type]


def test_every_broken_rule_is_named_at_once() -> None:
    """R-009"""
    with pytest.raises(EntryError) as caught:
        Entry(None, " ", (Line("1000", euros("0.00")),))  # type: ignore[arg-type]
    assert caught.value.problems == (
        "None is not a date",
        "the entry has no text",
        "an entry has at least two lines, this one has 1",
        "the line for account 1000 moves nothing",
    )


def test_an_entry_cannot_be_changed() -> None:
    """R-010: neither its fields, nor the list that it was made from."""
    lines = [debit("1000", euros("1.00")), credit("4000", euros("1.00"))]
    entry = Entry(DAY, "Sale", lines)  # type: ignore[arg-type]
    lines.append(debit("1000", euros("5.00")))
    assert len(entry.lines) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.text = "Gift"  # type: ignore[misc]


def test_the_mirror_of_an_entry_takes_it_back() -> None:
    """R-013: opposite amounts, the same accounts, and a note of what it reverses."""
    mirror = sale().mirrored(7, DAY + dt.timedelta(days=1))
    assert [line.amount.minor for line in mirror.lines] == [-11900, 10000, 1900]
    assert [line.account for line in mirror.lines] == ["1000", "4000", "2100"]
    assert (mirror.text, mirror.reverses, mirror.reference) == ("Reversal of 7: Sale", 7, "")


def test_the_mirror_of_a_closing_entry_is_one_too() -> None:
    """R-013, R-020: or taking a closing back would show up in the income statement."""
    lines = (debit("4000", euros("1.00")), credit("3900", euros("1.00")))
    assert Entry(DAY, "Closing", lines, closing=True).mirrored(1, DAY).closing
    assert not sale().mirrored(1, DAY).closing


@pytest.mark.parametrize("text", ["2024-02-29", " 2024-02-29 "])
def test_reads_a_date(text: str) -> None:
    """R-023"""
    assert parse_date(text) == DAY


@pytest.mark.parametrize("text", ["2023-02-29", "29.02.2024", "20240229", "2024-W09-4", "2024-2-29", "", "٢٠٢٤-٠٢-٢٩"])
def test_refuses_other_dates(text: str) -> None:
    """R-023: no guessing whether 03.04. is March or April."""
    with pytest.raises(EntryError, match="is not a date"):
        parse_date(text)
