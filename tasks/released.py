"""What a run released, and what became of that since: told by the base branch, the evidence and the good tags alone.

After its release a run may be rolled back, in part or wholly, be brought back, and get hotfixes. Each of these is a
merge on the base branch whose evidence says what it is. What is in effect now follows from them in their order: a merge
that is reverted has no effect, and the revert of a rollback gives back the effect of what that one had reverted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pydantic import JsonValue

from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Commit, Trailer
from tasks.errors import Blocked, Refused
from tasks.git import Git
from tasks.good import GoodTag, good_tags

START = "start"
"""Where a rollback leads that leaves nothing of a run."""
ROLLBACK, HOTFIX, RELEASE = "rollback", "hotfix", "release"
FETCH = "`git fetch <remote> 'refs/evidence/*:refs/evidence/*'`"


class Made(NamedTuple):
    """A merge of ours on a base branch, with its evidence."""

    commit: Commit
    record: Mapping[str, JsonValue]

    @property
    def kind(self) -> str:
        """`release`, `rollback` or `hotfix`."""
        return str(self.record["kind"])

    @property
    def reverts(self) -> tuple[str, ...]:
        """Merges that it reverts; of a rollback only."""
        listed = self.record.get("reverts", ()) if self.kind == ROLLBACK else ()
        return tuple(map(str, listed)) if isinstance(listed, Sequence) else ()

    @property
    def gates(self) -> tuple[str, ...]:
        """The evidence of the gates on which it rests."""
        listed = self.record.get("gates")
        return tuple(map(str, listed)) if isinstance(listed, list) else ()


@dataclass(frozen=True)
class Released:
    """A run whose release its base branch contains."""

    git: Git
    """The user's repository."""
    tip: str
    """Where the base branch stood when all this was read."""
    release: Made
    later: tuple[Made, ...]
    """Rollbacks and hotfixes of this run, oldest first."""

    @property
    def run(self) -> str:
        """Its id."""
        return str(self.release.record["run"])

    @property
    def plan(self) -> str:
        """The name of its plan."""
        return str(self.release.record["plan"])

    @property
    def base(self) -> str:
        """The branch into which it was released."""
        return str(self.release.record["base"])

    @property
    def start(self) -> str:
        """The commit that its plan started from."""
        return str(self.release.record["start"])

    @property
    def before(self) -> str:
        """Where the base branch stood before the release."""
        return self.release.commit.parents[0]

    @cached_property
    def phases(self) -> tuple[Commit, ...]:
        """The merges of its phases, oldest first."""
        return tuple(phase_merges(self.git, self.run, self.start, self.release.commit.parents[1]))

    @cached_property
    def tags(self) -> tuple[GoodTag, ...]:
        """The good tags of its phases, in their order; those that point elsewhere are left out."""
        merges = {commit.oid for commit in self.phases}
        return tuple(good for good in good_tags(self.git, self.plan) if good.commit in merges)

    def depth_of(self, good: GoodTag) -> int:
        """How many phases stand at a tag: told by its commit, not by what the tag says."""
        return 1 + [commit.oid for commit in self.phases].index(good.commit)

    @cached_property
    def effective(self) -> frozenset[str]:
        """The phases, hotfixes and rollbacks that have an effect on the base branch as it stands."""
        return self._effective(self.later)

    @property
    def depth(self) -> int:
        """How many of its phases, from the first one on, are in effect."""
        return self._depth(self.effective)

    def depth_without(self, rollback: Made) -> int:
        """How many phases would be in effect if a rollback were undone."""
        undo = Made(Commit("", "", (), ""), {"kind": ROLLBACK, "reverts": [rollback.commit.oid]})
        return self._depth(self._effective((*self.later, undo)))

    def _effective(self, later: Sequence[Made]) -> frozenset[str]:
        return frozenset(in_effect(later, {self.release.commit.oid: [one.oid for one in self.phases]}))

    def _depth(self, effective: frozenset[str]) -> int:
        return next((place for place, one in enumerate(self.phases) if one.oid not in effective), len(self.phases))

    @property
    def tag(self) -> GoodTag | None:
        """The good tag of the last phase that is in effect; None if none is, or if its tag is gone."""
        return next((good for good in self.tags if self.depth_of(good) == self.depth), None)

    @property
    def hotfixes(self) -> tuple[str, ...]:
        """The hotfixes in effect, newest first."""
        return tuple(
            one.commit.oid for one in self.later[::-1] if one.kind == HOTFIX and one.commit.oid in self.effective
        )

    @property
    def rollback(self) -> Made | None:
        """The newest rollback in effect that took something away; None if there is none to be undone."""
        undoable = (one for one in self.later[::-1] if one.kind == ROLLBACK and not self.is_undo(one))
        return next((one for one in undoable if one.commit.oid in self.effective), None)

    def is_undo(self, made: Made) -> bool:
        """Whether a rollback brought back what an earlier one had taken away."""
        rollbacks = {one.commit.oid for one in self.later if one.kind == ROLLBACK}
        return bool(made.reverts) and set(made.reverts) <= rollbacks


