"""The run as it stands, for a terminal: finished phases in two lines each, the one under way in detail."""

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.text import Text

from tasks.account import Account, Attempt, Phase, account_of
from tasks.events import Event
from tasks.outcome import PhaseOutcome, RunOutcome, outcome_of
from tasks.report import conflict_line, next_steps, review_line, step_line, verdict_line
from tasks.wording import count, plain, round_name, span

_CONFLICTS = 5
_MARKS = {
    "waiting": (" ", "dim"),
    "running": (">", "bold"),
    "passed": ("✓", "green"),
    "blocked": ("✗", "bold red"),
    "interrupted": ("-", "yellow"),
}


def view(events: Sequence[Event], now: float, height: int | None = None) -> Group:
    """The picture of `events` at the time `now`, in seconds since the epoch; empty before a run has started.

    Where it is higher than `height` lines, what is left out is the oldest, between the head and what is going on.
    """
    account = account_of(events)
    if not account.starts:
        return Group()
    outcome = outcome_of(events)
    clock = account.until if account.ended else now
    lines = [Text(plain(f"{outcome.plan} {outcome.run}") + f"  {span(clock - account.starts[0].at)}", "bold"), Text()]
    for told, phase in zip(outcome.phases, account.phases, strict=True):
        lines += _phase(told, phase, account, clock)
    lines += [Text(step_line(step), "red" if step.outcome == "failed" else "") for step in outcome.steps[-5:]]
    lines += [Text(f"! {plain(notice)}", "yellow") for notice in outcome.notices[-3:]]
    lines += _end(outcome)
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*lines if height is None or len(lines) <= height else [lines[0], *lines[1 - height :]])


def _phase(told: PhaseOutcome, phase: Phase, account: Account, now: float) -> Iterator[Text]:
    mark, style = _MARKS[told.outcome]
    head = f"{mark} {told.number} {plain(told.name, 20):20} {told.outcome:11}"
    if told.outcome == "waiting":
        yield Text(head.rstrip(), style)
        return
    under_way = told.outcome == "running"
    merged = sum(one.outcome == "merged" for one in told.assignments)
    seconds = told.seconds + (now - account.until if under_way else 0.0)
    rest = f" {merged} of {len(told.assignments)} merged   {count(told.attempts, 'round')}   {span(seconds)}"
    yield Text.assemble((head, style), (rest, "" if under_way else "dim"))
    if told.outcome == "passed":
        yield Text("     " + " · ".join(plain(check.summary, 60) for check in told.checks), "dim")
        yield from _gate(told, phase) if phase.rounds and not phase.rounds[-1].round else ()
    else:
        yield from _open_phase(told, phase, now)


def _open_phase(told: PhaseOutcome, phase: Phase, now: float) -> Iterator[Text]:
    newest = {attempt.assignment: attempt for attempt in phase.attempts}
    for one in told.assignments:
        if one.outcome == "running":
            yield _asked(newest[one.name], now)
        elif one.outcome in ("failed", "interrupted"):
            yield Text(f"     {plain(one.name, 24):24} {one.outcome}: {plain(one.reason or '')}".rstrip(": "), "red")
    waiting = [plain(one.name, 40) for one in told.assignments if one.outcome in ("waiting", "skipped")]
    if waiting:
        yield Text(f"     {len(waiting)} to come: {', '.join(waiting)}", "dim")
    yield from _gate(told, phase)
    yield from _conflicts(told)
    yield from (Text(f"   ! escalated: {plain(reason)}", "bold yellow") for reason in told.escalations)


def _conflicts(told: PhaseOutcome) -> Iterator[Text]:
    """What will not go together as things stand; what git merges by itself is in the report."""
    ahead = [one for one in told.conflicts if one.ahead]
    yield from (Text(f"   ! {conflict_line(one)}", "yellow") for one in ahead[:_CONFLICTS])
    if len(ahead) > _CONFLICTS:
        yield Text(f"   ! and {count(len(ahead) - _CONFLICTS, 'more conflict')} ahead", "yellow")


def _asked(attempt: Attempt, now: float) -> Text:
    line = f"     {plain(attempt.assignment, 24):24} attempt {attempt.attempt}   {plain(attempt.agent, 16):16} "
    if attempt.outcome == "left":
        return Text(f"{line}{span(attempt.ended - attempt.started)}, to be merged")
    return Text(f"{line}{span(now - attempt.started)}")


def _gate(told: PhaseOutcome, phase: Phase) -> Iterator[Text]:
    """The newest round's answers; while agents mend what failed, only that."""
    asking = any(one.outcome == "running" for one in told.assignments)
    newest = phase.rounds[-1] if phase.rounds else None
    for check in newest.checks if newest else ():
        if not check.verdict.passed:
            yield Text(f"   ✗ {round_name(check.round)}: {plain(check.verdict.summary)}", "red")
        elif not asking:
            yield Text(f"   ✓ {round_name(check.round)}: {plain(check.verdict.summary)}")


def _end(outcome: RunOutcome) -> Iterator[Text]:
    if outcome.outcome != "running":
        yield Text(verdict_line(outcome), "bold green" if outcome.outcome == "released" else "bold red")
        return
    for phase in outcome.phases:
        if phase.review and phase.review.approved is None and phase.outcome == "running":
            yield Text(f"? {review_line(phase.review)}", "bold yellow")
            yield from map(Text, next_steps(outcome))
