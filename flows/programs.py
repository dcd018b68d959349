"""Whether the programs that a plan's agents are can be started at all."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from flows.places import inside
from flows.plan import Plan
from tasks.agents.spec import AgentSpec
from tasks.errors import Problem

PLAN_DIR = "{plan_dir}"


def used_agents(plan: Plan) -> dict[str, AgentSpec]:
    """The agents that some assignment asks, in plan order."""
    asked = {work.agent or plan.default_agent for phase in plan.phases.values() for work in phase.assignments.values()}
    return {name: agent for name, agent in plan.agents.items() if name in asked}


def missing_programs(plan: Plan, plan_dir: Path) -> list[Problem]:
    """A problem for every agent in use whose program, or whose folder of recordings, is not there.

    A program given by a relative path, or in the workspace, is found only where it runs, and not looked for here.
    """
    return [
        Problem(inside("agents", name, agent.kind), None, sentence)
        for name, agent in used_agents(plan).items()
        for sentence in _missing(agent, plan_dir)
    ]


def missing_files(plan: Plan, plan_dir: Path) -> list[Problem]:
    """A warning for every argument `{plan_dir}/...` of an agent in use that names nothing."""
    return [
        Problem(inside("agents", name, "command", index), None, f"{_placed(argument, plan_dir)} does not exist")
        for name, agent in used_agents(plan).items()
        for index, argument in enumerate(agent.command or ())
        if index and argument.startswith(f"{PLAN_DIR}/") and not Path(_placed(argument, plan_dir)).exists()
    ]


def _missing(agent: AgentSpec, plan_dir: Path) -> Iterator[str]:
    if agent.command:
        yield from _not_a_program(_placed(agent.command[0], plan_dir))
    elif agent.claude:
        yield from _not_a_program("claude")
    elif agent.replay is not None:
        yield from _not_a_folder(agent.replay, plan_dir)


def _placed(argument: str, plan_dir: Path) -> str:
    return argument.replace(PLAN_DIR, str(plan_dir))


def _not_a_program(program: str) -> Iterator[str]:
    path = Path(program)
    if shutil.which(program) or ("/" in program and not path.is_absolute()):
        return
    if path.is_file():
        yield f"{program} is not executable; chmod +x it, or name what runs it before it"
    elif path.is_absolute():
        yield f"{program} does not exist"
    else:
        yield f"{program} is not on PATH; install it, or name it by its absolute path or {PLAN_DIR}/..."


def _not_a_folder(name: str, plan_dir: Path) -> Iterator[str]:
    try:
        folder = (plan_dir / name).resolve()
        inside_plan = folder.is_relative_to(plan_dir.resolve())
    except (OSError, RuntimeError, ValueError) as problem:  # loops of links, bytes that no path holds
        yield f"{name!r} is no folder of recordings: {problem}"
        return
    if not inside_plan:
        yield f"{name} lies outside of the plan's folder; recordings are kept beside the plan"
    elif not folder.is_dir():
        yield f"there is no folder {name} beside the plan; expected recordings in {folder}"
