"""What the five SPARC phases ask by default, and what a phase of a plan asks after all."""

from collections.abc import Iterable

from flows.plan import Plan
from gates.checks import Check
from gates.texts import Texts

COMPLETION = "completion"
"""The phase that asks again whatever the phases before it asked."""


def _checks(*asked: object) -> tuple[Check, ...]:
    return tuple(Check.model_validate(check) for check in asked)


def _heading(word: str) -> dict[str, object]:
    return {"contains": {"pattern": rf"(?i)^#+ .*\b{word}"}}


_REFINEMENT = _checks(
    "deliverables",
    "tests",
    {"coverage": {"at_least": 80}},
    {"bandit": {"severity": "medium"}},
    {"radon": {"complexity": "C", "maintainability": None}},
)

DEFAULT_GATES: dict[str, tuple[Check, ...]] = {
    "specification": _checks("deliverables"),
    "pseudocode": _checks("deliverables", {"contains": {"pattern": r"\bO\(.+\)"}}),
    "architecture": _checks("deliverables", _heading("component"), _heading("interface")),
    "refinement": _REFINEMENT,
    COMPLETION: _REFINEMENT,
}
"""Phase -> its checks, before completion adds those of the plan's earlier phases."""


def gate_of(plan: Plan, phase: str) -> tuple[Check, ...]:
    """The checks that close a phase: its own, else its default; KeyError where it has neither.

    Completion by default asks the refinement default and everything that the phases before it asked, once each.
    """
    own = plan.phases[phase].gate
    if own is not None:
        return own
    asked = list(DEFAULT_GATES[phase])
    for earlier in _before(plan, phase) if phase == COMPLETION else ():
        bound = [_bound(check, _promised(plan, [earlier])) for check in gate_of(plan, earlier)]
        asked += [check for check in bound if check not in asked]
    return tuple(asked)


def deliverables_of(plan: Plan, phase: str) -> tuple[str, ...]:
    """What the check `deliverables` looks for at the end of a phase, in plan order and once each.

    The deliverables of its assignments; where completion asks everything again, those of the phases before it as well.
    """
    everything = phase == COMPLETION and plan.phases[phase].gate is None
    return _promised(plan, [*(_before(plan, phase) if everything else ()), phase])


def asked_once(plan: Plan) -> dict[str, tuple[Check, ...]]:
    """Phase -> the checks of its gate that no phase before it asks in the same words and about the same files."""
    known: set[str] = set()
    asked: dict[str, tuple[Check, ...]] = {}
    for phase in plan.phases:
        meanings = {_meaning(plan, phase, check): check for check in gate_of(plan, phase)}
        asked[phase] = tuple(check for meaning, check in meanings.items() if meaning not in known)
        known |= meanings.keys()
    return asked


def _meaning(plan: Plan, phase: str, check: Check) -> str:
    """What a check of a phase asks, wherever it is asked."""
    about = deliverables_of(plan, phase) if check.name == "deliverables" else ()
    text = _bound(check, deliverables_of(plan, phase)).model_dump_json()
    return "\n".join([text.replace("{phase}", phase), *about])


def _before(plan: Plan, phase: str) -> tuple[str, ...]:
    names = tuple(plan.phases)
    return names[: names.index(phase)]


def _promised(plan: Plan, phases: Iterable[str]) -> tuple[str, ...]:
    works = (work for phase in phases for work in plan.phases[phase].assignments.values())
    return tuple(dict.fromkeys(promised for work in works for promised in work.deliverables))


def _bound(check: Check, deliverables: tuple[str, ...]) -> Check:
    """A check on text without paths means its own phase's deliverables, wherever else it is asked again."""
    if isinstance(check.limits, Texts) and not check.limits.paths:
        return Check(name=check.name, limits=check.limits.model_copy(update={"paths": deliverables}))
    return check
