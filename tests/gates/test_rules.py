"""Names of rules: which are known before anything runs, and which were likely meant."""

import subprocess
import sys

import pytest

from gates.rules import NAMES, SHAPES, close_to, is_known
from gates.tampering.rules import RULES


@pytest.mark.parametrize(
    "rule",
    [*RULES, "test-*", "*", "suppression-*", "B324", "B*", "S101", "CVE-2024-12345", "red-green-lost", "code-python",
     "reportUnusedImport", "requirement-untested", "complexity"],
)  # fmt: skip
def test_a_rule_of_some_check_is_known(rule: str) -> None:
    assert is_known(rule)


@pytest.mark.parametrize("rule", ["test-delted", "tests-*", "b324", "nothing", "deleted"])
def test_any_other_is_not(rule: str) -> None:
    assert not is_known(rule)


def test_names_that_may_have_been_meant_are_told() -> None:
    assert close_to("test-delted")[0] == "test-deleted"
    assert close_to("supression-nosec")[0] == "suppression-nosec"
    assert close_to("zzz") == []


def test_every_rule_is_told_in_one_line() -> None:
    assert all(rule.says and "\n" not in rule.says for rule in RULES.values())
    assert not set(NAMES["integrity"]) & {
        name for check, names in NAMES.items() if check != "integrity" for name in names
    }
    assert SHAPES.keys() >= {"bandit", "ruff"}


def test_the_registry_is_read_without_any_tool() -> None:
    tools = ("bandit", "radon", "rdflib", "yaml")
    asked = f"import sys, gates.rules; print([name for name in {tools} if name in sys.modules])"
    done = subprocess.run((sys.executable, "-c", asked), capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
