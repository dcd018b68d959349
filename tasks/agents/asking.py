"""The seam between sparc and an agent: what is asked, what comes back, and the protocol in between."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tasks.jail import Jail

WORDS = ("plan_dir", "workspace", "run", "phase", "assignment", "attempt")
WORD = re.compile(rf"\{{({'|'.join(WORDS)})\}}")


@dataclass(frozen=True)
class Request:
    """One attempt, as an agent meets it."""

    workspace: Path
    prompt: str
    words: Mapping[str, str]
    """What `{plan_dir}`, `{workspace}`, `{run}`, `{phase}`, `{assignment}` and `{attempt}` stand for."""
    env: Mapping[str, str]
    """The whole environment of the agent."""
    jail: Jail
    """Where it may write."""
    timeout: float
    """Seconds."""
    ended: int
    """How many asks of this assignment in this phase came to an end before; one that was killed is none."""
    log: Path
    """Where its output is kept, capped."""


@dataclass(frozen=True)
class Answer:
    """What came back; what counts is what lies in the workspace."""

    failure: str | None = None
    """Why this attempt cannot count, as a sentence; None: look at what it left."""
    output: str = ""
    """Tail of what it printed, for people."""


class Agent(Protocol):
    """Anything that can be asked."""

    def ask(self, request: Request) -> Answer:
        """Work in the workspace and come back. Raises Interrupted when the run was stopped."""


def replaced(argv: tuple[str, ...], words: Mapping[str, str]) -> tuple[str, ...]:
    """A command list with its words replaced; other braces stay, and words that nothing is known for."""
    return tuple(WORD.sub(lambda match: words.get(match[1], match[0]), argument) for argument in argv)
