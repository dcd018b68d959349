"""Rolling back: what a run has merged is reverted by a new merge on its base branch, never by moving that back.

Each merge is reverted as `git revert -m 1` would do it, without a work tree: the state before it, as a commit on top of
it, merged with where the base branch stands. What others have put there since stays; where the two conflict, nothing
moves. The result is a commit on top of the base branch (one parent), and a merge of the two with the same tree.

The tree of a rollback is one of three, and its evidence shows which:

* the tree of a good tag, or of another state of the run whose gates passed: they are named in `gates`;
* the tree that the base branch had before the release, `to` being `start`: then `to_commit` is that state, and `gates`
  names what is known to have passed on it, nothing if nothing is (`Sparc-Gate: none`);
* anything else, for others have gone on: then gates were asked on this very tree, and are named.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gates.paths import shown
from tasks import evidence
from tasks.base_merge import BaseMerge
from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.errors import Blocked, Refused
from tasks.git import Git, Merge
from tasks.good import GoodTag, good_tags, prefix
from tasks.integrate import Candidate
from tasks.released import HOTFIX, ROLLBACK, START, Made, Released, made_of


@dataclass(frozen=True)
class Goal:
    """Where a rollback leads."""

    to: str
    """`good/<plan>/<n>`, or `start`."""
    commit: str
    """The merge that the tag is of, or the base branch's state before the release."""
    depth: int
    """How many phases of the run are in effect then."""
    reverts: tuple[str, ...]
    """The merges to revert, in this order; none: it is so already."""
    undo: bool = False


def goal_of(released: Released, to: str | None) -> Goal:
    """What takes a run back to one of its good tags, or to before its release. Raises Refused."""
    if to in (None, START):
        whole = released.depth == len(released.phases)
        phases = (released.release.commit.oid,) if whole else _phases_after(released, 0)
        reverts = (*released.hotfixes, *phases) if released.depth else released.hotfixes
        return Goal(START, released.before, 0, reverts)
    good = _tag_of(released, str(to))
    depth = released.depth_of(good)
    if depth > released.depth:
        raise Refused(
            f"run {released.run} is rolled back to before {to} already: `sparc rollback {released.run} --undo` goes "
            "the other way"
        )
    reverts = (*released.hotfixes, *_phases_after(released, depth))
    if not reverts and released.rollback is None:
        raise Refused(f"{to} is what run {released.run} has released: there is nothing to roll back")
    return Goal(good.tag, good.commit, depth, reverts)


def undo_of(released: Released) -> Goal:
    """What takes back the newest rollback of a run that is in effect. Raises Refused if none is."""
    rollback = released.rollback
    if rollback is None:
        raise Refused(f"run {released.run} is not rolled back on {released.base}: there is nothing to undo")
    depth = released.depth_without(rollback)
    good = next((good for good in released.tags if released.depth_of(good) == depth), None)
    if good is None:
        raise Refused(
            f"{released.git.directory} has no tag {prefix(released.plan)}<n> of phase {depth} of run {released.run}: "
            "fetch the tags from where the run was made"
        )
    return Goal(good.tag, good.commit, depth, (rollback.commit.oid,), undo=True)


def _phases_after(released: Released, depth: int) -> tuple[str, ...]:
    """The merges of the phases after the first `depth` ones that are in effect, newest first."""
    return tuple(one.oid for one in released.phases[depth : released.depth])[::-1]


def _tag_of(released: Released, to: str) -> GoodTag:
    known = {good.tag: good for good in released.tags}
    if to in known:
        return known[to]
    names = ", ".join(known) or "none"
    other = next((good.run for good in good_tags(released.git, released.plan) if good.tag == to), None)
    if other and other != released.run:
        raise Refused(f"{to} is a tag of run {other}, not of {released.run}, whose tags are: {names}")
    raise Refused(f"run {released.run} of plan {released.plan} has no tag {to!r}; it has: {names}")


def candidate_of(git: Git, released: Released, goal: Goal) -> Candidate:
    """The merge that a rollback would be, made in a hub. Raises Blocked where later work is in the way."""
    merge = reverted(git, released.tip, goal.reverts)
    if merge.conflicts:
        raise Blocked(
            f"{released.base} has gone on since, and reverting run {released.run} conflicts with that in "
            f"{', '.join(map(shown, merge.conflicts))}: nothing was moved; take those later changes back first, or "
            "revert by hand"
        )
    lines = "".join(f"Reverts {oid}\n" for oid in goal.reverts)
    change = git.write_commit(merge.tree, (released.tip,), f"Revert to {goal.to} of {released.plan}\n\n{lines}")
    return Candidate("", merge.tree, released.tip, change)


def reverted(git: Git, tip: str, merges: Iterable[str]) -> Merge:
    """What is left of a commit after merges that it contains were reverted, one after the other."""
    state, tree = tip, git.commit(tip).tree
    for oid in merges:
        before = git.commit(git.commit(oid).parents[0])
        found = git.merge(state, git.write_commit(before.tree, (oid,), f"Before {oid}\n"))
        if found.conflicts:
            return found
        tree = found.tree
        state = git.write_commit(tree, (state,), f"Without {oid}\n")
    return Merge(tree, ())


def known_gates(released: Released, goal: Goal, tree: str) -> tuple[str, ...] | None:
    """The evidence of gates that passed on this very tree as the state that a rollback leads to.

    Empty for the state before the release if nothing is known of it; None if the tree was never measured as such.
    """
    names = [name for made in _like(released, goal) for name in made.gates]
    if goal.depth:
        said = released.phases[goal.depth - 1].trailers.get(Trailer.EVIDENCE, "")
        names.append(said.removeprefix(EVIDENCE_PREFIX))
    gates = tuple(dict.fromkeys(name for name in names if _passed(released.git, name, tree)))
    if gates:
        return gates
    return () if goal.to == START and tree == released.git.commit(released.before).tree else None


def _like(released: Released, goal: Goal) -> Iterator[Made]:
    """Merges of the run whose gates were asked as the gates of such a state are."""
    if goal.depth == len(released.phases):
        yield released.release
        yield from (made for made in released.later if made.kind == HOTFIX)
    yield from (made for made in released.later if made.record.get("to") == goal.to)
    if goal.to == START:
        with contextlib.suppress(Blocked):  # of an earlier run, whose evidence may have been left behind
            before = made_of(released.git, released.git.commit(released.before))
            yield from [before] if before else []


def _passed(git: Git, name: str, tree: str) -> bool:
    try:
        record = evidence.fetch(git, name)
    except evidence.EvidenceMissing:
        return False
    return (record.get("kind"), record.get("outcome"), record.get("tree")) == ("gate", "passed", tree)


def merge_of(released: Released, goal: Goal, found: Candidate, gates: Sequence[str], reason: str) -> BaseMerge:
    """What is merged, and what is said of it; `reason` is told in message and evidence."""
    why = " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split())
    subject = f"{'Bring' if goal.undo else 'Roll'} back {released.plan} to {goal.to}"
    return BaseMerge(
        ROLLBACK, released.base, found, gates,
        {"to": goal.to, "to_commit": goal.commit, "reverts": list(goal.reverts), "reason": why},
        f"{subject}\n\n{why}" if why else subject, (Trailer.ROLLBACK, goal.to),
    )  # fmt: skip
