"""The verifier: a repository and its evidence are enough to tell whether every merge was measured before it was made.

For each merge of ours: exactly two parents; its tree is git's own merge of them; its evidence exists, hashes to its
name, and is bound to this very tree and these parents; its gate passed, and so did each verdict that it names. The
newest release is verified with all that it holds: its phases, and each phase's assignments. Each stands in its place:
an assignment's merge, which may have had no gate, is none on a branch that is for phases or releases, and a phase after
the newest release is none but on its plan's own branch: the phases to come may block it yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import git

from gates.model import Frozen
from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.errors import Refused
from tasks.git import Git, GitError, scratch_repository
from tasks.history import first_parents, opened, trailers
from tasks.repository import Repository, refuse_shallow

HOW_TO_FETCH = "git fetch origin 'refs/evidence/*:refs/evidence/*'"
Kind = Literal["release", "gate", "merge"]
"""Of the evidence of a release, of a phase's merge, and of an assignment's."""


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
    history: git.Repo
    verified: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    incomplete: bool = False
    """Evidence is missing: a clone, most likely, that has left it behind."""

    def blame(self, commit: git.Commit, problem: str) -> None:
        self.findings.append(Finding(commit=commit.hexsha, subject=str(commit.summary), problem=problem))

    def check(self, commit: git.Commit, kind: Kind) -> dict[str, Any] | None:
        """One merge of ours; its evidence if all of it holds."""
        try:
            record = self._evidence(commit)
            problem = self._shape(commit) or _unbound(commit, record, kind) or self._gate(commit, record)
        except GitError as missing:
            problem, record = str(missing), {}
        except (KeyError, TypeError, ValueError):
            problem, record = "its evidence is not as sparc writes it", {}
        if problem:
            self.blame(commit, problem)
            return None
        self.verified.append(commit.hexsha)
        return record

    def _fetch(self, name: str) -> dict[str, Any]:
        try:
            return evidence.fetch(self.repository.git, name)
        except evidence.EvidenceMissing:
            self.incomplete = True
            raise

    def _evidence(self, commit: git.Commit) -> dict[str, Any]:
        name = trailers(commit).get(Trailer.EVIDENCE, "")
        if not name.startswith(EVIDENCE_PREFIX):
            raise GitError("it names no evidence")
        return self._fetch(name.removeprefix(EVIDENCE_PREFIX))

    def _shape(self, commit: git.Commit) -> str | None:
        if len(commit.parents) != 2:  # noqa: PLR2004 - a merge of two
            return f"it has {len(commit.parents)} parents; a merge of ours has two"
        merge = self.scratch.merge(*(parent.hexsha for parent in commit.parents))
        if merge.conflicts or merge.tree != commit.tree.hexsha:
            return "its tree is not what git makes of its parents: something was slipped into the merge"
        return None

    def _gate(self, commit: git.Commit, record: dict[str, Any]) -> str | None:
        said, tree = trailers(commit).get(Trailer.GATE), record["tree"]
        if record["kind"] == "merge":
            if said != record["gate"]:
                return "its gate is not the recorded one"
            return self._verdicts(record, tree) if said == "passed" or record["verdicts"] else None
        if said != "passed":
            return f"its gate is {said!r}, not passed"
        if record["kind"] == "gate":
            return self._passed(record, tree)
        wrong = [f"it rests on gate {name[:12]}: {why}" for name in record["gates"] if (why := self._rests(name, tree))]
        return next(iter(wrong), None if record["gates"] else "it rests on no gate")

    def _rests(self, name: str, tree: str) -> str | None:
        gate = self._fetch(name)
        return self._passed(gate, tree) if gate["kind"] == "gate" else "that is none"

    def _passed(self, gate: dict[str, Any], tree: str) -> str | None:
        if gate["outcome"] != "passed" or gate["tree"] != tree:
            return f"its gate {gate['outcome']}, on tree {gate['tree'][:12]}"
        return self._verdicts(gate, tree)

    def _verdicts(self, record: dict[str, Any], tree: str) -> str | None:
        for name in record["verdicts"]:
            verdict = self._fetch(name)
            if verdict["verdict"]["outcome"] != "passed" or verdict["tree"] != tree:
                return f"verdict {name[:12]} did not pass on this tree"
        return None if record["verdicts"] else "its gate rests on no verdict"

    def descend(self, merge: git.Commit, start: str | None, kind: Kind) -> None:
        """Verify what a merge brought in: the merges of this kind on the first parents of its second parent."""
        if len(merge.parents) != 2:  # noqa: PLR2004
            return
        for inner in first_parents(self.history, start or merge.parents[0].hexsha, merge.parents[1].hexsha):
            if not _ours(inner):
                self.blame(inner, "a commit on the plan's branch that is not a merge of ours")
            elif self.check(inner, kind) and kind == "gate":
                self.descend(inner, None, "merge")

    def descend_release(self, commit: git.Commit) -> str | None:
        """Verify a release with all that it holds; the start of its plan if it holds itself."""
        record = self.check(commit, "release")
        start = self.repository.git.resolve(str(record.get("start"))) if record else None
        if record and start is None:
            self.verified.remove(commit.hexsha)
            self.blame(commit, "its evidence names no commit of this repository as its start")
        self.descend(commit, start, "gate")
        return start


def _ours(commit: git.Commit) -> bool:
    return Trailer.RUN in trailers(commit)


def _is_release(commit: git.Commit) -> bool:
    return _ours(commit) and Trailer.PHASE not in trailers(commit)


def _is_phase(commit: git.Commit) -> bool:
    return _ours(commit) and Trailer.PHASE in trailers(commit) and Trailer.ASSIGNMENT not in trailers(commit)


def _unbound(commit: git.Commit, record: dict[str, Any], kind: Kind) -> str | None:
    if record.get("kind") != kind:
        return f"its evidence is of kind {record.get('kind')!r}, and in this place {kind!r} is needed"
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
    refuse_shallow(repository)
    with scratch_repository(repository.git) as scratch, opened(repository.git.directory) as history:
        verification = _Verification(repository, scratch, history)
        start = _walk(verification, tip, stop, on_plan=_names_plan(repository, ref))
    _note_fetch(verification)
    findings = tuple(verification.findings)
    return Report(
        ok=not findings and bool(verification.verified), start=start, verified=tuple(verification.verified),
        findings=findings, notes=tuple(verification.notes),
    )  # fmt: skip


def _names_plan(repository: Repository, ref: str) -> bool:
    """Whether a name is that of a plan's branch, where phases are before their release."""
    full = repository.git.try_run("rev-parse", "--symbolic-full-name", "--end-of-options", ref).stdout.decode()
    _, _, branch = full.strip().rpartition("\n")[2].removeprefix("refs/").partition("/")
    remote = full.startswith("refs/remotes/")
    return (branch.partition("/")[2] if remote else branch).startswith("sparc/")


