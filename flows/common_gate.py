"""One gate from several: what assignments ask of their own work, asked once of a tree that has the work of all.

The same check with the same limits is asked once. A check means its own assignment: paths that it leaves out are that
one's deliverables, `{assignment}` in a command is its name. Tests are run as each assignment's own gate would run them,
so those whose gates run them differently are asked apart; and so is a gate in which one check looks at the others'.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gates import tests
from gates.checks import Check, Runs
from gates.deliverables import Limits as Deliverables
from tasks.kept_verdicts import meant


class Gate(NamedTuple):
    """Checks of one assignment."""

    assignment: str
    checks: tuple[Check, ...]
    deliverables: tuple[str, ...]
    """What its checks look for where they name no files."""

    @property
    def bound(self) -> tuple[Check, ...]:
        """Its checks, so that they mean the same wherever they are asked."""
        return tuple(meant(check, self.deliverables, {"assignment": self.assignment}) for check in self.checks)


class Part(NamedTuple):
    """What can be asked together."""

    checks: tuple[Check, ...]
    deliverables: tuple[str, ...]


def common(gates: Sequence[Gate]) -> tuple[Part, ...]:
    """The checks of all gates, each of them once."""
    parts: dict[str, dict[str, Check]] = {}
    for gate in gates:
        hears = any(check.kind.hears for check in gate.checks) and any(check.own_name for check in gate.checks)
        for check in gate.bound:
            suite = _suite(gate.checks) if check.kind.runs in (Runs.SUITE, Runs.PROBE) else ""
            suite = f"{gate.assignment}: {_suite(gate.checks)}" if hears else suite
            parts.setdefault(suite, {}).setdefault(check.model_dump_json(), check)
    promised = tuple(dict.fromkeys(_promised(gates)))
    return tuple(Part(tuple(checks.values()), promised) for checks in parts.values())


def _suite(checks: Iterable[Check]) -> str:
    """How a gate runs the tests: by the limits of the first check that has any."""
    first = (check.limits for check in checks if isinstance(check.limits, tests.Limits))
    return next(first, tests.Limits()).model_dump_json()


def _promised(gates: Iterable[Gate]) -> Iterable[str]:
    """What the check `deliverables` looks for: the files of those that ask it."""
    for gate in gates:
        if any(isinstance(check.limits, Deliverables) for check in gate.checks):
            yield from gate.deliverables
