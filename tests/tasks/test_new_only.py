"""`tests: {new_only: true}` at a gate: the base's own tests are run, and stand for what fails."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gates.checks import Check
from gates.verdict import Outcome, Verdict
from tasks.bench import Bench
from tasks.exam import Exam

pytestmark = pytest.mark.builds

ExamOf = Callable[..., Exam]
OLD = "def test_old():\n    assert 'old' == 'bad'\n\n\ndef test_good():\n    assert 1\n"
BASE = {"requirements.txt": "pluggy\n", "conftest.py": "", "tests/test_old.py": OLD}


def asked(exam: Exam, entry: object) -> Verdict:
    check = Check.model_validate(entry)
    with Bench(exam, [check]) as bench:
        return bench.verdict(check).verdict


def test_a_repository_whose_tests_are_not_all_green_can_begin(exam_of: ExamOf) -> None:
    base = exam_of(BASE).base
    new_only = {"tests": {"new_only": True}}
    exam = replace(exam_of({"tests/test_new.py": "def test_new():\n    assert 1\n"}), base=base, compared=base)
    assert asked(exam, "tests").outcome is Outcome.FAILED
    verdict = asked(exam, new_only)
    assert verdict.passed, verdict
    assert verdict.summary == "tests 2 passed, 0 failed, 0 skipped, 1 failed on the base as well"
    assert [finding.headline for finding in verdict.noted] == [
        "tests/test_old.py:1 fails on the base as well: failure of test_old: AssertionError: assert 'old' == 'bad'"
    ]
    worse = exam_of({"tests/test_old.py": OLD.replace("assert 1", "assert not 1")})
    verdict = asked(replace(worse, base=base, compared=base), new_only)
    assert (verdict.outcome, verdict.summary.partition(":")[0]) == (
        Outcome.FAILED,
        "tests 1 passed, 1 failed, 0 skipped, 1 failed on the base as well",
    )
    assert "failure of test_good" in verdict.findings[0].message
    alone = asked(exam_of({}), new_only)
    assert (alone.outcome, "there is nothing to compare with" in alone.summary) == (Outcome.ERROR, True)


def test_a_base_without_an_environment_and_without_tests_had_no_failures(exam_of: ExamOf) -> None:
    base = exam_of({"README.md": "Nothing yet.\n"}).base
    exam = replace(exam_of(BASE), base=base, compared=base)
    verdict = asked(exam, {"tests": {"new_only": True}})
    assert verdict.summary.startswith("tests 1 passed, 1 failed, 0 skipped: tests/test_old.py:1 ")
