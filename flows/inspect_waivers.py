"""What a plan's waivers are to its gates: rules that some check knows, and that something was waived by."""

from collections.abc import Iterator

from flows.default_gates import gate_of
from flows.places import inside
from flows.plan import Plan
from gates import waivers
from tasks.errors import Problem
from tasks.events import CheckEnded
from tasks.journal import Journal
from tasks.waivers_told import doubts, names, told_idle


def unknown_rules(plan: Plan) -> Iterator[Problem]:
    """A warning for each waiver whose rule no check knows; without a likely name only if none could."""
    asked = names(check for phase in plan.phases for check in gate_of(plan, phase))
    asked |= names(
        check for phase in plan.phases.values() for work in phase.assignments.values() for check in work.gate
    )
    for doubt in doubts(plan.waivers, asked):
        yield Problem(inside("waivers", doubt.place, "rule"), None, doubt.sentence)


def idle_waivers(plan: Plan, journal: Journal) -> Iterator[str]:
    """A sentence for each waiver that allowed nothing in the whole run."""
    ended = (event for event in journal.read() if isinstance(event, CheckEnded)) if plan.waivers else ()
    waived = [finding for event in ended for finding in event.verdict.waived]
    for waiver in waivers.idle(plan.waivers, waived):
        yield told_idle(waiver, "in this run: the plan")
