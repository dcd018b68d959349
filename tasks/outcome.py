"""What a run came to: the shape of `sparc run --json`, told from the journal alone."""

from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue

from gates.model import Frozen
from gates.verdict import Outcome, Waived
from tasks.account import Account, Attempt, Phase, Round, account_of
from tasks.before import Before
from tasks.conflict_history import Conflict
from tasks.errors import Refused
from tasks.events import Event

PhaseState = Literal["waiting", "running", "passed", "blocked", "interrupted"]
AssignmentState = Literal["waiting", "running", "merged", "failed", "skipped", "interrupted"]


class CheckOutcome(Frozen):
    """One check of the last round."""

    check: str
    outcome: Outcome
    summary: str
    measured: JsonValue
    limit: JsonValue
    kept: str | None = None
    """Where this was measured before, if it was not measured anew for this round."""
    waived: tuple[Waived, ...] = ()
    """What would have counted against it, had the plan not allowed it."""


class AssignmentOutcome(Frozen):
    """What became of one assignment."""

    name: str
    outcome: AssignmentState
    attempts: int
    """How often an agent was asked."""
    seconds: float
    """All attempts together."""
    commit: str | None
    """Its newest merge."""
    reason: str | None
    """Why the newest attempt failed."""


class ReviewOutcome(Frozen):
    """The newest request for a person's sign-off."""

    points: tuple[str, ...]
    approved: bool | None
    """None while nobody has answered."""
    by: str | None
    comment: str | None


class PhaseOutcome(Frozen):
    """What became of one phase."""

    number: int
    name: str
    outcome: PhaseState
    attempts: int
    """Rounds: how often its gate was asked, and 1 while it is on the way to be."""
    seconds: float
    commit: str | None
    reason: str | None
    checks: tuple[CheckOutcome, ...]
    assignments: tuple[AssignmentOutcome, ...]
    conflicts: tuple[Conflict, ...]
    escalations: tuple[str, ...]
    review: ReviewOutcome | None
    before: tuple[Before, ...] = ()
    """Figures of speed and size from before its work began."""


class StepOutcome(Frozen):
    """What followed the last gate: a push, a command of the deployment, a rollback."""

    step: Literal["push", "deploy", "verify", "rollback"]
    outcome: Literal["passed", "failed"]
    text: str
    """What was done, or why it failed."""
    commit: str
    seconds: float


class RunOutcome(Frozen):
    """What became of the run."""

    run: str
    plan: str
    outcome: Literal["running", "released", "blocked", "interrupted"]
    base: str
    branch: str
    commit: str | None
    """The release; before it, the newest passed phase."""
    reason: str | None
    repository: str
    isolation: str
    """How agents and targets were kept from the machine; several, in order, if it was resumed with another one."""
    signer: str | None = None
    """Fingerprint of the key with which its merges are signed; None: they are not."""
    seconds: float
    """From the first event to the newest, pauses before a resumption included."""
    phases: tuple[PhaseOutcome, ...]
    steps: tuple[StepOutcome, ...] = ()
    """Pushes, deployment and rollback, in order, those of earlier sittings included."""
    notices: tuple[str, ...]


class Merge(Frozen):
    """One merge commit of the plan's branch, as git tells it."""

    commit: str
    parents: tuple[str, ...]
    subject: str
    trailers: dict[str, str]


def outcome_of(events: Sequence[Event]) -> RunOutcome:
    """What `events` came to so far; `Refused` when no run has started in them."""
    account = account_of(events)
    if not account.starts:
        raise Refused("this run has no journal: it never started")
    phases = tuple(_phase(phase, account) for phase in account.phases)
    passed = [phase.commit for phase in phases if phase.outcome == "passed" and phase.commit]
    start, ended = account.starts[-1], account.ended
    return RunOutcome(
        run=start.run,
        plan=start.plan,
        outcome=ended.outcome if ended else "running",
        base=start.base,
        branch=start.branch,
        commit=(ended.commit if ended else None) or (passed[-1] if passed else None),
        reason=ended.reason if ended else None,
        repository=start.repository,
        isolation=", then ".join(dict.fromkeys(start.isolation for start in account.starts)),
        signer=start.signer,
        seconds=round(account.until - account.starts[0].at, 3),
        phases=phases,
        steps=tuple(StepOutcome(**step.model_dump(exclude={"at", "event"})) for step in account.steps),
        notices=tuple(notice.text for notice in account.notices),
    )


