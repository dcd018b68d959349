"""Figures of text: its lines, whether it has any, and where a pattern is found."""

import codecs
import re
from itertools import islice

from gates.metrics.figures import Unread

MOST_PLACES = 100
"""Places told of one file."""
MOST_CHARACTERS = 120
"""Of a line that is told."""


def lines(_: str, content: bytes) -> int:
    """How many lines a text has; the last one counts without its end as well."""
    text = _text(content)
    return text.count("\n") + (text != "" and not text.endswith("\n"))


def blank(_: str, content: bytes) -> bool:
    """Whether a file has nothing in it but white space."""
    return not content.removeprefix(codecs.BOM_UTF8).strip()


def match(_: str, content: bytes, pattern: str) -> int | None:
    """The line of the first match of a pattern; None without one."""
    text = _text(content)
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None


def places(_: str, content: bytes, pattern: str) -> list[tuple[int, str]]:
    """Line and text of each match of a pattern, the first ones."""
    text = _text(content)
    found = islice(re.finditer(pattern, text, re.MULTILINE), MOST_PLACES)
    return [(text.count("\n", 0, each.start()) + 1, _line(text, each.start())) for each in found]


def _line(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    return text[start:].partition("\n")[0].strip()[:MOST_CHARACTERS]


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unread(f"is not UTF-8 text: byte {problem.start} cannot be decoded") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
