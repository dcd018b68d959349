"""Cross-checks: what the parts of a plan must be to each other."""

from typing import Any

import pytest

from flows.inspect_plan import inspect, inspect_data, warnings
from flows.plan import Plan

PHASE = "phases.specification.assignments"


def _plan(assignments: dict[str, Any] | None = None, **more: object) -> Plan:
    works = {"a": {}} if assignments is None else assignments
    whole = {name: {"role": "r", "prompt": "p", "deliverables": [f"{name}.md"], **work} for name, work in works.items()}
    phases = {"specification": {"assignments": whole}}
    small = {"sparc": 1, "name": "p", "agents": {"only": {"refuse": "no"}}, "phases": phases}
    return Plan.model_validate({**small, **more})


def _found(plan: Plan) -> list[tuple[str, str]]:
    return [(problem.where, problem.problem) for problem in inspect(plan)]


def test_a_sound_plan_has_no_problems_and_no_warnings() -> None:
    plan = _plan({"a": {}, "b": {"needs": ["a"], "writes": ["**"]}})
    assert inspect(plan) == warnings(plan) == []


def test_an_assignment_does_not_need_itself() -> None:
    assert _found(_plan({"a": {"needs": ["a"]}})) == [(f"{PHASE}.a.needs[0]", "a needs itself; leave it out")]


def test_needs_must_resolve() -> None:
    ((where, problem),) = _found(_plan({"writer": {}, "reader": {"needs": ["writr"]}}))
    assert where == f"{PHASE}.reader.needs[0]"
    assert problem == "no assignment of this phase is named 'writr'; did you mean writer?"


def test_needs_reach_within_their_phase_only() -> None:
    works = {"work": {"role": "r", "prompt": "p", "deliverables": ["x"]}}
    later = {"other": {"role": "r", "prompt": "p", "deliverables": ["y"], "needs": ["work"]}}
    plan = _plan(phases={"specification": {"assignments": works}, "refinement": {"assignments": later}})
    ((where, problem),) = _found(plan)
    assert where == "phases.refinement.assignments.other.needs[0]"
    assert "no assignment of this phase" in problem


def test_every_cycle_is_named_once() -> None:
    works = {"a": {"needs": ["c"]}, "b": {"needs": ["a"]}, "c": {"needs": ["b"]}, "x": {"needs": ["y"]}}
    found = _found(_plan({**works, "y": {"needs": ["x"]}, "z": {"needs": ["a", "x"]}}))
    assert found == [
        (f"{PHASE}.a.needs", "needs go in a circle: a needs c needs b needs a; take one of them out"),
        (f"{PHASE}.x.needs", "needs go in a circle: x needs y needs x; take one of them out"),
    ]


def test_one_deliverable_has_one_maker_at_a_time() -> None:
    same = {"deliverables": ["docs/x.md"]}
    ((where, problem),) = _found(_plan({"a": same, "b": same}))
    assert where == f"{PHASE}.b.deliverables[0]"
    assert problem.startswith("docs/x.md is claimed by a as well")
    assert _found(_plan({"a": same, "b": {**same, "needs": ["a"]}})) == []
    assert _found(_plan({"a": same, "b": {"needs": ["a"]}, "c": {**same, "needs": ["b"]}})) == []


def test_a_deliverable_that_another_claims_by_a_glob_is_claimed_twice() -> None:
    plan = _plan({"a": {"deliverables": ["docs/*.md"]}, "b": {"deliverables": ["docs/x.md"]}})
    assert [where for where, _ in _found(plan)] == [f"{PHASE}.b.deliverables[0]"]


def test_two_globs_that_may_meet_are_worth_a_warning() -> None:
    plan = _plan({"a": {"deliverables": ["src/a*.py"]}, "b": {"deliverables": ["src/*b.py"]}})
    assert inspect(plan) == []
    assert [problem.where for problem in warnings(plan)] == [f"{PHASE}.b.deliverables[0]"]


def test_shared_ground_is_one_warning_an_assignment_and_none_where_one_needs_the_other() -> None:
    plan = _plan(
        {"a": {"writes": ["**", "x"]}, "b": {"writes": ["b.md", "x"]}, "c": {"needs": ["a", "b"], "writes": ["**"]}}
    )
    assert inspect(plan) == []
    (warning,) = warnings(plan)
    assert warning.where.startswith(f"{PHASE}.b.writes")
    assert "may mean files of a (" in warning.problem
    everywhere = _plan({name: {"writes": ["**"]} for name in "abc"})
    assert [warning.problem[:38] for warning in warnings(everywhere)] == [
        "** may mean files of a (**) as well: l",
        "** may mean files of a (**) and 1 more",
    ]


