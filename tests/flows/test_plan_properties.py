"""Whatever a file holds, reading it ends in a plan or in `PlanInvalid`; whatever is a plan survives being written."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.check_plan import check_plan
from flows.inspect_plan import inspect
from flows.plan import Plan
from flows.read_plan import load_plan
from tasks.errors import PlanInvalid

VALID: dict[str, Any] = {
    "sparc": 1,
    "name": "ledger",
    "goal": "A library.",
    "agents": {
        "writer": {"command": ["sh", "{plan_dir}/w"], "env": ["A"], "home": {"user": [".x"]}},
        "b": {"refuse": "no"},
    },
    "defaults": {"agent": "writer", "timeout": "30m", "attempts": 2},
    "environment": {"python": ".", "groups": ["test"], "env": ["B"], "requirements": ["r.txt"]},
    "resources": {"agents": 4},
    "phases": {
        "specification": {
            "assignments": {
                "a": {"role": "r", "prompt": "p", "deliverables": ["docs/a.md"], "writes": ["docs/**"], "timeout": 9},
                "b": {
                    "role": "r",
                    "prompt": "p",
                    "deliverables": ["b"],
                    "needs": ["a"],
                    "agent": "b",
                    "gate": ["tests"],
                },
            },
            "gate": ["deliverables", {"lines": {"paths": "docs/*.md", "at_least": 2}}, {"coverage": {"at_least": 9}}],
            "review": ["Fine"],
            "hooks": {"before": [["make"]], "escalate": []},
        },
        "completion": {"assignments": {"z": {"role": "r", "prompt": "p", "deliverables": ["z"], "reads": ["*"]}}},
    },
    "release": {"into_base": False},
}

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20).filter(
    # PyYAML writes 1e+5 without quotes though YAML 1.2 has it as a number
    lambda text: text.strip() and not re.fullmatch(r"[-+.\d]+[eE][-+]\d+", text)
)
SECONDS = st.integers(1, 10**6) | st.floats(0.1, 1e6) | st.sampled_from(["90s", "1.5m", "2h", "7d"])
FRAGMENTS = [
    "a",
    "b: ",
    "- ",
    ": ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!!",
    "!x ",
    "<<: ",
    "? ",
    "'",
    '"',
]
FRAGMENTS += [
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "%YAML",
    "#",
    "\t",
    "\\",
    "1",
    ".5",
    "~",
    "sparc: 1\n",
    "phases:\n",
    "\u2028",
    "é",
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans") / "plan.yaml"


def _read(file: Path, content: bytes) -> Plan | None:
    file.write_bytes(content)
    try:
        plan = load_plan(file)
    except PlanInvalid as refused:
        problems = refused.problems
    else:
        assert inspect(plan) == []
        return plan
    assert problems
    for problem in problems:
        assert problem.problem.isprintable(), problem
        assert problem.where.isprintable(), problem
        assert "pydantic" not in problem.problem
    return None


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(file: Path, content: bytes) -> None:
    _read(file, content)


@settings(max_examples=500, deadline=None)
@given(content=st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_anything_that_looks_like_yaml(file: Path, content: str) -> None:
    _read(file, content.encode())


def _places(data: object) -> Iterator[tuple[Any, Any]]:
    """Every container with one of its keys or indices."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield data, key
        yield from _places(value)


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a", "tests", "../x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def _mutations(draw: st.DrawFn) -> dict[str, Any]:
    plan = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(plan))
        holder, key = places[draw(st.integers(0, len(places) - 1))] if places else (plan, "sparc")
        match draw(st.sampled_from(["delete", "replace", "insert"])):
            case "delete":
                del holder[key]
            case "replace":
                holder[key] = draw(JUNK)
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=5) | st.sampled_from(["gate", "needs", "agent"]))] = draw(JUNK)
            case _:
                holder.insert(key, draw(JUNK))
    return plan


@settings(max_examples=150, deadline=None, report_multiple_bugs=False)
@given(plan=_mutations())
def test_any_mutation_of_a_plan(file: Path, plan: dict[str, Any]) -> None:
    content = yaml.safe_dump(plan, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")
    loaded = _read(file, content)
    assert check_plan(file).ok <= (loaded is not None)


@st.composite
def _works(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    return {
        name: {
            "role": draw(WORDS),
            "prompt": draw(WORDS),
            "deliverables": [f"{name}/{draw(NAMES)}.md"],
            "writes": draw(st.none() | st.just([f"{name}/"])),
            "needs": draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else [],
            "timeout": draw(st.none() | SECONDS),
            "gate": draw(st.lists(st.sampled_from(["tests", "bandit"]), max_size=2)),
        }
        for index, name in enumerate(names)
    }


@st.composite
def _plans(draw: st.DrawFn) -> dict[str, Any]:
    gates = st.lists(st.sampled_from(["deliverables", "tests", {"coverage": {"at_least": 50}}]), min_size=1)
    phase = st.fixed_dictionaries(
        {"assignments": _works(), "gate": gates},
        optional={"review": st.lists(WORDS), "attempts": st.integers(1, 9), "review_timeout": SECONDS},
    )
    return {
        "sparc": 1,
        "name": draw(NAMES),
        "goal": draw(WORDS | st.just("")),
        "agents": {draw(NAMES): {"command": draw(st.lists(WORDS, min_size=1))}},
        "phases": draw(st.dictionaries(NAMES, phase, min_size=1, max_size=3)),
        "defaults": draw(st.fixed_dictionaries({}, optional={"timeout": SECONDS, "attempts": st.integers(1, 9)})),
        "release": {"into_base": draw(st.booleans())},
    }


@settings(max_examples=40, deadline=None)
@given(data=_plans())
def test_a_valid_plan_round_trips_through_data_json_and_yaml(file: Path, data: dict[str, Any]) -> None:
    plan = Plan.model_validate(data)
    written = plan.model_dump(mode="json")
    assert Plan.model_validate(written) == plan
    assert list(Plan.model_validate(written).phases) == list(plan.phases)
    assert _read(file, json.dumps(written).encode()) == plan
    assert _read(file, yaml.safe_dump(written, sort_keys=False).encode()) == plan
