"""The plan language, version 1: what is to be built, by whom, and what must be true of it."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from gates.checks import Check
from gates.model import Count, Duration, Flag, Frozen
from gates.waivers import Waiver
from tasks.agents.spec import AgentSpec, Argv, VariableName
from tasks.assignment import Assignment, Conflicts, Name, Text, WorkspaceKind
from tasks.isolation import Isolation
from tasks.target import Environment

MINUTE = 60.0
DAY = 86_400.0

_NO_BRANCH = re.compile(
    r"^$|^[-/]|[/.]$|^@$|^HEAD$|^refs/|\.\.|//|@\{|(^|/)\.|\.lock(/|$)|[\x00-\x20\x7f~^:?*\[\\]",
)
"""What git's check-ref-format refuses, and names that mean more than a branch."""


def _branch(name: str) -> str:
    if _NO_BRANCH.search(name):
        raise ValueError(f"{name!r} is no name of a branch; write it as `git branch` shows it, main for instance")
    return name


def _asks_something(gate: object) -> object:
    if isinstance(gate, list | tuple) and not gate:
        raise ValueError(
            "is empty, and a gate that measures nothing never passes: "
            "name at least one check, [deliverables] for instance, or leave it out for the phase's default"
        )
    return gate


Positive = Annotated[Count, Field(ge=1)]
Branch = Annotated[str, AfterValidator(_branch)]
"""A branch of the repository, without `refs/heads/`."""
Gate = Annotated[tuple[Check, ...], Field(min_length=1), BeforeValidator(_asks_something)]
Commands = tuple[Argv, ...]
Remote = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""The name of a remote of the repository, `origin` for instance."""


class Defaults(Frozen):
    """What holds wherever the plan says nothing else."""

    agent: Name | None = None
    """Whom to ask, by its name in `agents`; by default the only agent there is."""
    timeout: Duration = 30 * MINUTE
    """How long one ask may take."""
    attempts: Positive = 3
    """How many rounds a phase may take."""
    review_timeout: Duration = 7 * DAY
    """How long a review waits for a person."""
    conflicts: Conflicts = "first-wins"
    """What becomes of work that conflicts with what was merged before it."""
    workspace: WorkspaceKind = "full"
    """Which files an attempt's workspace holds."""


class Resources(Frozen):
    """What a run may use of the machine."""

    agents: Positive | None = None
    """At most this many agents at once; by default decided from the machine."""


class Release(Frozen):
    """What happens once every gate has passed."""

    into_base: bool = True
    """Merge the plan's branch into its base; otherwise the result stays on `sparc/<plan>`."""
    push: Remote | None = None
    """Push the released branch and the tags to this remote; never forced."""
    pull_request: Flag = False
    """Write the text of a pull request instead of merging; with `push`, the plan's branch is pushed for it."""
    deploy: Commands = ()
    """Commands that deploy the release, each on a throwaway checkout of it; when one fails, it is rolled back."""
    verify: Commands = ()
    """Commands that look at what was deployed, likewise."""
    env: tuple[VariableName, ...] = ()
    """Names of variables of the caller that these commands may see; no agent and no gate sees them for that."""


class Signing(Frozen):
    """With what merges are signed."""

    key: Text
    """Path of a private SSH key without a passphrase, `~/.ssh/sparc` for instance; its public half lies beside it."""


def _named(value: object) -> object:
    named = [value] if isinstance(value, str) else value
    if isinstance(named, bool) or (isinstance(named, list | tuple) and all(isinstance(name, str) for name in named)):
        return named
    raise ValueError("expected true, or a list of names of checks slo: [parse] for instance")


Baseline = Annotated[bool | tuple[str, ...], BeforeValidator(_named)]
"""All checks `slo` of the phase's gate and of later ones, or those that are named."""


class Hooks(Frozen):
    """What is done around a phase; commands, each on a throwaway checkout of its current tree, but for the baseline."""

    baseline: Baseline = False
    """Before the first ask, measure the figures of checks `slo` (true: of all from this phase on) and keep them."""

    before: Commands = ()
    """Before the first ask; a failure blocks."""
    after: Commands = ()
    """After the phase passed; a failure is a warning."""
    gate: Commands = ()
    """Before the gate measures; a failure blocks."""
    escalate: Commands = ()
    """When the gate has failed twice; a failure is a warning."""


class Phase(Frozen):
    """Assignments that may run concurrently, closed by one gate."""

    assignments: Annotated[dict[Name, Assignment], Field(min_length=1)]
    """A name -> a piece of work."""
    gate: Gate | None = None
    """Checks that all must pass; by default those of the SPARC phase of this name."""
    review: tuple[Text, ...] = ()
    """Points that a person signs off after the checks."""
    review_timeout: Duration | None = None
    """How long the review waits; by default the plan's default."""
    attempts: Positive | None = None
    """How many rounds this phase may take; by default the plan's default."""
    conflicts: Conflicts | None = None
    """What becomes of work that conflicts with what was merged before it; by default the plan's default."""
    hooks: Hooks = Hooks()


class Plan(Frozen):
    """What is to be built: agents, phases, gates."""

    sparc: Annotated[Literal[1], Field(json_schema_extra={"default": 1})]  # forms send no constant without it
    """Version of the plan language."""
    name: Name
    """Names branches and memory."""
    goal: str = ""
    """Background that every assignment's context carries."""
    base: Branch | None = None
    """Branch to start from and to release into; by default the repository's current branch."""
    agents: Annotated[dict[Name, AgentSpec], Field(min_length=1)]
    """A name -> an agent that may be asked."""
    defaults: Defaults = Defaults()
    environment: Environment = Environment()
    resources: Resources = Resources()
    isolation: Isolation | None = None
    """How agents and the target's programs are kept from the machine; by default the best that there is, announced."""
    signing: Signing | None = None
    """Sign every merge with an SSH key."""
    phases: Annotated[dict[Name, Phase], Field(min_length=1)]
    """A name -> a phase; they run in the order written."""
    release: Release = Release()
    waivers: tuple[Waiver, ...] = ()
    """What gates allow on purpose: a rule, the files in which it may be broken, and the reason."""

    @property
    def default_agent(self) -> str | None:
        """Whom an assignment asks that names no agent: the default, else the only agent there is."""
        only = next(iter(self.agents)) if len(self.agents) == 1 else None
        return self.defaults.agent or only

    def agent_of(self, assignment: Assignment) -> str:
        """Name of the agent to ask; LookupError when none is chosen, which `inspect` reports beforehand."""
        name = assignment.agent or self.default_agent
        if name is None:
            raise LookupError("no agent is chosen for this assignment")
        return name

    def timeout_of(self, assignment: Assignment) -> float:
        """Seconds that one ask of this assignment may take."""
        return self.defaults.timeout if assignment.timeout is None else assignment.timeout

    def attempts_of(self, phase: Phase) -> int:
        """Rounds that this phase may take."""
        return self.defaults.attempts if phase.attempts is None else phase.attempts

    def review_timeout_of(self, phase: Phase) -> float:
        """Seconds that this phase's review waits for a person."""
        return self.defaults.review_timeout if phase.review_timeout is None else phase.review_timeout

    def conflicts_of(self, phase: Phase, assignment: Assignment) -> Conflicts:
        """What becomes of this assignment's work when it conflicts."""
        return assignment.conflicts or phase.conflicts or self.defaults.conflicts

    def workspace_of(self, assignment: Assignment) -> WorkspaceKind:
        """Which files this assignment's workspace holds."""
        return assignment.workspace or self.defaults.workspace
