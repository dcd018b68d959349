"""From a plan file to a `Plan`, or to everything that is wrong with it, each with its line.

Text -> nodes -> data -> plan. What cannot be read at all ends the reading; from there on problems are gathered, and
what is sound is checked although something else is not.
"""

import os
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from flows.inspect_plan import inspect_data
from flows.places import Lines
from flows.plan import Plan
from flows.plan_errors import problems_of
from flows.plan_nodes import read_nodes
from flows.plan_text import compose_file
from gates.paths import shown
from tasks.errors import PlanInvalid, Problem


class Reading(NamedTuple):
    """What a plan file came to."""

    plan: Plan | None
    """The plan, if its parts are sound; they may still not fit together."""
    problems: tuple[Problem, ...]
    lines: Lines


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """The plan in a YAML or JSON file; PlanInvalid with all of its problems."""
    reading = read_plan(Path(path))
    if reading.problems or reading.plan is None:
        raise PlanInvalid(str(Path(path)), reading.problems)
    return reading.plan


def read_plan(path: Path) -> Reading:
    """The plan and its problems, in the order of the file; PlanInvalid when it is no document at all."""
    data = read_nodes(compose_file(path))
    plan, wrong = _validated(data.value)
    problems = list(data.problems)
    for more in (wrong, inspect_data(data.value)):
        told = {found.where for found in problems}
        problems += [found._replace(problem=shown(found.problem)) for found in more if found.where not in told]
    return Reading(plan if not data.problems else None, data.lines.locate(problems), data.lines)


def _validated(data: object) -> tuple[Plan | None, list[Problem]]:
    try:
        return Plan.model_validate(data), []
    except ValidationError as error:
        return None, list(problems_of(error))
