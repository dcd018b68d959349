"""Every kind of agent, on one screen; and the environment in which one works."""

import fnmatch
from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.agents.asking import Agent
from tasks.agents.claude import ClaudeAgent
from tasks.agents.command import CommandAgent
from tasks.agents.refuse import RefusingAgent
from tasks.agents.replay import ReplayAgent
from tasks.agents.spec import AgentSpec

AGENTS: dict[str, Callable[[AgentSpec, Path], Agent]] = {
    "command": lambda spec, plan_dir: CommandAgent(spec.command or ()),  # noqa: ARG005 - one signature for all
    "claude": lambda spec, plan_dir: ClaudeAgent(spec.claude),  # type: ignore[arg-type]  # noqa: ARG005
    "replay": lambda spec, plan_dir: ReplayAgent(plan_dir / (spec.replay or "")),
    "refuse": lambda spec, plan_dir: RefusingAgent(spec.refuse or ""),  # noqa: ARG005
}
ALWAYS = ("PATH", "LANG", "LC_*", "TERM")


def agent_of(spec: AgentSpec, plan_dir: Path) -> Agent:
    """The agent that a plan describes."""
    return AGENTS[spec.kind](spec, plan_dir)


def base_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """What every foreign program sees of the caller's environment."""
    return {name: value for name, value in caller.items() if any(fnmatch.fnmatchcase(name, glob) for glob in ALWAYS)}


def environment_of(spec: AgentSpec, caller: Mapping[str, str], home: Path, scratch: Path) -> dict[str, str]:
    """Declared names only: what every program needs, what this agent was promised, and a HOME of its own."""
    named = {name: caller[name] for name in spec.env if name in caller}
    lent = Path(caller["HOME"]) if spec.home and "HOME" in caller else home
    return base_environment(caller) | named | {"HOME": str(lent), "TMPDIR": str(scratch)}
