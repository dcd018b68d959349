"""`tests: {new_only: true}`: what failed on the base already is told, and what is new counts."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from gates.subject import Ran, Run, Subject, TreeFile
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
Told = Callable[..., Verdict]
NEW_ONLY = {"tests": {"new_only": True}}
FILES = {"tests/test_a.py": "def test_1(): pass\n\n\ndef test_2(): pass\n"}


def report(folder: Path, cases: Iterable[str]) -> Path:
    """Cases as `test_1`, `test_2 failure`, `tests.test_b error` (a file that cannot be collected)."""
    folder.mkdir()
    text = ""
    for name, _, outcome in (case.partition(" ") for case in cases):
        of_file = 'classname=""' if name.startswith("tests.") else 'classname="tests.test_a" file="tests/test_a.py"'
        inside = f'<{outcome} message="no"/>' if outcome else ""
        text += f'<testcase {of_file} name="{name}">{inside}</testcase>'
    (folder / "junit.xml").write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>")
    return folder


def _fails(case: str) -> bool:
    return case.endswith((" failure", " error"))


@pytest.fixture
def told(tree: Tree, ask: Ask, tmp_path: Path) -> Told:
    """The verdict on these cases of the candidate's, and these of the base; None for one that was not run."""

    def verdict(
        now: Iterable[str], before: Iterable[str] | None, *, base: bool = True, tests: bool = True, **ran: object
    ) -> Verdict:
        files = [TreeFile(path="tests/test_a.py", mode="100644", size=1)] if tests else []
        (tmp_path / "base/tests").mkdir(parents=True)
        (tmp_path / "base/tests/test_a.py").write_text(FILES["tests/test_a.py"])
        runs = {}
        if before is not None:
            did = {"argv": ["pytest"], "code": int(any(_fails(case) for case in before)), **ran}
            runs = {"base": Run(ran=(Ran.model_validate(did),), reports=report(tmp_path / "old", before))}
        code = int(any(_fails(case) for case in now))
        subject = tree(
            FILES, reports=report(tmp_path / "new", now), ran=[Ran(argv=("pytest",), code=code)], runs=runs,
            base=Subject(root=tmp_path / "base", files=tuple(files)) if base else None,
        )  # fmt: skip
        return ask(NEW_ONLY, subject)

    return verdict


def test_what_fails_on_the_base_as_well_is_told_and_does_not_count(told: Told) -> None:
    verdict = told(["test_1", "test_2 failure"], ["test_1", "test_2 error"])
    assert verdict.passed
    assert verdict.summary == "tests 1 passed, 0 failed, 0 skipped, 1 failed on the base as well"
    assert verdict.measured == {"passed": 1, "failed": 0, "skipped": 0, "failed_before": 1}
    assert verdict.findings == ()
    (finding,) = verdict.noted
    assert (finding.rule, finding.path) == ("test-failed-before", "tests/test_a.py")
    assert finding.message == "fails on the base as well: failure of test_2: no"


@pytest.mark.parametrize(
    ("now", "before", "new"),
    [
        (["test_1", "test_2 failure"], ["test_1", "test_2"], 1),
        (["test_1", "test_2 failure"], ["test_1"], 1),
        (["test_1", "test_2 failure"], ["test_1", "test_2 skipped"], 1),
        (["test_1", "test_2[a] failure", "test_2[b] failure"], ["test_1", "test_2[a] failure", "test_2[b]"], 1),
        # of one name as many as there were
        (["test_1", "test_2 failure", "test_2 failure"], ["test_2", "test_2 failure"], 1),
        (["test_1", "test_2 failure", "test_2 failure"], ["test_2 error", "test_2 failure"], 0),
        (["test_1", "test_2", "tests.test_b error"], ["test_1", "tests.test_b error"], 0),
        (["test_1", "test_2", "tests.test_b error"], ["test_1", "test_b failure"], 1),
    ],
)
def test_what_is_new_counts(told: Told, now: list[str], before: list[str], new: int) -> None:
    verdict = told(now, before)
    assert isinstance(verdict.measured, dict)
    assert (verdict.passed, verdict.measured["failed"]) == (not new, new)


def test_all_that_passes_must_still_be_enough(told: Told) -> None:
    verdict = told(["test_1 failure", "test_2 failure"], ["test_1 failure", "test_2 failure"])
    assert (verdict.outcome, verdict.findings[0].message) == ("failed", "fewer than 1 tests passed")


@pytest.mark.parametrize(
    ("ran", "reason"),
    [
        ({"code": 3}, "pytest ended with code 3, which is no result of tests"),
        ({"code": 5}, "pytest ended with code 5, which is no result of tests"),
        ({"code": None, "failure": "timed out after 600 s"}, "pytest: timed out after 600 s"),
        ({"code": -9}, "pytest: was ended by SIGKILL"),
        ({"code": 0}, "pytest ended with code 0, and its report says something else"),
    ],
)
def test_a_base_whose_run_says_nothing_is_an_error(told: Told, ran: dict[str, object], reason: str) -> None:
    verdict = told(["test_1", "test_2 failure"], ["test_1", "test_2 failure"], **ran)
    assert (verdict.outcome, verdict.summary) == ("error", f"tests: what fails on the base cannot be told: {reason}")


def test_a_base_that_was_not_run_is_an_error(told: Told) -> None:
    verdict = told(["test_1", "test_2"], None)
    assert (verdict.outcome, "its tests were not run" in verdict.summary) == ("error", True)


def test_a_base_without_tests_had_no_failures(told: Told) -> None:
    verdict = told(["test_1", "test_2 failure"], None, tests=False)
    assert verdict.summary.startswith("tests 1 passed, 1 failed, 0 skipped: ")


def test_without_a_base_it_is_an_error(told: Told) -> None:
    verdict = told(["test_1", "test_2"], None, base=False)
    assert (verdict.outcome, "there is nothing to compare with" in verdict.summary) == ("error", True)
