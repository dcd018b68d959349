"""Limits on speed and size: what a plan may write of them, and what is said of figures."""

from typing import Any

import pytest
from pydantic import ValidationError

from gates.checks import Check
from gates.slo import Limits, Report, judge, settled
from gates.speed.printed import number_in
from gates.speed.quantities import shown, value_of
from gates.subject import Ran, Subject
from gates.verdict import Outcome, Verdict
from tests.gates.conftest import Ask, Tree

STEADY = (1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0, 1.01, 0.99, 1.0)


def limits(**written: Any) -> Limits:  # noqa: ANN401 - whatever a plan may write
    return Limits.model_validate({"name": "parse", "run": ["python", "bench/parse.py"]} | written)


def said(asked: Limits, candidate: tuple[float, ...], base: tuple[float, ...] = (), **more: object) -> Verdict:
    report = Report.model_validate({"candidate": candidate, "base": base, **more})
    return judge(asked, report.model_dump(mode="json"))


def times(factor: float) -> tuple[float, ...]:
    return tuple(figure * factor for figure in STEADY)


@pytest.mark.parametrize(
    "written",
    [
        {"at_most": "15 s", "before": "120 s"}, {"at_most": "200ms", "measure": "wall"}, {"times_better": 8},
        {"worse_by_at_most": "10 %"}, {"worse_by_at_most": "0.5%", "at_most": "2 min"},
        {"measure": "memory", "at_most": "100 MB"}, {"measure": "size", "paths": "dist/*.whl", "at_most": "5 MB"},
        {"measure": "size", "paths": ["a", "b/**"], "run": [], "at_most": "5 MB"},
        {"measure": "instructions", "at_most": "50 M"}, {"measure": "instructions", "at_most": 50_000_000},
        {"measure": "output", "pattern": "([0-9]+) req/s", "at_least": 1000, "unit": "requests a second"},
        {"measure": "output", "pattern": "p99=(.*)", "at_most": 3.5, "better": "less"},
        {"times_better": 2, "files": []}, {"times_better": 2, "files": "perf/*", "setup": [["make"]], "pairs": 5},
    ],
)  # fmt: skip
def test_what_a_plan_may_write_survives_being_kept(written: dict[str, Any]) -> None:
    check = Check.model_validate({"slo": {"name": "parse", "run": ["x"]} | written})
    assert check.label == "slo parse"
    assert Check.model_validate(check.model_dump(mode="json")) == check
    assert check.kind.compares(check.limits)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({}, "demands nothing: add at_most, at_least, times_better or worse_by_at_most"),
        (
            {"at_most": 15},
            "at_most: 15 is no limit for cpu: expected a number with a unit (ms, s, min, m, h), such as",
        ),
        ({"at_most": "15 MB"}, "at_most: 15 MB is no limit for cpu"),
        ({"at_most": "15 s", "measure": "memory"}, "(B, KB, MB, GB, TB), such as 100 MB"),
        ({"at_most": "soon"}, "expected a number with its unit, such as 15 s or 100 MB"),
        ({"at_most": -1}, "expected a number with its unit"),
        ({"at_most": True}, "expected a number with its unit"),
        ({"at_most": float("nan")}, "expected a number with its unit"),
        ({"at_most": "15 s", "before": "2 MB"}, "before: 2 MB is no limit for cpu"),
        ({"worse_by_at_most": "a bit"}, "expected a percentage such as 10 %"),
        ({"worse_by_at_most": 10}, "expected a percentage such as 10 %"),
        ({"times_better": 1}, "times_better: expected a number above 1, found 1"),
        ({"times_better": float("inf")}, "times_better: expected a number above 1, found inf"),
        ({"at_least": "1 s"}, "at_least means something with measure: output only, and this is measure: cpu"),
        ({"at_most": "1 s", "unit": "s"}, "unit means something with measure: output only"),
        ({"at_most": "1 s", "paths": "x"}, "paths means something with measure: size only"),
        ({"at_most": "1 s", "run": []}, "measure: cpu needs run: the command and its arguments"),
        ({"at_most": "1 MB", "measure": "size"}, "measure: size needs paths: the files that count"),
        ({"at_most": 1, "measure": "output"}, "measure: output needs a pattern that finds the number"),
        ({"at_most": 1, "measure": "output", "pattern": "x"}, "'x' must have one group, which is the number"),
        ({"at_most": 1, "measure": "output", "pattern": "(a)(b)"}, "must have one group"),
        ({"at_most": 1, "measure": "output", "pattern": "("}, "is no regular expression"),
        ({"at_most": "1 km", "measure": "output", "pattern": "(.)"}, "expected a number without a unit"),
        ({"at_most": "1 s", "pairs": 4}, "greater than or equal to 5"),
        ({"at_most": "1 s", "pairs": 50}, "pairs: 50 are more than most_pairs allows, which is 40"),
        ({"at_most": "1 s", "files": "../bench"}, "is no path inside the repository"),
        ({"at_most": "1 s", "inconclusive": "ignore"}, "'block' or 'allow'"),
        (
            {"measure": "output", "pattern": "(.)", "better": "more", "worse_by_at_most": "100 %"},
            "worse_by_at_most: 100 % worse is nothing at all, where more is better: expected less than 100 %",
        ),
    ],
)
def test_what_a_plan_may_not_write_is_told_in_a_sentence(written: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        limits(**written)
    assert sentence in "; ".join(error["msg"] for error in refused.value.errors())


def test_quantities_mean_what_people_say() -> None:
    assert value_of("1.5 min", "cpu") == value_of("90s", "wall") == 90.0
    assert value_of("2 KB", "size") == 2048
    assert value_of("50 M", "instructions") == 5e7
    assert [shown(x, "cpu") for x in (0.01234, 14.2, 119.0)] == ["12.34 ms", "14.2 s", "119 s"]
    assert [shown(x, "memory") for x in (5, 97 << 20)] == ["5 B", "97 MB"]
    assert shown(51_720_000, "instructions") == "51.72 M instructions"
    assert shown(0, "instructions") == "0 instructions"
    assert shown(1043, "output", "requests a second") == "1043 requests a second"


def test_a_limit_on_the_candidate_is_judged_without_the_base() -> None:
    asked = limits(at_most="15 s", before="120 s")
    kept = said(asked, times(14), times(119)[:3], origin="base")
    assert kept.outcome is Outcome.PASSED
    assert kept.summary.startswith(
        "slo parse cpu 14 s, base 119 s, before 120 s as the plan says; keeps at most 15 s (13.8"
    )
    assert kept.measured == {
        "measure": "cpu", "unit": None, "candidate": 14.0, "base": 119.0, "runs": 10, "spread": 0.015,
        "intervals": {"at_most": [13.86, 14.14]}, "benchmark": "base",
    }  # fmt: skip
    assert kept.limit == {"at_most": "15 s", "before": "120 s"}
    missed = said(asked, times(16))
    assert missed.outcome is Outcome.FAILED
    assert "misses at most 15 s" in missed.findings[0].message


def test_a_figure_of_before_that_has_nothing_to_do_with_the_base_is_told() -> None:
    asked = limits(at_most="15 s", before="120 s")
    told = said(asked, times(0.01), times(0.1)[:3], origin="base").summary
    assert told.endswith("; what the plan says of before is 1.2e+03 times more than the base has here")
    less = said(limits(at_most="1000 s", before="1 s"), times(4), times(4)[:3]).summary
    assert less.endswith("; what the plan says of before is 4 times less than the base has here")
    for alike in (times(60)[:3], times(300)[:3], ()):
        assert "what the plan says of before" not in said(asked, times(14), alike).summary


def test_a_benchmark_without_a_base_is_not_called_new() -> None:
    own = "and the benchmark is the candidate's own"
    assert f"; there is no base, {own}" in said(limits(at_most="15 s"), times(14), origin="candidate").summary
    broken = said(limits(at_most="15 s"), times(14), origin="candidate", base_problem="it fell over").summary
    assert broken.endswith("; the benchmark is new, and the candidate's own")


def test_an_interval_across_the_limit_is_no_answer_and_blocks() -> None:
    open_ = said(limits(at_most="1 s"), STEADY)
    assert "by 97 %, 10 runs" in open_.summary
    assert "by 93 %, 5 runs" in said(limits(at_most="1 s"), STEADY[:5]).summary, "as sure as so many can be"
    assert open_.outcome is Outcome.UNKNOWN
    assert "is inconclusive about at most 1 s" in open_.summary
    assert open_.findings
    allowed = said(limits(at_most="1 s", inconclusive="allow"), STEADY)
    assert allowed.outcome is Outcome.PASSED
    assert "inconclusive, which the plan allows" in allowed.summary


def test_what_the_plan_allows_is_no_missed_limit() -> None:
    assert said(limits(at_most="500 ms", inconclusive="allow"), STEADY).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("factor", "demand", "outcome"),
    [
        (1 / 9, {"times_better": 8}, Outcome.PASSED), (1 / 7, {"times_better": 8}, Outcome.FAILED),
        (1 / 8, {"times_better": 8}, Outcome.UNKNOWN), (1.02, {"worse_by_at_most": "10 %"}, Outcome.PASSED),
        (1.3, {"worse_by_at_most": "10 %"}, Outcome.FAILED), (1.1, {"worse_by_at_most": "10 %"}, Outcome.UNKNOWN),
        (0.5, {"worse_by_at_most": "10 %", "times_better": 3}, Outcome.FAILED),
        (0.5, {"worse_by_at_most": "10 %", "times_better": 1.5}, Outcome.PASSED),
    ],
)  # fmt: skip
def test_the_candidate_is_compared_with_the_base_by_pairs(
    factor: float, demand: dict[str, Any], outcome: Outcome
) -> None:
    drifting = [1.0, 2.0, 0.7, 3.0, 1.5, 1.1, 1.3, 0.9, 1.2, 1.0]  # the load of the machine, the same for both
    base = tuple(map(float, drifting))
    own = tuple(figure * factor * noise for figure, noise in zip(base, STEADY, strict=True))
    assert said(limits(**demand), own, base).outcome is outcome


