"""Results by tree: when a question is the same, and which answers hold."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gates.checks import CHECKS, Check
from tasks import evidence, kept_verdicts
from tasks.exam import Exam
from tasks.git import Git
from tasks.hub import Hub
from tasks.isolation import Confinement
from tasks.kept_verdicts import KeptVerdicts, answered, question_of
from tasks.repository import Repository
from tasks.target import Environment

RUN = {"name": "build", "run": ["make", "{phase}"]}
WORDS = {"plan_dir": "/plan", "run": "r", "plan": "p", "phase": "one", "assignment": "a", "attempt": ""}


@pytest.fixture
def exam(hub: Hub, tmp_path: Path) -> Exam:
    """Of the tree at which the run began."""
    return Exam(
        git=Git(hub.directory), tree="a" * 40, base=hub.start, deliverables=("docs/a.md",), environment=None,
        folder=tmp_path, words=WORDS, home=tmp_path, env={}, confinement=Confinement("none"),
    )  # fmt: skip


def question(exam: Exam, check: object, *gate: object) -> str:
    checks = tuple(map(Check.model_validate, (check, *gate)))
    asked = question_of(exam, checks[0], checks)
    assert asked
    return asked


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("bandit", {"tree": "b" * 40}),
        ("deliverables", {"deliverables": ("docs/b.md",)}),
        ({"contains": {"pattern": "x"}}, {"deliverables": ("docs/b.md",)}),
        ("tests", {"environment": Environment(groups=("dev",))}),
        ("tests", {"environment": Environment(env=("TOKEN",))}),
        ("types", {"environment": Environment(python=None)}),
        ("types", {"confinement": Confinement("landlock")}),
        ("coverage", {"confinement": Confinement("landlock")}),
    ],
)
def test_another_question(exam: Exam, check: object, change: dict[str, Any]) -> None:
    assert question(replace(exam, **change), check) != question(exam, check)


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("bandit", {"deliverables": ("docs/b.md",), "words": {}, "base": None}),
        ("bandit", {"confinement": Confinement("landlock")}),
        ({"contains": {"pattern": "x", "paths": "docs/*"}}, {"deliverables": ("docs/b.md",)}),
        ("tests", {"words": {}, "deliverables": ()}),
        ("tests", {"environment": Environment(), "env": {"TOKEN": "secret"}}),
    ],
)
def test_the_same_question(exam: Exam, check: object, change: dict[str, Any]) -> None:
    assert question(replace(exam, **change), check) == question(exam, check)


def test_limits_and_the_rest_of_the_gate_that_runs_the_tests_belong_to_the_question(exam: Exam) -> None:
    assert question(exam, {"coverage": {"at_least": 80}}) != question(exam, {"coverage": {"at_least": 81}})
    assert question(exam, "coverage", "tests") == question(exam, "coverage")
    assert question(exam, "coverage", {"tests": {"paths": "tests/fast"}}) != question(exam, "coverage")
    assert question(exam, "bandit", {"tests": {"paths": "tests/fast"}}) == question(exam, "bandit")


def test_a_check_means_the_same_with_its_paths_left_out_and_written(exam: Exam) -> None:
    bare, written = {"contains": {"pattern": "x"}}, {"contains": {"pattern": "x", "paths": "docs/a.md"}}
    assert question(exam, bare) == question(exam, written)


def test_the_configuration_at_the_base_belongs_to_what_runs_the_tests(
    exam: Exam, users: Repository, commit: Callable[..., str]
) -> None:
    other = replace(exam, base=commit(users.path, {"pytest.ini": "[pytest]\naddopts = -x\n"}))
    assert question(other, "tests") != question(exam, "tests")
    assert question(other, "radon") == question(exam, "radon")
    same = replace(exam, base=commit(users.path, {"README.md": "other", "pytest.ini": None}))
    assert question(same, "tests") == question(exam, "tests")


@pytest.mark.parametrize("file", ["ruff.toml", "mypy.ini"])
def test_whatever_the_base_configures_belongs_to_what_a_probe_asks(
    exam: Exam, users: Repository, commit: Callable[..., str], file: str
) -> None:
    """Only the probe knows which files its tool reads there."""
    other = replace(exam, base=commit(users.path, {file: "other"}))
    for check in ("ruff", "types"):
        assert question(other, check) != question(exam, check)
    assert question(other, "tests") == question(exam, "tests")


@pytest.mark.parametrize(
    "check",
    [
        {"command": RUN},
        {"command": {**RUN, "report": {"junit": "out.xml"}}},
        {"slo": {**RUN, "at_most": "1 s"}},
        {"slo": {**RUN, "measure": "instructions", "worse_by_at_most": "10 %"}},
        "dependencies",
    ],
)
def test_what_stands_in_no_tree_is_no_question_that_has_an_answer(exam: Exam, check: object) -> None:
    checks = (Check.model_validate(check),)
    assert question_of(exam, checks[0], checks) is None


def test_every_other_check_of_ours_can_be_kept(exam: Exam) -> None:
    needed = {
        "lines": {"at_least": 1}, "contains": {"pattern": "x"}, "absent": {"pattern": "x"},
        "specification": {"data": "*.json", "schema": "schema.json"},
        "traceability": {"requirements": {"paths": "*.md", "pattern": "REQ-[0-9]+"}},
    }  # fmt: skip
    for name in CHECKS.keys() - {"command", "slo", "dependencies"}:
        assert question(exam, {name: needed.get(name, {})})


def test_versions_belong_to_every_question(exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    before = question(exam, "radon")
    monkeypatch.setattr(kept_verdicts, "versions", lambda: {"radon": "0"})
    assert question(exam, "radon") != before


def test_versions_are_those_of_plugins_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_verdicts, "extensions", lambda metric: [("more", "7")] if metric == "bandit" else [])
    assert kept_verdicts.versions.__wrapped__()["more"] == "7"


def record(outcome: str, asked: str = "q" * 64, run: str = "ledger-1", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    verdict = {"check": "tests", "outcome": outcome, "summary": "tests", "findings": []}
    return {
        "kind": "verdict", "run": run, "number": 2, "phase": "refinement", "assignment": None, "question": asked,
        "tree": "a" * 40, "verdict": verdict, **more,
    }  # fmt: skip


def test_what_passed_in_this_run_is_read_back_and_nothing_else_is(hub: Hub) -> None:
    good = record("passed", assignment="posting")
    evidence.keep(hub.git, [
        good, record("failed", "f" * 64), record("error", "e" * 64), record("unknown", "u" * 64),
        record("passed", "o" * 64, run="other"), {**record("passed", "n" * 64), "question": None},
        {"kind": "verdict", "run": "ledger-1", "verdict": {"outcome": "passed"}},
    ])  # fmt: skip
    kept = KeptVerdicts.read(hub.git, "ledger-1")
    assert list(kept.passed) == ["q" * 64]
    found = kept.find("q" * 64)
    assert found
    assert (found.evidence, found.where) == (evidence.name_of(evidence.canonical(good)), "2 refinement, posting")
    assert found.verdict.passed


def test_what_failed_holds_only_where_it_is_asked_for_and_what_could_not_be_measured_never(hub: Hub) -> None:
    kept = KeptVerdicts()
    (name,) = evidence.keep(hub.git, [record("failed")])
    kept.add(record("failed"), name)
    assert kept.find("q" * 64) is None
    answer = answered(record("failed"), name)
    assert answer
    assert kept.find("q" * 64, dict([answer])) is answer[1]
    assert answered(record("error"), name) is None
    assert answered(record("unknown"), name) is None
