"""One table of speed and size: what it was before the work, and what the newest gate found."""

from typing import Any

import pytest

from gates.slo import Limits, Report, judge
from gates.verdict import Finding, Outcome, Verdict
from tasks.before import HEADS, Answer, Before, rows
from tasks.events import BaselineTaken, CheckEnded, Event, PhaseStarted, RunStarted
from tasks.outcome import outcome_of
from tasks.progress_lines import line
from tasks.report import summary
from tasks.report_html import render
from tasks.report_markdown import markdown

PARSE = Before(check="slo parse", measure="cpu", figure=119.0, low=118.0, high=120.0, runs=10)


def verdict(candidate: float, base: float = 117.0) -> Verdict:
    limits = Limits(name="parse", run=("parse",), at_most="15 s", before="120 s")
    report = Report(candidate=(candidate,) * 5, base=(base,) * 3)
    return judge(limits, report.model_dump(mode="json"))


def answer(said: Verdict) -> Answer:
    return Answer(said.check, said.outcome, said.measured, said.limit)


def test_before_and_after_stand_in_one_row() -> None:
    found = rows([PARSE], [answer(verdict(20.0)), answer(verdict(14.2))])
    assert found == (("parse", "119 s", "117 s", "14.2 s", "at most 15 s", "passed"),)
    assert len(HEADS) == len(found[0])


def test_what_has_only_one_side_is_told_as_well() -> None:
    none = Before(check="slo start", measure="wall", problem="there is no benchmark")
    other = Answer("coverage", Outcome.PASSED, 95.0, 90.0)
    assert rows([none], [answer(verdict(16.0)), other]) == (
        ("start", "none: there is no benchmark", "", "", "", "not asked yet"),
        ("parse", "not measured", "117 s", "16 s", "at most 15 s", "failed"),
    )


@pytest.mark.parametrize(
    "measured", [None, 3, [], {"candidate": "x", "measure": "cpu"}, {"candidate": 1, "measure": 2}]
)
def test_what_is_no_figure_is_left_out(measured: Any) -> None:  # noqa: ANN401 - any JSON
    assert rows([], [Answer("slo parse", Outcome.ERROR, measured, None)]) == (
        ("parse", "not measured", "", "", "", "error"),
    )


def events(*more: Event) -> tuple[Event, ...]:
    start = RunStarted(
        at=1, run="r-1", plan="p", goal="", base="main", branch="sparc/p", start="0" * 40, repository="/r",
        resumed=False, isolation="none", phases=("refinement",),
    )  # fmt: skip
    begun = PhaseStarted(at=2, number=1, phase="refinement", assignments=("a",), gate=("slo parse",))
    return (start, begun, *more)


def test_every_report_shows_the_table() -> None:
    taken = BaselineTaken(at=3, number=1, phase="refinement", commit="1" * 40, figures=(PARSE,), evidence="2" * 64)
    ended = CheckEnded(at=4, number=1, phase="refinement", round=1, verdict=verdict(14.2), seconds=1)
    told = events(taken, ended)
    outcome = outcome_of(told)
    assert outcome.phases[0].before == (PARSE,)
    for text in (summary(outcome), markdown(outcome), render(told, outcome, ())):
        assert "119 s" in text
        assert "14.2 s" in text
        assert "speed and size" in text.lower()
    assert line(taken, "r-1").endswith("slo parse 119 s")
    assert "Speed and size" not in render(events(), outcome_of(events()), ())


def test_what_a_target_has_written_is_only_text() -> None:
    hostile = PARSE.model_copy(update={"figure": None, "problem": "\x1b[2J<script>alert(1)</script> | x"})
    taken = BaselineTaken(at=3, number=1, phase="refinement", commit="1" * 40, figures=(hostile,), evidence="2" * 64)
    told = events(taken)
    assert "<script>" not in render(told, outcome_of(told), ())
    assert "\x1b" not in summary(outcome_of(told)) + markdown(outcome_of(told))


def test_findings_say_what_the_figure_was() -> None:
    (finding,) = verdict(16.0).findings
    assert isinstance(finding, Finding)
    assert finding.message.startswith("cpu 16 s, base 117 s, before 120 s as the plan says; misses at most 15 s")
