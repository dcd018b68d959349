"""Where two branches meet, and how badly."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Literal

from gates.model import Frozen

MOST_PLACES = 100

Word = Literal["disjoint", "same file", "same key", "text", "unknown"]
"""How near two branches come to each other, for people; `unknown`: they could not be compared."""


class Level(IntEnum):
    """How near two branches come to each other; the numbers are for good."""

    DISJOINT = 0
    PATH = 1
    """Both changed a file, and git merges it."""
    KEY = 2
    """Both changed one key of a table, one target, one definition; or git's merge of the file cannot be read."""
    TEXT = 3
    """Git does not merge them: text, a renamed directory, a deleted file, another type, ..."""

    @property
    def word(self) -> Word:
        """For people."""
        return _WORDS[self]


_WORDS: dict[Level, Word] = {
    Level.DISJOINT: "disjoint", Level.PATH: "same file", Level.KEY: "same key", Level.TEXT: "text",
}  # fmt: skip


class Place(Frozen):
    """One path on which two branches meet."""

    path: str
    """As it can be shown: what cannot be printed is escaped."""
    level: Level
    kinds: tuple[str, ...] = ()
    """Git's words for a conflict: `contents`, `modify/delete`, `directory rename suggested`."""
    names: tuple[str, ...] = ()
    """Names that both sides changed; the first of them if there are many."""
    unread: str | None = None
    """Why the names in this file are not known."""

    def __str__(self) -> str:
        return f"{self.path} ({self.words})"

    @property
    def words(self) -> str:
        """What is the matter, in short."""
        kinds = [kind for kind in self.kinds if kind != "contents"]
        parts = [self.level.word + (f", {', '.join(kinds)}" if kinds else "")]
        if self.names:
            parts.append(f"keys {', '.join(self.names)}" if self.level is not Level.KEY else ", ".join(self.names))
        if self.unread:
            parts.append(f"keys unknown, {self.unread}" if self.level is not Level.KEY else self.unread)
        return ": ".join(parts)


class Overlap(Frozen):
    """Everything on which two branches meet."""

    places: tuple[Place, ...] = ()
    """The worst first."""
    more: int = 0
    """How many places are left out of the list."""
    unknown: str | None = None
    """Why the two could not be compared; then nothing is known of them, least of all that they are disjoint."""

    @property
    def level(self) -> Level:
        """The worst of its places."""
        return max((place.level for place in self.places), default=Level.DISJOINT)

    @property
    def word(self) -> Word:
        """The same for people."""
        return "unknown" if self.unknown else self.level.word

    @property
    def ahead(self) -> bool:
        """Whether merging them takes more than git: nobody need be told twice of a file that both changed."""
        return self.level > Level.PATH or self.unknown is not None

    @property
    def found(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.places) or self.unknown is not None


def overlap_of(places: Iterable[Place]) -> Overlap:
    """The worst places first, and only so many."""
    ordered = sorted(places, key=lambda place: (-place.level, place.path))
    return Overlap(places=tuple(ordered[:MOST_PLACES]), more=max(len(ordered) - MOST_PLACES, 0))
