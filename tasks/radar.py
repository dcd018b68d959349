"""The conflict radar: which branches will not go together, known before any of them is merged.

All pairs at once, by a handful of processes however many pairs there are: one walk for the merge bases, one
`merge-tree --stdin` for the merges, one `diff-tree --stdin` for what each side changed. Only where two sides changed
the same file in a language with names are its versions read, by a worker. What is known of a pair stays known: commits
do not change, so a look after an attempt costs that attempt's pairs only.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed_copy
from functools import cached_property
from tempfile import TemporaryDirectory
from typing import NamedTuple

from gates.paths import shown
from gates.subject import REGULAR
from tasks.git import Git
from tasks.merge_bases import Pair, merge_bases, pair
from tasks.merge_tree import Merged, merge_all
from tasks.overlap import Level, Overlap, Place, overlap_of
from tasks.shared_names import Shared, alike, compare
from tasks.structure import kind_of
from tasks.structure_names import Names
from tasks.structure_reading import Blob, locate, read_names

MOST_READ = 100  # files of one pair whose names are compared
MOST_KEPT = 5000  # files whose names are kept
TOO_MANY = f"the two have more than {MOST_READ} files in common"
MEMORY, ROOM = "/dev/shm", 1 << 30  # noqa: S108 - bytes; what is made there has a random name, and is ours alone
UNRELATED = "they have no history in common"


class Change(NamedTuple):
    """What one side made of a path: (mode, object id) before and after."""

    before: tuple[str, str]
    after: tuple[str, str]


Changes = dict[str, Change]


@dataclass(frozen=True)
class Sight:
    """What a look has shown."""

    active: tuple[str, ...]
    """The commits that the base does not contain."""
    pairs: dict[Pair, Overlap]
    """Every two of those, and each with the base."""
    bases: dict[Pair, tuple[str, ...]]
    """The merge bases of every two commits that have any."""


@dataclass
class Radar:
    """Remembers every pair that it was ever asked about."""

    asked: int = 0
    """Pairs that git had to merge so far."""
    _pairs: dict[Pair, Overlap] = field(default_factory=dict)
    _names: dict[Blob, Names | str] = field(default_factory=dict)

    def look(self, git: Git, tips: Iterable[str], base: str) -> Sight:
        """Compare every two of the tips that `base` does not contain, and each of them with it.

        `git` stores the merges that are tried: give it a place for them that is thrown away. Raises GitError.
        """
        wanted = sorted({*tips} - {base})
        bases = merge_bases(git, [*wanted, base])
        active = tuple(tip for tip in wanted if bases.get(pair(tip, base)) != (tip,))
        sides = [*active, base]
        pairs = [pair(one, other) for place, one in enumerate(sides) for other in sides[place + 1 :]]
        self._compare(git, [both for both in pairs if both not in self._pairs], bases)
        return Sight(active, {both: self._pairs[both] for both in pairs}, bases)

    def _compare(self, git: Git, pairs: Sequence[Pair], bases: dict[Pair, tuple[str, ...]]) -> None:
        fresh: dict[Pair, Overlap] = {}
        apart = []
        for both in pairs:
            if both not in bases:
                fresh[both] = Overlap(unknown=UNRELATED)
            elif set(both) & set(bases[both]):  # one contains the other
                fresh[both] = Overlap()
            else:
                apart.append(both)
        if apart:
            self.asked += len(apart)
            merges = merge_all(git, apart)
            changes = _changes(git, {(side, base) for both in apart for base in bases[both] for side in both})
            meetings = [_Meeting(both, merges[both], _sides(both, bases, changes)) for both in apart]
            self._read(git, meetings)
            fresh |= {meeting.both: meeting.overlap(self._names) for meeting in meetings}
        self._pairs |= fresh

    def _read(self, git: Git, meetings: Sequence["_Meeting"]) -> None:
        """Learn the names in the versions of every file that needs it; in a merge only where it could matter."""
        if len(self._names) > MOST_KEPT:
            self._names.clear()
        self._learn(git, {blob for meeting in meetings for path in meeting.legible for blob in meeting.blobs(path)})
        wanted = [(meeting, path) for meeting in meetings for path in meeting.doubtful(self._names)]
        made = locate(git, [(meeting.tree, path) for meeting, path in wanted])
        for meeting, path in wanted:
            if (meeting.tree, path) in made:
                meeting.made[path] = (kind_of(path) or "", made[meeting.tree, path])
        self._learn(git, {blob for meeting in meetings for blob in meeting.made.values()})

    def _learn(self, git: Git, blobs: set[Blob]) -> None:
        fresh = sorted(blobs - self._names.keys())
        self._names |= read_names(git, fresh) if fresh else {}


@contextlib.contextmanager
def unsaved(git: Git) -> Iterator[Git]:
    """The same repository for the time of a block, after which every object is gone that was stored in it."""
    with TemporaryDirectory(prefix="sparc-radar-", dir=_memory()) as scratch:
        quoted = str((git.directory / "objects").resolve()).replace("\\", "\\\\").replace('"', '\\"')
        places = {"GIT_OBJECT_DIRECTORY": scratch, "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"'}
        yield changed_copy(git, extra={**git.extra, **places})


def _memory() -> str | None:
    """A directory in memory, if there is one with room: hundreds of small files take a disk longer than git."""
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
            return MEMORY
    return None


@dataclass
class _Meeting:
    """Two commits, their merge, and what each changed since each merge base."""

    both: Pair
    merge: Merged | str
    sides: list[tuple[Changes, Changes]]
    made: dict[str, Blob] = field(default_factory=dict)
    """What the merge has at a path, where it had to be looked at."""

    @property
    def tree(self) -> str:
        """Of the merge; empty if there is none."""
        return self.merge.tree if isinstance(self.merge, Merged) else ""

    @cached_property
    def common(self) -> list[str]:
        """Paths that both sides changed, whichever base it is told from."""
        ours, theirs = (set.intersection(*(set(side) for side in each)) for each in zip(*self.sides, strict=True))
        return sorted(ours & theirs)

    @cached_property
    def legible(self) -> list[str]:
        """Those whose names can be compared: both sides have a file there, and not the same one."""
        return [path for path in self.common if kind_of(path) and self._differ(path)][:MOST_READ]

    def _differ(self, path: str) -> bool:
        ours, theirs = (side[path].after for side in self.sides[0])
        return ours[1] != theirs[1] and ours[0] in REGULAR and theirs[0] in REGULAR

    def blobs(self, path: str) -> list[Blob]:
        """Everything of which the names are needed for a path."""
        kind = kind_of(path) or ""
        oids = [side[path].after[1] for side in self.sides[0]]
        oids += [ours[path].before[1] for ours, _ in self.sides if ours[path].before[0] in REGULAR]
        return [(kind, oid) for oid in oids]

    def doubtful(self, names: dict[Blob, Names | str]) -> list[str]:
        """Paths of a clean merge in which something may stand twice."""
        if not isinstance(self.merge, Merged) or not self.merge.clean:
            return []
        return [path for path in self.legible if alike(*self._versions(path, names))]

    def overlap(self, names: dict[Blob, Names | str]) -> Overlap:
        """What there is to tell."""
        if isinstance(self.merge, str):
            return Overlap(unknown=self.merge)
        common, legible = self.common, set(self.legible)
        places = []
        for path in sorted({*common, *self.merge.conflicts}):
            shared = self._shared(path, names) if path in legible else Shared()
            if path in common and path not in legible and kind_of(path) and self._differ(path):
                shared = Shared(unread=TOO_MANY)
            kinds = self.merge.conflicts.get(path)
            level = shared.level if kinds is None else Level.TEXT
            names_told = tuple(map(shown, shared.names))
            unread = shown(shared.unread) if shared.unread else None
            places.append(Place(path=shown(path), level=level, kinds=kinds or (), names=names_told, unread=unread))
        return overlap_of(places)

    def _shared(self, path: str, names: dict[Blob, Names | str]) -> Shared:
        made = names[self.made[path]] if path in self.made else None
        return compare(*self._versions(path, names), made)

    def _versions(
        self, path: str, names: dict[Blob, Names | str]
    ) -> tuple[list[Names | str], Names | str, Names | str]:
        """The names in a file: in the merge bases, on our side, on theirs."""
        kind = kind_of(path) or ""
        ours, theirs = (names[kind, side[path].after[1]] for side in self.sides[0])
        befores = [side[path].before for side, _ in self.sides]
        return [names[kind, oid] if mode in REGULAR else {} for mode, oid in befores], ours, theirs


def _sides(
    both: Pair, bases: dict[Pair, tuple[str, ...]], changes: dict[Pair, Changes]
) -> list[tuple[Changes, Changes]]:
    return [(changes[both[0], base], changes[both[1], base]) for base in bases[both]]


def _changes(git: Git, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Changes]:
    """What each commit changed since each base, by one process: renames are two paths."""
    order = sorted(wanted)
    asked = "".join(f"{tip} {base}\n" for tip, base in order).encode()
    flags = ("--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--always")
    fields = git.run("diff-tree", *flags, stdin=asked).split(b"\0")[:-1]
    found: list[Changes] = []
    place = 0
    while place < len(fields):
        about = fields[place].decode()
        if not about.startswith(":"):  # the commit itself
            found.append({})
            place += 1
            continue
        mode, new_mode, oid, new_oid, _ = about[1:].split(" ")
        found[-1][os.fsdecode(fields[place + 1])] = Change((mode, oid), (new_mode, new_oid))
        place += 2
    return dict(zip(order, found, strict=True))
