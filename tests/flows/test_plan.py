"""The plan as a model: its defaults, its gates, and plans made in Python."""

from typing import Any

import pytest
from pydantic import ValidationError

from flows.default_gates import DEFAULT_GATES, deliverables_of, gate_of
from flows.plan import Phase, Plan
from gates.checks import Check
from tasks.assignment import Assignment


def _work(*deliverables: str, **more: object) -> dict[str, Any]:
    return {"role": "Writer", "prompt": "Write it.", "deliverables": list(deliverables), **more}


def _phase(*deliverables: str, **more: object) -> dict[str, Any]:
    return {"assignments": {"work": _work(*deliverables)}, **more}


def _plan(**more: object) -> Plan:
    phases = {"specification": _phase("docs/spec.md")}
    small = {"sparc": 1, "name": "p", "agents": {"only": {"refuse": "no"}}, "phases": phases}
    return Plan.model_validate({**small, **more})


def test_a_plan_can_be_made_of_plain_values_and_of_parts() -> None:
    phase = Phase(assignments={"work": Assignment(**_work("docs/spec.md"))}, gate=["deliverables"])
    plain = _phase("docs/spec.md", gate=[{"deliverables": {}}])
    plan = Plan(sparc=1, name="p", agents={"only": {"refuse": "no"}}, phases={"specification": phase})
    assert plan == _plan(phases={"specification": plain})


def test_what_is_not_said_has_defaults() -> None:
    plan = _plan()
    work = plan.phases["specification"].assignments["work"]
    assert plan.timeout_of(work) == 1800
    assert plan.attempts_of(plan.phases["specification"]) == 3
    assert plan.review_timeout_of(plan.phases["specification"]) == 7 * 24 * 3600
    assert plan.agent_of(work) == "only"
    assert (plan.base, plan.environment.python, plan.environment.groups, plan.resources.agents) == (
        None,
        ".",
        None,
        None,
    )
    assert plan.release.into_base


def test_what_is_said_nearer_wins() -> None:
    phase = {"assignments": {"work": _work("a", timeout="90s", agent="b")}, "attempts": 1, "review_timeout": "2h"}
    plan = _plan(
        agents={"a": {"refuse": "no"}, "b": {"refuse": "no"}},
        defaults={"agent": "a", "timeout": 5, "attempts": 2, "review_timeout": "1d"},
        phases={"specification": phase, "refinement": _phase("b")},
    )
    nearer, further = plan.phases.values()
    assert (plan.attempts_of(nearer), plan.attempts_of(further)) == (1, 2)
    assert (plan.review_timeout_of(nearer), plan.review_timeout_of(further)) == (7200, 86400)
    works = (nearer.assignments["work"], further.assignments["work"])
    assert [plan.timeout_of(work) for work in works] == [90, 5]
    assert [plan.agent_of(work) for work in works] == ["b", "a"]


def test_an_agent_that_is_not_chosen_is_an_error_and_no_guess() -> None:
    plan = _plan(agents={"a": {"refuse": "no"}, "b": {"refuse": "no"}})
    with pytest.raises(LookupError):
        plan.agent_of(plan.phases["specification"].assignments["work"])


def test_an_assignment_owns_its_deliverables_unless_it_says_more() -> None:
    assert Assignment(**_work("docs/a.md")).owned == ("docs/a.md",)
    assert Assignment(**_work("docs/a.md", writes=["docs/", "x"])).owned == ("docs/**", "x")


def test_what_is_switched_off_stays_off_however_short_a_plan_is_written() -> None:
    gate = [{"radon": {"complexity": "C", "maintainability": None}}]
    plan = _plan(environment={"python": None}, phases={"specification": _phase("a", gate=gate)})
    assert Plan.model_validate(plan.model_dump(mode="json")) == plan
    assert Plan.model_validate(plan.model_dump(mode="json", exclude_defaults=True)) == plan


def test_a_plan_does_not_change() -> None:
    with pytest.raises(ValidationError):
        _plan().name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("branch", ["main", "feature/x-1", "release/2.0", "é", "a.b", "@x"])
def test_branches(branch: str) -> None:
    assert _plan(base=branch).base == branch


@pytest.mark.parametrize(
    "branch",
    [
        *(
            "",
            "-x",
            "/x",
            "x/",
            "a..b",
            "a//b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "@",
            "HEAD",
            "a@{1}",
        ),
        *(".a", "a/.b", "a.lock", "a.lock/b", "a.", "refs/heads/main", "a\nb", "a\x7f"),
    ],
)
def test_what_git_would_not_take_as_a_branch(branch: str) -> None:
    with pytest.raises(ValidationError, match="no name of a branch"):
        _plan(base=branch)


def test_the_phases_of_sparc_have_gates_by_default() -> None:
    plan = _plan(phases={name: _phase(f"{name}.md") for name in DEFAULT_GATES})
    labels = {name: [check.label for check in gate_of(plan, name)] for name in plan.phases}
    assert labels["specification"] == ["deliverables"]
    assert labels["pseudocode"] == ["deliverables", "contains"]
    assert labels["architecture"] == ["deliverables", "contains", "contains"]
    assert labels["refinement"] == ["deliverables", "tests", "coverage", "bandit", "radon"]


def test_a_gate_that_is_stated_is_the_gate() -> None:
    plan = _plan(phases={"completion": _phase("a", gate=["tests"]), "rollout": _phase("b", gate=["deliverables"])})
    assert gate_of(plan, "completion") == (Check.model_validate("tests"),)
    assert deliverables_of(plan, "completion") == ("a",)
    assert [check.label for check in gate_of(plan, "rollout")] == ["deliverables"]


def test_completion_asks_again_what_was_asked_before_it_once_each_and_of_the_same_files() -> None:
    gate = ["tests", {"coverage": {"at_least": 95}}, {"absent": {"pattern": "TODO"}}]
    plan = _plan(
        phases={
            "pseudocode": _phase("docs/pseudo.md"),
            "hardening": _phase("src/**", gate=gate),
            "completion": _phase("README.md", "docs/pseudo.md"),
            "afterwards": _phase("late.md", gate=[{"lines": {"at_least": 1}}]),
        }
    )
    asked = gate_of(plan, "completion")
    assert asked[: len(DEFAULT_GATES["completion"])] == DEFAULT_GATES["completion"]
    later = [(check.name, check.limits.model_dump(mode="json")) for check in asked[len(DEFAULT_GATES["completion"]) :]]
    assert [name for name, _ in later] == ["contains", "coverage", "absent"]
    assert later[0][1]["paths"] == ["docs/pseudo.md"]
    assert later[1][1]["at_least"] == 95
    assert later[2][1]["paths"] == ["src/**"]
    assert deliverables_of(plan, "completion") == ("docs/pseudo.md", "src/**", "README.md")
    assert deliverables_of(plan, "hardening") == ("src/**",)


def test_a_phase_with_neither_gate_nor_default_has_none() -> None:
    with pytest.raises(KeyError):
        gate_of(_plan(phases={"rollout": _phase("a")}), "rollout")
