"""An agent as a plan describes it: exactly one kind, and what it may see."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from gates.model import Frozen

KINDS = ("command", "claude", "replay", "refuse")

Argv = Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], Field(min_length=1)]
"""A program and its arguments; never a shell line."""
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
WritablePath = Annotated[str, StringConstraints(pattern=r"^/")]
HomePath = Annotated[str, StringConstraints(min_length=1)]


class Claude(Frozen):
    """Claude Code, run headless from PATH."""

    model: str | None = None
    """Model name or alias; the program's default when absent."""
    max_turns: Annotated[int, Field(ge=1)] | None = None
    """Stop after this many turns."""
    max_budget_usd: Annotated[float, Field(gt=0)] | None = None
    """Stop when the session has cost this much, in US dollars."""


class Home(Frozen):
    """Lends the caller's HOME to agents that keep a login there."""

    user: tuple[HomePath, ...]
    """Paths inside HOME that the agent may write, `.claude` for instance."""


class AgentSpec(Frozen):
    """One agent of a plan."""

    command: Argv | None = None
    """Any program: the prompt arrives on standard input, what it leaves in its workspace is its answer."""
    claude: Claude | None = None
    """Claude Code."""
    replay: str | None = None
    """A folder of recorded patches beside the plan, applied in order."""
    refuse: str | None = None
    """An agent that always refuses with this sentence; for trying out plans and in tests."""
    env: tuple[VariableName, ...] = ()
    """Names of variables of the caller that the agent may see."""
    home: Home | None = None
    """Lend the caller's HOME instead of an empty one."""
    writable: tuple[WritablePath, ...] = ()
    """Absolute paths beyond its workspace, HOME and temporary directory that the agent may write."""

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> Self:
        chosen = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(chosen) != 1:
            raise ValueError(
                f"an agent has exactly one of {', '.join(KINDS)}; this one has {' and '.join(chosen) or 'none'}"
            )
        return self

    @property
    def kind(self) -> str:
        """Which of KINDS it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)
