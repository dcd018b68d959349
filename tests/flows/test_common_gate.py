"""One gate from several: the same question once, and each question as its own gate means it."""

from flows.common_gate import Gate, common
from gates.checks import Check


def gate(name: str, *checks: object, files: tuple[str, ...] = ()) -> Gate:
    return Gate(name, tuple(map(Check.model_validate, checks)), files or (f"docs/{name}.md",))


def labels(gates: list[Gate]) -> list[list[str]]:
    return [[check.label for check in part.checks] for part in common(gates)]


def test_the_same_check_with_the_same_limits_is_asked_once() -> None:
    bandit = {"bandit": {"severity": "low"}}
    assert labels([gate("a", "tests", "bandit"), gate("b", "bandit", "tests"), gate("c", bandit)]) == [
        ["tests"], ["bandit", "bandit"]
    ]  # fmt: skip


def test_paths_that_are_left_out_are_those_of_the_assignment() -> None:
    (part,) = common([gate("a", {"contains": {"pattern": "x"}}), gate("b", {"contains": {"pattern": "x"}})])
    assert [check.limits.model_dump()["paths"] for check in part.checks] == [("docs/a.md",), ("docs/b.md",)]


def test_the_deliverables_are_those_of_all_that_ask_for_them() -> None:
    (part,) = common([gate("a", "deliverables"), gate("b", "bandit"), gate("c", "deliverables")])
    assert [check.name for check in part.checks] == ["deliverables", "bandit"]
    assert part.deliverables == ("docs/a.md", "docs/c.md")


def test_an_assignments_name_in_a_command_is_its_own() -> None:
    command = {"command": {"name": "build", "run": ["make", "{assignment}", "{workspace}/x", "{phase}"]}}
    (part,) = common([gate("a", command), gate("b", command)])
    assert [check.limits.model_dump()["run"] for check in part.checks] == [
        ("make", name, "{workspace}/x", "{phase}") for name in "ab"
    ]


def test_gates_that_run_the_tests_differently_are_asked_apart() -> None:
    coverage, fast, slow = {"coverage": {"at_least": 90}}, {"tests": {"paths": "tests/fast"}}, "tests"
    gates = [gate("a", fast, coverage), gate("b", slow), gate("c", coverage), gate("d", fast)]
    parts = [[(check.name, check.limits.model_dump().get("paths")) for check in part.checks] for part in common(gates)]
    assert parts == [
        [("tests", ("tests/fast",)), ("coverage", ())],
        [("tests", ()), ("coverage", ())],
    ], "coverage is measured by the tests that its own gate runs"


def test_a_gate_in_which_a_check_looks_at_the_others_is_asked_by_itself() -> None:
    traced = {"traceability": {"requirements": {"paths": "docs/r.md", "pattern": "R-[0-9]+"}, "executed": False}}
    build = {"command": {"name": "r-1", "run": ["make"]}}
    assert labels([gate("a", traced, build), gate("b", build), gate("c", traced)]) == [
        ["traceability", "command r-1"], ["command r-1"], ["traceability"]
    ]  # fmt: skip
