"""The verifier: a repository and its evidence are enough to tell whether every merge was measured before it was made.

For each merge of ours: exactly two parents; its tree is git's own merge of them; its evidence exists, hashes to its
name, and is bound to this very tree and these parents; its gate passed, and so did each verdict that it names. The
newest release is verified with all that it holds: its phases, and each phase's assignments.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import git

from gates.model import Frozen
from tasks import evidence
from tasks.errors import Refused
from tasks.git import Git, GitError, scratch_repository
from tasks.history import first_parents, opened, trailers
from tasks.repository import Repository

HOW_TO_FETCH = "git fetch origin 'refs/evidence/*:refs/evidence/*'"


class Finding(Frozen):
    """What is wrong with one commit."""

    commit: str
    subject: str
    problem: str


class Report(Frozen):
    """What was verified."""

    ok: bool
    start: str | None
    """The commit up to which history was walked; not verified itself."""
    verified: tuple[str, ...]
    """Commits in order, newest first, that hold in every respect."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What a reader should know, and what does not count against the result."""


@dataclass
class _Verification:
    repository: Repository
    scratch: Git
    """A bare repository of ours, so that no configuration or attribute changes what a merge gives."""
    verified: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def blame(self, commit: git.Commit, problem: str) -> None:
        self.findings.append(Finding(commit=commit.hexsha, subject=str(commit.summary), problem=problem))

    def check(self, commit: git.Commit) -> dict[str, Any] | None:
        """One merge of ours; its evidence if all of it holds."""
        try:
            record = self._evidence(commit)
            problem = self._shape(commit) or _unbound(commit, record) or self._gate(commit, record)
        except GitError as missing:
            problem, record = str(missing), {}
        if problem:
            self.blame(commit, problem)
            return None
        self.verified.append(commit.hexsha)
        return record

    def _evidence(self, commit: git.Commit) -> dict[str, Any]:
        name = trailers(commit).get("Sparc-Evidence", "")
        if not name.startswith("sha256:"):
            raise GitError("it names no evidence")
        return evidence.fetch(self.repository.git, name.removeprefix("sha256:"))

    def _shape(self, commit: git.Commit) -> str | None:
        if len(commit.parents) != 2:  # noqa: PLR2004 - a merge of two
            return f"it has {len(commit.parents)} parents; a merge of ours has two"
        merge = self.scratch.merge(*(parent.hexsha for parent in commit.parents))
        if merge.conflicts or merge.tree != commit.tree.hexsha:
            return "its tree is not what git makes of its parents: something was slipped into the merge"
        return None

    def _gate(self, commit: git.Commit, record: dict[str, Any]) -> str | None:
        said = trailers(commit).get("Sparc-Gate")
        gates = record["gates"] if record["kind"] == "release" else []
        for name in gates:
            if evidence.fetch(self.repository.git, name).get("outcome") != "passed":
                return f"it rests on gate {name[:12]}, which did not pass"
        if record["kind"] == "merge":
            return (
                self._verdicts(record, said == "passed")
                if said == record["gate"]
                else "its gate is not the recorded one"
            )
        if said != "passed":
            return f"its gate is {said!r}, not passed"
        return self._verdicts(record, required=True) if record["kind"] == "gate" else None

    def _verdicts(self, record: dict[str, Any], required: bool) -> str | None:  # noqa: FBT001
        if required and not record["verdicts"]:
            return "its gate rests on no verdict"
        if record["kind"] == "gate" and record["outcome"] != "passed":
            return f"its gate {record['outcome']}"
        for name in record["verdicts"]:
            verdict: dict[str, Any] = evidence.fetch(self.repository.git, name)
            if verdict["verdict"]["outcome"] != "passed" or verdict["tree"] != record["tree"]:
                return f"verdict {name[:12]} did not pass on this tree"
        return None

    def descend(self, merge: git.Commit, start: str | None, repository: git.Repo) -> None:
        """Verify what a merge brought in: the merges on the first parents of its second parent."""
        if len(merge.parents) != 2:  # noqa: PLR2004
            return
        for inner in first_parents(repository, start or merge.parents[0].hexsha, merge.parents[1].hexsha):
            if "Sparc-Run" not in trailers(inner):
                self.blame(inner, "a commit on the plan's branch that is not a merge of ours")
            elif self.check(inner) and "Sparc-Assignment" not in trailers(inner):
                self.descend(inner, None, repository)


def _unbound(commit: git.Commit, record: dict[str, Any]) -> str | None:
    if record.get("kind") not in ("merge", "gate", "release"):
        return f"its evidence is of kind {record.get('kind')!r}, which allows no merge"
    if record.get("tree") != commit.tree.hexsha:
        return "its evidence is about another tree"
    if record.get("parents") != [parent.hexsha for parent in commit.parents]:
        return "its evidence is about other parents"
    return None


def verify(repository: Repository, ref: str, since: str | None) -> Report:
    """Walk first parents from `ref` to where the newest release's plan began, or to `since`. Raises Refused."""
    tip = repository.git.resolve(ref)
    if tip is None:
        raise Refused(f"{repository.path} has no commit {ref!r}")
    stop = repository.git.resolve(since) if since else None
    if since and stop is None:
        raise Refused(f"{repository.path} has no commit {since!r}")
    with scratch_repository(repository.git) as scratch, opened(repository.git.directory) as history:
        verification = _Verification(repository, scratch)
        start = _walk(verification, history, tip, stop)
    findings = tuple(verification.findings)
    return Report(
        ok=not findings and bool(verification.verified), start=start, verified=tuple(verification.verified),
        findings=findings, notes=tuple(verification.notes),
    )  # fmt: skip


def _walk(verification: _Verification, history: git.Repo, tip: str, stop: str | None) -> str | None:
    """Verify release after release until the start is reached; that start."""
    start, released = stop, False
    for commit in first_parents(history, stop, tip):
        if start and commit.hexsha == start:
            break
        if "Sparc-Run" not in trailers(commit):
            _foreign(verification, commit, released)
            continue
        record = verification.check(commit)
        released = True
        began = str(record["start"]) if record and "start" in record else None
        start = start or began
        verification.descend(commit, began, history)
        if start is None:
            break
    if not released:
        verification.notes.append("no release of sparc was found in this history")
        _note_fetch(verification)
    return start


def _foreign(verification: _Verification, commit: git.Commit, released: bool) -> None:  # noqa: FBT001
    if released:
        note = f"{commit.hexsha[:12]} {commit.summary!s}: not ours; it was on the base branch before the release"
        verification.notes.append(note)
    else:
        verification.blame(commit, "came after the newest release and passed no gate of ours")


def _note_fetch(verification: _Verification) -> None:
    if not verification.repository.git.refs(evidence.NAMESPACE):
        verification.notes.append(f"there is no evidence here; a plain clone leaves it behind: {HOW_TO_FETCH}")


def lines(report: Report) -> Iterator[str]:
    """The report in words."""
    for finding in report.findings:
        yield f"{finding.commit[:12]} {finding.subject}: {finding.problem}"
    yield from report.notes
    since = f" since {report.start[:12]}" if report.start else ""
    if report.ok:
        yield f"verified: {len(report.verified)} merges{since}, each measured before it was made"
    else:
        yield f"NOT verified: {len(report.findings)} findings, {len(report.verified)} merges hold{since}"
