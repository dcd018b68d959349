"""The picture of a run as numbers: a lane an assignment, a bar an attempt, a mark a round of a gate."""

from collections.abc import Iterator, Sequence

from gates.model import Frozen
from tasks.account import Account, Attempt, Phase, Review, Round
from tasks.outcome import PhaseOutcome
from tasks.timescale import Pause, Scale, Tick
from tasks.wording import plain, round_name, span

WIDTH = 960.0
_LEFT = 172.0
_RIGHT = 18.0
_TOP = 44.0
_HEAD = 26.0
_LANE = 20.0
_GAP = 10.0
_FOOT = 12.0  # for the lengths of pauses
_LEAST = 3.0
_ROOM = 14.0  # for one figure


class Bar(Frozen):
    """A span of time on a lane."""

    kind: str
    """How it came out; the style and the pattern hang on it."""
    x: float
    width: float
    start: float
    end: float
    label: str
    """Short text on the bar."""
    title: str
    """What a pointer that rests on it is told."""


class Mark(Frozen):
    """A moment on a lane."""

    kind: str
    x: float
    moment: float
    title: str


class Lane(Frozen):
    """One row."""

    name: str
    y: float
    """Its middle."""
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()


class Group(Frozen):
    """The rows of one phase, under its name."""

    name: str
    state: str
    y: float
    height: float
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    """What belongs to the whole phase: its escalations."""


class Timeline(Frozen):
    """The whole picture."""

    height: float
    groups: tuple[Group, ...]
    ticks: tuple[Tick, ...]
    pauses: tuple[Pause, ...]


def timeline(account: Account, outcomes: Sequence[PhaseOutcome]) -> Timeline:
    """The picture of every phase in which anything happened; without groups when nothing did."""
    shown = [(phase, told.outcome) for phase, told in zip(account.phases, outcomes, strict=True) if phase.sitting]
    scale = Scale((one for phase, _ in shown for one in _busy(phase)), _LEFT, WIDTH - _LEFT - _RIGHT)
    groups: list[Group] = []
    y = _TOP
    for phase, state in shown:
        groups.append(_group(phase, state, y, scale, account.until))
        y += groups[-1].height + _GAP
    return Timeline(height=y + _FOOT, groups=tuple(groups), ticks=tuple(scale.ticks()), pauses=tuple(scale.pauses()))


def _busy(phase: Phase) -> Iterator[tuple[float, float]]:
    """When something was at work: agents and checks, not people."""
    yield from ((attempt.started, attempt.ended) for attempt in phase.attempts)
    yield from ((one.started, one.ended) for one in phase.rounds)
    moments = [*phase.escalations, *phase.ends]
    moments += [event for review in phase.reviews for event in (review.asked, review.answered) if event]
    yield from ((event.at, event.at) for event in moments)


def _group(phase: Phase, state: str, y: float, scale: Scale, until: float) -> Group:
    rows: list[tuple[str, list[Bar], list[Mark]]] = [
        (name, [_attempt(one, scale) for one in phase.attempts if one.assignment == name], [])
        for name in phase.assignments
    ]
    if phase.rounds:
        rows.append(("gate", [_round(one, scale) for one in phase.rounds], [_gate(one, scale) for one in phase.rounds]))
    if phase.reviews:
        rows.append(("review", [_waiting(one, scale, until) for one in phase.reviews], _answers(phase.reviews, scale)))
    lanes = [
        Lane(name=name, y=y + _HEAD + _LANE * (row + 0.5), bars=tuple(bars), marks=tuple(marks))
        for row, (name, bars, marks) in enumerate(rows)
    ]
    escalations = [_mark("escalated", one.at, f"Escalated: {plain(one.reason)}", scale) for one in phase.escalations]
    return Group(
        name=f"{phase.number} {phase.name}",
        state=state,
        y=y,
        height=_HEAD + _LANE * len(rows),
        lanes=tuple(lanes),
        marks=tuple(escalations),
    )


def _attempt(one: Attempt, scale: Scale) -> Bar:
    words = f"{plain(one.assignment)}, attempt {one.attempt} by {plain(one.agent)}: {one.outcome}"
    return _bar(one.outcome, (one.started, one.ended), str(one.attempt), f"{words}, {_why(one)}", scale)


def _why(one: Attempt) -> str:
    seconds = span(one.ended - one.started)
    return f"{seconds}. {plain(one.reason)}" if one.reason else seconds


def _round(one: Round, scale: Scale) -> Bar:
    seconds = span(one.ended - one.started)
    return _bar("measuring", (one.started, one.ended), "", f"{round_name(one.round)}: checks, {seconds}", scale)


def _gate(one: Round, scale: Scale) -> Mark:
    kind = one.outcome or "open"
    missed = [plain(check.verdict.summary) for check in one.checks if not check.verdict.passed]
    return _mark(kind, one.ended, "\n".join([f"gate, {round_name(one.round)}: {kind}", *missed]), scale)


def _waiting(one: Review, scale: Scale, until: float) -> Bar:
    end = one.answered.at if one.answered else until
    return _bar("review", (one.asked.at, end), "", f"review, {span(end - one.asked.at)}", scale)


def _answers(reviews: Sequence[Review], scale: Scale) -> list[Mark]:
    answers = [review.answered for review in reviews if review.answered]
    return [
        _mark(
            "passed" if one.approved else "failed",
            one.at,
            f"{'approved' if one.approved else 'rejected'} by {plain(one.by)}",
            scale,
        )
        for one in answers
    ]


def _bar(kind: str, span_of_time: tuple[float, float], label: str, title: str, scale: Scale) -> Bar:
    start, end = span_of_time
    x = scale.x(start)
    width = max(scale.x(end) - x, _LEAST)
    return Bar(kind=kind, x=x, width=width, start=start, end=end, label=label if width >= _ROOM else "", title=title)


def _mark(kind: str, moment: float, title: str, scale: Scale) -> Mark:
    return Mark(kind=kind, x=scale.x(moment), moment=moment, title=title)
