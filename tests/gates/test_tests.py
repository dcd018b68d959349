"""What pytest's exit code and its report together say."""

from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest
from pydantic import ValidationError

from gates.subject import Ran, Subject, TreeFile
from gates.tests import Limits, judge, measure
from gates.verdict import Verdict
from gates.waivers import Waiver

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
Build = Callable[..., Ran]
Told = Callable[..., Subject]

PASSED = '<testcase classname="tests.test_a" name="test_{}" file="tests/test_a.py" line="1"/>'
FAILED = PASSED.replace("/>", '><failure message="assert 0"/></testcase>')
BROKEN = PASSED.replace("/>", '><error message="no fixture"/></testcase>')
SKIPPED = PASSED.replace("/>", '><skipped message="later"/></testcase>')


@pytest.fixture
def told(tree: Tree, tmp_path: Path, ran: Build) -> Told:
    """A subject whose run left these cases and this code."""

    def build(*cases: str, code: int | None = 0, **fields: object) -> Subject:
        (tmp_path / "junit.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
        files = {"tests/test_a.py": "def test_1(): pass\n"}
        return tree(files, reports=tmp_path, ran=[ran(code, output="end of output")], **fields)

    return build


@pytest.mark.parametrize(("at_least", "outcome"), [(0, "passed"), (2, "passed"), (3, "failed")])
def test_enough_must_pass(told: Told, ask: Ask, at_least: int, outcome: str) -> None:
    verdict = ask({"tests": {"at_least": at_least}}, told(PASSED.format(1), PASSED.format(2)))
    assert (verdict.outcome, verdict.measured) == (outcome, {"passed": 2, "failed": 0, "skipped": 0})
    assert verdict.summary == "tests 2 passed, 0 failed, 0 skipped" + (
        ": fewer than 3 tests passed" if outcome == "failed" else ""
    )


@pytest.mark.parametrize(("allowed", "outcome"), [(1, "passed"), (0, "failed")])
def test_so_many_may_be_skipped(told: Told, ask: Ask, allowed: int, outcome: str) -> None:
    verdict = ask({"tests": {"skipped": allowed}}, told(PASSED.format(1), SKIPPED.format(2)))
    assert verdict.outcome == outcome
    assert [f.message for f in verdict.findings] == ([] if allowed else ["skipped of test_2: later"])


@pytest.mark.parametrize("problem", [FAILED, BROKEN])
def test_a_failure_fails(told: Told, ask: Ask, problem: str) -> None:
    verdict = ask("tests", told(PASSED.format(1), problem.format(2), code=1))
    assert (verdict.outcome, verdict.measured) == ("failed", {"passed": 1, "failed": 1, "skipped": 0})
    assert [(f.path, f.line) for f in verdict.findings] == [("tests/test_a.py", 2)]


@pytest.mark.parametrize(
    ("case", "code", "reason"),
    [
        (FAILED, 0, "ended with code 0, but its report tells of 1 failures"),
        (BROKEN, 0, "ended with code 0, but its report tells of 1 failures"),
        (PASSED, 1, "ended with code 1, but its report tells of 0 failures"),
        (PASSED, 2, "ended with code 2, which is no result of tests"),
        (FAILED, 2, "ended with code 2, which is no result of tests"),
        (PASSED, 3, "ended with code 3, which is no result of tests"),
        (FAILED, 4, "ended with code 4, which is no result of tests"),
    ],
)
def test_code_and_report_must_agree(told: Told, ask: Ask, case: str, code: int, reason: str) -> None:
    verdict = ask("tests", told(case.format(1), code=code))
    assert (verdict.outcome, verdict.summary) == ("error", f"tests: pytest {reason}")
    assert verdict.findings[-1].message == "end of output"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"code": None, "failure": "timed out after 600 s"}, "pytest: timed out after 600 s"),
        ({"code": -11}, "pytest: was ended by SIGSEGV"),
    ],
)
def test_a_run_that_did_not_end_is_an_error_whatever_it_left(
    told: Told, ask: Ask, ran: Build, fields: dict[str, object], reason: str
) -> None:
    subject = told(PASSED.format(1)).model_copy(update={"ran": (ran(**fields, output="last words"),)})
    verdict = ask("tests", subject)
    assert (verdict.outcome, verdict.summary) == ("error", f"tests: {reason}")
    assert verdict.findings[0].message == "last words"


