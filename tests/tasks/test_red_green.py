"""Red and green on real trees: the base, the base with the candidate's tests, stubs, and the candidate."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from gates.checks import Check
from gates.verdict import Outcome, Verdict
from gates.waivers import Waiver
from tasks.bench import Bench
from tasks.exam import Exam
from tests.tasks.environments import LEDGER

pytestmark = pytest.mark.builds

ExamOf = Callable[..., Exam]

BASE = {
    "requirements.txt": "pluggy\n",
    "conftest.py": "",
    "ledger.py": "def total(a, b):\n    return a + b\n\n\ndef share(a, b):\n    return a // b\n",
    "tests/test_total.py": "from ledger import total\n\n\ndef test_total():\n    assert total(1, 2) == 3\n",
    "tests/test_share.py": "from ledger import share\n\n\ndef test_share():\n    assert share(4, 2) == 2\n",
}


SPOILT = "passed on the base, and does not any more"
WEAK = "fails on the base only for want of a name or by a fixture, and passes when new code does nothing"


def later(exam_of: ExamOf, changes: dict[str, str], base: dict[str, str] | None = None, **more: object) -> Exam:
    """An exam of a second commit, compared with the first."""
    first = exam_of(BASE | (base or {})).base
    return replace(exam_of(changes, **more), base=first, compared=first)


def asked(exam: Exam, *entries: object) -> list[Verdict]:
    checks = [Check.model_validate(entry) for entry in entries]
    with Bench(exam, checks) as bench:
        return [bench.verdict(check).verdict for check in checks]


def told(verdict: Verdict) -> list[tuple[str | None, str]]:
    return [(finding.rule, finding.headline) for finding in verdict.findings]


def test_a_mended_fault_with_its_test_goes_from_red_to_green(exam_of: ExamOf) -> None:
    share = BASE["ledger.py"].replace("a // b", "a / b")
    tests = BASE["tests/test_share.py"] + "\n\ndef test_half():\n    assert share(1, 2) == 0.5\n"
    (verdict,) = asked(later(exam_of, {"ledger.py": share, "tests/test_share.py": tests}), "red_green")
    assert verdict.passed, verdict
    assert verdict.summary == "red_green 1 red on the base and green now"
    assert isinstance(verdict.measured, dict)
    assert verdict.measured["tests"] == ["tests/test_share.py:8 test_half: red, assertion"]
    assert verdict.measured["broken"] == 0


def test_what_is_green_already_broken_or_gone_is_told(exam_of: ExamOf) -> None:
    changes = {
        "ledger.py": BASE["ledger.py"].replace("a // b", "a * b"),
        "tests/test_total.py": BASE["tests/test_total.py"].replace("test_total", "test_sum").replace("1, 2", "0, 3"),
        "tests/test_more.py": "from ledger import total\n\n\ndef test_more():\n    assert total(2, 2) == 4\n",
        "tests/test_new.py": "def test_new():\n    assert not 1\n",
    }
    lost = {"tests/test_lost.py": "def test_lost():\n    items = [3, 1]\n    assert sorted(items)[0] == 1\n"}
    exam = later(exam_of, changes | {"tests/test_lost.py": ""}, lost)
    (verdict,) = asked(exam, "red_green")
    assert verdict.outcome is Outcome.FAILED
    assert told(verdict) == [
        ("red-green-broken", f"tests/test_share.py:4 test_share {SPOILT}: assert 8 == 2"),
        ("red-green-lost", "tests/test_lost.py:1 test_lost passed on the base, and is gone"),
        ("red-green-fails", "tests/test_new.py:1 test_new is new and fails"),
        (None, "only 0 of at least 1 tests went from red to green"),
        ("red-green-not-red", "tests/test_more.py:4 test_more passes on the base already"),
        ("red-green-not-red", "tests/test_total.py:4 test_sum passes on the base already"),
    ]  # fmt: skip
    waivers = (Waiver(rule="red-green-*", paths=("tests/**",), reason="we know"),)
    kept = forget(exam, "test_lost")
    (waived,) = asked(replace(exam, waivers=waivers), "red_green")
    assert waived.passed, waived
    # where programs are isolated the base is not run again
    assert len(waived.waived) == (4 if kept else 5)


def forget(exam: Exam, test: str) -> bool:
    """Take a test out of what is kept of the base's run; whether anything is kept."""
    kept = [*(exam.home / "cache/base-suites").glob("*/*")]
    for place in kept:
        entry = json.loads(place.read_text())
        report = re.sub(f"<testcase [^>]*{test}[^>]*/>", "", base64.b64decode(entry["report"]).decode())
        entry["report"] = base64.b64encode(report.encode()).decode()
        place.write_text(json.dumps(entry))
    return exam.isolation != "none" and bool(kept)


NEW = """\
def fee(amount):
    return amount * 2


def fees(amounts):
    for amount in amounts:
        yield fee(amount)
"""
HONEST = "from fees import fee, fees\n\n\ndef test_fee():\n    assert list(fees([2])) == [fee(2)] == [4]\n"
SMOKE = "import smoke\n\n\ndef test_smoke():\n    smoke.rise()\n"


