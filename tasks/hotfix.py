"""Hotfixes: a branch from the last good tag of a released run, made by us, committed to by people, merged by us."""

import re
from typing import NamedTuple

from tasks.base_merge import BaseMerge
from tasks.commits import Trailer
from tasks.errors import Blocked, Refused
from tasks.git import ZERO, Git
from tasks.good import GoodTag, prefix
from tasks.integrate import Candidate
from tasks.release import why_unready
from tasks.released import HOTFIX, Made, Released, lost_in
from tasks.repository import BRANCHES, Repository

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,99}", re.ASCII)


class Hotfix(NamedTuple):
    """A hotfix, however far it came."""

    name: str
    branch: str
    """`hotfix/<name>`, a branch of the user's repository."""
    good: GoodTag
    """What it starts from."""
    tip: str
    """Where the branch stands."""
    merged: Made | None
    """The merge that brought it to the base branch as it is, or None."""

    @property
    def ready(self) -> bool:
        """Whether there is anything on the branch to be merged."""
        return self.merged is None and self.tip != self.good.commit


def open_hotfix(repository: Repository, released: Released, name: str) -> Hotfix:
    """A hotfix's branch, made at the run's last good tag unless it is there already; it is never moved.

    Raises Refused when there is nothing to start from or the branch is something else.
    """
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name of a hotfix: a-z, 0-9 and -, at most 100 characters")
    branch, good = f"hotfix/{name}", _last_good(released)
    if repository.tip(branch) is None:
        if repository.tip("hotfix"):
            raise Refused(f"{repository.path} has a branch named hotfix, beside which git keeps no {branch}: rename it")
        repository.git.move(f"{BRANCHES}{branch}", good.commit, ZERO)
    return _found(repository, released, name, branch)


def _last_good(released: Released) -> GoodTag:
    if released.depth == 0:
        raise Refused(
            f"run {released.run} is rolled back on {released.base}, so that there is nothing to fix: "
            f"`sparc rollback {released.run} --undo` brings it back"
        )
    if released.tag is None:
        raise Refused(
            f"{released.git.directory} has no tag {prefix(released.plan)}<n> of phase {released.depth} of run "
            f"{released.run}: fetch the tags from where the run was made"
        )
    return released.tag


def _found(repository: Repository, released: Released, name: str, branch: str) -> Hotfix:
    git, tip = repository.git, repository.tip(branch)
    if tip is None:
        raise Refused(f"branch {branch} was taken away again by somebody else")
    good = next((good for good in released.tags[::-1] if git.ancestor(good.commit, tip)), None)
    if good is None:
        raise Refused(f"branch {branch} does not start from a good tag of run {released.run}: choose another name")
    merged = next((made for made in released.later if made.kind == HOTFIX and made.commit.parents[1] == tip), None)
    if merged is None and tip != good.commit:
        _refuse_unmergeable(git, released, branch, good, tip)
    return Hotfix(name, branch, good, tip, merged)


def _refuse_unmergeable(git: Git, released: Released, branch: str, good: GoodTag, tip: str) -> None:
    if git.ancestor(tip, released.tip):
        raise Refused(f"{released.base} contains {branch} by a merge that is not ours, so nothing was measured on it")
    if lost := lost_in(git, tip, released.tip):
        raise Refused(
            f"{branch} starts from {good.tag} and builds on what was rolled back on {released.base} since, by "
            f"{lost.commit.oid[:12]}: `sparc rollback {released.run} --undo` brings that back; or begin again, under "
            "another name"
        )


def refuse_uncommitted(repository: Repository, hotfix: Hotfix) -> None:
    """Raise Blocked if the branch is checked out somewhere with changes that are not committed."""
    if unready := why_unready(repository, hotfix.branch):
        raise Blocked(f"{unready}, which would not be part of {hotfix.branch}: commit them, then do the same again")


def candidate_of(git: Git, released: Released, hotfix: Hotfix) -> Candidate:
    """The merge of a hotfix into the base branch as it stands. Raises Blocked for a conflict."""
    merge = git.merge(released.tip, hotfix.tip)
    if merge.conflicts:
        raise Blocked(
            f"{hotfix.branch} conflicts with {released.base} in {', '.join(merge.conflicts)}: nothing was moved; "
            f"merge {released.base} into {hotfix.branch}, then do the same again"
        )
    return Candidate("", merge.tree, released.tip, hotfix.tip)


def merge_of(released: Released, hotfix: Hotfix, found: Candidate, gate: str) -> BaseMerge:
    """What is merged, and what is said of it."""
    return BaseMerge(
        HOTFIX, released.base, found, [gate], {"name": hotfix.name, "from": hotfix.good.tag},
        f"Hotfix {hotfix.name} of {released.plan} into {released.base}", (Trailer.HOTFIX, hotfix.name),
    )  # fmt: skip
