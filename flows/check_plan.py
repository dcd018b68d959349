"""What `sparc check` says of a plan: its problems, and the shape of its work."""

import math
import os
from collections.abc import Iterable
from pathlib import Path

import yaml
from pydantic import JsonValue

from flows.default_gates import gate_of
from flows.inspect_plan import warnings
from flows.inspect_waivers import unknown_rules
from flows.places import Lines
from flows.plan import Plan
from flows.programs import missing_files, missing_programs
from flows.read_plan import read_plan
from flows.schedule import critical_path, graph, layers
from gates.checks import Check
from gates.model import Frozen
from tasks.errors import PlanInvalid, Problem


class Remark(Frozen):
    """A problem or a warning, and where it is."""

    where: str
    """Dotted place in the plan; empty for the whole file."""
    line: int | None
    """Line in the file, from 1."""
    problem: str


class PhaseShape(Frozen):
    """One phase: its work, and what closes it."""

    name: str
    assignments: int
    layers: tuple[tuple[str, ...], ...]
    """Generations of assignments; nothing needs anything of its own generation."""
    critical_path: tuple[str, ...]
    """The longest chain of needs by number of assignments."""
    gate: tuple[str, ...]
    """Its checks, each with its limits."""


class Inspection(Frozen):
    """The answer of `sparc check --json`."""

    ok: bool
    problems: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()
    phases: tuple[PhaseShape, ...] = ()
    """In the order in which they run; empty when there are problems."""
    assignments: int = 0
    parallelism: int = 0
    """Assignments of the largest layer of any phase: what could run at once if nothing else bounded it."""


def check_plan(path: str | os.PathLike[str]) -> Inspection:
    """Everything that can be said of a plan file without running it; never raises for a bad plan."""
    place = Path(path)
    try:
        plan, problems, lines = read_plan(place)
    except PlanInvalid as invalid:
        return Inspection(ok=False, problems=_remarks(invalid.problems))
    if plan is None:
        return Inspection(ok=False, problems=_remarks(problems))
    return _inspection(plan, problems, lines, place.resolve().parent)


def _inspection(plan: Plan, found: Iterable[Problem], lines: Lines, plan_dir: Path) -> Inspection:
    problems = lines.locate([*found, *missing_programs(plan, plan_dir)])
    shapes = () if problems else tuple(_shape(plan, name) for name in plan.phases)
    return Inspection(
        ok=not problems,
        problems=_remarks(problems),
        warnings=_remarks(lines.locate([*warnings(plan), *unknown_rules(plan), *missing_files(plan, plan_dir)])),
        phases=shapes,
        assignments=sum(shape.assignments for shape in shapes),
        parallelism=max((len(layer) for shape in shapes for layer in shape.layers), default=0),
    )


def _remarks(problems: Iterable[Problem]) -> tuple[Remark, ...]:
    return tuple(Remark(where=found.where, line=found.line, problem=found.problem) for found in problems)


def _shape(plan: Plan, phase: str) -> PhaseShape:
    needs = graph(plan.phases[phase].assignments)
    return PhaseShape(
        name=phase,
        assignments=len(needs),
        layers=layers(needs),
        critical_path=critical_path(needs),
        gate=tuple(stated(check) for check in gate_of(plan, phase)),
    )


def stated(check: Check) -> str:
    """A check as a plan has it, in one line and without defaults: `coverage: {at_least: 95, branch: true}`."""
    limits = check.limits.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    if not limits:
        return check.name
    # a name first, as people write it
    written = {check.name: _whole({key: limits[key] for key in sorted(limits, key=lambda key: key != "name")})}
    text = yaml.safe_dump(written, default_flow_style=True, width=math.inf, sort_keys=False, allow_unicode=True)
    return text.strip()[1:-1]


def _whole(value: JsonValue) -> JsonValue:
    """The same with 95 for 95.0, which nobody writes."""
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