def test_a_code_of_0_without_a_report_is_an_error(told: Told, ask: Ask, tmp_path: Path) -> None:
    subject = told(PASSED.format(1))
    (tmp_path / "junit.xml").unlink()
    assert ask("tests", subject).summary == "tests: pytest ended with code 0, and the run left no junit.xml"
    assert ask("tests", subject.model_copy(update={"ran": ()})).summary == "tests: the tests were not run"
    assert ask("tests", subject.model_copy(update={"reports": None})).outcome == "error"


def test_a_report_of_nothing_is_an_error(told: Told, ask: Ask) -> None:
    for code in (0, 5):
        assert ask("tests", told(code=code)).summary.startswith("tests: no test was collected")


def test_a_test_file_without_a_case_is_named(told: Told, ask: Ask) -> None:
    elsewhere = PASSED.replace("test_a", "test_b")
    verdict = ask("tests", told(elsewhere.format(1)))
    assert (verdict.outcome, verdict.summary) == ("error", "tests: no test ran of tests/test_a.py")
    failing = ask("tests", told(elsewhere.replace("/>", "><failure message='m'/></testcase>").format(1), code=1))
    assert failing.outcome == "failed"
    assert [(f.path, f.message) for f in failing.findings] == [
        (None, "failure of test_1: m"),
        ("tests/test_a.py", "defines tests, and none of them ran"),
    ]


def test_configuration_of_the_base_and_options_of_the_plan_say_what_is_expected(told: Told, ask: Ask) -> None:
    elsewhere = PASSED.replace("test_a", "test_b").format(1)
    base = {"pytest.ini": "[pytest]\ntestpaths = other\n"}
    assert ask("tests", told(elsewhere, base_config=base)).passed
    assert ask({"tests": {"options": {"testpaths": "tests"}}}, told(elsewhere, base_config=base)).outcome == "error"
    assert ask({"tests": {"options": {"python_files": "check_*.py"}}}, told(elsewhere)).passed
    assert ask({"tests": {"paths": "tests"}}, told(elsewhere, base_config=base)).outcome == "error"


BEFORE = "def test_1():\n    assert 1\n\ndef test_2():\n    assert post(2) == 3\n\ndef test_2():\n    pass\n"


@pytest.fixture
def against(told: Told, tmp_path: Path) -> Told:
    """The same against a base that has a test more, and one that another one hides."""

    def build(*cases: str, **fields: object) -> Subject:
        place = tmp_path / "base/tests/test_a.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(BEFORE)
        files = (TreeFile(path="tests/test_a.py", mode="100644", size=len(BEFORE)),)
        return told(*cases, base=Subject(root=tmp_path / "base", files=files), **fields)

    return build


def test_a_test_of_the_base_that_is_gone_fails(against: Told, ask: Ask) -> None:
    verdict = ask("tests", against(PASSED.format(1)))
    assert verdict.outcome == "failed"
    assert [(f.rule, f.path, f.line) for f in verdict.findings] == [
        ("test-deleted", "tests/test_a.py", at) for at in (4, 7)
    ]
    assert "tests/test_a.py:4 test_2 of the base commit is gone (the plan may allow it: " in verdict.summary


