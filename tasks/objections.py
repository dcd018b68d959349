"""What speaks against what an attempt left, each as a sentence by which the next attempt can do better.

Everything is found from what has changed, not from all files of the repository; what was there at the start and was not
touched is never held against an attempt.
"""

from collections.abc import Iterable, Iterator, Sequence

from gates.paths import fixed, matcher
from gates.subject import REGULAR
from tasks.assignment import Assignment
from tasks.context import ToldFinding
from tasks.git import Git
from tasks.links import leading_out
from tasks.name_clashes import clashes
from tasks.workspace import Change, Snapshot, sizes

TOLD = 50
"""Findings of one kind that are told one by one."""
POINTER = b"version https://git-lfs.github.com/spec/"
POINTER_SIZE = 1024
"""Bytes below which a file may be a pointer."""


def objections(git: Git, start: str, taken: Snapshot, assignment: Assignment) -> list[ToldFinding]:
    """What is wrong with a snapshot: paths out of bounds, what would do harm elsewhere, deliverables not there."""
    kinds = (
        _outside(taken, assignment),
        leading_out(git, start, taken),
        clashes(git, start, taken),
        _missing(git, taken, assignment),
    )
    return [finding for kind in kinds for finding in _some(list(kind))]


def _some(found: Sequence[ToldFinding]) -> Iterator[ToldFinding]:
    yield from found[:TOLD]
    if len(found) > TOLD:
        words = f"and {len(found) - TOLD} more paths, of which the same is true"
        yield ToldFinding(check="attempt", message=words)


def _outside(taken: Snapshot, assignment: Assignment) -> Iterator[ToldFinding]:
    owned, promised = matcher(assignment.owned), matcher(assignment.deliverables)
    words = "changed, but it is not among the paths this assignment writes"
    for path in taken.changed:
        if not owned(path) and not promised(path):
            yield ToldFinding(check="attempt", path=path, message=words)


def _missing(git: Git, taken: Snapshot, assignment: Assignment) -> Iterator[ToldFinding]:
    left = {change.path for change in taken.changes if change.mode in REGULAR}
    for wanted in assignment.deliverables:
        meant = matcher([wanted])
        if not any(map(meant, left)) and not any(map(meant, _regular(git, taken.tree, fixed(wanted)))):
            yield ToldFinding(check="attempt", path=wanted, message="was to be delivered, and is not there")


def _regular(git: Git, tree: str, below: str) -> Iterator[str]:
    return (path for path, (mode, _) in git.entries(tree, below).items() if mode in REGULAR)


def unpointed(git: Git, taken: Snapshot) -> tuple[str, ...]:
    """Files that were Git LFS pointers at the start, and now are what they pointed to, or something else."""
    was = [change for change in taken.changes if change.before in REGULAR and change.mode in REGULAR]
    small = _small(was, sizes(git, was, old=True))
    told = [change for change, text in _texts(git, small, old=True) if text.startswith(POINTER)]
    kept = _small(told, sizes(git, told))
    still = {change.path for change, text in _texts(git, kept, old=False) if text.startswith(POINTER)}
    return tuple(change.path for change in told if change.path not in still)


def _small(changes: Iterable[Change], bytes_of: Iterable[int]) -> list[Change]:
    return [change for change, size in zip(changes, bytes_of, strict=True) if size < POINTER_SIZE]


def _texts(git: Git, changes: Sequence[Change], *, old: bool) -> Iterator[tuple[Change, bytes]]:
    names = [change.old if old else change.oid for change in changes]
    for change, (_, text) in zip(changes, git.objects(names) if names else (), strict=True):
        yield change, text
