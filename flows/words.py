"""How problems with a plan are put into words: what was found, and what may have been meant."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 60
MOST_NAMES = 12


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean x?` where something known is close, else what is known; empty when nothing is."""
    known = list(known)
    close = get_close_matches(word.lower(), known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    more = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
    return f"; known here: {', '.join(known[:MOST_NAMES])}{more}" if known else ""


def found(value: object) -> str:
    """A value as it can stand in a sentence."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= LONGEST else f"the text {value[:LONGEST]!r}..."
    if isinstance(value, int | float):
        return f"the number {value}"
    return (
        "a list"
        if isinstance(value, list | tuple)
        else "a mapping"
        if isinstance(value, dict)
        else repr(value)[:LONGEST]
    )
