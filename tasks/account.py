"""The journal put in order: phases, and in each its attempts, the rounds of its gate and its reviews.

A run is told in sittings: one from its start, one more from each resumption. What a sitting left open when it ended,
by a kill for instance, nobody will ever close; so every event is judged inside its own sitting.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile, zip_longest
from typing import Literal, TypeVar

from gates.model import Frozen
from gates.verdict import Finding, Outcome
from tasks.conflict_history import Conflict, conflicts_of
from tasks.events import (
    AttemptEnded,
    AttemptStarted,
    BaselineTaken,
    BatchEnded,
    CheckEnded,
    Escalated,
    Event,
    GateEnded,
    Merged,
    Notice,
    OfPhase,
    PhaseEnded,
    PhaseStarted,
    ReleaseStep,
    ReviewAnswered,
    ReviewAsked,
    RunEnded,
    RunStarted,
)

Kind = TypeVar("Kind")


class Attempt(Frozen):
    """One ask of one agent, from the question to the merge."""

    assignment: str
    attempt: int
    agent: str
    sitting: int
    started: float
    ended: float
    """When the agent ended; the last that is known of it while it has not."""
    outcome: Literal["running", "left", "failed", "interrupted", "merged"]
    """`left`: the agent is done and its work waits to be measured and merged."""
    reason: str | None
    commit: str | None
    """The merge; before that, what the agent left."""
    findings: tuple[Finding, ...]
    checks: tuple[CheckEnded, ...]
    """The answers of the assignment's own gate."""


class Round(Frozen):
    """One asking of a phase's gate, or of the release's."""

    round: int
    """0 for the release's, which the last phase tells."""
    sitting: int
    started: float
    ended: float
    checks: tuple[CheckEnded, ...]
    outcome: Outcome | None
    """None while the gate has not answered."""
    evidence: str | None


class Review(Frozen):
    """A request to a person, and the answer if there is one."""

    asked: ReviewAsked
    answered: ReviewAnswered | None


class Phase(Frozen):
    """Everything that happened in one phase."""

    number: int
    name: str
    sitting: int
    """The last sitting in which anything happened here; 0 when nothing ever did."""
    seconds: float
    assignments: tuple[str, ...]
    gate: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    rounds: tuple[Round, ...]
    reviews: tuple[Review, ...]
    conflicts: tuple[Conflict, ...]
    escalations: tuple[Escalated, ...]
    ends: tuple[PhaseEnded, ...]
    batches: tuple[BatchEnded, ...] = ()
    """Assignments whose work was measured together before it was merged."""
    baselines: tuple[BaselineTaken, ...] = ()
    """Figures from before the work."""


class Account(Frozen):
    """The whole run."""

    starts: tuple[RunStarted, ...]
    phases: tuple[Phase, ...]
    steps: tuple[ReleaseStep, ...]
    """What followed the last gate."""
    notices: tuple[Notice, ...]
    ended: RunEnded | None
    """How the last sitting ended; None while it goes on."""
    until: float
    """The time of the newest event."""


class _Sitting(Frozen):
    number: int
    events: tuple[Event, ...]
    over: bool
    """Whether nothing more can come: the run ended, or was resumed."""

    @property
    def until(self) -> float:
        return self.events[-1].at


def account_of(events: Sequence[Event]) -> Account:
    """Everything the events tell, in order."""
    sittings = _sittings(events)
    starts = _only(RunStarted, events)
    named = {number: name for start in starts for number, name in enumerate(start.phases, 1)}
    named |= {event.number: event.phase for event in _only(OfPhase, events)}
    ends = _only(RunEnded, sittings[-1].events) if sittings else ()
    return Account(
        starts=starts,
        phases=tuple(_phase(number, named[number], sittings) for number in sorted(named)),
        steps=_only(ReleaseStep, events),
        notices=_only(Notice, events),
        ended=ends[-1] if ends else None,
        until=events[-1].at if events else 0.0,
    )


def _sittings(events: Sequence[Event]) -> list[_Sitting]:
    cuts = [place for place, event in enumerate(events) if isinstance(event, RunStarted)]
    parts = [events[start:end] for start, end in pairwise([*cuts, len(events)])]
    return [
        _Sitting(
            number=number,
            events=tuple(part),
            over=number < len(parts) or any(isinstance(event, RunEnded) for event in part),
        )
        for number, part in enumerate(parts, 1)
    ]


