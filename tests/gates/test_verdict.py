"""The fold of many answers, and what a verdict says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.verdict import MOST_FINDINGS, Finding, Outcome, Verdict, answer, error, fold, worst


def verdict(outcome: Outcome) -> Verdict:
    return Verdict(check="tests", outcome=outcome, summary="")


def test_nothing_measured_is_no_pass() -> None:
    assert fold([]) is Outcome.UNKNOWN


@given(st.lists(st.sampled_from(Outcome), min_size=1))
def test_only_passed_folds_to_passed(outcomes: list[Outcome]) -> None:
    folded = fold([verdict(outcome) for outcome in outcomes])
    assert (folded is Outcome.PASSED) == (set(outcomes) == {Outcome.PASSED})
    assert folded in outcomes


@given(st.permutations(list(Outcome)))
def test_the_worst_wins_in_any_order(outcomes: list[Outcome]) -> None:
    assert fold([verdict(outcome) for outcome in outcomes]) is Outcome.ERROR
    known = [outcome for outcome in outcomes if outcome is not Outcome.ERROR]
    assert fold([verdict(outcome) for outcome in known]) is Outcome.UNKNOWN


@pytest.mark.parametrize(("outcome", "passes"), [(outcome, outcome == "passed") for outcome in Outcome])
def test_only_a_passed_verdict_passes(outcome: Outcome, passes: bool) -> None:  # noqa: FBT001
    assert verdict(outcome).passed is passes


def test_an_error_names_its_check_and_reason() -> None:
    told = error("command build", "not found: make", Finding(message="x"), limit=0)
    assert (told.outcome, told.summary, told.limit) == ("error", "command build: not found: make", 0)
    assert told.findings == (Finding(message="x"),)


@pytest.mark.parametrize(
    ("finding", "headline"),
    [
        (Finding(message="bad\nworse"), "bad"),
        (Finding(message="bad", path="a.py"), "a.py bad"),
        (Finding(message="bad", path="a.py", line=3), "a.py:3 bad"),
        (Finding(message="bad", path="a\n\udc80.py", line=3), r"a\n\udc80.py:3 bad"),
    ],
)
def test_a_headline_is_one_line_that_can_be_printed(finding: Finding, headline: str) -> None:
    assert finding.headline == headline
    assert worst([finding, Finding(message="other")]) == f": {headline}"
    assert worst([]) == ""


def test_of_very_many_findings_the_rest_is_counted() -> None:
    findings = [Finding(message=str(number)) for number in range(MOST_FINDINGS + 3)]
    told = answer("bandit", "", measured=1, limit=0, findings=findings, passed=False)
    assert len(told.findings) == MOST_FINDINGS + 1
    assert told.findings[-1].message == "and 3 more"
    assert told.findings[:MOST_FINDINGS] == tuple(findings[:MOST_FINDINGS])
