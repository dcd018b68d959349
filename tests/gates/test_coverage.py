"""The share of the product that tests execute, and how it is told."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gates.coverage import Limits, displayed, judge
from gates.subject import Ran, Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
Build = Callable[..., Ran]
Told = Callable[..., Subject]

CASE = '<testsuites><testsuite><testcase classname="t" name="test_x" file="tests/test_x.py"/></testsuite></testsuites>'
FILES = {"src/led/a.py": "x = 1\n" * 10, "src/led/b.py": "y = 1\n" * 4, "tests/test_x.py": "", "setup.py": ""}


def lines(executed: int, missing: int = 0, **more: object) -> dict[str, object]:
    """A file whose first lines are executed."""
    whole = list(range(1, executed + missing + 1))
    return {"executed_lines": whole[:executed], "missing_lines": whole[executed:], "excluded_lines": [], **more}


@pytest.fixture
def told(tree: Tree, tmp_path: Path, ran: Build) -> Told:
    """A subject whose run left this report of coverage."""

    def build(files: dict[str, object], *, branch: bool = False, **fields: object) -> Subject:
        (tmp_path / "junit.xml").write_text(CASE)
        (tmp_path / "coverage.json").write_text(json.dumps({"meta": {"branch_coverage": branch}, "files": files}))
        return tree(FILES, **{"reports": tmp_path, "ran": [ran(0), ran(0), ran(0, output="Wrote")], **fields})

    return build


@pytest.mark.parametrize(("at_least", "outcome"), [(50, "passed"), (50.01, "failed")])
def test_the_share_is_of_all_files_together(told: Told, ask: Ask, at_least: float, outcome: str) -> None:
    subject = told({"src/led/a.py": lines(5, 5), "src/led/b.py": lines(2, 2), "tests/test_x.py": lines(100)})
    verdict = ask({"coverage": {"at_least": at_least}}, subject)
    assert (verdict.outcome, verdict.measured, verdict.limit) == (outcome, 50.0, at_least)


def test_files_under_the_limit_are_told_worst_first(told: Told, ask: Ask) -> None:
    partial = {"executed_lines": [1, 2, 5, 9], "missing_lines": [3, 4, 6, 8], "excluded_lines": []}
    verdict = ask("coverage", told({"src/led/a.py": partial, "src/led/b.py": lines(1, 3)}))
    assert verdict.summary == "coverage 41.6 % < 80 %: src/led/b.py 25 %, lines 2-4"
    assert [(f.path, f.line, f.message) for f in verdict.findings] == [
        ("src/led/b.py", 2, "25 %, lines 2-4"),
        ("src/led/a.py", 3, "50 %, lines 3-4, 6-8"),
    ]


def test_a_file_that_the_report_misses_counts_with_all_its_statements(told: Told, ask: Ask) -> None:
    verdict = ask("coverage", told({"src/led/a.py": lines(10)}))
    assert (verdict.outcome, verdict.measured) == ("failed", 71.4)
    assert verdict.findings[0].message == "0 %, no test imports it, lines 1-4"


def test_branches_count_when_asked(told: Told, ask: Ask) -> None:
    one = lines(10, executed_branches=[[1, 2]], missing_branches=[[1, 5], [3, 4], [3, 9]])
    subject = told({"src/led/a.py": one, "src/led/b.py": lines(4)}, branch=True)
    assert ask({"coverage": {"at_least": 100}}, subject).passed
    verdict = ask({"coverage": {"at_least": 90, "branch": True}}, subject)
    assert (verdict.outcome, verdict.measured) == ("failed", 83.3)
    assert verdict.findings[0].message == "78 %, lines 1, 3"


def test_excluded_lines_are_not_covered(told: Told, ask: Ask) -> None:
    excluded = {"executed_lines": [1], "missing_lines": [], "excluded_lines": [2, 3, 4]}
    verdict = ask({"coverage": {"paths": "src/led/b.py"}}, told({"src/led/b.py": excluded}))
    assert verdict.measured == 25.0


def test_paths_are_the_product_when_given(told: Told, ask: Ask) -> None:
    subject = told({"src/led/a.py": lines(10), "tests/test_x.py": lines(1, 1)})
    assert ask({"coverage": {"paths": "src/led/a.py"}}, subject).measured == 100.0
    assert ask({"coverage": {"paths": ["tests/**"]}}, subject).measured == 50.0


def test_places_are_told_by_absolute_paths_too(told: Told, ask: Ask) -> None:
    root = told({}).root
    subject = told({str(root / "src/led/a.py"): lines(10), "src/led/../led/b.py": lines(4)})
    assert ask("coverage", subject).measured == 100.0


@pytest.mark.parametrize("place", ["/elsewhere/src/led/a.py", "../src/led/a.py", "src/../../x/a.py"])
def test_a_package_from_elsewhere_is_an_error(told: Told, ask: Ask, place: str) -> None:
    verdict = ask("coverage", told({"src/led/b.py": lines(4), place: lines(10)}))
    assert verdict.outcome == "error"
    assert f"was imported from {place}, not from the candidate" in verdict.summary


def test_failing_tests_leave_a_figure(told: Told, ask: Ask, ran: Build) -> None:
    subject = told({"src/led/a.py": lines(10), "src/led/b.py": lines(4)}, ran=[ran(1), ran(0), ran(0)])
    assert ask("coverage", subject).passed


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ({"code": 1}, "could not make its report: exit code 1"),
        ({"code": None, "failure": "timed out after 300 s"}, "could not make its report: timed out after 300 s"),
        (None, "the tests were run without coverage"),
    ],
)
def test_a_report_that_is_not_ours_is_an_error(
    told: Told, ask: Ask, ran: Build, last: dict[str, object] | None, reason: str
) -> None:
    good: dict[str, object] = {"src/led/a.py": lines(10), "src/led/b.py": lines(4)}
    verdict = ask("coverage", told(good, ran=[ran(0), *([ran(**last)] if last else [])]))
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "coverage.json is no report of coverage: Invalid JSON"),
        ("{}", "coverage.json is no report of coverage: Field required"),
        ('{"meta": {"branch_coverage": false}, "files": {"a": {}}}', "Field required"),
    ],
)
def test_what_is_no_report_is_an_error(told: Told, ask: Ask, tmp_path: Path, text: str, reason: str) -> None:
    subject = told({})
    (tmp_path / "coverage.json").write_text(text)
    verdict = ask("coverage", subject)
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)
    assert verdict.findings[0].message == "Wrote"


def test_what_was_not_measured_is_an_error(told: Told, ask: Ask, tmp_path: Path, ran: Build) -> None:
    good: dict[str, object] = {"src/led/a.py": lines(10), "src/led/b.py": lines(4)}
    assert "branches were not measured" in ask({"coverage": {"branch": True}}, told(good)).summary
    assert "timed out" in ask("coverage", told(good, ran=[ran(None, failure="timed out after 1 s")])).summary
    assert ask("coverage", told(good, ran=[])).outcome == "error"
    assert ask({"coverage": {"paths": "lib/**"}}, told(good)).outcome == "error"
    subject = told(good)
    (tmp_path / "junit.xml").unlink()
    assert "left no junit.xml" in ask("coverage", subject).summary
    (tmp_path / "junit.xml").write_text(CASE)
    (tmp_path / "coverage.json").unlink()
    assert "left no coverage.json" in ask("coverage", subject).summary


def test_a_product_file_with_an_error_in_it_is_an_error(told: Told, ask: Ask) -> None:
    subject = told({"src/led/a.py": lines(10)})
    (subject.root / "src/led/b.py").write_text("y = (\n")
    verdict = ask("coverage", subject)
    assert (verdict.outcome, verdict.findings[0].path) == ("error", "src/led/b.py")


def test_nothing_to_cover_is_no_pass(told: Told, ask: Ask) -> None:
    empty = told({"src/led/a.py": lines(0), "src/led/b.py": lines(0)})
    assert ask({"coverage": {"at_least": 0}}, empty).outcome == "error"
    assert judge(Limits(at_least=0), {"files": []}).outcome == "error"


@pytest.mark.parametrize(
    ("share", "limit", "text"),
    [
        ("91.96", "92", "91.9"),
        ("92", "92", "92"),
        ("92.04", "92", "92"),
        ("92.05", "92.05", "92.05"),
        ("99.9999", "100", "99.9"),
        ("0.04", "80", "0"),
        ("200/3", "66.66", "66.66"),
    ],
)
def test_a_figure_is_shown_as_far_as_it_takes(share: str, limit: str, text: str) -> None:
    assert displayed(Fraction(share), Fraction(limit)) == text


@given(st.integers(1, 5000), st.data(), st.decimals(0, 100, places=2))
def test_a_figure_never_contradicts_its_verdict(total: int, data: st.DataObject, limit: object) -> None:
    share = Fraction(100 * data.draw(st.integers(0, total)), total)
    bound = Fraction(str(limit))
    figure = Fraction(displayed(share, bound))
    assert (figure >= bound) == (share >= bound)
    assert 0 <= share - figure <= Fraction(1, 10)


@pytest.mark.parametrize("wrong", [{"at_least": 950}, {"at_least": -1}, {"at_least": True}, {"branch": "yes"}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Limits.model_validate(wrong)