def _walk(verification: _Verification, tip: str, stop: str | None, *, on_plan: bool) -> str | None:
    """Verify the newest release, what came after it, and what lies between it and the start; that start."""
    above, newest = [], None
    for commit in first_parents(verification.history, stop, tip):
        if _is_release(commit):
            newest = commit
            break
        above.append(commit)
    if newest is None:
        verification.notes.append("no release of sparc was found in this history")
    for commit in above:
        if _is_phase(commit) and not on_plan:
            verification.blame(commit, "a phase of a plan that was never released")
        elif newest or stop:
            _unreleased(verification, commit)
    start = stop
    if newest:
        began = verification.descend_release(newest)
        start = stop or began
    if newest and newest.parents and start:
        for commit in first_parents(verification.history, start, newest.parents[0].hexsha):
            _below(verification, commit)
    return start


def _unreleased(verification: _Verification, commit: git.Commit) -> None:
    """A commit after the newest release, if there is one: only a phase may be there, of a plan not yet released."""
    if not _ours(commit):
        verification.blame(commit, "it is later than any release, and passed no gate of ours")
    elif verification.check(commit, "gate"):
        verification.descend(commit, None, "merge")


def _below(verification: _Verification, commit: git.Commit) -> None:
    """A commit on the base branch before the newest release, where everyone may put theirs."""
    if _is_release(commit):
        verification.descend_release(commit)
    elif _ours(commit):
        _unreleased(verification, commit)
    else:
        note = f"{commit.hexsha[:12]} {commit.summary!s}: not ours; it was on the base branch before the release"
        verification.notes.append(note)


def _note_fetch(verification: _Verification) -> None:
    if verification.incomplete or not verification.repository.git.refs(evidence.NAMESPACE):
        verification.notes.append(f"there is evidence missing here; a plain clone leaves it behind: {HOW_TO_FETCH}")


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