def test_new_modules_are_proven_against_their_stubs_and_not_by_a_call_alone(exam_of: ExamOf) -> None:
    honest = {"fees.py": NEW, "tests/test_fees.py": HONEST}
    exam = later(exam_of, honest | {"smoke.py": "def rise():\n    return 1\n", "tests/test_smoke.py": SMOKE})
    both, stubs = asked(exam, {"red_green": {"at_least": 2}}, "stub_probe")
    assert both.summary.startswith("red_green 1 red on the base and green now, 1 weak: only 1 of at least 2 tests")
    assert isinstance(both.measured, dict)
    assert both.measured["tests"] == [
        "tests/test_fees.py:4 test_fee: red on stubs, assertion", "tests/test_smoke.py:4 test_smoke: weak, absent",
    ]  # fmt: skip
    assert both.outcome is stubs.outcome is Outcome.FAILED
    assert told(both) == [
        (None, "only 1 of at least 2 tests went from red to green"),
        ("red-green-weak", f"tests/test_smoke.py:4 test_smoke {WEAK}"),
    ]
    assert told(stubs) == [("stub-survives", "smoke.py:1 rise survives: no test fails when its body is nothing")]


CAUGHT = """\
try:
    from ledger import fee
except ImportError:
    fee = None


def test_fee():
    assert fee is not None


def test_fee_is_written():
    import ledger, pathlib

    assert "fee" in pathlib.Path(ledger.__file__).read_text()


def test_fee_of_two():
    assert fee is not None and fee(2) == 4


def test_share():
    from ledger import share

    assert share(1, 2) == 0.5
"""


def test_a_red_that_only_sees_that_a_name_exists_is_none(exam_of: ExamOf) -> None:
    code = BASE["ledger.py"].replace("a // b", "a / b") + "\n\n" + NEW
    changes = {"ledger.py": code, "tests/test_fee.py": CAUGHT, "other/__init__.py": "", "other/more.py": "X = 1\n"}
    exam = later(exam_of, changes)
    loose, strict = asked(exam, {"red_green": {"at_least": 2}}, {"red_green": {"weak": 0}})
    assert loose.passed, loose
    assert isinstance(loose.measured, dict)
    assert loose.measured["tests"] == [
        "tests/test_fee.py:7 test_fee: red for names alone, assertion",
        "tests/test_fee.py:11 test_fee_is_written: red for names alone, assertion",
        "tests/test_fee.py:17 test_fee_of_two: red, assertion",
        "tests/test_fee.py:21 test_share: red, assertion",
    ]
    alone = "fails on the base, and passes there as soon as the new names exist"
    weak = [
        ("red-green-weak", f"tests/test_fee.py:7 test_fee {alone}"),
        ("red-green-weak", f"tests/test_fee.py:11 test_fee_is_written {alone}"),
    ]
    assert [(finding.rule, finding.headline) for finding in loose.noted] == weak
    assert told(strict) == [(None, "2 new or changed tests prove nothing, and at most 0 may"), *weak]


DIES = """\
import os

import ledger

fee = getattr(ledger, "fee", None)


def test_fee():
    if fee and fee(1) is None:
        os._exit(1)
    assert fee is not None
"""
REFUSES = """\
from hatchling.build import *

import ledger

if hasattr(ledger, "fee") and ledger.fee(1) is None:
    raise SystemExit("this does nothing")
"""
OWN_BUILD = LEDGER.replace('build-backend = "hatchling.build"', 'build-backend = "own"\nbackend-path = ["."]')


@pytest.mark.parametrize(
    ("base", "tests"),
    [
        ({}, DIES),
        ({"pyproject.toml": OWN_BUILD, "own.py": REFUSES}, DIES.replace("if fee and fee(1) is None", "if 0")),
    ],
)
def test_who_lets_the_names_fail_has_no_red_by_that(exam_of: ExamOf, base: dict[str, str], tests: str) -> None:
    changes = {"ledger.py": BASE["ledger.py"] + "\n\n" + NEW, "tests/test_fee.py": tests}
    (verdict,) = asked(later(exam_of, changes, base), "red_green")
    assert verdict.outcome is Outcome.FAILED, verdict
    assert isinstance(verdict.measured, dict)
    assert verdict.measured["tests"] == ["tests/test_fee.py:8 test_fee: weak, assertion"]


def test_a_first_commit_of_code_and_tests_has_no_base_to_run(exam_of: ExamOf) -> None:
    first = exam_of({"README.md": "A ledger.\n"}).base
    files = {"requirements.txt": "pluggy\n", "conftest.py": "", "fees.py": NEW, "tests/test_fees.py": HONEST}
    (red,) = asked(replace(exam_of(files), base=first, compared=first), "red_green")
    assert red.passed, red


def test_without_a_base_there_is_nothing_to_say(exam_of: ExamOf) -> None:
    for verdict in asked(exam_of(BASE), "red_green", "stub_probe"):
        assert verdict.outcome is Outcome.ERROR
        assert "there is nothing to compare with" in verdict.summary
