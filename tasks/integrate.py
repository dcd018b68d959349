"""Candidates and merges: what a merge would give, and the merge itself, by plumbing alone.

A candidate is known by its tree and its two parents before any commit exists; evidence binds these, and the commit then
names the evidence. Branches move by compare-and-swap: a lost one means that the candidate no longer is what would be
merged, so the caller makes a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.context import ToldFinding
from tasks.git import Git
from tasks.hub import Hub
from tasks.threads import in_thread


@dataclass(frozen=True)
class Candidate:
    """The commit that a merge would make."""

    branch: str
    """Full name of the branch that it would move."""
    tree: str
    ours: str
    """First parent: the branch's tip."""
    theirs: str
    conflicts: tuple[str, ...] = ()

    @property
    def binding(self) -> dict[str, JsonValue]:
        """What evidence says of it."""
        return {"tree": self.tree, "parents": [self.ours, self.theirs]}


def candidate(git: Git, branch: str, theirs: str) -> Candidate:
    """Merge into the branch as it stands now, without moving it."""
    ours = git.line("rev-parse", "--verify", branch)
    merge = git.merge(ours, theirs)
    return Candidate(branch, merge.tree, ours, theirs, merge.conflicts)


def conflict_findings(found: Candidate) -> tuple[ToldFinding, ...]:
    """A conflict as findings: the next attempt begins on the tip that it must agree with."""
    words = "conflicts with work that was merged meanwhile; your workspace now holds it: do your part on top of it"
    return tuple(ToldFinding(check="merge", path=path, message=words) for path in found.conflicts)


def commit(git: Git, found: Candidate, subject: str, trailers: Mapping[str, str]) -> str | None:
    """Make the merge and move the branch; None if the branch is elsewhere by now. A conflict is never committed."""
    if found.conflicts:
        raise ValueError(f"a conflicted candidate was offered for merging into {found.branch}")
    lines = "".join(f"{key}: {value}\n" for key, value in trailers.items())
    oid = git.write_commit(found.tree, (found.ours, found.theirs), f"{subject}\n\n{lines}")
    return oid if git.move(found.branch, oid, found.ours) else None


@dataclass(frozen=True)
class Landing:
    """An attempt on its way into its phase's branch."""

    hub: Hub
    number: int
    phase: str
    assignment: str
    attempt: int
    agent: str
    attempt_evidence: str

    def record(self, found: Candidate, gate: str, verdicts: Sequence[str]) -> dict[str, JsonValue]:
        """The evidence of the merge."""
        return {
            "kind": "merge", "run": self.hub.run, "plan": self.hub.plan, "phase": self.phase, "number": self.number,
            "assignment": self.assignment, "attempt": self.attempt, "attempt_evidence": self.attempt_evidence,
            "gate": gate, "verdicts": list(verdicts), **found.binding,
        }  # fmt: skip


@task(name="merge", task_run_name="merge {landing.assignment}", cache_policy=NO_CACHE, persist_result=False)
async def land(landing: Landing, found: Candidate, verdicts: Sequence[str]) -> str | None:
    """Merge an assignment's candidate: see `merge_assignment`."""
    return await in_thread(merge_assignment, landing, found, verdicts)


@task(name="merge phase", task_run_name="merge {number} {phase}", cache_policy=NO_CACHE, persist_result=False)
async def land_phase(hub: Hub, phase: str, number: int, found: Candidate, gate_evidence: str) -> str | None:
    """Merge a phase: see `merge_phase`."""
    return await in_thread(merge_phase, hub, phase, number, found, gate_evidence)


def merge_assignment(landing: Landing, found: Candidate, verdicts: Sequence[str]) -> str | None:
    """Merge an assignment's candidate; the merge commit, or None when the branch has moved.

    `verdicts` names the evidence of its own gate's checks, which have passed; empty: it has none.
    """
    git = landing.hub.git
    gate = "passed" if verdicts else "none"
    (name,) = evidence.keep(git, [landing.record(found, gate, verdicts)])
    trailers: dict[str, str] = {
        Trailer.RUN: landing.hub.run, Trailer.PHASE: landing.phase, Trailer.ASSIGNMENT: landing.assignment,
        Trailer.ATTEMPT: str(landing.attempt), Trailer.GATE: gate, Trailer.EVIDENCE: f"{EVIDENCE_PREFIX}{name}",
        Trailer.AGENT: landing.agent,
    }  # fmt: skip
    return commit(git, found, f"Merge {landing.assignment} into {landing.number} {landing.phase}", trailers)


def merge_phase(hub: Hub, phase: str, number: int, found: Candidate, gate_evidence: str) -> str | None:
    """Merge a phase whose gate has passed on this very candidate into the plan's branch."""
    trailers: dict[str, str] = {
        Trailer.RUN: hub.run, Trailer.PHASE: phase, Trailer.GATE: "passed",
        Trailer.EVIDENCE: f"{EVIDENCE_PREFIX}{gate_evidence}",
    }  # fmt: skip
    return commit(hub.git, found, f"Merge phase {number} {phase} of {hub.plan}", trailers)
