"""Branches of any repository that somebody works on: which of them to compare, read without a change to it."""

import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from tasks.errors import Refused
from tasks.git import Git

PREFIXES = ("refs/heads/", "refs/remotes/")
DAY = 86400


class Branch(NamedTuple):
    """One branch; of several at one commit, the first by name, those of the repository itself before others'."""

    name: str
    """Short: `topic`, `origin/topic`."""
    commit: str
    changed: int
    """When its newest commit was made, in seconds since the epoch."""


def branches_of(git: Git) -> list[Branch]:
    """Every branch, the repository's own first; symbolic ones mean another, and are left out."""
    form = "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(committerdate:unix)%00%(symref)"
    lines = git.run("for-each-ref", form, *PREFIXES).decode(errors="surrogateescape").split("\n")
    found = []
    for line in filter(None, lines):
        ref, commit, kind, changed, means = line.split("\0")
        if kind == "commit" and not means:
            prefix = next(prefix for prefix in PREFIXES if ref.startswith(prefix))
            found.append(Branch(ref.removeprefix(prefix), commit, int(changed or 0)))
    return found


def base_commit(git: Git, known: Sequence[Branch], name: str) -> str:
    """The commit of the branch that the others are to go into. Raises Refused if there is none of that name."""
    for branch in known:
        if branch.name == name:
            return branch.commit
    commit = git.resolve(name) if name and not name.startswith("-") else None
    if commit is None:
        raise Refused(f"{git.directory} has no branch {name!r}: name in `against` the one that the others go into")
    return commit


def lively(known: Sequence[Branch], globs: Sequence[str], days: float, now: float | None = None) -> list[Branch]:
    """Those that match a glob and were changed in the last days, the newest first; one for each commit.

    Raises Refused if a glob means no branch at all, for it may be misspelt.
    """
    for glob in globs:
        if not any(fnmatchcase(branch.name, glob) for branch in known):
            raise Refused(f"no branch matches {glob!r}")
    since = (time.time() if now is None else now) - days * DAY
    first: dict[str, Branch] = {}
    for branch in known:
        if branch.changed >= since and any(fnmatchcase(branch.name, glob) for glob in globs):
            first.setdefault(branch.commit, branch)
    return sorted(first.values(), key=lambda branch: (-branch.changed, branch.name))
