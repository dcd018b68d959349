"""Candidates and merges: what a merge would give, and the merge itself, by plumbing alone.

A candidate is known by its tree and its two parents before any commit exists; evidence binds these, and the commit then
names the evidence. Branches move by compare-and-swap: a lost one means that the candidate no longer is what would be
merged, so the caller makes a new one.

Several assignments that were gated together are merged one by one all the same, each by a commit of its own with its
own evidence, which names the tip that was measured (`gate: batch`); the branch moves over all of them at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Trailer
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
    """Paths that git cannot merge; then the tree holds markers, and is never committed to a branch."""

    @property
    def binding(self) -> dict[str, JsonValue]:
        """What evidence says of it."""
        return {"tree": self.tree, "parents": [self.ours, self.theirs]}


@dataclass(frozen=True)
class Resolution:
    """What an agent made of a conflict that git could not merge."""

    by: str
    """The agent's name in the plan."""
    conflicts: tuple[str, ...]
    """The paths that were in conflict."""
    evidence: str
    """Name of the record of its attempt."""
    commit: str
    """Both sides merged, as it left them: kept on a branch of its own."""


def candidate(git: Git, branch: str, theirs: str, resolution: Resolution | None = None) -> Candidate:
    """Merge into the branch as it stands now, without moving it."""
    ours = git.line("rev-parse", "--verify", branch)
    return candidate_on(git, branch, ours, theirs, resolution)


def candidate_on(git: Git, branch: str, ours: str, theirs: str, resolution: Resolution | None = None) -> Candidate:
    """Merge into a commit that the branch is at, or would be.

    A resolution is merged in place of what it resolves: where the branch has moved on since, git brings both together.
    """
    merge = git.merge(ours, resolution.commit if resolution else theirs)
    return Candidate(branch, merge.tree, ours, theirs, merge.conflicts)


def provisional(git: Git, found: Candidate) -> str:
    """A candidate as a commit on no branch, for another to be made on top of it."""
    return replace(git, signing=None).write_commit(found.tree, (found.ours, found.theirs), "Candidate\n")


def commit(git: Git, found: Candidate, subject: str, trailers: Mapping[str, str]) -> str | None:
    """Make the merge and move the branch; None if the branch is elsewhere by now. A conflict is never committed."""
    oid = _write(git, found, subject, trailers)
    return oid if git.move(found.branch, oid, found.ours) else None


def _write(git: Git, found: Candidate, subject: str, trailers: Mapping[str, str]) -> str:
    if found.conflicts:
        raise ValueError(f"a conflicted candidate was offered for merging into {found.branch}")
    lines = "".join(f"{key}: {value}\n" for key, value in trailers.items())
    return git.write_commit(found.tree, (found.ours, found.theirs), f"{subject}\n\n{lines}")


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
    resolution: Resolution | None = None

    def record(self, found: Candidate, gate: str, verdicts: Sequence[str]) -> dict[str, JsonValue]:
        """The evidence of the merge."""
        record: dict[str, JsonValue] = {
            "kind": "merge", "run": self.hub.run, "plan": self.hub.plan, "phase": self.phase, "number": self.number,
            "assignment": self.assignment, "attempt": self.attempt, "attempt_evidence": self.attempt_evidence,
            "gate": gate, "verdicts": list(verdicts), **found.binding,
        }  # fmt: skip
        if self.resolution:
            made = self.resolution
            record["resolution"] = {"by": made.by, "conflicts": list(made.conflicts), "evidence": made.evidence}
        return record

    def trailers(self, gate: str, evidence_name: str) -> dict[str, str]:
        """What the merge's message ends with."""
        trailers: dict[str, str] = {
            Trailer.RUN: self.hub.run, Trailer.PHASE: self.phase, Trailer.ASSIGNMENT: self.assignment,
            Trailer.ATTEMPT: str(self.attempt), Trailer.GATE: gate,
            Trailer.EVIDENCE: f"{EVIDENCE_PREFIX}{evidence_name}", Trailer.AGENT: self.agent,
        }  # fmt: skip
        return trailers | ({Trailer.RESOLUTION: self.resolution.by} if self.resolution else {})

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return f"Merge {self.assignment} into {self.number} {self.phase}"


@dataclass(frozen=True)
class Gated:
    """What the gates said of the last of some candidates, in their favour."""

    verdicts: tuple[str, ...] = ()
    """Names of the evidence of all checks, which have passed; empty: there is no gate."""
    tip: str = ""
    """The commit that was measured, on no branch, if it stands for several candidates."""


@task(name="merge", task_run_name="merge {names}", cache_policy=NO_CACHE, persist_result=False)
async def land(
    names: str,  # noqa: ARG001 - in the task's name
    landings: Sequence[tuple[Landing, Candidate]],
    gated: Gated,
) -> tuple[str, ...] | None:
    """Merge candidates of assignments: see `merge_assignments`; `names` tells people which."""
    return await in_thread(merge_assignments, landings, gated)


@task(name="merge phase", task_run_name="merge {number} {phase}", cache_policy=NO_CACHE, persist_result=False)
async def land_phase(hub: Hub, phase: str, number: int, found: Candidate, gate_evidence: str) -> str | None:
    """Merge a phase: see `merge_phase`."""
    return await in_thread(merge_phase, hub, phase, number, found, gate_evidence)


def merge_assignment(landing: Landing, found: Candidate, verdicts: Sequence[str]) -> str | None:
    """Merge one assignment's candidate; the merge commit, or None when the branch has moved.

    `verdicts` names the evidence of its own gate's checks, which have passed; empty: it has none.
    """
    merged = merge_assignments([(landing, found)], Gated(tuple(verdicts)))
    return merged[0] if merged else None


def merge_assignments(landings: Sequence[tuple[Landing, Candidate]], gated: Gated) -> tuple[str, ...] | None:
    """Merge candidates that were chained one on top of the other, from the branch's tip on.

    One merge each, with its own evidence; the branch moves once, over all of them. The merge commits, or None when the
    branch is elsewhere by now. Of several, the last one's tree is the one that was measured.
    """
    git, begin = landings[0][0].hub.git, landings[0][1]
    several: dict[str, JsonValue] = (
        {"batch": {"commit": gated.tip, "tree": landings[-1][1].tree}} if len(landings) > 1 else {}
    )
    gate = "batch" if several else "passed" if gated.verdicts else "none"
    records, made = [], [begin.ours]
    for landing, link in landings:
        found = replace(link, ours=made[-1])
        record = landing.record(found, gate, gated.verdicts) | several
        name = evidence.name_of(evidence.canonical(record))
        made.append(_write(git, found, landing.subject, landing.trailers(gate, name)))
        records.append(record)
    moved = git.move(begin.branch, made[-1], begin.ours, evidence.written(git, records))
    return tuple(made[1:]) if moved else None


def merge_phase(hub: Hub, phase: str, number: int, found: Candidate, gate_evidence: str) -> str | None:
    """Merge a phase whose gate has passed on this very candidate into the plan's branch."""
    trailers: dict[str, str] = {
        Trailer.RUN: hub.run, Trailer.PHASE: phase, Trailer.GATE: "passed",
        Trailer.EVIDENCE: f"{EVIDENCE_PREFIX}{gate_evidence}",
    }  # fmt: skip
    return commit(hub.git, found, f"Merge phase {number} {phase} of {hub.plan}", trailers)
