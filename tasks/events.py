"""What happens in a run, as the events that its journal keeps."""

from typing import Annotated, Literal

from pydantic import Field

from gates.model import Frozen
from gates.verdict import Finding, Outcome, Verdict
from tasks.before import Before
from tasks.overlap import Overlap


class Stamped(Frozen):
    """What every event says."""

    at: float = 0.0
    """Seconds since the epoch, UTC; the journal fills it in."""


class RunStarted(Stamped):
    """The first event of a run, and of each resumption of it."""

    event: Literal["run-started"] = "run-started"
    run: str
    plan: str
    goal: str
    base: str
    branch: str
    start: str
    """The commit that the plan's branch starts from."""
    repository: str
    resumed: bool
    isolation: str
    """How agents and targets are kept from the machine: a mode of `tasks/isolation.py`."""
    phases: tuple[str, ...] = ()
    """The names of all phases in the order in which they run; their numbers are their places, from 1."""
    signer: str | None = None
    """Fingerprint of the key with which merges are signed; None: they are not."""


class OfPhase(Stamped):
    """What every event of a phase says."""

    number: int
    """Counts phases across increments, from 1."""
    phase: str


class PhaseStarted(OfPhase):
    """A phase begins, or goes on after a resumption."""

    event: Literal["phase-started"] = "phase-started"
    assignments: tuple[str, ...]
    gate: tuple[str, ...]
    """The labels of the checks that will close the phase."""


class BaselineTaken(OfPhase):
    """Figures of speed and size were measured on the commit that the phase starts from; nobody judges by them."""

    event: Literal["baseline-taken"] = "baseline-taken"
    commit: str
    figures: tuple[Before, ...]
    evidence: str


class OfAttempt(OfPhase):
    """What every event of an attempt says."""

    assignment: str
    attempt: int


class AttemptStarted(OfAttempt):
    """An agent is asked."""

    event: Literal["attempt-started"] = "attempt-started"
    agent: str


class AttemptEnded(OfAttempt):
    """An agent left its work, failed, or was ended."""

    event: Literal["attempt-ended"] = "attempt-ended"
    outcome: Literal["left", "failed", "interrupted"]
    reason: str | None = None
    commit: str | None = None
    """What the attempt left, on its own branch."""
    findings: tuple[Finding, ...] = ()
    seconds: float


class Merged(OfAttempt):
    """An attempt's work is on the phase's branch."""

    event: Literal["merged"] = "merged"
    commit: str
    seconds: float


class ConflictSeen(OfPhase):
    """Two of a phase's branches meet, or no longer do; the newest word on a pair counts."""

    event: Literal["conflict-seen"] = "conflict-seen"
    ours: str
    """An assignment; the phase's branch for merged work that is nobody's in particular. The smaller name first."""
    theirs: str
    overlap: Overlap
    """Where they meet; nothing: they no longer do, for they are merged or were asked again."""
    commits: tuple[str, ...] = ()
    """Of ours and of theirs; none when they no longer meet."""
    evidence: str | None = None


class CheckEnded(OfPhase):
    """One check answered."""

    event: Literal["check-ended"] = "check-ended"
    round: int
    """From 1 in each sitting; 0 at the gate of the release."""
    assignment: str | None = None
    """Set for a check of that assignment's own gate, None for the phase's."""
    place: int = 0
    """Where the check stands in its gate, from 0; checks end in any order."""
    verdict: Verdict
    seconds: float
    evidence: str | None = None
    kept: str | None = None
    """Where this was measured before, if it was not measured anew: `2 refinement, posting`."""


class BatchEnded(OfPhase):
    """Several assignments' candidates were measured together, one on top of the other."""

    event: Literal["batch-ended"] = "batch-ended"
    assignments: tuple[str, ...]
    """In the order in which they are merged if it passed; else the chain is split, or the last one is the culprit."""
    tree: str
    """What was measured: the tree with all of them."""
    checks: int
    outcome: Outcome
    seconds: float


class GateEnded(OfPhase):
    """All checks of a phase's gate answered for one round."""

    event: Literal["gate-ended"] = "gate-ended"
    round: int
    outcome: Outcome
    evidence: str | None = None


class Escalated(OfPhase):
    """A gate keeps failing: a person should look."""

    event: Literal["escalated"] = "escalated"
    reason: str


class ReviewAsked(OfPhase):
    """The run waits for a person."""

    event: Literal["review-asked"] = "review-asked"
    points: tuple[str, ...]


class ReviewAnswered(OfPhase):
    """A person answered, or `--yes` did."""

    event: Literal["review-answered"] = "review-answered"
    approved: bool
    by: str
    """Who answered; `--yes` when nobody did."""
    comment: str


class PhaseEnded(OfPhase):
    """The phase is merged, or stays where it is."""

    event: Literal["phase-ended"] = "phase-ended"
    outcome: Literal["passed", "blocked"]
    reason: str | None = None
    commit: str | None = None


class ReleaseStep(Stamped):
    """What follows the last gate: a push, a command that deploys or looks at what was deployed, a rollback."""

    event: Literal["release-step"] = "release-step"
    step: Literal["push", "deploy", "verify", "rollback"]
    outcome: Literal["passed", "failed"]
    text: str
    """What was done, or why it failed."""
    commit: str
    """What was pushed or deployed; of a rollback, the merge that made it."""
    seconds: float


class Notice(Stamped):
    """A warning for people."""

    event: Literal["notice"] = "notice"
    text: str


class RunEnded(Stamped):
    """The last event, until a resumption."""

    event: Literal["run-ended"] = "run-ended"
    outcome: Literal["released", "blocked", "interrupted"]
    reason: str | None = None
    commit: str | None = None


Event = Annotated[
    RunStarted
    | PhaseStarted
    | BaselineTaken
    | AttemptStarted
    | AttemptEnded
    | Merged
    | ConflictSeen
    | CheckEnded
    | BatchEnded
    | GateEnded
    | Escalated
    | ReviewAsked
    | ReviewAnswered
    | PhaseEnded
    | ReleaseStep
    | Notice
    | RunEnded,
    Field(discriminator="event"),
]
"""Any of them, told apart by its name."""