def test_a_deliverable_must_be_writable() -> None:
    plan = _plan({"a": {"deliverables": ["docs/a.md", "src/*.py", "src"], "writes": ["docs", "src/x/**"]}})
    ((where, problem),) = _found(plan)
    assert where == f"{PHASE}.a.deliverables[1]"
    assert problem == "src/*.py is outside of what it may write (docs, src/x/**); add it to writes"


TWO = {"writer": {"refuse": "no"}, "critic": {"refuse": "no"}}


def test_agents_must_be_known() -> None:
    found = _found(_plan({"a": {"agent": "writr"}}, agents=TWO, defaults={"agent": "nobody"}))
    assert found == [
        ("defaults.agent", "no agent is named 'nobody'; known here: writer, critic"),
        (f"{PHASE}.a.agent", "no agent is named 'writr'; did you mean writer?"),
    ]


def test_whoever_is_to_merge_conflicts_must_be_known() -> None:
    nobody = {"architect": "nobody"}
    plan = _plan({"a": {"conflicts": nobody}}, defaults={"conflicts": nobody})
    assert [where for where, _ in _found(plan)] == [
        "defaults.conflicts.architect",
        f"{PHASE}.a.conflicts.architect",
    ]


def test_what_is_not_released_is_not_deployed() -> None:
    release = {"deploy": [["make", "deploy"]], "pull_request": True}
    assert [where for where, _ in _found(_plan(release=release))] == ["release.deploy"]
    assert _found(_plan(release=release | {"pull_request": False})) == []


def test_of_several_agents_one_must_be_chosen() -> None:
    ((where, problem),) = _found(_plan({"a": {}, "b": {"agent": "critic"}, "c": {}}, agents=TWO))
    assert where == "defaults.agent"
    assert f"no agent is chosen for {PHASE}.a and 1 more" in problem
    assert _found(_plan({"a": {"agent": "critic"}}, agents=TWO)) == []
    assert _found(_plan(agents=TWO, defaults={"agent": "critic"})) == []


@pytest.mark.parametrize("path", ["/root", "~/.claude", "../x", ".claude/../..", "", ".", "a//b"])
def test_lent_paths_stay_inside_home(path: str) -> None:
    plan = _plan(agents={"only": {"refuse": "no", "home": {"user": [".claude", path or "."]}}})
    ((where, problem),) = _found(plan)
    assert where == "agents.only.home.user[1]"
    assert "no path inside HOME" in problem


def test_lent_paths_inside_home_are_fine() -> None:
    home = {"user": [".claude", ".claude.json", ".config/x/"]}
    assert _found(_plan(agents={"only": {"refuse": "no", "home": home}})) == []


def test_a_phase_of_its_own_name_states_its_gate() -> None:
    work = {"w": {"role": "r", "prompt": "p", "deliverables": ["x"]}}
    ((where, problem),) = _found(_plan(phases={"rollout": {"assignments": work}}))
    assert where == "phases.rollout.gate"
    assert "states no gate" in problem
    assert _found(_plan(phases={"rollout": {"assignments": work, "gate": ["tests"]}})) == []


def test_what_no_program_takes_as_an_argument_is_found_wherever_it_is() -> None:
    plan = _plan(
        {"a": {"prompt": "a\x00b", "acceptance": ["fine\n\ttoo", "\x1b[2J"]}}, agents={"only": {"command": ["a\0"]}}
    )
    assert [where for where, _ in _found(plan)] == [
        "agents.only.command[0]",
        f"{PHASE}.a.prompt",
        f"{PHASE}.a.acceptance[1]",
    ]
    budget = _plan(agents={"only": {"claude": {"max_budget_usd": float("inf")}}})
    assert [where for where, _ in _found(budget)] == ["agents.only.claude.max_budget_usd"]


@pytest.mark.parametrize("data", [None, 3, "x", [], {}, {"phases": 3}, {"phases": {"a": {"assignments": {"b": None}}}}])
def test_data_of_any_shape_is_inspected_as_far_as_it_goes(data: object) -> None:
    assert isinstance(inspect_data(data), list)


def test_a_large_phase_is_inspected_in_no_time() -> None:
    chain = {f"a{number}": {"needs": [f"a{number - 1}"] if number else []} for number in range(2000)}
    assert inspect(_plan(chain)) == []
