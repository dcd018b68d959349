"""Whether the programs of a plan's agents are there, and what `sparc check` says of a plan as a whole."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.check_plan import check_plan, stated
from flows.plain_gate import parse_checks
from flows.plan import Plan
from flows.programs import missing_files, missing_programs
from gates.checks import Check


def _data(agent: dict[str, Any], **more: object) -> dict[str, Any]:
    work = {"role": "r", "prompt": "p", "deliverables": ["x.md"], "agent": "asked"}
    return {
        "sparc": 1,
        "name": "p",
        "agents": {"asked": agent, "idle": {"command": ["no-such-program-anywhere"]}},
        "phases": {"specification": {"assignments": {"work": work}}},
        **more,
    }


def _missing(agent: dict[str, Any], plan_dir: Path) -> list[str]:
    problems = missing_programs(Plan.model_validate(_data(agent)), plan_dir)
    assert {problem.where for problem in problems} <= {f"agents.asked.{next(iter(agent))}"}
    return [problem.problem for problem in problems]


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    file = tmp_path / "tool"
    file.write_text("#!/bin/sh\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.mark.usefixtures("tool")
@pytest.mark.parametrize(
    "agent",
    [
        {"command": ["sh"]},
        {"command": [sys.executable]},
        {"command": ["{plan_dir}/tool"]},
        {"command": ["./in-the-workspace"]},
        {"command": ["{workspace}/tool"]},
        {"replay": "."},
        {"refuse": "no"},
    ],
)
def test_programs_that_are_there_or_cannot_be_told(agent: dict[str, Any], tmp_path: Path) -> None:
    assert _missing(agent, tmp_path) == []


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ({"command": ["no-such-program-anywhere"]}, "is not on PATH"),
        ({"command": ["/no/such/program"]}, "/no/such/program does not exist"),
        ({"command": ["{plan_dir}/nothing"]}, "nothing does not exist"),
        ({"command": ["{plan_dir}/plain.txt"]}, "is not executable; chmod +x"),
        ({"command": ["nul\0"]}, "is not on PATH"),
        ({"replay": "cassettes"}, "no folder cassettes beside the plan"),
        ({"replay": "plain.txt"}, "no folder plain.txt"),
        ({"replay": ".."}, "outside of the plan's folder"),
        ({"replay": "/etc"}, "outside of the plan's folder"),
        ({"replay": "away"}, "outside of the plan's folder"),
        ({"replay": "nul\0"}, "no folder of recordings"),
    ],
)
def test_programs_that_are_not_there(agent: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "plain.txt").touch()
    (tmp_path / "away").symlink_to("/")
    (problem,) = _missing(agent, tmp_path)
    assert words in problem


def test_claude_must_be_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _missing({"claude": {}}, tmp_path) == [
        "claude is not on PATH; install it, or name it by its absolute path or {plan_dir}/..."
    ]
    (tmp_path / "claude").touch(mode=0o755)
    assert _missing({"claude": {}}, tmp_path) == []


def test_a_script_that_is_not_beside_the_plan_is_a_warning(tool: Path) -> None:
    command = ["sh", "{plan_dir}/gone.sh", "{plan_dir}/tool", "{plan_dir}"]
    (warning,) = missing_files(Plan.model_validate(_data({"command": command})), tool.parent)
    assert warning.where == "agents.asked.command[1]"
    assert warning.problem.endswith("/gone.sh does not exist")


def _write(folder: Path, data: dict[str, Any]) -> Path:
    file = folder / "plan.json"
    file.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return file


def test_a_sound_plan_is_shown_in_its_shape(tmp_path: Path) -> None:
    def work(*needs: str) -> dict[str, Any]:
        return {"role": "r", "prompt": "p", "deliverables": [f"{len(needs)}/*"], "needs": needs, "agent": "asked"}

    phases = {
        "specification": {"assignments": {"a": work(), "b": work("a"), "c": work("a", "b")}},
        "refinement": {
            "assignments": {name: {**work(), "deliverables": [name]} for name in ("x", "y")},
            "gate": ["tests", {"coverage": {"at_least": 95, "branch": True}}],
        },
    }
    answer = check_plan(_write(tmp_path, _data({"refuse": "no"}, phases=phases))).model_dump(mode="json")
    assert answer["ok"]
    assert (answer["problems"], answer["assignments"], answer["parallelism"]) == ([], 5, 2)
    specification, refinement = answer["phases"]
    assert specification == {
        "name": "specification",
        "assignments": 3,
        "layers": [["a"], ["b"], ["c"]],
        "critical_path": ["a", "b", "c"],
        "gate": ["deliverables"],
    }
    assert refinement["layers"] == [["x", "y"]]
    assert refinement["gate"] == ["tests", "coverage: {at_least: 95, branch: true}"]


def test_a_bad_plan_is_answered_with_places_and_lines(tmp_path: Path) -> None:
    data = _data({"command": ["/no/such/program"]}, defaults={"agent": "nobody"})
    answer = check_plan(_write(tmp_path, data)).model_dump(mode="json")
    assert (answer["ok"], answer["phases"], answer["assignments"]) == (False, [], 0)
    places = [(problem["where"], problem["line"] is not None) for problem in answer["problems"]]
    assert places == [("agents.asked.command", True), ("defaults.agent", True)]
    assert set(answer["problems"][0]) == {"where", "line", "problem"}


def test_what_is_no_plan_is_answered_and_not_raised(tmp_path: Path) -> None:
    assert not check_plan(tmp_path / "missing").ok
    assert not check_plan(_write(tmp_path, {"sparc": 2})).ok


def test_warnings_carry_lines_and_leave_a_plan_sound(tmp_path: Path) -> None:
    work = {"role": "r", "prompt": "p", "agent": "asked", "writes": ["**"]}
    works = {name: {**work, "deliverables": [name]} for name in ("a", "b")}
    answer = check_plan(_write(tmp_path, _data({"refuse": "no"}, phases={"specification": {"assignments": works}})))
    assert answer.ok
    (warning,) = answer.warnings
    assert warning.line


def test_limits_are_stated_as_a_plan_has_them_and_without_defaults() -> None:
    assert stated(Check.model_validate("deliverables")) == "deliverables"
    build = {"command": {"name": "build", "run": ["make", "build"], "timeout": "1m"}}
    assert stated(Check.model_validate(build)) == "command: {name: build, run: [make, build], timeout: 60}"
    traced = {"traceability": {"requirements": {"paths": "docs/*.md", "pattern": "REQ-[0-9]+: é"}, "in": "tests/**"}}
    text = stated(Check.model_validate(traced))
    assert text == "traceability: {requirements: {paths: [docs/*.md], pattern: 'REQ-[0-9]+: é'}, in: [tests/**]}"
    assert parse_checks([text]) == (Check.model_validate(traced),)
    assert "\n" not in stated(Check.model_validate({"absent": {"pattern": "many words " * 50}}))
