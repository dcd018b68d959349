"""Everything that may go wrong, and who is told what.

SparcError
├── Refused         exit 2: nothing was started (arguments, settings, repository, run ids)
│   └── PlanInvalid     the plan's problems, all of them
├── Blocked         exit 1: a gate, a review, a conflict, spent attempts, the machine; `sparc resume` goes on from there
└── Interrupted     exit 130: a person or a signal ended it; resumable as well
    └── CalledOff       somebody cancelled it in Prefect

Each carries a sentence that says what, where and what to do. Anything else that is raised is a bug of ours (exit 3).
"""

from collections.abc import Sequence
from typing import NamedTuple


class SparcError(Exception):
    """The root of every error with a sentence for the user."""


class Refused(SparcError):
    """Nothing was started: the request itself cannot be served."""


class Problem(NamedTuple):
    """One thing wrong with a plan."""

    where: str
    """Dotted place in the plan, `phases.refinement.assignments.posting.needs`; empty for the whole file."""
    line: int | None
    """Line in the file, from 1; None when the plan did not come from a file."""
    problem: str
    """What is wrong, and what was expected."""


class PlanInvalid(Refused):
    """A plan that cannot be run; carries every problem found."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(
                ": ".join(
                    part
                    for part in (f"{source}:{found.line}" if found.line else source, found.where, found.problem)
                    if part
                )
                for found in self.problems
            )
        )


class Blocked(SparcError):
    """The run stops here with everything kept; a later resume goes on."""


class Interrupted(SparcError):
    """Ended from outside; a later resume goes on."""


class CalledOff(Interrupted):
    """Somebody cancelled it in Prefect; a later resume goes on."""