def test_more_is_better_for_what_counts_more() -> None:
    asked = {"measure": "output", "pattern": "(.*)", "better": "more", "unit": "per second"}
    assert said(limits(**asked, times_better=2), times(2500), times(1000)).passed
    assert said(limits(**asked, times_better=2), times(1500), times(1000)).outcome is Outcome.FAILED
    assert said(limits(**asked, worse_by_at_most="10 %"), times(950), times(1000)).passed
    fewer = said(limits(**asked, worse_by_at_most="10 %"), times(700), times(1000))
    assert fewer.outcome is Outcome.FAILED
    assert "output 700 per second, base 1000 per second, by the command's own word" in fewer.summary
    assert said(limits(measure="output", pattern="(.*)", at_least=900), times(1000)).passed


def test_few_figures_and_wild_ones_are_no_answer() -> None:
    few = said(limits(at_most="15 s"), (1.0, 1.0), late=True)
    assert few.outcome is Outcome.UNKNOWN
    assert "2 samples are too few" in few.summary
    assert "the time of 600 s was up" in few.summary
    wild = said(limits(at_most="15 s"), (1.0, 9.0, 1.0, 9.0, 1.0, 9.0, 5.0, 2.0, 8.0, 1.0))
    assert wild.outcome is Outcome.UNKNOWN
    assert "the figures vary too much" in wild.summary


