"""Finding the merge that broke something: a binary search over states, some of which nothing can be told of."""

from collections.abc import Callable
from typing import NamedTuple

Ask = Callable[[int], bool | None]
"""Whether a state, by its place, is good; None if that cannot be told."""


class Span(NamedTuple):
    """Between which states something broke."""

    good: int | None
    """The last state known to be good; None if none is."""
    bad: int
    """The first state known to be bad."""
    untold: tuple[int, ...]
    """States in between, of which nothing can be told: what broke it may be any of these, or the bad one."""


def search(last: int, ask: Ask) -> Span:
    """Where states that are in order turn bad for good; the one at `last` is known to be bad.

    Asks each state once at most, and log2 of them if all can be told. If nothing can be told of the first one, a good
    one is looked for from the end backwards.
    """
    first = ask(0) if last else False
    if first is False:
        return Span(None, 0, ())
    good, bad, untold = (0 if first else None), last, set[int]()
    while left := [place for place in range((good or 0) + 1, bad) if place not in untold]:
        place = left[-1] if good is None else left[len(left) // 2]
        answer = ask(place)
        if answer is None:
            untold.add(place)
        elif answer:
            good = place
        else:
            bad = place
    between = sorted(place for place in untold if (good or 0) < place < bad)
    return Span(good, bad, (*([0] if good is None else []), *between))
