"""What a plan's waivers are to its gates: rules that some check knows, and that something was waived by."""

from collections.abc import Iterator

from flows.default_gates import gate_of
from flows.places import inside
from flows.plan import Plan
from gates import waivers
from gates.checks import CHECKS
from gates.rules import FREE, close_to, is_known
from tasks.errors import Problem
from tasks.events import CheckEnded
from tasks.journal import Journal


def unknown_rules(plan: Plan) -> Iterator[Problem]:
    """A warning for each waiver whose rule no check knows; without a likely name only if none could."""
    asked = {check.name for phase in plan.phases for check in gate_of(plan, phase)}
    asked |= {
        check.name for phase in plan.phases.values() for work in phase.assignments.values() for check in work.gate
    }
    anything = bool(asked & FREE or asked - CHECKS.keys())
    for place, waiver in enumerate(plan.waivers):
        close = close_to(waiver.rule)
        if not is_known(waiver.rule) and (close or not anything):
            meant = f"; did you mean {', '.join(close)}?" if close else ""
            sentence = f"no check has a rule {waiver.rule!r}, so that this allows nothing{meant}"
            yield Problem(inside("waivers", place, "rule"), None, sentence)


def idle_waivers(plan: Plan, journal: Journal) -> Iterator[str]:
    """A sentence for each waiver that allowed nothing in the whole run."""
    ended = (event for event in journal.read() if isinstance(event, CheckEnded)) if plan.waivers else ()
    waived = [finding for event in ended for finding in event.verdict.waived]
    for waiver in waivers.idle(plan.waivers, waived):
        paths = ", ".join(waiver.paths)
        yield f"the waiver of {waiver.rule} in {paths} allowed nothing in this run: the plan can do without it"
