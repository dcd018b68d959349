"""Where the verifier goes, and in which place each merge stands: what may be there, and what not."""

from dataclasses import dataclass, field

from tasks.commits import Commit, Trailer
from tasks.git import GitError
from tasks.repository import Repository
from tasks.verify_back import hotfix, rollback
from tasks.verify_merge import PASSED, Judge, Kind, Record, kind_on_base
from tasks.verify_report import Finding
from tasks.verify_source import PAIR, Source


@dataclass
class Walk:
    """One verification, on its way."""

    repository: Repository
    source: Source
    judge: Judge
    verified: dict[str, Commit] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    good: dict[str, Commit] = field(default_factory=dict)
    """Of what holds, the phases."""
    plans: set[str] = field(default_factory=set)
    """Whose merges were met."""
    signer_of: dict[str, str] = field(default_factory=dict)
    """Commit -> the key by which the evidence of its release says that it is signed."""

    def blame(self, commit: Commit, problem: str) -> None:
        """Say what is wrong with a commit; it does not hold then."""
        self.verified.pop(commit.oid, None)
        self.findings.append(Finding(commit=commit.oid, subject=commit.subject, problem=problem))

    def check(self, commit: Commit, kind: Kind, later: tuple[Commit, ...] = ()) -> Record | None:
        """One merge of ours; its evidence if all of it holds."""
        record: Record = {}
        try:
            record = self.source.record_of(commit)
            problem = self._problem(commit, kind, record, later)
        except GitError as missing:
            problem = str(missing)
        except (AttributeError, KeyError, TypeError, ValueError):
            problem = "its evidence is not as sparc writes it"
        if problem:
            self.blame(commit, problem)
            return None
        self.verified[commit.oid] = commit
        self.plans |= {record["plan"]} if isinstance(record.get("plan"), str) else set()
        if kind == "gate":
            self.good[commit.oid] = commit
        return record

    def _problem(self, commit: Commit, kind: Kind, record: Record, later: tuple[Commit, ...]) -> str | None:
        judge = self.judge
        problem = judge.shape(commit, record) or judge.bound(commit, record, kind) or judge.gate(commit, record, later)
        if problem or kind not in ("rollback", "hotfix"):
            return problem
        return (rollback if kind == "rollback" else hotfix)(self.source, judge, commit, record)

    def descend(self, merge: Commit, start: str | None, kind: Kind) -> None:
        """Verify what a merge brought in: the merges of this kind on the first parents of its second parent."""
        if len(merge.parents) != PAIR:
            return
        chain = tuple(self.source.first_parents(start or merge.parents[0], merge.parents[1]))
        for place, inner in enumerate(chain):
            if not _ours(inner):
                self.blame(inner, "a commit on the plan's branch that is not a merge of ours")
            elif self.check(inner, kind, chain[: place + 1]) and kind == "gate":
                self.descend(inner, None, "merge")

    def descend_release(self, commit: Commit) -> str | None:
        """Verify a release with all that it holds; the start of its plan if it holds itself."""
        before = set(self.verified)
        record = self.check(commit, "release")
        start = self._start(commit, str(record.get("start"))) if record else None
        self.descend(commit, start, "gate")
        if record and isinstance(signer := record.get("signer"), str):
            self.signer_of |= dict.fromkeys(self.verified.keys() - before, signer)
        return start

    def _start(self, release: Commit, name: str) -> str | None:
        start = self.repository.git.resolve(name)
        if start is None:
            self.blame(release, "its evidence names no commit of this repository as its start")
        # else a start that is made up would leave out the phases before it
        elif not self.source.scratch.ancestor(start, release.parents[0]):
            self.blame(release, "its evidence names a start that its base branch did not hold")
            return None
        return start

    def later(self, commit: Commit, *, on_plan: bool) -> None:
        """A commit after the newest release, if there is one."""
        if not _ours(commit):
            self.blame(commit, "it is later than any release, and passed no gate of ours")
        elif not _is_phase(commit) and (kind := kind_on_base(commit)) != "release":
            self.check(commit, kind)
        elif _is_phase(commit) and not on_plan:
            self.blame(commit, "a phase of a plan that was never released")
        elif self.check(commit, "gate"):
            self.descend(commit, None, "merge")

    def below(self, commit: Commit) -> None:
        """A commit on the base branch before the newest release, where everyone may put theirs."""
        if _is_on_base(commit) and kind_on_base(commit) == "release":
            self.descend_release(commit)
        elif _ours(commit):
            self.later(commit, on_plan=True)
        else:
            self.notes.append(
                f"{commit.oid[:12]} {commit.subject}: not ours; it was on the base branch before the release"
            )


def _ours(commit: Commit) -> bool:
    return Trailer.RUN in commit.trailers


def _is_phase(commit: Commit) -> bool:
    said = commit.trailers
    return Trailer.RUN in said and Trailer.PHASE in said and Trailer.ASSIGNMENT not in said


def _is_on_base(commit: Commit) -> bool:
    return _ours(commit) and Trailer.PHASE not in commit.trailers


def walk(on: Walk, tip: str, stop: str | None, *, on_plan: bool) -> str | None:
    """Verify the newest release, what came after it, and what lies between it and the start; that start."""
    above, newest = [], None
    for commit in on.source.first_parents(stop, tip):
        if _is_on_base(commit) and kind_on_base(commit) == "release":
            newest = commit
            break
        above.append(commit)
    _prefetch(on, newest, stop, tip)
    if newest is None:
        on.notes.append("no release of sparc was found in this history")
    gated = False
    for commit in above:
        if gated and not _ours(commit):
            on.notes.append(f"{commit.oid[:12]} {commit.subject}: not ours; a later merge of ours was gated with it")
        elif newest or stop or (_is_phase(commit) and not on_plan):
            on.later(commit, on_plan=on_plan)
        gated = gated or (_is_on_base(commit) and commit.oid in on.verified and commit.trailers[Trailer.GATE] == PASSED)
    start = stop
    if newest:
        began = on.descend_release(newest)
        start = stop or began
    if newest and newest.parents and start:
        for commit in on.source.first_parents(start, newest.parents[0]):
            on.below(commit)
    return start


def _prefetch(on: Walk, newest: Commit | None, stop: str | None, tip: str) -> None:
    try:
        start = on.repository.git.resolve(str(on.source.record_of(newest).get("start"))) if newest else None
    except GitError:  # told when it is that merge's turn
        start = None
    for begin in {start, stop} - {None}:
        on.source.prefetch(str(begin), tip)
