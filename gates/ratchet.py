"""The ratchet: of what is found in a tree, only what its base did not have.

Both sides are multisets: one entry of the base absorbs one finding of the candidate and no more, so that a second
finding of the same text in the same file is new.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def fresh(found: Sequence[T], before: Iterable[T], key: Callable[[T], Hashable]) -> list[T]:
    """What of `found` is not in `before`, in order; `key` says what makes two of them the same one."""
    known = Counter(map(key, before))
    new: list[T] = []
    for each in found:
        if known[key(each)] > 0:
            known[key(each)] -= 1
        else:
            new.append(each)
    return new


def worsened(
    found: Sequence[T], before: Iterable[T], key: Callable[[T], Hashable], badness: Callable[[T], float]
) -> list[T]:
    """What of `found` is not in `before`, or is worse than it was there, in order.

    Of several with the same key the worst ones are set against the worst ones of before, one against one.
    """
    known: dict[Hashable, list[float]] = {}
    for each in before:
        known.setdefault(key(each), []).append(badness(each))
    for figures in known.values():
        figures.sort()
    new: list[int] = []
    for place in sorted(range(len(found)), key=lambda place: -badness(found[place])):
        figures = known.get(key(found[place]), [])
        # what is no worse than the worst that is left uses that up
        if figures and figures[-1] >= badness(found[place]):
            figures.pop()
        else:
            new.append(place)
    return [found[place] for place in sorted(new)]
