"""What the verifier reads: commits, evidence, and git's own merges; each asked for in bulk, and believed by its hash.

Everything but the references is read through a bare repository of ours that borrows the objects alone, so that no
configuration, attribute, replaced object, graft, shallow mark or commit-graph of the repository changes an answer.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Commit, Trailer, parse_commit
from tasks.git import Git, GitError, Merge
from tasks.git_bulk import found
from tasks.merge_tree import merge_all

PAIR = 2
"""Parents of a merge."""
NAMED = ("gates", "verdicts")
"""Fields of a record that name further evidence."""
_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Source:
    """One repository, for the time of one verification."""

    def __init__(self, git: Git, scratch: Git) -> None:
        """`scratch`: a bare repository of ours that sees the objects of `git`, which is asked for references alone."""
        self.git, self.scratch = git, scratch
        self.incomplete = False
        """Evidence is missing: a clone, most likely, that has left it behind."""
        self._bodies: dict[str, bytes] = {}
        self._commits: dict[str, Commit] = {}
        self._records: dict[str, dict[str, Any] | GitError] = {}
        self._merges: dict[tuple[str, str], Merge] = {}

    # -- commits

    def commit(self, oid: str) -> Commit:
        """One commit. Raises GitError if it is missing, or stored under a name that is not its own."""
        self._load([oid])
        return self._commits[oid]

    def body(self, oid: str) -> bytes:
        """The same as it is stored."""
        self._load([oid])
        return self._bodies[oid]

    def first_parents(self, start: str | None, tip: str) -> Iterator[Commit]:
        """Commits from `tip` back along first parents, without `start` and what it contains."""
        span = (tip,) if start is None else (tip, f"^{start}")
        names = self.scratch.run("rev-list", "--first-parent", *span, "--").decode().split()
        for begin in range(0, len(names), 500):  # of a long history only the end is asked for, mostly
            self._load(names[begin : begin + 500])
            yield from (self._commits[name] for name in names[begin : begin + 500])

    def _load(self, names: Sequence[str]) -> None:
        for name, stored in found(self.scratch, [name for name in names if name not in self._commits]):
            if stored is None or stored[0] != "commit":
                raise GitError(f"commit {name[:12]} is missing")
            if hash_of(*stored) != name:
                raise GitError(f"commit {name[:12]} does not hash to its name: the object was altered")
            try:
                self._commits[name] = parse_commit(name, stored[1])
            except StopIteration:
                raise GitError(f"commit {name[:12]} names no tree") from None
            self._bodies[name] = stored[1]

    # -- evidence

    def record(self, name: str) -> dict[str, Any]:
        """The evidence of a name. Raises GitError if it is missing, altered, or no record."""
        if name not in self._records:
            self._fetch([name])
        record = self._records[name]
        if isinstance(record, GitError):
            self.incomplete |= isinstance(record, evidence.EvidenceMissing)
            raise record
        return record

    def record_of(self, commit: Commit) -> dict[str, Any]:
        """The evidence that a commit names."""
        name = commit.trailers.get(Trailer.EVIDENCE, "")
        if not name.startswith(EVIDENCE_PREFIX):
            raise GitError("it names no evidence")
        return self.record(name.removeprefix(EVIDENCE_PREFIX))

    def _fetch(self, names: Iterable[str]) -> None:
        # what is no name of evidence would be a question of its own to git
        fresh = [name for name in dict.fromkeys(names) if name not in self._records]
        self._records |= {name: _missing(name) for name in fresh}
        refs = {evidence.NAMESPACE + name: name for name in fresh if _NAME.fullmatch(name)}
        for ref, stored in found(self.git, refs):
            if stored is not None and stored[0] == "blob":
                self._records[refs[ref]] = _parsed(refs[ref], stored[1])

    # -- merges

    def merge(self, commit: Commit) -> Merge:
        """What git makes of a merge's two parents."""
        ours, theirs = commit.parents
        if (ours, theirs) not in self._merges:
            self._merges[ours, theirs] = self.scratch.merge(ours, theirs)
        return self._merges[ours, theirs]

    # -- in bulk

    def prefetch(self, start: str, tip: str) -> None:
        """Read what verifying the merges between two commits will ask for; whatever is left out is read then."""
        self._load(self.scratch.run("rev-list", "--merges", tip, f"^{start}", "--").decode().split())
        known = [commit for commit in self._commits.values() if Trailer.RUN in commit.trailers]
        names = [commit.trailers.get(Trailer.EVIDENCE, "").removeprefix(EVIDENCE_PREFIX) for commit in known]
        while names:  # a release names gates, which name verdicts, which name nothing
            self._fetch(names)
            names = [more for name in names for more in _named(self._records[name]) if more not in self._records]
        both = (commit.parents for commit in known if len(commit.parents) == PAIR)
        made = merge_all(self.scratch, [(ours, theirs) for ours, theirs in both if (ours, theirs) not in self._merges])
        found_out = {pair: merge for pair, merge in made.items() if not isinstance(merge, str)}
        self._merges |= {pair: Merge(merge.tree, tuple(merge.conflicts)) for pair, merge in found_out.items()}


def hash_of(kind: str, contents: bytes) -> str:
    """The name under which git stores an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(contents)) + contents, usedforsecurity=False).hexdigest()


def _missing(name: str) -> GitError:
    return evidence.EvidenceMissing(f"evidence {name[:12]} is missing")


def _parsed(name: str, document: bytes) -> dict[str, Any] | GitError:
    try:
        return {**evidence.parse(name, document)}
    except GitError as wrong:
        return wrong


def _named(record: dict[str, Any] | GitError) -> Iterator[str]:
    listed = [record.get(field) for field in NAMED] if isinstance(record, dict) else []
    for names in listed:
        yield from (name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
