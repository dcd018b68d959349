"""How people are written to: harmless text, spans of time, short commits, counted nouns.

A terminal obeys escape sequences, and any reader is deceived by characters that turn the direction of writing or that
have no shape at all. Nothing that an agent or a target wrote is shown without passing through `plain` or `prose`.
"""

import re
from datetime import UTC, datetime

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links, up to their end
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and moves
    r"|\x1b[@-Z\\^_a-z0-9=>]"
)

_TENTHS_TOLD = 9.95
_HOURS_TOLD = 48


def plain(text: str, limit: int = 240) -> str:
    """`text` on one line of printable characters, at most `limit` long; others are shown as a replacement character."""
    # a text far beyond the limit is cut before the work, not after it
    bare = _ESCAPES.sub("", text[: limit * 20])
    line = " ".join("".join(map(_shown, bare)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def prose(text: str, limit: int = 4000) -> str:
    """The same for longer text, whose lines are kept."""
    lines = [plain(line, limit) for line in text[: limit * 20].splitlines()]
    whole = "\n".join(lines).strip()
    return whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…"


def span(seconds: float) -> str:
    """`0.4 s`, `12 s`, `4 min 02 s`, `1 h 36 min`, `2 d 03 h`."""
    if seconds < _TENTHS_TOLD:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    minutes, hours = whole // 60, whole // 3600
    if not minutes:
        return f"{whole} s"
    if not hours:
        return f"{minutes} min {whole % 60:02} s"
    if hours < _HOURS_TOLD:
        return f"{hours} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24:02} h"


def moment(seconds: float) -> str:
    """`2026-11-20 12:03:04`, UTC; `seconds` since the epoch."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def short(commit: str | None) -> str:
    """The head of a commit's name, enough to find it by."""
    return plain(commit or "", 64)[:10]


def count(number: int, noun: str) -> str:
    """`1 round`, `2 rounds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def round_name(number: int) -> str:
    """`round 2`; 0 is the gate that a release asks when its base has moved."""
    return f"round {number}" if number else "release"


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
