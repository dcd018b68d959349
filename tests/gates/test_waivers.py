"""What a plan allows: which findings a waiver covers, and which waivers nothing needed."""

import pytest
from pydantic import ValidationError

from gates.verdict import Finding
from gates.waivers import Waiver, idle, split

DELETED = Finding(message="gone", path="tests/test_a.py", rule="test-deleted")
WEAK = Finding(message="weak", path="src/a.py", line=3, rule="B324")


def _waiver(rule: str, *paths: str) -> Waiver:
    return Waiver(rule=rule, paths=paths, reason="told")


@pytest.mark.parametrize(
    ("waiver", "covers"),
    [
        (_waiver("test-deleted", "tests/**"), True),
        (_waiver("test-*", "tests/test_a.py"), True),
        (_waiver("test-*", "tests"), True),
        (_waiver("TEST-DELETED", "tests/**"), False),
        (_waiver("test-skipped", "tests/**"), False),
        (_waiver("test-deleted", "docs/**"), False),
    ],
)
def test_a_waiver_covers_a_rule_in_some_files(waiver: Waiver, covers: bool) -> None:  # noqa: FBT001
    assert waiver.covers(DELETED) is covers


def test_what_has_no_rule_or_no_place_is_allowed_by_nothing() -> None:
    everything = _waiver("*", "**")
    assert not everything.covers(Finding(message="x", path="a.py"))
    assert not everything.covers(Finding(message="x", rule="B1"))


def test_the_first_that_fits_gives_the_reason() -> None:
    first, second = Waiver(rule="B*", paths=("src/**",), reason="one"), Waiver(rule="*", paths=("**",), reason="two")
    parted = split([DELETED, WEAK], [first, second])
    assert parted.standing == ()
    assert [(each.path, each.line, each.reason) for each in parted.waived] == [
        ("tests/test_a.py", None, "two"), ("src/a.py", 3, "one"),
    ]  # fmt: skip


def test_waivers_that_allowed_nothing_are_told() -> None:
    used, unused = _waiver("B*", "src/**"), _waiver("test-*", "tests/**")
    assert idle([used, unused], split([WEAK], [used, unused]).waived) == (unused,)
    assert idle([], [WEAK]) == ()


@pytest.mark.parametrize(
    "written",
    [
        {"rule": "", "paths": ["a"], "reason": "x"},
        {"rule": "two words", "paths": ["a"], "reason": "x"},
        {"rule": "B1", "paths": [], "reason": "x"},
        {"rule": "B1", "paths": ["../a"], "reason": "x"},
        {"rule": "B1", "paths": ["a"], "reason": ""},
        {"rule": "B1", "paths": ["a"]},
    ],
)
def test_a_waiver_without_rule_place_or_reason_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Waiver.model_validate(written)
