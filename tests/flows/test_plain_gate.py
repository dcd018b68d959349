"""Checks without a plan: how they are read, and what is refused before anything is measured."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.plain_gate import parse_checks
from gates.checks import Check
from tasks.errors import PlanInvalid
from tests.support import Shop


def test_checks_are_read_as_a_plan_has_them() -> None:
    coverage, command, lone = parse_checks(
        ["coverage: {at_least: 95, branch: true}", "command: {name: on, run: [echo, no, 12:30, 0o17]}", "coverage:"]
    )
    assert coverage == Check.model_validate({"coverage": {"at_least": 95, "branch": True}})
    # as YAML 1.1 has it, these would be true, false and 750
    assert command == Check.model_validate({"command": {"name": "on", "run": ["echo", "no", "12:30", "0o17"]}})
    assert lone == Check.model_validate("coverage")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the name of a check"),
        ("# nothing", "expected the name of a check"),
        ("coverage: {branch: yes}", "expected true or false, found the text 'yes'"),
        ("coverage: {at_least: 1, at_least: 2}", "is written twice"),
        ("coverage: {at_least: 95", "is no YAML"),
        ("a\n---\nb", "a second document"),
        ("tests: !!python/name:os.system", "the tag"),
        ("test", "did you mean tests?"),
        ("a\0", "U+0000"),
    ],
)
def test_every_check_that_is_wrong_is_told(text: str, words: str) -> None:
    with pytest.raises(PlanInvalid, match="did you mean radon") as caught:
        parse_checks([text, "raddon", "tests"])
    assert len(caught.value.problems) == 2
    assert words in caught.value.problems[0].problem


def a_file(home: Path) -> Path:
    home.write_text("mine")
    return home


def below_a_file(home: Path) -> Path:
    return a_file(home) / "home"


def read_only(home: Path) -> Path:
    if os.geteuid() == 0:
        return Path("/proc/sparc")
    home.mkdir(mode=0o500)
    return home


@pytest.mark.parametrize("spoil", [a_file, below_a_file, read_only])
def test_a_home_that_cannot_be_used_is_refused(tmp_path: Path, spoil: Callable[[Path], Path]) -> None:
    shop = Shop.open(tmp_path / "shop", tmp_path / "shop-home")
    home = spoil(tmp_path / "spoilt")
    done = shop.sparc("gate", "bandit", "--repository", shop.repository, "--json", env={"SPARC_HOME": str(home)})
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"cannot write under {home} (SPARC_HOME): ")
    assert len(done.stderr.splitlines()) == 1
