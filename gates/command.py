"""`command`: a program that the plan names ran to its end, and what it reports keeps the limits.

Without a `report` it has to end with code 0. With one, its exit code and its report must agree, and the limits are
those of what the report tells of: tests, coverage, or findings. The program writes the report itself, so it says as
much as the target's own tools: that it is there, fresh, whole and of its form is seen to; what stands in it is theirs.
"""

from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gates.formats import command_coverage, command_findings, command_tests
from gates.line_hits import LineHits
from gates.model import Duration, Frozen
from gates.paths import Paths
from gates.ran import crash, said
from gates.subject import Ran, Subject
from gates.verdict import Unmeasurable, Verdict, answer, error
from gates.wanted_report import STDOUT, Family, WantedReport


class Reading(NamedTuple):
    """How reports of one family are measured and judged."""

    measure: Callable[[WantedReport, Subject], JsonValue]
    judge: Callable[[str, WantedReport, JsonValue], Verdict]


READINGS: dict[Family, Reading] = {
    "tests": Reading(command_tests.measure, command_tests.judge),
    "coverage": Reading(command_coverage.measure, command_coverage.judge),
    "findings": Reading(command_findings.measure, command_findings.judge),
}


class Limits(Frozen):
    """The program, how long it may take, and the report that it leaves."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """What the check is called in reports."""
    run: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """The program and its arguments; no shell reads them."""
    timeout: Duration = 300
    """How long it may take."""
    from_base: Paths = ()
    """Files or globs that are the base commit's when it runs, whatever the candidate made of them: the configuration of
    its tool, `.eslintrc.json` or `clippy.toml`. Without a base to compare with they are the candidate's own."""
    report: WantedReport | None = None
    """What it reports, where, and the limits: `{junit: build/junit.xml}`, `{lcov: lcov.info, at_least: 90}`."""


def compares(limits: Limits) -> bool:
    """Whether the base commit's tree is looked at as well."""
    return limits.report is not None and limits.report.compares


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """What came of the program, or what it reports."""
    if len(subject.ran) != 1:
        raise Unmeasurable("was not run" if not subject.ran else "was run more than once")
    (ran,) = subject.ran
    if limits.report is None:
        return ran.model_dump(mode="json")
    if reason := crash(ran):
        raise Unmeasurable(reason, *said(ran))
    try:
        return READINGS[limits.report.family].measure(limits.report, subject)
    except Unmeasurable as problem:
        ended = "" if ran.code == 0 else f"; it ended with code {ran.code}"
        # what it printed has become the report, of which the problem speaks
        printed = said(ran) if ran.output.strip() or limits.report.place != STDOUT else ()
        raise Unmeasurable(f"{problem}{ended}", *problem.findings, *printed) from None


class _Told(BaseModel):
    """The part of a report that has lines."""

    model_config = ConfigDict(extra="ignore")

    files: tuple[LineHits, ...]


def executed(limits: Limits, report: JsonValue) -> tuple[LineHits, ...]:
    """The lines that a report of coverage tells of; none of another one."""
    is_coverage = limits.report is not None and limits.report.family == "coverage"
    return _Told.model_validate(report).files if is_coverage else ()


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the program ended by itself, with 0; or when what it reports keeps the limits."""
    label = f"command {limits.name}"
    if limits.report is not None:
        return READINGS[limits.report.family].judge(label, limits.report, report)
    ran = Ran.model_validate(report)
    if reason := crash(ran):
        return error(label, reason, *said(ran), limit=0)
    last = "" if ran.code == 0 else said(ran)[0].message.rpartition("\n")[2]
    return answer(
        label,
        f"ended with code {ran.code}{': ' + last if last else ''}",
        measured=ran.code,
        limit=0,
        findings=() if ran.code == 0 else said(ran),
        passed=ran.code == 0,
    )
