"""A `command` that looks for faults: no more of them than allowed, of a level, or that the base commit did not have.

Linters end with another code than 0 when they find something, or do not: so it must only not contradict the report.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from gates.formats import clippy, sarif
from gates.formats.left_files import read_all
from gates.formats.report_paths import checkout_of, where
from gates.formats.told_findings import LEVELS, Found, SourceText, ToldFindings, new_of
from gates.model import Frozen
from gates.ran import crash, said, tail
from gates.subject import Subject, compared
from gates.verdict import Finding, Unmeasurable, Verdict, answer, error, worst
from gates.waivers import Waiver, split
from gates.wanted_report import WantedReport

MOST_BYTES = 64 * 1024 * 1024
READERS = {"sarif": sarif.read, "clippy": clippy.read}
BASE = "base"
"""Name of the run on the base commit's tree, in the subject's runs and in its notes."""


class Report(Frozen):
    """What the exit code and the report say."""

    code: int
    output: str
    success: bool | None
    found: tuple[Found, ...]
    new: tuple[Found, ...] | None = None
    """Those that the base does not have, where that was asked for."""
    waivers: tuple[Waiver, ...] = ()


def measure(wanted: WantedReport, subject: Subject) -> JsonValue:
    """Every result of the report, and of the one of the base commit if new ones are asked for."""
    (ran,) = subject.ran
    told = _told(wanted, subject, checkout_of(subject, "checkout"))
    new = tuple(_new(wanted, subject, told.results)) if wanted.new_only else None
    return Report(
        code=ran.code or 0, output=tail(ran.output), success=told.success,
        found=told.results, new=new, waivers=subject.waivers,
    ).model_dump(mode="json")  # fmt: skip


def _told(wanted: WantedReport, subject: Subject, checkout: str) -> ToldFindings:
    names = where(subject, checkout)
    files = read_all(subject.reports, wanted.pattern, most=MOST_BYTES)
    parts = [READERS[wanted.format](path, data, names) for path, data in files]
    success = None if any(part.success is None for part in parts) else all(part.success for part in parts)
    return ToldFindings(results=tuple(found for part in parts for found in part.results), success=success)


def _new(wanted: WantedReport, subject: Subject, results: Sequence[Found]) -> list[Found]:
    base = compared(subject)
    run = subject.runs.get(BASE)
    if run is None or len(run.ran) != 1:
        raise Unmeasurable("the command was not run on the base commit")
    (ran,) = run.ran
    try:
        at_base = base.model_copy(update={"reports": run.reports})
        before = _told(wanted, at_base, checkout_of(subject, BASE)) if not crash(ran) else None
    except Unmeasurable as problem:
        raise Unmeasurable(f"on the base commit: {problem}", *problem.findings, *said(ran)) from None
    reason = _contradiction(ran.code or 0, before.success, before.results) if before else crash(ran)
    if before is None or reason:
        raise Unmeasurable(f"on the base commit: {reason}", *said(ran))
    return new_of(results, before.results, SourceText(subject), SourceText(base))


def judge(label: str, wanted: WantedReport, report: JsonValue) -> Verdict:
    """Passed when code and report agree, and not more results count than allowed."""
    told = Report.model_validate(report)
    if reason := _contradiction(told.code, told.success, told.found):
        return error(label, reason, Finding(message=told.output or "it printed nothing"), limit=wanted.at_most)
    counting = [found for found in (told.found if told.new is None else told.new) if _counts(wanted, found)]
    counting.sort(key=lambda found: (-LEVELS.index(found.level), found.path or "", found.line or 0))
    standing, waived = split(map(_finding, counting), told.waivers)
    passed = len(standing) <= wanted.at_most
    kind = "new findings" if told.new is not None else "findings"
    allowed = f", {len(waived)} waived" if waived else ""
    limit = f" {'<=' if passed else '>'} {wanted.at_most}" if wanted.at_most or not passed else ""
    verdict = answer(
        label,
        f"{len(standing)} {kind} of level {wanted.level} or above{limit}, of {len(told.found)}{allowed}"
        + worst(standing),
        measured=len(standing), limit=wanted.at_most, findings=standing, passed=passed,
    )  # fmt: skip
    return verdict.model_copy(update={"waived": waived})


def _counts(wanted: WantedReport, found: Found) -> bool:
    return LEVELS.index(found.level) >= LEVELS.index(wanted.level)


def _contradiction(code: int, success: bool | None, found: Sequence[Found]) -> str | None:  # noqa: FBT001 - as the report has it
    """Why code and report together cannot be believed."""
    if code and not found:
        return f"ended with code {code}, but its report tells of no finding"
    if success is not None and success != (code == 0):
        return f"ended with code {code}, but its report says that it {'succeeded' if success else 'failed'}"
    if success is False and all(each.level != "error" for each in found):
        return "its report says that it failed, and tells of no error"
    return None


def _finding(found: Found) -> Finding:
    return Finding(path=found.path, line=found.line, message=f"{found.level}: {found.message}", rule=found.rule)
