"""The worker that reads trees for a probe: a plan, or a sentence."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates.proof.plan_worker import answer_to
from gates.subject import Subject

Tree = Callable[..., Subject]
RunSuite = Callable[..., Subject]

FILES = {
    "conftest.py": "",
    "ledger.py": "def total(a, b):\n    return a + b\n\n\ndef later(): ...\n",
    "tests/test_old.py": "def test_red():\n    assert not 1\n",
    "tests/test_broken.py": "import nothing_of_that_name\n",
    "tests/test_total.py": "from ledger import total\n\n\ndef test_total():\n    assert total(1, 2) == 3\n",
}


@pytest.fixture
def run(tree: Tree, run_suite: RunSuite, tmp_path: Path) -> Subject:
    """A candidate whose tests were run, and whose base has nothing but its old tests."""
    base = tree({}).model_copy(update={"root": tmp_path})
    return run_suite(tree(FILES)).model_copy(update={"base": base})


def asked(name: str, subject: Subject, notes: object) -> dict[str, Any]:
    question = {"plan": name, "paths": [], "subject": subject.model_dump(mode="json") | {"notes": notes}}
    answer = answer_to(json.dumps(question))
    assert isinstance(answer, dict)
    return answer


def test_a_stub_probe_is_told_what_to_replace_and_what_to_leave_out(run: Subject) -> None:
    plan = asked("stub_probe", run, "_module")["plan"]
    assert plan["targets"] == [{"path": "ledger.py", "name": "total", "line": 1}]
    assert plan["empty"] == 1
    assert plan["failing"] == {"tests": ["tests/test_old.py::test_red"], "files": ["tests/test_broken.py"]}
    made = base64.b64decode(plan["texts"]["ledger.py"]).decode()
    assert made == FILES["ledger.py"].replace("    return", '    if __import__("_module").ON == 1: return\n    return')
    assert plan["near"] == {"ledger.py": ["tests/test_total.py"]}


def test_red_and_green_are_told_what_to_lay_over_the_base(run: Subject) -> None:
    plan = asked("red_green", run, {})["plan"]
    assert plan["laid"] == ["conftest.py", "tests/test_broken.py", "tests/test_old.py", "tests/test_total.py"]
    assert plan["files"] is None
    assert plan["base_has_tests"] is False
    assert b"PYTEST_CURRENT_TEST" in base64.b64decode(plan["texts"]["ledger.py"])


@pytest.mark.parametrize("name", ["stub_probe", "red_green"])
def test_what_cannot_be_planned_is_a_sentence(tree: Tree, name: str) -> None:
    subject = tree(FILES)
    assert asked(name, subject, {})["refused"].startswith("there is nothing to compare with")
    with_base = subject.model_copy(update={"base": subject})
    assert asked(name, with_base, {}) == {"refused": "the tests were not run"}


def test_nonsense_is_a_sentence_as_well(tmp_path: Path) -> None:
    argv = (sys.executable, "-I", "-m", "gates.proof.plan_worker", str(tmp_path / "plan.json"))
    subprocess.run(argv, input=b"[]", check=True, timeout=60)
    assert json.loads((tmp_path / "plan.json").read_text())["refused"].startswith("could not be measured: TypeError")
