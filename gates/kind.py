"""What a check is made of: its limits, what must run before it, how it measures and how it judges."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import JsonValue

from gates.line_hits import LineHits
from gates.metrics.by_file import ByFile
from gates.model import Frozen
from gates.subject import Subject
from gates.verdict import Verdict


class Runs(StrEnum):
    """Which programs of the target a check needs to have run before it measures."""

    NOTHING = "nothing"
    """It reads the tree, in a worker process of ours."""
    SUITE = "suite"
    """The target's tests, in the target's environment; one run serves every check that needs it."""
    COMMAND = "command"
    """A program that the plan names, in the target's environment."""
    PROBE = "probe"
    """Programs of its own making, in rooms of its own: `tasks/probes.py` knows which."""


def _never(_: Frozen) -> bool:
    return False


class Kind(NamedTuple):
    """A check: its limits, what it needs, how it measures, how it judges."""

    limits: type[Frozen]
    runs: Runs
    measure: Callable[[Any, Subject], JsonValue]
    """From limits and subject to a report (JSON); runs in a worker process; raises Unmeasurable."""
    judge: Callable[[Any, Any], Verdict]
    """From limits and report to a verdict; pure."""
    compares: Callable[[Any], bool] = _never
    """From limits to whether it looks at the base commit's tree as well."""
    of_change: bool = False
    """Whether it speaks of what somebody brings, and not of a state: going back to a state is not asked for it."""
    hears: bool = False
    """Whether it looks at what the named checks of its gate came to, and is measured after them."""
    executed: "Callable[[Any, Any], tuple[LineHits, ...]] | None" = None
    """From limits and report to the lines that were seen executed or not, for whoever exports them."""
    by_file: ByFile | None = None
    """How figures of single files, which are kept, make its report: for one that is made of them; as `measure` does."""
