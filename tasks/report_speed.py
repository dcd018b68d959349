"""What a run's report says of speed and size: one row for each limit, before the work and after it."""

from tasks.before import Answer, rows
from tasks.outcome import RunOutcome


def speed_rows(outcome: RunOutcome) -> tuple[tuple[str, ...], ...]:
    """What is known of speed and size, before the work and at the newest gates, under `tasks.before.HEADS`."""
    befores = [figure for phase in outcome.phases for figure in phase.before]
    checks = [check for phase in outcome.phases for check in phase.checks]
    return rows(befores, [Answer(one.check, one.outcome, one.measured, one.limit) for one in checks])
