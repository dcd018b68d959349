"""The conflict radar over the branches of any repository, which it only reads."""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.branches import Branch, base_commit, branches_of, lively
from tasks.errors import Refused
from tasks.git import ZERO
from tasks.git_directories import scratch_repository
from tasks.merge_bases import pair
from tasks.overlap import Level, Overlap
from tasks.radar import UNRELATED, Radar, Sight
from tasks.repository import Repository, refuse_shallow

NAMED = 20


class Wanted(NamedTuple):
    """Which branches to compare."""

    globs: Sequence[str]
    against: str
    """The branch that the others are to go into."""
    days: float
    """How long ago a branch may have changed last."""
    most: int
    """How many branches at most."""


class Met(NamedTuple):
    """Two branches that meet."""

    ours: str
    theirs: str
    overlap: Overlap


class Watched(NamedTuple):
    """What comparing the branches came to."""

    against: str
    compared: tuple[str, ...]
    """The branches that are not in the base yet; each was compared with all others and with the base."""
    pairs: int
    met: tuple[Met, ...]
    """The worst first."""
    notes: tuple[str, ...]
    """What was left out."""

    @property
    def conflicts(self) -> tuple[Met, ...]:
        """What git does not merge."""
        return tuple(met for met in self.met if met.overlap.level is Level.TEXT)

    @property
    def unknown(self) -> tuple[Met, ...]:
        """What could not be compared."""
        return tuple(met for met in self.met if met.overlap.unknown)


def watch(repository: Repository, wanted: Wanted) -> Watched:
    """Compare the branches. Raises Refused for what cannot be served, GitError for a repository that cannot be read."""
    refuse_shallow(repository)
    known = branches_of(repository.git)
    base = base_commit(repository.git, known, wanted.against)
    if len(base) != len(ZERO):
        raise Refused(f"{repository.path} names its objects by sha256, and sparc works with sha1 repositories only")
    lately = [branch for branch in lively(known, wanted.globs, wanted.days) if branch.commit != base]
    chosen, beyond = lately[: wanted.most], lately[wanted.most :]
    with scratch_repository(repository.git) as git:
        sight = Radar().look(git, [branch.commit for branch in chosen], base)
    strangers = [branch for branch in chosen if _stranger(sight, branch.commit, base)]
    apart = f"without any history in common with {wanted.against}"
    notes = [*_note(beyond, f"older than the newest {wanted.most}"), *_note(strangers, apart)]
    return _watched(sight, [branch for branch in chosen if branch not in strangers], wanted.against, base, notes)


def _stranger(sight: Sight, commit: str, base: str) -> bool:
    return commit in sight.active and sight.pairs[pair(commit, base)].unknown == UNRELATED


def _note(branches: Sequence[Branch], why: str) -> list[str]:
    names = [branch.name for branch in branches[:NAMED]] + (["..."] if len(branches) > NAMED else [])
    return [f"left out, {why}: {', '.join(names)}"] if branches else []


def _watched(sight: Sight, chosen: Sequence[Branch], against: str, base: str, notes: Sequence[str]) -> Watched:
    names = {branch.commit: branch.name for branch in chosen if branch.commit in sight.active}
    told = {both: overlap for both, overlap in sight.pairs.items() if set(both) <= {*names, base}}
    sides = names | {base: against}
    named = ((sorted((sides[one], sides[other])), overlap) for (one, other), overlap in told.items() if overlap.found)
    met = [Met(ours, theirs, overlap) for (ours, theirs), overlap in named]
    met.sort(key=lambda each: (each.overlap.unknown is None, -each.overlap.level, each.ours, each.theirs))
    return Watched(against, tuple(names.values()), len(told), tuple(met), tuple(notes))
