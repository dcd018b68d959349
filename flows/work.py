"""What the flows of one run share, made from its folder alone: any of them can be started again by itself."""

import asyncio
import os
from collections.abc import Awaitable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.exceptions import MissingResult

from flows.look_around import Watch
from flows.plan import Phase, Plan
from flows.read_plan import load_plan
from tasks.agents.registry import base_environment
from tasks.errors import Blocked, CalledOff
from tasks.hooks import Surroundings
from tasks.hub import Hub
from tasks.isolation import Confinement, confinement
from tasks.journal import Journal
from tasks.kept_verdicts import KeptVerdicts
from tasks.memory import Memory, aopen_memory
from tasks.plan_copy import refuse_changed
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder, RunRecord
from tasks.signing import signer_of
from tasks.threads import in_thread

T = TypeVar("T")
at_terminal: ContextVar[bool] = ContextVar("at_terminal", default=False)
"""Whether a person can be asked in this terminal; no parameter of the flow, whose form would ask for it."""


@dataclass(frozen=True)
class Work:
    """One run: what was asked, and where everything is."""

    folder: RunFolder
    yes: bool = False
    """Approve reviews without asking, and say so in the evidence."""
    terminal: bool = False
    """Whether a person sits at a terminal and can be asked."""
    fingerprint: str | None = None
    """Of the plan with which the run began in this process; None: as its record says."""
    env: dict[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    """The caller's environment, to choose declared names from."""

    @cached_property
    def record(self) -> RunRecord:
        """What was asked for."""
        return self.folder.record

    @cached_property
    def plan(self) -> Plan:
        """The plan, from the run's own copy. Raises Blocked if that is not what it was."""
        self.refuse_changed_plan()
        return load_plan(self.folder.plan_dir / self.record.plan_file)

    def refuse_changed_plan(self) -> None:
        """Raise Blocked if somebody changed the plan, or what lies beside it, since the run began."""
        refuse_changed(self.folder, self.fingerprint or self.record.fingerprint)

    @cached_property
    def repository(self) -> Repository:
        """The user's repository."""
        return open_repository(self.record.repository)

    @cached_property
    def hub(self) -> Hub:
        """The run's own. Raises Refused if the plan's key cannot sign any more."""
        signing = self.plan.signing
        signer = signer_of(signing.key, self.env) if signing else None
        return Hub(self.folder.hub, self.folder.run, self.record.plan, self.record.start, signer)

    @cached_property
    def confinement(self) -> Confinement:
        """How foreign programs are kept from the machine. Raises Refused if the plan's wish cannot be had here."""
        keys = (self.hub.signer.key,) if self.hub.signer else ()
        return confinement(self.plan.isolation, self.folder.home, *keys)

    @property
    def surroundings(self) -> Surroundings:
        """What hooks find around them."""
        return Surroundings(base_environment(self.env), self.confinement)

    @cached_property
    def kept(self) -> KeptVerdicts:
        """What was measured in this run, by what was asked."""
        return KeptVerdicts.read(self.hub.git, self.folder.run)

    @property
    def journal(self) -> Journal:
        """What happened."""
        return Journal(self.folder.journal)

    async def open_memory(self) -> Memory:
        """What the repository's runs have left. Raises Refused when its storage cannot be used."""
        root = await in_thread(self.repository.root_commit, self.record.start)
        return await aopen_memory(self.record.memory, self.folder.home, root)


@dataclass(frozen=True)
class PhaseWork:
    """One phase of a run."""

    work: Work
    number: int
    """From 1."""
    name: str
    guidance: str

    @property
    def phase(self) -> Phase:
        """The phase as planned."""
        return self.work.plan.phases[self.name]

    @property
    def about(self) -> dict[str, Any]:
        """What every event of this phase begins with."""
        return {"number": self.number, "phase": self.name}

    @cached_property
    def branch(self) -> str:
        """Full name of the phase's branch, which exists from here on."""
        return self.work.hub.open_phase(self.number, self.name)

    @cached_property
    def watch(self) -> Watch:
        """Looks out for conflicts between what the phase's attempts left."""
        return Watch(self.work.hub, self.work.journal, self.number, self.name, self.work.open_memory)

    @cached_property
    def agents_at_once(self) -> asyncio.Semaphore:
        """Who may be asked at the same time."""
        return asyncio.Semaphore(self.work.plan.resources.agents or agents_for_this_machine())

    @cached_property
    def checks_at_once(self) -> asyncio.Semaphore:
        """What may be measured at the same time: checks use processors, not waiting time."""
        return asyncio.Semaphore(max(os.cpu_count() or 1, 2))

    @cached_property
    def merging(self) -> asyncio.Lock:
        """Merges into the phase's branch take turns, so that none is lost to another and made anew."""
        return asyncio.Lock()


def agents_for_this_machine() -> int:
    """How many agents at once: eight a core less what the machine is busy with, half a gigabyte of free memory each.

    Agents wait for their models most of the time; what limits them is memory (140 to 820 MB each, as measured).
    """
    by_cores = 8 * (os.cpu_count() or 1) - 4 * int(os.getloadavg()[0])
    return max(2, min(by_cores, _free_memory() // (512 << 20)))


def _free_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else []
    available = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(available[0]) * 1024 if available else 4 << 30


async def value_of(call: "State[T] | Awaitable[State[Any]]") -> T:
    """What a task or flow returned, also when it put it into a failed state; raises what it raised.

    `call` is the call itself with `return_state=True`, not awaited: Prefect's types leave that await out.
    """
    state = await cast("Awaitable[State[Any]]", call)
    if state.is_cancelling():  # which Prefect keeps, whatever the flow has returned
        raise CalledOff("cancelled in Prefect")
    try:
        value = await state.aresult(raise_on_failure=False)
    except MissingResult as lost:  # a busy server that had taken the end already, and was told once more
        raise Blocked("the Prefect server lost what a step came to; git has it: resume") from lost
    if isinstance(value, BaseException):
        raise value
    return cast("T", value)
