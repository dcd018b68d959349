"""The commands of a deployment: what the person who wrote the plan wants done with a release, and looked at after it.

They change the world outside, on purpose, and so they run without isolation (`isolation: none` in their evidence),
unlike everything else that runs what agents wrote: a jail would have to know which world. What stands between agents
and them is what stands before a release, the gates and the reviews. Each command has a throwaway checkout of the
release, a HOME and a temporary directory of its own, and of the caller's environment PATH, LANG, LC_*, TERM and what
`release: {env: [...]}` names. These names reach no agent and no gate. What is told of a command has their values
replaced by the names.

A kill in the middle means that the commands run again, so they have to be repeatable.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from tasks import evidence
from tasks.agents.asking import replaced
from tasks.agents.registry import base_environment
from tasks.command import Command, run_foreign
from tasks.git import Git
from tasks.hub import Hub
from tasks.redact import Redaction
from tasks.scratch import remove
from tasks.threads import in_thread

TIMEOUT = 30 * 60.0  # seconds for one command
SHOWN = 600  # characters of output in a failure
StepName = Literal["deploy", "verify"]


@dataclass(frozen=True)
class Ran:
    """What came of one command."""

    step: StepName
    command: str
    """With its words replaced, and without secrets."""
    failure: str | None
    """Why it failed, with the tail of its output; None: it ended with exit code 0."""
    seconds: float

    @property
    def record(self) -> dict[str, JsonValue]:
        """What evidence says of it."""
        outcome = "failed" if self.failure else "passed"
        return {"step": self.step, "command": self.command, "outcome": outcome, "failure": self.failure,
                "seconds": self.seconds}  # fmt: skip


@dataclass(frozen=True)
class Deployment:
    """What the commands of a deployment share."""

    git: Git
    """A repository that has the release."""
    commit: str
    """The release."""
    words: Mapping[str, str]
    """What `{run}` and the other words of commands stand for; `{workspace}` is added."""
    caller: Mapping[str, str]
    """The caller's environment."""
    names: Sequence[str]
    """Of which these variables are let through."""

    @property
    def declared(self) -> dict[str, str]:
        """The variables that are let through, as far as the caller has them."""
        return {name: self.caller[name] for name in self.names if name in self.caller}


@task(name="deployment", task_run_name="{step}", cache_policy=NO_CACHE, persist_result=False)
async def run_step(deployment: Deployment, step: StepName, command: tuple[str, ...]) -> Ran:
    """Run one command: see `run_one`."""
    return await in_thread(run_one, deployment, step, command)


def run_one(deployment: Deployment, step: StepName, command: tuple[str, ...]) -> Ran:
    """Run one command on a throwaway checkout of the release. Raises Interrupted when the run was stopped."""
    began = time.monotonic()
    scratch = Path(mkdtemp(prefix=f"sparc-{step}-"))
    try:
        deployment.git.checkout(deployment.commit, scratch / "tree")
        (scratch / "home").mkdir()
        argv, env = _prepared(deployment, command, scratch)
        done = run_foreign(Command(argv, scratch / "tree", env, timeout=TIMEOUT))
    finally:
        remove(scratch)
    redaction = Redaction({scratch / "tree": "workspace", scratch: "scratch"}, deployment.declared)
    shown = redaction.text(" ".join(argv))
    failure = None
    if done.failure or done.code:
        why = done.failure or f"exit code {done.code}"
        said = redaction.text(done.output).strip()[-SHOWN:]  # cut afterwards: half a secret is no longer known as one
        failure = f"{shown}: {why}{': ' + said if said else ''}"
    return Ran(step, shown, failure, round(time.monotonic() - began, 3))


def _prepared(
    deployment: Deployment, command: tuple[str, ...], scratch: Path
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command's arguments and its whole environment."""
    words = {**deployment.words, "workspace": str(scratch / "tree")}
    told = {f"SPARC_{word.upper()}": value for word, value in words.items() if word != "plan_dir"}
    own = {"HOME": str(scratch / "home"), "TMPDIR": str(scratch)} | deployment.declared
    env = base_environment(deployment.caller) | told | {"SPARC_COMMIT": deployment.commit} | own
    return replaced(command, words), env


def keep_deployment(hub: Hub, deployment: Deployment, ran: Sequence[Ran]) -> str:
    """Store what was run, and what came of it, as evidence; its name."""
    outcome = "failed" if any(one.failure for one in ran) else "passed"
    about: dict[str, JsonValue] = {
        "kind": "deployment", "run": hub.run, "plan": hub.plan, "commit": deployment.commit, "outcome": outcome,
        "isolation": "none", "commands": [one.record for one in ran],
    }  # fmt: skip
    (name,) = evidence.keep(hub.git, [about])
    return name
