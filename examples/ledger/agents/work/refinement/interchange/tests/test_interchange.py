"""CSV in and out: nothing is lost, nothing is guessed, nothing is run."""

import csv
import datetime as dt
import io

import pytest

from ledger.errors import FormatError
from ledger.interchange import COLUMNS, read_csv, write_csv
from ledger.journal import Entry, Line, credit, debit
from ledger.money import Money

HEADER = "entry,date,text,account,debit,credit\n"
SALE = "1,2024-03-01,Sale,1000,5.00,\n1,2024-03-01,Sale,4000,,5.00\n"
RENT = "2,2024-03-02,Rent,6000,400.00,\n2,2024-03-02,Rent,1100,,400.00\n"


def entry(text: str = "Sale", memo: str = "", reference: str = "", *, closing: bool = False) -> Entry:
    five = Money(500, "EUR")
    lines = (debit("1000", five, memo), credit("4000", five))
    return Entry(dt.date(2024, 3, 1), text, lines, reference=reference, closing=closing)


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(FormatError) as caught:
        read_csv(text, "EUR")
    return caught.value.problems


def test_writes_one_row_for_each_line() -> None:
    """R-022: with a header, and the side of each line in its own column."""
    rows = write_csv([entry(reference="S-1", memo="till 1")]).split("\r\n")
    assert rows[0] == ",".join(COLUMNS)
    assert rows[1] == "1,2024-03-01,Sale,S-1,,1000,5.00,,till 1"
    assert rows[2] == "1,2024-03-01,Sale,S-1,,4000,,5.00,"


@pytest.mark.parametrize(
    "text",
    ["Sale", 'Tea, "green"', "two\nlines", "貸方", "=1+1", "'=1+1", "''", "'tis", "-5", "@x", "\tx", "\rx", "a;b", "+"],
)
def test_what_is_written_is_read_back(text: str) -> None:
    """R-022, R-024: equal entries, whatever their texts hold."""
    entries = [entry(text, memo=text, reference=text), entry("Closing", closing=True)]
    assert read_csv(write_csv(entries), "EUR") == entries


def test_a_currency_without_decimals_survives() -> None:
    """R-022"""
    lines = (Line("1000", Money(500, "JPY")), Line("4000", Money(-500, "JPY")))
    entries = [Entry(dt.date(2024, 3, 1), "Sale", lines)]
    assert read_csv(write_csv(entries), "JPY") == entries


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_is_written_as_a_formula(text: str) -> None:
    """R-024: in no text cell; the amounts are unsigned."""
    rows = list(csv.reader(io.StringIO(write_csv([entry(text, memo=text, reference=text)]), newline="")))
    cells = [cell for row in rows for cell in row]
    assert "'" + text in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_reads_several_entries_and_keeps_their_order() -> None:
    """R-022: columns that a shop does not need can be left out."""
    first, second = read_csv(HEADER + RENT + SALE, "EUR")
    assert (first.text, second.text) == ("Rent", "Sale")
    assert (first.reference, first.closing, first.lines[0].memo) == ("", False, "")


def test_reads_what_spreadsheets_write() -> None:
    """R-022: a byte order mark, semicolons, columns in another order, thousands set apart, CRLF."""
    text = "\ufefftext;entry;date;debit;credit;account\r\nCar;1;2024-03-01;12,000.00;;1500\r\n"
    text += "Car;1;2024-03-01;;12,000.00;1100\r\n"
    (car,) = read_csv(text, "EUR")
    assert car.turnover == Money(1200000, "EUR")


def test_a_file_with_a_header_only_holds_no_entries() -> None:
    """R-022"""
    assert read_csv(HEADER, "EUR") == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [("", "entry, date, text, account, debit, credit"), ("entry,date,text,account,debit\n", "credit")],
)
def test_names_the_columns_that_are_missing(text: str, missing: str) -> None:
    """R-023"""
    assert problems(text) == (f"line 1: no column {missing}",)


def test_names_every_problem_by_its_line() -> None:
    """R-023: in all entries, before any is taken."""
    bad = "3,2024-03-03,Tea,5000,1.00,1.00\n3,2024-03-03,Tea,1000,,\n4,03.03.2024,Tea,5000,1.00,\n4,,Tea,1000,,1.00\n"
    worse = "5,2024-03-03,Tea,5000,-1.00,\n5,2024-03-03,Tea,1000,,x\n6,2024-03-03,Tea,5000,2.00,\n6,,,1000,,1.00\n"
    assert problems(HEADER + SALE + bad + worse) == (
        "line 4: exactly one of debit and credit is expected",
        "line 5: exactly one of debit and credit is expected",
        "line 6: '03.03.2024' is not a date: YYYY-MM-DD is expected",
        "line 8: -1.00 is not above zero",
        "line 9: 'x' is not an amount",
        "line 10: debits and credits differ by 1.00 EUR",
    )


def test_rows_of_an_entry_stand_together() -> None:
    """R-023: an entry that is torn apart does not balance, and says so for each part."""
    first, second = SALE.splitlines(keepends=True)
    torn = first + RENT + second
    assert [problem.split(":")[0] for problem in problems(HEADER + torn)] == ["line 2", "line 2", "line 5", "line 5"]


def test_refuses_a_row_with_too_many_fields() -> None:
    """R-023: an unquoted comma in a text would shift every field after it."""
    assert problems(HEADER + "1,2024-03-01,Tea, green,5000,1.00,\n") == ("line 2: more fields than columns",)


@pytest.mark.parametrize("cell", ['"Tea', '"Tea" green', "x" * 200_000])
def test_refuses_what_is_no_csv(cell: str) -> None:
    """R-023: an open quote, a quote in the middle, a field without end."""
    (problem,) = problems(HEADER + f"1,2024-03-01,{cell},5000,1.00,\n")
    assert problem.startswith("line ")
