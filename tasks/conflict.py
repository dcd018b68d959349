"""A conflict in words: between whom, in which files, in which lines; and whether a resolution has resolved it.

Git's own merge of both sides holds, between markers, what it could not decide. Whoever is to agree with what was merged
meanwhile is told those lines, and whose they are.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pydantic import JsonValue

from tasks.commits import Trailer
from tasks.context import ToldFinding
from tasks.git import Git
from tasks.integrate import Candidate, provisional

MARKER = re.compile(rb"(<{7}|\|{7}|>{7})( .*)?|={7}")
"""A line that stands between two versions; what follows the sign names one of them."""
LINES = 60
"""Of one file's conflicts, as they are told."""
WIDTH = 300
"""Characters of a told line."""
FILES = 20
"""Whose conflicts are told with their lines."""


class Hunk(NamedTuple):
    """One place where git could not decide."""

    line: int
    """Of its first marker, from 1, in the file with markers."""
    text: str


@dataclass(frozen=True)
class Conflict:
    """A candidate that git cannot merge."""

    git: Git
    found: Candidate
    own: str
    """The assignment whose work is to be merged."""

    @cached_property
    def base(self) -> str:
        """The commit from which both sides come."""
        return self.git.line("merge-base", self.found.ours, self.found.theirs)

    @cached_property
    def rivals(self) -> tuple[str, ...]:
        """The assignments whose merges, since then, have touched what is in conflict; the earliest first."""
        mine = set(self.found.conflicts)
        names: list[str] = []
        for merge in self.git.first_parents(self.base, self.found.ours):
            name = merge.trailers.get(Trailer.ASSIGNMENT)
            if name and name not in names and mine & set(self.git.changed(merge.parents[0], merge.oid)):
                names.append(name)
        return tuple(reversed(names)) or self.merged_meanwhile

    @cached_property
    def merged_meanwhile(self) -> tuple[str, ...]:
        """All assignments that were merged since then, the earliest first."""
        merges = self.git.first_parents(self.base, self.found.ours)
        names = (merge.trailers.get(Trailer.ASSIGNMENT) for merge in merges)
        return tuple(reversed(dict.fromkeys(name for name in names if name)))

    @property
    def sides(self) -> tuple[str, str]:
        """The commits of both: what was merged first, and what is to be merged with it."""
        return self.found.ours, self.found.theirs

    def begin(self) -> str:
        """The commit at which its resolution begins: git's own merge of both sides, markers included; on no branch."""
        return provisional(self.git, self.found)

    @property
    def record(self) -> dict[str, JsonValue]:
        """What the evidence of an attempt to resolve it says of it."""
        ours, theirs = self.sides
        return {"resolution": {"ours": ours, "theirs": theirs, "conflicts": list(self.found.conflicts)}}

    @property
    def sentence(self) -> str:
        """Between whom and where, in one line."""
        paths = ", ".join(self.found.conflicts[:FILES])
        more = f" and {len(self.found.conflicts) - FILES} more" if len(self.found.conflicts) > FILES else ""
        return f"the work of {self.own} conflicts with that of {_and(self.rivals)} in {paths}{more}"

    def hunks(self, path: str) -> tuple[Hunk, ...]:
        """The conflicts of a file, with whose lines they are; none where git has no lines to show."""
        return tuple(self._named(hunk) for hunk in hunks(self.git.read(self.found.tree, path) or b""))

    def _named(self, hunk: Hunk) -> Hunk:
        """With names in place of commits."""
        text = hunk.text.replace(self.found.ours, _and(self.rivals)).replace(self.found.theirs, self.own)
        return Hunk(hunk.line, text)

    @property
    def findings(self) -> tuple[ToldFinding, ...]:
        """For the next attempt, which begins on the tip that it must agree with: one for each path."""
        return tuple(self._finding(path, place < FILES) for place, path in enumerate(self.found.conflicts))

    def _finding(self, path: str, shown: bool) -> ToldFinding:  # noqa: FBT001
        found = self.hunks(path) if shown else ()
        words = (
            f"conflicts with the work of {_and(self.rivals)}, which was merged meanwhile; your workspace now holds it: "
            "do your part on top of it"
        )
        others = [name for name in self.merged_meanwhile if name not in self.rivals]
        also = f" ({_and(others)} merged as well)" if others else ""
        return ToldFinding(check="merge", path=path, message=words + also + told(found))

    @cached_property
    def open_paths(self) -> frozenset[str]:
        """What a resolution may change: the paths in conflict, and what either side changed."""
        ours = self.git.changed(self.base, self.found.ours)
        theirs = self.git.changed(self.base, self.found.theirs)
        return frozenset({*self.found.conflicts, *ours, *theirs})

    def objections(self, tree: str) -> tuple[ToldFinding, ...]:
        """What speaks against a tree as the resolution of this conflict."""
        changed = self.git.changed(self.found.tree, tree)
        outside = [
            ToldFinding(check="resolution", path=path, message="changed, but neither side had changed it")
            for path in changed
            if path not in self.open_paths
        ]
        left = [
            ToldFinding(check="resolution", path=path, line=line, message="still holds a conflict marker")
            for path in dict.fromkeys((*self.found.conflicts, *changed))
            if (line := self._left(tree, path)) is not None
        ]
        return (*outside, *left, *self._odd_names(tree))

    def _odd_names(self, tree: str) -> Iterator[ToldFinding]:
        """Where one side has a file and the other a folder, git names the file anew."""
        for path in self.found.conflicts:
            given = any(path.endswith(f"~{side}") for side in (self.found.ours, self.found.theirs))
            if given and self.git.entry(tree, path):
                words = "still has the name that git gave it, for the other side has a folder in its place"
                yield ToldFinding(check="resolution", path=path, message=words)

    def _left(self, tree: str, path: str) -> int | None:
        """The line of a marker that neither side has in that file by itself."""
        there = self.git.read(tree, path) or b""
        known = {line for side in (self.found.ours, self.found.theirs) for _, line in _markers(self._read(side, path))}
        return next((number for number, line in _markers(there) if line not in known), None)

    def _read(self, commit: str, path: str) -> bytes:
        return self.git.read(commit, path) or b""


def _markers(text: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(text.split(b"\n"), 1):
        if MARKER.fullmatch(line.rstrip(b"\r")):
            yield number, line.rstrip(b"\r")


def hunks(text: bytes) -> Iterator[Hunk]:
    """Every conflict of a file with markers, its markers included."""
    begin, lines = None, text.split(b"\n")
    for number, line in enumerate(lines, 1):
        if begin is None and line.startswith(b"<<<<<<< "):
            begin = number
        elif begin is not None and line.startswith(b">>>>>>> "):
            shown = (each.decode(errors="replace")[:WIDTH].rstrip("\r") for each in lines[begin - 1 : number])
            yield Hunk(begin, "\n".join(shown))
            begin = None


def told(found: Iterable[Hunk]) -> str:
    """Hunks as they are told: so many lines, and how many more there are."""
    lines = [line for hunk in found for line in hunk.text.split("\n")]
    more = [f"... and {len(lines) - LINES} more lines"] if len(lines) > LINES else []
    return "".join(f"\n    {line}" for line in [*lines[:LINES], *more])


def _and(names: Collection[str]) -> str:
    """`a`, `a and b`, `a, b and c`; somebody, where nobody is known."""
    *first, last = names or ("somebody else",)
    return f"{', '.join(first)} and {last}" if first else last