def in_effect(later: Sequence[Made], held: Mapping[str, Sequence[str]]) -> set[str]:
    """What is in effect after rollbacks and hotfixes, oldest first.

    `held`: merges that were there before them, and what each of those stands for.
    """
    inner = {oid: tuple(parts) for oid, parts in held.items()}
    known = {oid for parts in inner.values() for oid in parts} | inner.keys()

    def flip(oid: str) -> None:
        known.symmetric_difference_update({oid})
        for part in inner.get(oid, ()):
            flip(part)

    for made in later:
        # only what came before it: whatever a record claims, this comes to an end
        reverted = tuple(oid for oid in made.reverts if oid in inner or any(oid in parts for parts in inner.values()))
        for oid in reverted:
            flip(oid)
        inner[made.commit.oid] = reverted
        known.add(made.commit.oid)
    return known


def phase_merges(git: Git, run: str, start: str, tip: str) -> list[Commit]:
    """The merges of a run's phases on the first parents of a plan's branch, oldest first."""
    found = [
        commit
        for commit in git.first_parents(start, tip)
        if commit.trailers.get(Trailer.RUN) == run and Trailer.PHASE in commit.trailers
    ]
    return found[::-1]


def made_of(git: Git, commit: Commit) -> Made | None:
    """What a merge on a base branch is: a release, a rollback or a hotfix, if its evidence is about it.

    Raises Blocked if its evidence is not here, GitError if that was altered.
    """
    said = commit.trailers
    if Trailer.RUN not in said or Trailer.PHASE in said or Trailer.EVIDENCE not in said:
        return None
    try:
        record = evidence.fetch(git, said[Trailer.EVIDENCE].removeprefix(EVIDENCE_PREFIX))
    except evidence.EvidenceMissing as missing:
        raise Blocked(
            f"{git.directory}: {missing}, which {commit.oid[:12]} ({commit.subject}) names, so that nobody can tell "
            f"what it did: {FETCH} brings it"
        ) from missing
    told = (record.get("parents"), record.get("tree"), record.get("run"))
    if record.get("kind") not in (RELEASE, ROLLBACK, HOTFIX):
        return None
    return Made(commit, record) if told == (list(commit.parents), commit.tree, said[Trailer.RUN]) else None


def find_released(git: Git, run: str) -> Released:
    """A run's release and what came after it. Raises Refused if the run was not released into its base branch."""
    records = [record for _, record in evidence.all_of(git, RELEASE) if record.get("run") == run]
    if not records:
        raise Refused(
            f"run {run} is not released as far as {git.directory} knows: there is nothing to roll back or to fix; "
            f"`sparc status {run}` tells where it stands"
        )
    base, start = str(records[0]["base"]), str(records[0]["start"])
    tip = git.resolve(f"refs/heads/{base}")
    if tip is None:
        raise Refused(f"branch {base}, into which run {run} was released, is gone from {git.directory}: put it back")
    own = [commit for commit in git.first_parents(start, tip) if commit.trailers.get(Trailer.RUN) == run][::-1]
    made = [one for commit in own if (one := made_of(git, commit))]
    if not made or made[0].kind != RELEASE:
        raise Refused(
            f"run {run} is not released: {base} does not have its release among its own merges; it never came there, "
            f"or somebody took it away by hand; `sparc status {run}` tells where the run stands"
        )
    return Released(git, tip, made[0], tuple(made[1:]))


def lost_in(git: Git, branch: str, base: str) -> Made | None:
    """The rollback on a base branch because of which merging a branch would not bring what the branch has.

    The branch contains merges that were reverted on the base branch after it had left it, and that no later rollback
    has brought back: git takes them for merged. None if there is no such rollback; Blocked if that cannot be told.
    """
    told = [commit for commit in git.first_parents(branch, base) if Trailer.ROLLBACK in commit.trailers]
    reverted_by: dict[str, Made] = {}
    for made in (made for commit in told[::-1] if (made := made_of(git, commit))):
        for oid in made.reverts:
            if Trailer.ROLLBACK in git.commit(oid).trailers:
                reverted_by = {lost: by for lost, by in reverted_by.items() if by.commit.oid != oid}
            else:
                reverted_by[oid] = made
    return next((made for oid, made in reverted_by.items() if git.ancestor(oid, branch)), None)