def _phase(number: int, name: str, sittings: Sequence[_Sitting]) -> Phase:
    told = [(sitting, part) for sitting in sittings if (part := _of_phase(number, sitting.events))]
    pairs = [(sitting, event) for sitting, part in told for event in part]
    events = [event for _, event in pairs]
    begun = _only(PhaseStarted, events)
    attempts = _attempts(pairs)
    planned = [assignment for start in begun for assignment in start.assignments]
    return Phase(
        number=number,
        name=name,
        sitting=told[-1][0].number if told else 0,
        seconds=sum(part[-1].at - part[0].at for _, part in told),
        assignments=tuple(dict.fromkeys([*planned, *(attempt.assignment for attempt in attempts)])),
        gate=begun[-1].gate if begun else (),
        attempts=attempts,
        rounds=tuple(found for sitting, part in told for found in _rounds(part, sitting)),
        reviews=_reviews(events),
        conflicts=conflicts_of(events),
        escalations=_only(Escalated, events),
        ends=_only(PhaseEnded, events),
        batches=_only(BatchEnded, events),
        baselines=_only(BaselineTaken, events),
    )


def _of_phase(number: int, events: Iterable[Event]) -> tuple[OfPhase, ...]:
    return tuple(event for event in _only(OfPhase, events) if event.number == number)


def _attempts(told: Sequence[tuple[_Sitting, OfPhase]]) -> tuple[Attempt, ...]:
    events = [event for _, event in told]
    return tuple(
        _attempt(event, _what_came_of(event, events[place:]), sitting)
        for place, (sitting, event) in enumerate(told, 1)
        if isinstance(event, AttemptStarted)
    )


def _what_came_of(start: AttemptStarted, later: Iterable[OfPhase]) -> list[OfPhase]:
    """The later events of the same assignment, up to its next attempt; a resumption may merge what an attempt left."""
    same = (event for event in later if getattr(event, "assignment", None) == start.assignment)
    return list(takewhile(lambda event: not isinstance(event, AttemptStarted), same))


def _attempt(start: AttemptStarted, came: Sequence[OfPhase], sitting: _Sitting) -> Attempt:
    checks = _only(CheckEnded, came)
    missed = [check.verdict for check in checks if not check.verdict.passed]
    end = next(iter(_only(AttemptEnded, came)), None)
    merged = next(iter(_only(Merged, came)), None)
    reasons = [end.reason] if end and end.reason else [verdict.summary for verdict in missed]
    findings = [*(end.findings if end else ()), *(finding for verdict in missed for finding in verdict.findings)]
    return Attempt(
        assignment=start.assignment,
        attempt=start.attempt,
        agent=start.agent,
        sitting=sitting.number,
        started=start.at,
        ended=end.at if end else sitting.until,
        outcome=_came_to(end, missed=bool(missed), merged=merged is not None, over=sitting.over),
        reason="; ".join(reasons) or None,
        commit=merged.commit if merged else end.commit if end else None,
        findings=tuple(dict.fromkeys(findings)),
        checks=checks,
    )


def _came_to(
    end: AttemptEnded | None, *, missed: bool, merged: bool, over: bool
) -> Literal["running", "left", "failed", "interrupted", "merged"]:
    if merged:
        return "merged"
    if missed:
        return "failed"
    if end:
        return end.outcome
    return "interrupted" if over else "running"


def _rounds(events: Sequence[OfPhase], sitting: _Sitting) -> list[Round]:
    checks = [check for check in _only(CheckEnded, events) if check.assignment is None]
    gates = {gate.round: gate for gate in _only(GateEnded, events)}
    numbers = dict.fromkeys([*(check.round for check in checks), *gates])
    return [
        _round(number, [check for check in checks if check.round == number], gates.get(number), sitting.number)
        for number in numbers
    ]


def _round(number: int, checks: Sequence[CheckEnded], gate: GateEnded | None, sitting: int) -> Round:
    moments = [check.at for check in checks] + ([gate.at] if gate else [])
    return Round(
        round=number,
        sitting=sitting,
        started=min([check.at - check.seconds for check in checks], default=moments[0]),
        ended=moments[-1],
        checks=tuple(sorted(checks, key=lambda check: check.place)),
        outcome=gate.outcome if gate else None,
        evidence=gate.evidence if gate else None,
    )


def _reviews(events: Sequence[OfPhase]) -> tuple[Review, ...]:
    """Every request with its answer, which may have come in a later sitting."""
    talk = [event for event in events if isinstance(event, ReviewAsked | ReviewAnswered)]
    reviews = []
    for asked, after in zip_longest(talk, talk[1:]):
        if isinstance(asked, ReviewAsked):
            reviews.append(Review(asked=asked, answered=after if isinstance(after, ReviewAnswered) else None))
    return tuple(reviews)


def _only(kind: type[Kind], events: Iterable[object]) -> tuple[Kind, ...]:
    return tuple(event for event in events if isinstance(event, kind))
