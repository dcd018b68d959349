"""Checks that run the target in their own way (`Runs.PROBE`): by the name of the check, what they run, and where.

A probe starts programs of the target in rooms of the ground and says what they left; `measure` of its check, in a
worker, reads that. What a probe has measured itself goes into `notes`, which no program of the target can reach.
"""

from collections.abc import Callable
from typing import NamedTuple

from gates.checks import Check
from tasks.ground import Ground
from tasks.suite_run import Left


class Probing(NamedTuple):
    """What a probe is given."""

    check: Check
    ground: Ground
    suite: Callable[[], Left]
    """The run of the target's tests that `tests` and `coverage` look at, made once for all who ask."""


Probe = Callable[[Probing], Left]

PROBES: dict[str, Probe] = {}
"""One for each check that says so; raises SparcError for what makes measuring impossible."""
