"""An event as one plain line, for logs and for everything that is no terminal."""

import time

from tasks.conflict_history import conflicts_of
from tasks.events import (
    AttemptEnded,
    AttemptStarted,
    BaselineTaken,
    BatchEnded,
    CheckEnded,
    ConflictSeen,
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
from tasks.report import conflict_line, review_command
from tasks.wording import count, plain, round_name, short, span


def line(event: Event, run: str) -> str:
    """`12:03:04  2 pseudocode  requirements  attempt 1  asked writer`, in local time; `run` is the run's id."""
    place = f"{event.number} {plain(event.phase)}" if isinstance(event, OfPhase) else ""
    words = [time.strftime("%H:%M:%S", time.localtime(event.at)), place, *_words(event, run)]
    return "  ".join(word for word in words if word)


def _words(event: Event, run: str) -> list[str]:
    """The columns behind the time and the phase."""
    match event:
        case AttemptStarted() | AttemptEnded() | Merged():
            return [plain(event.assignment), f"attempt {event.attempt}", _of_attempt(event)]
        case CheckEnded() | BatchEnded() | GateEnded():
            return _of_gate(event)
        case PhaseStarted() | PhaseEnded() | RunEnded():
            return [_of_stage(event)]
        case BaselineTaken():
            return ["baseline", "; ".join(plain(f"{figure.check} {figure.told}") for figure in event.figures)]
        case ReleaseStep():
            word = event.step if event.outcome == "passed" else f"{event.step} FAILED"
            return [_stood(word, event.text), span(event.seconds)]
        case _:
            return [_for_people(event, run)]


def _of_attempt(event: AttemptStarted | AttemptEnded | Merged) -> str:
    match event:
        case AttemptStarted():
            return f"asked {plain(event.agent)}"
        case AttemptEnded(outcome="left"):
            return f"answered after {span(event.seconds)}"
        case AttemptEnded():
            return _stood(f"{event.outcome.upper()} after {span(event.seconds)}", event.reason)
        case Merged():
            return f"merged {short(event.commit)}"


def _of_gate(event: CheckEnded | BatchEnded | GateEnded) -> list[str]:
    match event:
        case CheckEnded():
            kept = f"(kept from {plain(event.kept)})" if event.kept else ""
            summary = plain(event.verdict.summary)
            return [plain(event.assignment or ""), "gate", summary, event.verdict.outcome, kept]
        case BatchEnded():
            together = f"{', '.join(map(plain, event.assignments))} together"
            return ["gate", together, f"{event.outcome} after {span(event.seconds)}"]
        case GateEnded():
            return ["gate", round_name(event.round), "passed" if event.outcome == "passed" else "NOT PASSED"]


def _of_conflict(event: ConflictSeen) -> str:
    seen = conflicts_of([event])
    if not seen:
        return f"no conflict any more: {plain(event.ours)} x {plain(event.theirs)}"
    return conflict_line(seen[0])


def _of_stage(event: PhaseStarted | PhaseEnded | RunEnded) -> str:
    if isinstance(event, PhaseStarted):
        checks = ", ".join(map(plain, event.gate))
        return f"started: {count(len(event.assignments), 'assignment')}, gate {checks or 'empty'}"
    good = event.outcome in ("passed", "released")
    return _stood(event.outcome if good else event.outcome.upper(), event.reason or short(event.commit))


def _for_people(event: RunStarted | ConflictSeen | Escalated | ReviewAsked | ReviewAnswered | Notice, run: str) -> str:
    match event:
        case RunStarted():
            verb = "goes on" if event.resumed else "starts"
            where = plain(f"{event.base} at {short(event.start)}")
            how = f"isolation: {plain(event.isolation)}" + (f", signed by {event.signer}" if event.signer else "")
            return f"run {plain(run)} {verb}: plan {plain(event.plan)} on {where}, {how}"
        case ConflictSeen():
            return _of_conflict(event)
        case Escalated():
            return _stood("ESCALATED", event.reason)
        case ReviewAsked():
            return f"REVIEW WANTED: {'; '.join(map(plain, event.points))}; answer with: {review_command(run)}"
        case ReviewAnswered():
            return _stood(f"review {'approved' if event.approved else 'REJECTED'} by {plain(event.by)}", event.comment)
        case Notice():
            return _stood("NOTICE", event.text)


def _stood(word: str, why: str | None) -> str:
    return f"{word}: {plain(why, 500)}" if why else word