def test_one_look_at_a_size_is_enough() -> None:
    asked = limits(measure="size", paths="dist/*", at_most="5 MB", run=[])
    assert asked.first_look == 1
    assert said(asked, (4 * 1024**2,)).summary == "slo parse size 4 MB; keeps at most 5 MB (1 run)"
    assert said(asked, (6 * 1024**2,)).outcome is Outcome.FAILED


def test_a_base_of_nothing_cannot_be_compared_with() -> None:
    none = said(limits(times_better=8), STEADY, (0.0, *STEADY[1:]))
    assert none.outcome is Outcome.ERROR
    assert "not above 0" in none.summary
    assert said(limits(times_better=8), STEADY).outcome is Outcome.ERROR
    assert said(limits(at_most="1 s"), ()).outcome is Outcome.ERROR


def test_a_figure_below_nothing_is_not_so_many_times_better() -> None:
    below = said(limits(times_better=8), tuple(-each for each in STEADY), STEADY)
    assert (below.outcome, "a figure below 0" in below.summary) == (Outcome.ERROR, True)


def test_another_output_than_the_base_s_is_a_failure() -> None:
    other = said(limits(at_most="15 s", same_output=True), STEADY, STEADY, other_output=True)
    assert other.outcome is Outcome.FAILED
    assert "the candidate prints something else than the base" in other.summary


def test_whose_benchmark_it_was_and_why_the_base_has_no_figure_is_told() -> None:
    new = said(limits(at_most="15 s"), STEADY, origin="candidate", base_problem="it has no parser")
    assert "the benchmark is new, and the candidate's own" in new.summary
    assert "the base has no figure: it has no parser" in new.summary


def test_runs_go_on_until_an_answer_is_clear() -> None:
    asked = limits(worse_by_at_most="10 %")
    assert settled(asked, Report(candidate=times(1.3), base=STEADY))
    assert not settled(asked, Report(candidate=times(1.1), base=STEADY[::-1]))
    assert settled(asked, Report(candidate=STEADY, base=(0.0,) * 10))
    assert (asked.first_look, limits(at_most="1 s", most_pairs=7).first_look) == (10, 7)
    assert limits(measure="instructions", at_most="1 M").first_look == 5


def test_what_was_not_run_or_could_not_be_is_an_error(tree: Tree, ask: Ask) -> None:
    entry = {"slo": {"name": "parse", "run": ["x"], "at_most": "1 s"}}
    subject = tree({"a.py": ""})
    assert ask(entry, subject).summary == "slo parse: was not run"
    ran = Ran(argv=("x",), code=1, output="Traceback\nValueError: no\n")
    broken: Subject = subject.model_copy(update={"notes": {"problem": "x ended with code 1"}, "ran": (ran,)})
    verdict = ask(entry, broken)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.summary == "slo parse: x ended with code 1"
    assert verdict.findings[0].message.endswith("ValueError: no")


def test_the_number_that_a_command_prints() -> None:
    assert number_in("took 1,234.5 ms\n", r"took (\S+) ms") == 1234.5
    for text, sentence in (
        ("", "nowhere"), ("took 1 ms took 2 ms", "2 times"), ("took fast ms", "'fast' where a number"),
        ("took 1,5 ms", "'1,5' where a number"),
        ("took nan ms", "no finite number"), ("took inf ms", "no finite number"), ("took 1e999 ms", "no finite"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=sentence):
            number_in(text, r"took (\S+) ms")
