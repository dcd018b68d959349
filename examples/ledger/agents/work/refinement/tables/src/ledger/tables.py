"""Text tables for a terminal: aligned, and safe to print (R-029)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Headings, a rule and the rows; the columns whose numbers are in `right` are aligned to the right."""
    cells = [[printable(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(width(cell) for cell in column) for column in zip(*cells, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(row, widths, right) for row in [cells[0], rule, *cells[1:]])


def printable(text: str) -> str:
    """The text with everything that could steer a terminal replaced, line breaks included."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in {"Cc", "Cf"} else char for char in text)


def width(text: str) -> int:
    """How many terminal cells a text takes: wide characters take two, combining marks none."""
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def _line(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    padded = []
    for number, (cell, wanted) in enumerate(zip(row, widths, strict=True)):
        space = " " * (wanted - width(cell))
        padded.append(space + cell if number in right else cell + space)
    return "  ".join(padded).rstrip()
