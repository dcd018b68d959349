"""What a probe is given: a check, the ground of its gate, and the shared run of the target's tests."""

from collections.abc import Callable
from typing import NamedTuple

from gates import tests
from gates.checks import Check
from tasks.ground import Ground
from tasks.suite_run import Left


class Probing(NamedTuple):
    """What a probe is given."""

    check: Check
    ground: Ground
    suite: Callable[[], Left]
    """The run of the target's tests that `tests` and `coverage` look at, made once for all who ask."""
    tested: tests.Limits
    """With which limits that run is made."""


Probe = Callable[[Probing], Left | None]
"""What programs of the target left; None where, with these limits, none are needed."""