def _phase(phase: Phase, account: Account) -> PhaseOutcome:
    state = _phase_state(phase, account)
    end = phase.ends[-1] if phase.ends else None
    return PhaseOutcome(
        number=phase.number,
        name=phase.name,
        outcome=state,
        attempts=_rounds(phase, account),
        seconds=round(phase.seconds, 3),
        commit=end.commit if end else None,
        reason=end.reason if end and state == "blocked" else None,
        checks=_checks(phase),
        assignments=tuple(_assignment(name, phase, state, account) for name in phase.assignments),
        conflicts=phase.conflicts,
        escalations=tuple(escalation.reason for escalation in phase.escalations),
        review=_review(phase),
        before=tuple(figure for baseline in phase.baselines for figure in baseline.figures),
    )


def _rounds(phase: Phase, account: Account) -> int:
    """A round that a kill ended is asked anew, and is no round of its own."""
    asked = [one for one in _own_rounds(phase) if one.outcome or one.sitting == len(account.starts)]
    return len(asked) or int(phase.sitting > 0)


def _phase_state(phase: Phase, account: Account) -> PhaseState:
    """A phase that passed stays so; of any other, only the newest sitting tells how it stands."""
    if _has_passed(phase, account):
        return "passed"
    if account.ended is None and phase.sitting < len(account.starts):
        return "waiting"
    if phase.ends and phase.ends[-1].at >= account.starts[-1].at:
        return "blocked"
    if phase.sitting == 0:
        return "waiting"
    return _left_open(account)


def _has_passed(phase: Phase, account: Account) -> bool:
    """Told, or plain from what followed: a kill may come between the merge and the word of it."""
    released = account.ended is not None and account.ended.outcome == "released"
    later = any(other.sitting for other in account.phases if other.number > phase.number)
    return released or later or any(end.outcome == "passed" for end in phase.ends)


def _own_rounds(phase: Phase) -> list[Round]:
    return [one for one in phase.rounds if one.round]


def _left_open(account: Account) -> PhaseState:
    if account.ended is None:
        return "running"
    return "blocked" if account.ended.outcome == "blocked" else "interrupted"


def _checks(phase: Phase) -> tuple[CheckOutcome, ...]:
    """In the gate's order, whichever answered first."""
    rounds = _own_rounds(phase)
    places = {label: place for place, label in reversed(tuple(enumerate(phase.gate)))}
    checks = list(rounds[-1].checks) if rounds else []
    checks.sort(key=lambda check: places.get(check.verdict.check, len(places)))
    return tuple(
        CheckOutcome(
            check=check.verdict.check,
            outcome=check.verdict.outcome,
            summary=check.verdict.summary,
            measured=check.verdict.measured,
            limit=check.verdict.limit,
            kept=check.kept,
            waived=check.verdict.waived,
        )
        for check in checks
    )


def _assignment(name: str, phase: Phase, state: PhaseState, account: Account) -> AssignmentOutcome:
    attempts = [attempt for attempt in phase.attempts if attempt.assignment == name]
    merges = [attempt.commit for attempt in attempts if attempt.outcome == "merged"]
    outcome = _assignment_state(attempts, state, len(account.starts))
    return AssignmentOutcome(
        name=name,
        outcome=outcome,
        attempts=max((attempt.attempt for attempt in attempts), default=0),
        seconds=round(sum(attempt.ended - attempt.started for attempt in attempts), 3),
        commit=merges[-1] if merges else None,
        reason=attempts[-1].reason if outcome == "failed" else None,
    )


def _assignment_state(attempts: Sequence[Attempt], phase: PhaseState, sitting: int) -> AssignmentState:
    """Merged stays merged. What an earlier sitting did not bring that far is asked again when its phase goes on."""
    if phase == "passed":
        return "merged"
    if not attempts:
        return "skipped" if phase == "blocked" else "waiting"
    last = attempts[-1]
    if last.outcome == "merged":
        return "merged"
    if phase in ("waiting", "running") and last.sitting < sitting:
        return "waiting"
    if last.outcome == "left":
        return _left_unmerged(phase)
    return last.outcome


def _left_unmerged(phase: PhaseState) -> AssignmentState:
    if phase == "running":
        return "running"
    return "failed" if phase == "blocked" else "interrupted"


def _review(phase: Phase) -> ReviewOutcome | None:
    if not phase.reviews:
        return None
    asked, answered = phase.reviews[-1].asked, phase.reviews[-1].answered
    return ReviewOutcome(
        points=asked.points,
        approved=answered.approved if answered else None,
        by=answered.by if answered else None,
        comment=answered.comment if answered else None,
    )
