"""The JSON Schema of the plan language, and the long example of the design, which both readers must take."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from flows.plan import Plan
from flows.plan_schema import plan_schema
from flows.read_plan import load_plan

LEDGER = r"""
sparc: 1
name: ledger
goal: |
  A double-entry ledger library for small shops.
base: main
agents:
  writer: {command: [python3, "{plan_dir}/agents/write.py"]}
  claude: {claude: {model: sonnet, max_turns: 40, max_budget_usd: 2}, env: [ANTHROPIC_API_KEY]}
  cassette: {replay: cassettes}
defaults: {agent: writer, timeout: 30m, attempts: 3}
environment: {python: ., groups: [test]}
resources: {agents: 4}
phases:
  specification:
    assignments:
      requirements:
        role: Requirements Analyst
        prompt: Document the requirements, edge cases included.
        deliverables: [docs/requirements.md]
        writes: ["docs/**"]
        needs: []
        reads: ["*/requirements.md"]
        acceptance: [Every edge case has a scenario]
        agent: writer
        timeout: 10m
        gate: []
      slos: {role: Performance Analyst, prompt: State them., deliverables: [docs/slos.md], needs: [requirements]}
    gate:
      - deliverables
      - lines: {paths: "docs/*.md", at_least: 200}
      - contains: {paths: docs/requirements.md, pattern: "^## Edge cases"}
      - absent: {paths: "src/**/*.py", pattern: "except:"}
      - command: {name: build, run: [make, build], timeout: 5m}
      - tests
      - coverage: {at_least: 95, branch: true}
      - bandit: {severity: medium, confidence: medium}
      - radon: {complexity: B, maintainability: A}
    review: [All SLOs are measurable, Stakeholder sign-off obtained]
    attempts: 3
    hooks: {before: [[make, prepare]], after: [], gate: []}
  refinement:
    assignments:
      posting: {role: Developer, prompt: Build it., deliverables: ["src/**/*.py"], gate: [tests]}
    gate: [deliverables, tests]
release: {into_base: true}
"""


def _ledger() -> dict[str, Any]:
    return dict(yaml.safe_load(LEDGER))


def _complaints(plan: object) -> list[str]:
    return [error.message for error in Draft202012Validator(plan_schema()).iter_errors(plan)]


def test_it_is_a_schema_of_the_2020_dialect() -> None:
    schema = plan_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_long_example_fits_it() -> None:
    assert _complaints(_ledger()) == []


def test_the_long_example_loads_and_round_trips(tmp_path: Path) -> None:
    file = tmp_path / "ledger.yaml"
    file.write_text(LEDGER, encoding="utf-8")
    plan = load_plan(file)
    assert Plan.model_validate(plan.model_dump(mode="json")) == plan
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    specification = plan.phases["specification"]
    assert specification.assignments["requirements"].timeout == 600
    assert [check.label for check in specification.gate or ()] == [
        *("deliverables", "lines", "contains", "absent", "command build", "tests", "coverage", "bandit", "radon")
    ]
    assert specification.hooks.before == (("make", "prepare"),)
    assert list(plan.phases) == ["specification", "refinement"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (["sparc"], 2),
        (["name"], "No Name"),
        (["colour"], "blue"),
        (["defaults", "timeout"], "soon"),
        (["defaults", "attempts"], 0),
        (["phases", "specification", "gate"], []),
        (["phases", "specification", "gate"], ["covrage"]),
        (["phases", "specification", "gate"], [{"coverage": {"at_leest": 3}}]),
        (["phases", "specification", "assignments"], {}),
        (["phases", "specification", "assignments", "slos", "deliverables"], []),
        (["phases", "specification", "assignments", "No Name"], {"role": "r", "prompt": "p", "deliverables": ["a"]}),
    ],
)
def test_an_editor_sees_what_is_wrong(place: list[str], value: object) -> None:
    plan: Any = _ledger()
    part = plan
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    assert _complaints(plan)


def test_every_key_is_described() -> None:
    schema = plan_schema()
    parts = {"Plan": schema, **schema["$defs"]}
    bare = {
        f"{part}.{key}"
        for part in ("Plan", "Phase", "Assignment", "Defaults", "Resources", "Release", "Hooks", "Environment")
        for key, field in parts[part]["properties"].items()
        if "description" not in field and "$ref" not in field
    }
    assert not bare
