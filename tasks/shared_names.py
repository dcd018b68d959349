"""Which names of one file two sides both changed: judged from the names in its versions. Pure."""

from collections.abc import Sequence

from gates.model import Frozen
from tasks.overlap import Level
from tasks.structure_names import IMPORTED, Names

MOST_KEYS = 10


class Shared(Frozen):
    """What comparing the names in a file came to."""

    names: tuple[str, ...] = ()
    unread: str | None = None
    broken: bool = False
    """Whether both sides can be read, and their merge cannot."""

    @property
    def level(self) -> Level:
        """How near the two sides come to each other in this file, as far as git merges it."""
        return Level.KEY if self.names or self.broken else Level.PATH


def compare(bases: Sequence[Names | str], ours: Names | str, theirs: Names | str, merged: Names | str | None) -> Shared:
    """Names that both sides changed since their merge bases, and that the merge has twice; texts say what is unknown.

    Without `merged` there is no merge that could be looked at.
    """
    read = [names for names in bases if not isinstance(names, str)]
    if isinstance(ours, str) or isinstance(theirs, str) or len(read) < len(bases):
        texts = (names for names in (ours, theirs, *bases) if isinstance(names, str))
        return Shared(unread=next(texts))
    both = _changed(read, ours) & _changed(read, theirs)
    known: Names = {} if merged is None or isinstance(merged, str) else merged
    keys = sorted(name for name in both if ours.get(name) != theirs.get(name) or _doubled(name, ours, known))
    if isinstance(merged, str):
        return Shared(names=_first(keys), unread=f"its merge {merged}", broken=True)
    return Shared(names=_first(keys))


def alike(bases: Sequence[Names | str], ours: Names | str, theirs: Names | str) -> bool:
    """Whether both sides changed a name in the same way: then only their merge tells whether it stands there twice."""
    read = [names for names in bases if not isinstance(names, str)]
    if isinstance(ours, str) or isinstance(theirs, str) or len(read) < len(bases):
        return False
    both = _changed(read, ours) & _changed(read, theirs)
    return any(ours.get(name) == theirs.get(name) and not _imported(ours.get(name, ())) for name in both)


def _changed(bases: Sequence[Names], side: Names) -> set[str]:
    """What differs from every base: with several, what differs from one only came from another."""
    found = [{name for name in base.keys() | side.keys() if base.get(name) != side.get(name)} for base in bases]
    return set.intersection(*found)


def _doubled(name: str, side: Names, merged: Names) -> bool:
    """Whether a name that both sides defined alike stands in the merge more often than in either."""
    there = merged.get(name, ())
    return len(there) > len(side.get(name, ())) and not _imported(there)


def _imported(meanings: Sequence[str]) -> bool:
    return all(meaning.startswith(IMPORTED) for meaning in meanings)


def _first(keys: Sequence[str]) -> tuple[str, ...]:
    rest = len(keys) - MOST_KEYS
    return (*keys[:MOST_KEYS], f"and {rest} more") if rest > 0 else tuple(keys)
