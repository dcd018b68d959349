"""Checks as plans write them, and as they travel."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from gates import bandit, coverage, tests
from gates.checks import CHECKS, Check

ENTRIES: list[object] = [
    "deliverables",
    "tests",
    "bandit",
    {"radon": None},
    {"coverage": {"at_least": 95, "branch": True}},
    {"lines": {"paths": "docs/*.md", "at_least": 200}},
    {"contains": {"pattern": "^#", "each": True}},
    {"absent": {"paths": ["a", "b/**"], "pattern": "x"}},
    {"command": {"name": "build", "run": ["make", "build"], "timeout": "5m"}},
    {"specification": {"data": "spec.json", "schema": "schema.json", "closure": 95}},
    {"traceability": {"requirements": {"paths": "a.ttl", "class": "https://x/#R"}, "in": "tests/**"}},
    {"ruff": {"select": ["E", "F401"], "new_only": True, "target": "py312"}},
    {"types": {"tool": "pyright", "strict": True, "timeout": "5m"}},
    {"dependencies": {"service": "osv", "url": "https://mirror.test/query", "private": ["ours-*"]}},
    {"secrets": {"paths": "src/**"}},
    {"tests": {"paths": ["tests"], "timeout": "2h", "options": {"asyncio_mode": "auto", "xfail_strict": True}}},
]


class Gate(BaseModel):
    """What a plan has around checks."""

    gate: tuple[Check, ...]


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_a_check_survives_json(entry: object) -> None:
    check = Check.model_validate(entry)
    written = json.loads(json.dumps(check.model_dump(mode="json")))
    assert written["name"] in CHECKS
    again = Check.model_validate(written)
    assert again == check
    assert type(again.limits) is CHECKS[check.name].limits
    assert Gate.model_validate({"gate": [check]}).gate == (check,)


def test_every_check_can_be_named() -> None:
    needed = {"lines": {"at_least": 1}, "contains": {"pattern": "x"}, "absent": {"pattern": "x"}}
    needed["command"] = {"name": "build", "run": ["make"]}
    needed["slo"] = {"name": "parse", "run": ["make"], "at_most": "15 s"}
    needed["specification"] = {"data": "spec/*.json", "schema": "schema.json"}
    needed["traceability"] = {"requirements": {"paths": "docs/*.md", "pattern": "REQ-[0-9]+"}}
    for name, kind in CHECKS.items():
        check = Check.model_validate({name: needed[name]} if name in needed else name)
        assert (check.name, check.kind) == (name, kind)


def test_limits_are_read() -> None:
    assert Check.model_validate({"coverage": {"at_least": 95, "branch": True}}).limits == coverage.Limits(
        at_least=95, branch=True
    )
    assert Check.model_validate("tests").limits == tests.Limits()
    assert (
        Check.model_validate({"command": {"name": "build", "run": ["make"], "timeout": "5m"}}).label == "command build"
    )
    assert Check.model_validate("bandit").label == "bandit"


@pytest.mark.parametrize(
    ("entry", "where", "words"),
    [
        ("coverge", (), "there is no check 'coverge', did you mean coverage? (checks: deliverables, "),
        ("nothing-like-it", (), "there is no check 'nothing-like-it' (checks: deliverables, "),
        ({"coverage": {"at_least": 950}}, ("coverage", "at_least"), "less than or equal to 100"),
        ({"coverage": {"atleast": 95}}, ("coverage", "atleast"), "not permitted"),
        ("lines", ("lines", "at_least"), "Field required"),
        ({"lines": {"at_least": 0}}, ("lines", "at_least"), "greater than or equal to 1"),
        ({"contains": {"pattern": "("}}, ("contains", "pattern"), "no regular expression"),
        ({"lines": {"paths": ["../x"], "at_least": 1}}, ("lines", "paths", 0), "no path inside the repository"),
        ({"coverage": 95}, ("coverage",), "valid dictionary"),
        ({"tests": {}, "bandit": {}}, (), "expected the name of a check"),
        (3, (), "expected the name of a check"),
        ({}, (), "expected the name of a check"),
        ({"name": "bandit", "limits": coverage.Limits()}, (), "not the limits of a check bandit"),
    ],
)
def test_an_error_says_where_and_what(entry: object, where: tuple[object, ...], words: str) -> None:
    with pytest.raises(ValidationError) as problem:
        Gate.model_validate({"gate": ["tests", entry]})
    (only,) = problem.value.errors()
    assert only["loc"] == ("gate", 1, *where)
    assert words in only["msg"]


def test_limits_can_be_given_as_such() -> None:
    limits = bandit.Limits(severity="high")
    assert Check(name="bandit", limits=limits) == Check.model_validate({"bandit": {"severity": "high"}})


KEYS = st.sampled_from([*CHECKS, "name", "limits"])
WRITTEN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=50)
@given(WRITTEN)
def test_whatever_is_written_is_a_check_or_a_validation_error(entry: object) -> None:
    with suppress(ValidationError):
        assert Check.model_validate(entry).name in CHECKS


def test_the_schema_describes_what_a_plan_may_write() -> None:
    schema: dict[str, Any] = Check.model_json_schema()
    names, written = schema["oneOf"]
    assert {"deliverables", "tests", "coverage", "bandit", "radon", "docs"} <= set(names["enum"])
    assert {"lines", "contains", "absent", "command", "specification", "traceability"}.isdisjoint(names["enum"])
    assert set(written["properties"]) == set(CHECKS)
    assert (written["minProperties"], written["maxProperties"], written["additionalProperties"]) == (1, 1, False)
    assert "'maximum': 100" in str(written["properties"]["coverage"]["properties"]["at_least"])
    assert set(Check.model_json_schema(mode="serialization")["properties"]) == {"name", "limits"}


def test_every_limit_is_described() -> None:
    for kind in CHECKS.values():
        for field in kind.limits.model_json_schema()["properties"].values():
            assert field["description"]
