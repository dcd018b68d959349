"""Checks that run the target in their own way (`Runs.PROBE`): by the name of the check, what they run, and where.

A probe starts programs of the target in rooms of the ground and says what they left; `measure` of its check, in a
worker, reads that. What a probe has measured itself goes into `notes`, which no program of the target can reach.
"""

from gates import traceability
from tasks import audit_probe, red_green, ruff_probe, slo, stub_probe, types_probe
from tasks.probing import Probe, Probing
from tasks.suite_run import Left

__all__ = ["PROBES", "Probe", "Probing"]


def _suite(probing: Probing) -> Left | None:
    """The shared run of the tests, where the check wants to know what became of them."""
    limits = probing.check.limits
    return probing.suite() if isinstance(limits, traceability.Limits) and limits.executed else None


PROBES: dict[str, Probe] = {
    "dependencies": audit_probe.probe,
    "ruff": ruff_probe.probe,
    "types": types_probe.probe,
    "slo": slo.probe,
    "traceability": _suite,
    "red_green": red_green.probe,
    "stub_probe": stub_probe.probe,
}
"""One for each check that says so; raises SparcError for what makes measuring impossible."""
