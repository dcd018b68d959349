"""Tables line up, whatever the texts in them are."""

import pytest

from ledger.tables import printable, table, width


def test_columns_line_up() -> None:
    """R-029: words to the left, figures to the right, no space at the end of a line."""
    text = table(["Account", "Debit"], [["Cash", "1.00"], ["Bank account", "1,200.50"]], right={1})
    assert text.split("\n") == [
        "Account          Debit",
        "------------  --------",
        "Cash              1.00",
        "Bank account  1,200.50",
    ]


def test_a_table_without_rows_keeps_its_headings() -> None:
    assert table(["Code", "Name"], []) == "Code  Name\n----  ----"


@pytest.mark.parametrize(("text", "cells"), [("abc", 3), ("貸方", 4), ("cafe\u0301", 4), ("ﾃ", 1), ("", 0)])
def test_measures_terminal_cells_and_not_characters(text: str, cells: int) -> None:
    assert width(text) == cells


def test_wide_characters_do_not_shift_the_next_column() -> None:
    first, second = table(["A", "B"], [["貸方", "x"], ["abcd", "x"]]).split("\n")[2:]
    assert width(first) == width(second)


@pytest.mark.parametrize("evil", ["\x1b[2J", "\r", "\n", "\x07", "\u202e", "\u200b"])
def test_nothing_in_a_book_can_steer_the_terminal(evil: str) -> None:
    """R-029: escape sequences, line breaks and invisible marks are shown as replacement characters."""
    shown = printable(f"rent{evil}paid")
    assert evil[0] not in shown
    assert shown.startswith("rent\N{REPLACEMENT CHARACTER}")
    assert evil[0] not in table(["Text"], [[evil]]).split("\n", 2)[2]


def test_a_row_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter|longer"):
        table(["A", "B"], [["only one"]])
