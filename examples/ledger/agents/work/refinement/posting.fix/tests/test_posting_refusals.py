"""What a book refuses, takes back, locks, closes and finds out about itself."""

import datetime as dt

import pytest

from ledger.accounts import standard_chart
from ledger.errors import PostingError
from ledger.journal import Entry, Line, credit, debit
from ledger.money import Money
from ledger.posting import Book

NEW_YEARS_EVE = dt.date(2024, 12, 31)


def euros(text: str) -> Money:
    return Money.parse(text, "EUR")


def move(day: str, to: str, source: str, amount: str, reference: str = "") -> Entry:
    lines = (debit(to, euros(amount)), credit(source, euros(amount)))
    return Entry(dt.date.fromisoformat(day), "Something", lines, reference=reference)


@pytest.fixture
def book() -> Book:
    """Capital, a sale and the rent: 80.00 earned, 30.00 spent."""
    book = Book("EUR", standard_chart())
    book.post(move("2024-01-01", "1100", "3000", "5000.00"))
    book.post(move("2024-01-03", "1000", "4000", "80.00", reference="S-1"))
    book.post(move("2024-02-01", "6000", "1100", "30.00"))
    return book


def test_every_misfit_is_named_and_uses_up_no_number(book: Book) -> None:
    """R-011, R-015: currency, accounts and reference in one answer; the next entry is number 4 all the same."""
    dollars = Money(100, "USD")
    with pytest.raises(PostingError) as caught:
        book.post(Entry(NEW_YEARS_EVE, "Sale", (debit("1001", dollars), credit("4001", dollars)), reference="S-1"))
    assert caught.value.problems == (
        "the book is in EUR, the entry in USD",
        "there is no account '1001'",
        "there is no account '4001'",
        "the reference 'S-1' is used already",
    )
    assert book.post(move("2024-03-01", "1000", "4000", "1.00")).number == 4


def test_a_batch_is_numbered_in_its_order(book: Book) -> None:
    """R-012: as it was given, not by date."""
    batch = [move("2024-03-05", "6000", "1100", "400.00"), move("2024-03-04", "1000", "4000", "20.00")]
    assert [posted.number for posted in book.post_all(batch)] == [4, 5]
    assert book.balance("6000") == euros("430.00")


def test_a_batch_with_one_misfit_leaves_the_book_as_it_was(book: Book) -> None:
    """R-012: nothing of it is posted, and the misfit is named by its place."""
    before = book.posted
    with pytest.raises(PostingError, match="^entry 2: there is no account '9'$"):
        book.post_all([move("2024-03-01", "1000", "4000", "1.00"), move("2024-03-02", "9", "4000", "1.00")])
    assert book.posted == before
    assert book.balance("1000") == euros("80.00")


def test_a_reference_is_used_once_within_a_batch_too(book: Book) -> None:
    """R-015: and entries without one do not collide."""
    twice = [move("2024-03-01", "1000", "4000", "1.00", reference) for reference in ("", "S-2", "", "S-2")]
    with pytest.raises(PostingError, match="^entry 4: entry 2 has the reference 'S-2' too$"):
        book.post_all(twice)


def test_a_reversal_takes_an_entry_back_once(book: Book) -> None:
    """R-013: both stay in the book."""
    reversal = book.reverse(2, dt.date(2024, 1, 4))
    assert (reversal.number, reversal.entry.reverses) == (4, 2)
    assert book.balance("4000") == euros("0.00")
    assert book.balance("4000", dt.date(2024, 1, 3)) == euros("-80.00")
    with pytest.raises(PostingError, match="entry 2 is reversed already"):
        book.reverse(2, dt.date(2024, 1, 5))


def test_a_reversal_can_be_reversed(book: Book) -> None:
    """R-013: a wrong correction is corrected like everything else."""
    book.reverse(2, dt.date(2024, 1, 4))
    book.reverse(4, dt.date(2024, 1, 5))
    assert book.balance("4000") == euros("-80.00")


@pytest.mark.parametrize("number", [0, -1, 4])
def test_only_what_is_posted_can_be_reversed(book: Book, number: int) -> None:
    """R-013"""
    with pytest.raises(PostingError, match=f"there is no entry {number}"):
        book.reverse(number, NEW_YEARS_EVE)


