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
