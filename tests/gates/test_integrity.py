"""Changes that make a project look better than it is, and changes that are honest."""

from pathlib import Path

import pytest

from gates.tampering.rules import RULES
from tests.gates.integrity_attacks import ATTACKS, MISSED
from tests.gates.integrity_base import BASE, Case, asked, rules
from tests.gates.integrity_honest import HONEST, NOTED


def test_nothing_changed_passes(tmp_path: Path) -> None:
    verdict = asked(tmp_path, {})
    assert (verdict.outcome, verdict.findings) == ("passed", ())
    assert verdict.summary == "integrity 0 signs of weaker tests or checks in 0 changed files"


@pytest.mark.parametrize("case", ATTACKS, ids=lambda case: case.name)
def test_an_attack_blocks(case: Case, tmp_path: Path) -> None:
    verdict = asked(tmp_path, case.files)
    assert (verdict.outcome, case.rule in rules(verdict)) == ("failed", True), verdict.summary


@pytest.mark.parametrize("case", MISSED, ids=lambda case: case.name)
def test_what_is_not_found_is_known(case: Case, tmp_path: Path) -> None:
    assert asked(tmp_path, case.files).outcome == "passed"


def test_there_are_as_many_attacks_as_are_claimed() -> None:
    assert len(ATTACKS) >= 280
    # of links, which have no text, test_integrity_trees.py has the attacks
    assert {case.rule for case in ATTACKS} | {"file-linked"} == {name for name, rule in RULES.items() if rule.blocks}
    assert "tests/test_money.py" in BASE


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_an_honest_change_passes(case: Case, tmp_path: Path) -> None:
    verdict = asked(tmp_path, case.files)
    assert verdict.outcome == "passed", verdict.findings
    if case.name in NOTED:
        assert NOTED[case.name] in verdict.summary.partition("noted: ")[2]