def test_a_reversal_fits_what_it_reverses(book: Book) -> None:
    """R-013: not earlier, and with the same lines."""
    lines = (debit("4000", euros("79.00")), credit("1000", euros("79.00")))
    with pytest.raises(PostingError) as caught:
        book.post(Entry(dt.date(2024, 1, 2), "Sale back", lines, reverses=2))
    assert caught.value.problems == (
        "entry 2 is of 2024-01-03: it cannot be reversed before that",
        "the lines are not those of entry 2 with their sides exchanged",
    )


def test_a_batch_takes_no_reversals(book: Book) -> None:
    """R-012, R-013: two of one entry in one batch would both look possible."""
    mirror = book.posted[1].entry.mirrored(2, NEW_YEARS_EVE)
    with pytest.raises(PostingError, match="^entry 1: reversals are posted one by one$"):
        book.post_all([mirror])


def test_nothing_is_posted_into_a_locked_period(book: Book) -> None:
    """R-014: the last locked day included, the day after it not."""
    book.lock(dt.date(2024, 3, 31))
    with pytest.raises(PostingError, match="2024-03-31 is locked: the book is closed through 2024-03-31"):
        book.post(move("2024-03-31", "1000", "4000", "1.00"))
    assert book.post(move("2024-04-01", "1000", "4000", "1.00")).number == 4


def test_a_lock_does_not_move_back(book: Book) -> None:
    """R-014: forward, and again to the same day, it does."""
    assert book.locked_through is None
    book.lock(dt.date(2024, 3, 31))
    with pytest.raises(PostingError, match="does not move back"):
        book.lock(dt.date(2024, 3, 30))
    book.lock(dt.date(2024, 3, 31))
    book.lock(dt.date(2024, 6, 30))
    assert book.locked_through == dt.date(2024, 6, 30)


def test_closing_a_year_moves_its_profit_into_equity(book: Book) -> None:
    """R-017: income and expenses are empty afterwards, and the year is locked."""
    closed = book.close_year(NEW_YEARS_EVE, "3900")
    assert closed.entry.closing
    assert book.balance("3900") == euros("-50.00")
    assert not book.balance("4000")
    assert not book.balance("6000")
    assert book.locked_through == NEW_YEARS_EVE


def test_closing_leaves_the_next_year_alone(book: Book) -> None:
    """R-017: what was posted after the day stays where it is."""
    book.post(move("2025-01-02", "1000", "4000", "7.00"))
    book.close_year(NEW_YEARS_EVE, "3900")
    assert book.balance("4000") == euros("-7.00")


def test_a_year_without_profit_is_closed_without_an_equity_line(book: Book) -> None:
    """R-017: a line of zero would be refused."""
    book.post(move("2024-05-01", "6900", "1100", "50.00"))
    closed = book.close_year(NEW_YEARS_EVE, "3900")
    assert [line.account for line in closed.entry.lines] == ["4000", "6000", "6900"]


def test_a_year_is_closed_into_equity_once(book: Book) -> None:
    """R-017"""
    with pytest.raises(PostingError, match="1000 is not one"):
        book.close_year(NEW_YEARS_EVE, "1000")
    book.close_year(NEW_YEARS_EVE, "3900")
    with pytest.raises(PostingError, match="nothing to close on 2024-12-31"):
        book.close_year(NEW_YEARS_EVE, "3900")


def test_an_audit_of_a_sound_book_finds_nothing(book: Book) -> None:
    """R-018: with several lines of one account, and a balance back at zero."""
    lines = (debit("1000", euros("1.00")), debit("1000", euros("2.00")), Line("4000", euros("-3.00")))
    book.post(Entry(NEW_YEARS_EVE, "Two coins", lines))
    book.reverse(4, NEW_YEARS_EVE)
    assert book.audit() == []


def test_an_audit_finds_a_balance_that_its_entries_do_not_make(book: Book) -> None:
    """R-018: someone reached into the book."""
    book._balances |= {"1000": euros("80.01"), "6100": euros("9.00")}  # noqa: SLF001
    del book._balances["6000"]  # noqa: SLF001
    assert book.audit() == [
        "account 1000: the book says 80.01, its entries say 80.00",
        "account 6000: the book says 0.00, its entries say 30.00",
        "account 6100: the book says 9.00, its entries say 0.00",
    ]