def test_the_plan_may_let_tests_go(against: Told, ask: Ask) -> None:
    assert ask({"tests": {"lost": 1}}, against(PASSED.format(1))).outcome == "failed"
    assert ask({"tests": {"lost": 2}}, against(PASSED.format(1))).passed
    waiver = Waiver(rule="test-deleted", paths=("tests/**",), reason="posting has moved to another project")
    verdict = ask("tests", against(PASSED.format(1), waivers=[waiver]))
    assert verdict.passed
    assert [waived.reason for waived in verdict.waived] == [waiver.reason] * 2


def test_many_tests_that_are_gone_take_no_time(told: Told) -> None:
    report = measure(Limits(), told(PASSED.format(1)))
    assert isinstance(report, dict)
    rules = {"unrun": "test-not-run", "lost": "test-deleted"}
    found = {
        kind: [{"path": "a.py", "line": at, "rule": rule, "message": ""} for at in range(3000)]
        for kind, rule in rules.items()
    }
    started = process_time()
    assert judge(Limits(lost=3000), {**report, **found}).summary.startswith("tests 1 passed")
    assert process_time() - started < 3


def test_a_base_that_is_no_python_had_no_tests(against: Told, ask: Ask, tmp_path: Path) -> None:
    subject = against(PASSED.format(1))
    (tmp_path / "base/tests/test_a.py").write_text("def (:\n")
    assert ask("tests", subject).passed


def test_a_test_that_did_not_run_is_named(told: Told, ask: Ask) -> None:
    subject = told(PASSED.format(1))
    (subject.root / "tests/test_a.py").write_text("def test_1(): pass\n\ndef test_2(): pass\n")
    verdict = ask("tests", subject)
    assert (verdict.outcome, verdict.findings[0].rule) == ("failed", "test-not-run")
    assert verdict.summary.endswith("tests/test_a.py:3 test_2 did not run")
    chosen = {"pytest.ini": "[pytest]\naddopts = -m 'not slow'\n"}
    (subject.root / "tests/test_a.py").write_text("def test_1(): pass\n\n@pytest.mark.slow\ndef test_2(): pass\n")
    assert ask("tests", subject.model_copy(update={"base_config": chosen})).passed


def test_tests_of_the_projects_own_names_are_looked_for_in_both_trees(against: Told, ask: Ask, tmp_path: Path) -> None:
    tests = "class DescribeX:\n    def it_adds(self): pass\n    def it_subs(self): pass\n"
    cases = [PASSED.replace('test_a"', 'test_a.DescribeX"').replace("test_{}", name) for name in ("it_adds", "it_subs")]
    names = {"pytest.ini": "[pytest]\npython_classes = Test Describe\npython_functions = it_ test_\n"}
    for ran, passed in ((cases, True), (cases[:1], False)):
        subject = against(*ran, base_config=names)
        for root in (subject.root, tmp_path / "base"):
            (root / "tests/test_a.py").write_text(tests)
        verdict = ask("tests", subject)
        assert verdict.passed is passed, verdict
    assert verdict.summary.endswith("tests/test_a.py:3 DescribeX.it_subs did not run")


def test_a_file_of_tests_that_the_project_leaves_out_may_be_silent(told: Told, ask: Ask) -> None:
    elsewhere = PASSED.replace("test_a", "test_b").format(1)
    ignored = ("--ignore=tests/test_a.py", "--ignore-glob '*/test_a.py'", "--deselect tests/test_a.py")
    for option in ("-m 'not slow'", *ignored):
        subject = told(elsewhere, base_config={"pytest.ini": f"[pytest]\naddopts = {option}\n"})
        (subject.root / "tests/test_a.py").write_text("pytestmark = pytest.mark.slow\n\ndef test_1(): pass\n")
        assert ask("tests", subject).passed, option


@pytest.mark.parametrize(
    "wrong",
    [{"paths": "tests/*"}, {"skipped": -1}, {"at_least": True}, {"options": {"a b": 1}}, {"timeout": 0}, {"path": "x"}],
)
def test_limits_that_say_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Limits.model_validate(wrong)
