"""Baselines: figures of speed and size, measured before a phase's work begins, and kept in memory with evidence.

They are there for people, and for agents that read memory: what was it like before? No gate judges by them, for another
hour has another load; a gate measures the base again, in turns with the candidate.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from gates.checks import Check
from gates.slo import Limits, Report
from gates.speed.estimates import interval
from tasks import slo
from tasks.before import Before
from tasks.errors import Interrupted, SparcError
from tasks.exam import Exam, redaction_of
from tasks.ground import Ground
from tasks.hub import Hub
from tasks.memory import Memory

BASELINES = "baselines"


def figures(exam: Exam, checks: Sequence[Check]) -> tuple[Before, ...]:
    """What each check of the kind `slo` looks at, on the exam's tree alone. Raises Interrupted, and nothing else."""
    opened: list[Path] = []
    with ExitStack() as scratch:
        try:
            ground = Ground(exam, scratch, opened)
        except (SparcError, OSError) as problem:
            found = [_before(check, Report(problem=str(problem))) for check in checks]
        else:
            found = [_before(check, _report(ground, check)) for check in checks]
    redaction = redaction_of(exam, opened)
    return tuple(Before.model_validate(redaction.json(each.model_dump(mode="json"))) for each in found)


def _report(ground: Ground, check: Check) -> Report:
    try:
        return Report.model_validate(slo.alone(ground, cast("Limits", check.limits)).notes)
    except Interrupted:
        raise
    except (SparcError, OSError) as problem:
        return Report(problem=str(problem))


def _before(check: Check, report: Report) -> Before:
    limits = cast("Limits", check.limits)
    about: dict[str, Any] = {"check": check.label, "measure": limits.measure, "unit": limits.unit}
    if report.problem or not report.candidate:
        return Before(**about, problem=report.problem or "it was not measured")
    low, median, high = interval(report.candidate)
    return Before(**about, figure=median, low=low, high=high, runs=len(report.candidate))


def key_of(plan: str, phase: str) -> str:
    """Where memory has the baseline of a phase."""
    return f"{plan}/{BASELINES}/{phase}.json"


def kept(memory: Memory, hub: Hub, phase: str) -> dict[str, Any] | None:
    """What this run has measured for a phase already."""
    mine = [entry for entry in memory.history(key_of(hub.plan, phase)) if entry.run == hub.run]
    return mine[-1].value if mine and isinstance(mine[-1].value, dict) else None


def keep(memory: Memory, hub: Hub, phase: str, commit: str, value: dict[str, Any]) -> None:
    """Put it into memory."""
    memory.put(key_of(hub.plan, phase), value, run=hub.run, commit=commit)
