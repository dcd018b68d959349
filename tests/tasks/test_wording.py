"""Text from outside becomes harmless and short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.wording import count, plain, prose, short, span


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as it is: é 漢 ✓", "as it is: é 漢 ✓"),
        ("two\nlines\tand\r\nmore", "two lines and more"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bcreset", "reset"),
        ("bell\x07", "bell\ufffd"),
        ("user\u202egnp.exe", "user\ufffdgnp.exe"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("line\u2028break", "line break"),
        ("lone\udc80", "lone\ufffd"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(st.characters()), st.integers(2, 60))
def test_plain_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


def test_what_is_cut_says_so() -> None:
    assert plain("a" * 300, 10) == "aaaaaaaaa…"
    assert prose("a" * 9000, 10) == "aaaaaaaaa…"


def test_prose_keeps_its_lines() -> None:
    assert prose("\n one\r\n\x1b[1mtwo\x1b[0m \n\n three\u202e\n") == "one\ntwo\n\nthree\ufffd"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (242, "4 min 02 s"),
        (3599.6, "1 h 00 min"),
        (5760, "1 h 36 min"),
        (47 * 3600, "47 h 00 min"),
        (51 * 3600, "2 d 03 h"),
    ],
)
def test_span(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_small_words() -> None:
    assert (short("3f2a91c04d5e"), short(None)) == ("3f2a91c04d", "")
    assert (count(1, "round"), count(0, "round")) == ("1 round", "0 rounds")
