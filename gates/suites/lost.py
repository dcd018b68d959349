"""Which tests of the base commit a candidate no longer has: deleted, or merged with others.

A test that has moved, or has another name, is not lost: each test of the candidate stands for one of the base, by its
place and name, else by its name, else by its body, else by a body that is much like it.
"""

from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher

from gates.ratchet import fresh
from gates.suites.defined import Defined

ALIKE = 0.6
"""Share of equal text from which two bodies are one that was edited."""
MOST_COMPARED = 1000
"""Pairs of bodies that are compared; beyond that nothing is taken for an edit."""
MOST_TEXT = 1500
"""Characters of a body that are compared."""

STEPS: tuple[Callable[[Defined], Hashable], ...] = (
    lambda test: (test.path, test.name),
    lambda test: test.name,
    lambda test: test.function,
    lambda test: test.body,
)


def lost(before: Sequence[Defined], now: Sequence[Defined]) -> list[Defined]:
    """What of the base's tests nothing of the candidate stands for, in order."""
    for key in STEPS:
        before, now = fresh(before, now, key), fresh(now, before, key)
    return _unlike(before, now)


def _unlike(before: Sequence[Defined], now: Sequence[Defined]) -> list[Defined]:
    if len(before) * len(now) > MOST_COMPARED:
        return list(before)
    left, gone = list(now), []
    for test in before:
        match = max(left, key=lambda other: _alike(test, other), default=None)
        if match and _alike(test, match) >= ALIKE:
            left.remove(match)
        else:
            gone.append(test)
    return gone


def _alike(one: Defined, other: Defined) -> float:
    matcher = SequenceMatcher(None, one.body[:MOST_TEXT], other.body[:MOST_TEXT], autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE else 0.0
