"""`slo`: limits on speed and size, judged on several runs of the base and of the candidate, made in one go.

    slo: {name: parse, run: [python, bench/parse.py], before: 120 s, at_most: 15 s}
    slo: {name: parse, run: [python, bench/parse.py], times_better: 8}
    slo: {name: render, run: [python, -m, bench.render], measure: memory, at_most: 100 MB}
    slo: {name: start, run: [tool, --version], files: [], measure: instructions, worse_by_at_most: 10 %}
    slo: {name: requests, run: [python, bench/serve.py], measure: output, pattern: "([0-9]+) req/s", at_least: 1000}
    slo: {name: wheel, run: [python, -m, build], files: [], measure: size, paths: "dist/*.whl", at_most: 5 MB}

* Base and candidate take turns in random order, each in a room of its own. No figure of another hour counts.
* The benchmark's own files are those of the base commit, in both trees, so that no candidate makes it easier. A
  benchmark that the base does not have is the candidate's, in both trees, and the verdict says so. A benchmark beside
  the plan (`run: [python, "{plan_dir}/bench.py"]`) is out of every agent's reach.
* There are three answers: the interval of the median keeps the limit, misses it, or lies across it. The last one,
  figures that vary too much and too few of them are `unknown`, which blocks unless the plan says `inconclusive: allow`.
* Time and memory are counted outside of the command's reach (`tasks/meter.py`). A number that the command prints is its
  own word, and so, for a command that means ill, is what valgrind counts inside of it: the verdict says which it is.
* What a run leaves in its checkout or HOME is there for the next run of the same tree. That the work was done is not
  measured: exit code 0 is needed, `same_output` compares what is printed, and tests are for the rest.
"""

import statistics
from collections.abc import Iterator

from pydantic import JsonValue

from gates.model import Frozen
from gates.ran import said
from gates.speed.estimates import Side, spread
from gates.speed.limits import Limits
from gates.speed.quantities import value_of
from gates.speed.targets import Samples, Standing, standings
from gates.speed.words import Told, findings, summary
from gates.subject import Subject
from gates.verdict import Outcome, Unmeasurable, Verdict, error

__all__ = ["BASE", "CANDIDATE", "Limits", "Report", "compares", "judge", "measure", "settled"]

BASE, CANDIDATE = "base", "candidate"
"""From which commit the benchmark's own files are."""
MOST_APART = 3
"""Times that what was measured on another machine may differ, and be no reason to wonder."""


class Report(Frozen):
    """What was measured."""

    candidate: tuple[float, ...] = ()
    """In seconds, bytes, instructions or as printed; in the order of measuring."""
    base: tuple[float, ...] = ()
    """The first ones were measured in turns with the candidate's first ones."""
    problem: str | None = None
    """Why nothing can be judged."""
    base_problem: str | None = None
    """Why the base has no figures, where it needs none."""
    origin: str | None = None
    """Where the benchmark's own files are from: BASE or CANDIDATE; None: it has none in the tree."""
    other_output: bool = False
    """Whether the candidate printed something else than the base."""
    late: bool = False
    """Whether the time was up before there was an answer."""

    @property
    def samples(self) -> Samples:
        """The figures."""
        return Samples(self.candidate, self.base)


def compares(_: Limits) -> bool:
    """Always: without a base there is nothing to show beside the candidate, nor anybody else's benchmark."""
    return True


def settled(limits: Limits, report: Report) -> bool:
    """Whether more runs would change nothing: every demand is kept, one of them is missed, or none can be judged."""
    try:
        sides = [standing.side for standing in standings(limits, report.samples, limits.meaning)]
    except ValueError:
        return True
    return Side.BEYOND in sides or Side.ACROSS not in sides


def measure(limits: Limits, subject: Subject) -> JsonValue:  # noqa: ARG001 - every check is asked with its limits
    """What its probe has measured."""
    if subject.notes is None:
        raise Unmeasurable("was not run")
    report = Report.model_validate(subject.notes)
    if report.problem:
        raise Unmeasurable(report.problem, *(said(subject.ran[-1]) if subject.ran else ()))
    return report.model_dump(mode="json")


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when every demand is kept with certainty; unknown when that cannot be told."""
    found = Report.model_validate(report)
    label = f"slo {limits.name}"
    if not found.candidate:
        return error(label, "was not measured", limit=_limit(limits))
    try:
        stand = standings(limits, found.samples, limits.meaning)
    except ValueError as problem:
        return error(label, str(problem), limit=_limit(limits))
    told = Told(limits, found.samples, stand, tuple(_remarks(limits, found)))
    outcome = _outcome(limits, found, stand)
    return Verdict(
        check=label,
        outcome=outcome,
        summary=f"{label} {summary(told)}",
        measured=_measured(limits, found, stand),
        limit=_limit(limits),
        findings=() if outcome is Outcome.PASSED else findings(told),
    )


def _outcome(limits: Limits, report: Report, stand: tuple[Standing, ...]) -> Outcome:
    sides = [standing.side for standing in stand]
    if Side.BEYOND in sides or report.other_output:
        return Outcome.FAILED
    if Side.ACROSS in sides and limits.inconclusive == "block":
        return Outcome.UNKNOWN
    return Outcome.PASSED


def _remarks(limits: Limits, report: Report) -> Iterator[str]:
    """What else must be known of the figures."""
    if report.other_output:
        yield "the candidate prints something else than the base"
    if report.late:
        yield f"the time of {limits.timeout:g} s was up"
    if report.base_problem:
        yield f"the base has no figure: {report.base_problem}"
    if report.origin == CANDIDATE:
        has_base = report.base or report.base_problem
        what = "the benchmark is new, and" if has_base else "there is no base, and the benchmark is"
        yield f"{what} the candidate's own"
    if limits.before is not None and report.base:
        yield from _doubtful(value_of(limits.before, limits.measure), statistics.median(report.base))


def _doubtful(before: float, base: float) -> Iterator[str]:
    """What to say where the plan's figure of before and the base's have little to do with each other."""
    least, most = sorted((before, base))
    if most > MOST_APART * max(least, 0):
        times = f"{most / least:.3g} times" if least > 0 else "far"
        more = "more" if before > base else "less"
        yield f"what the plan says of before is {times} {more} than the base has here"


def _measured(limits: Limits, report: Report, stand: tuple[Standing, ...]) -> JsonValue:
    """Medians, and the interval of each demand; in seconds, bytes, instructions, or as printed."""
    samples = report.samples
    intervals: dict[str, JsonValue] = {
        name: [_rounded(each.interval.low), _rounded(each.interval.high)]
        for name, each in zip(limits.written, stand, strict=True)
    }
    return {
        "measure": limits.measure, "unit": limits.unit, "candidate": _rounded(statistics.median(samples.candidate)),
        "base": _rounded(statistics.median(samples.base)) if samples.base else None, "runs": len(samples.candidate),
        "intervals": intervals, "spread": _rounded(spread(samples.candidate)), "benchmark": report.origin,
    }  # fmt: skip


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _limit(limits: Limits) -> JsonValue:
    return {**limits.written, **({"before": limits.before} if limits.before is not None else {})}
