"""A run as a Prefect artifact: the same answers as in the report, as tables."""

from collections.abc import Iterator

from tasks import matrix
from tasks.before import HEADS
from tasks.conflict_history import Conflict
from tasks.markdown import md, table
from tasks.outcome import PhaseOutcome, RunOutcome
from tasks.report import measured, merged, places_of, review_line, verdict_line
from tasks.report_speed import speed_rows
from tasks.wording import moment, short, span


def markdown(outcome: RunOutcome) -> str:
    """The run for a Prefect artifact."""
    parts = [f"# {md(outcome.plan)}: {outcome.outcome}", md(verdict_line(outcome))]
    rows = [
        [f"{one.number} {one.name}", one.outcome, str(one.attempts), merged(one), span(one.seconds)]
        for one in outcome.phases
    ]
    parts.append(table(["phase", "outcome", "rounds", "merged", "time"], rows))
    for phase in outcome.phases:
        parts += _phase(phase)
    if speeds := speed_rows(outcome):
        parts += ["## Speed and size", table(HEADS, speeds)]
    if (found := matrix.matrix_of(outcome)).rows:
        parts += ["## Requirements", table(matrix.HEADS, found.rows)]
    if outcome.steps:
        steps = [[one.step, one.outcome, one.text, short(one.commit), span(one.seconds)] for one in outcome.steps]
        parts += ["## Release", table(["step", "outcome", "", "commit", "time"], steps)]
    parts += [f"> **Notice:** {md(notice)}" for notice in outcome.notices]
    return "\n\n".join(parts) + "\n"


def _phase(phase: PhaseOutcome) -> Iterator[str]:
    yield f"## {phase.number} {md(phase.name)}: {phase.outcome}"
    if phase.reason:
        yield md(phase.reason)
    if phase.checks:
        rows = [[one.check, one.outcome, measured(one)] for one in phase.checks]
        yield table(["check", "outcome", "measured"], rows)
    if waived := [(one, finding) for one in phase.checks for finding in one.waived]:
        allowed = [[one.check, finding.rule or "", finding.headline, finding.reason] for one, finding in waived]
        yield table(["check", "waived rule", "where", "reason"], allowed)
    rows = [
        [one.name, one.outcome, str(one.attempts), span(one.seconds), short(one.commit), one.reason or ""]
        for one in phase.assignments
    ]
    if rows:
        yield table(["assignment", "outcome", "attempts", "time", "commit", "reason"], rows)
    if phase.conflicts:
        yield table(CONFLICT_HEADS, [conflict_row(one) for one in phase.conflicts])
    if phase.review:
        yield md(review_line(phase.review))
    yield from (f"> **Escalated:** {md(reason)}" for reason in phase.escalations)


CONFLICT_HEADS = ("who", "whom", "level", "where", "since", "resolved")


def conflict_row(conflict: Conflict) -> tuple[str, ...]:
    """A conflict in a table, under `CONFLICT_HEADS`; times are UTC."""
    resolved = moment(conflict.resolved) if conflict.resolved is not None else "no"
    where = "; ".join(places_of(conflict, len(conflict.places)))
    return conflict.ours, conflict.theirs, conflict.level, where, moment(conflict.since), resolved
