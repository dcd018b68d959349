"""A `command` that runs tests: enough of them passed, none failed, and its exit code says the same."""

from pydantic import JsonValue

from gates.formats import cargo, junit
from gates.formats.left_files import read_all
from gates.formats.report_paths import checkout_of, where
from gates.formats.told_tests import Case, Counts, counted
from gates.model import Frozen
from gates.ran import tail
from gates.subject import Subject
from gates.verdict import Finding, Verdict, answer, error, worst
from gates.wanted_report import WantedReport

MOST_BYTES = 64 * 1024 * 1024
READERS = {"junit": junit.read, "cargo_test": cargo.read}


class Report(Frozen):
    """What the exit code and the report say."""

    code: int
    output: str
    counts: Counts


def measure(wanted: WantedReport, subject: Subject) -> JsonValue:
    """The cases of every file of the report."""
    (ran,) = subject.ran
    names = where(subject, checkout_of(subject, "checkout"))
    files = read_all(subject.reports, wanted.pattern, most=MOST_BYTES)
    cases = [case for path, data in files for case in READERS[wanted.format](path, data, names)]
    return Report(code=ran.code or 0, output=tail(ran.output), counts=counted(cases)).model_dump(mode="json")


def judge(label: str, wanted: WantedReport, report: JsonValue) -> Verdict:
    """Passed when code and report agree that enough tests passed and none failed."""
    found = Report.model_validate(report)
    counts, least = found.counts, int(1 if wanted.at_least is None else wanted.at_least)
    figures = {"passed": counts.passed, "failed": len(counts.failed), "skipped": len(counts.skipped)}
    limit: JsonValue = {"passed": least, "failed": 0, "skipped": wanted.skipped}
    if reason := _contradiction(found):
        output = Finding(message=found.output or "it printed nothing")
        return error(label, reason, output, limit=limit)
    findings = [_finding("failed", case) for case in counts.failed]
    if counts.passed < least and not findings:
        findings.append(Finding(message=f"fewer than {least} tests passed"))
    if len(counts.skipped) > wanted.skipped:
        findings += [_finding("skipped", case) for case in counts.skipped]
    summary = f"{counts.passed} passed, {len(counts.failed)} failed, {len(counts.skipped)} skipped"
    return answer(
        label, summary + worst(findings), measured={**figures}, limit=limit, findings=findings, passed=not findings
    )


def _contradiction(found: Report) -> str | None:
    counts = found.counts
    if not counts.passed and not counts.failed:
        return f"its report tells of no test that ran, and of {len(counts.skipped)} that were skipped"
    if found.code and not counts.failed:
        return f"ended with code {found.code}, but its report tells of no failure"
    return None


def _finding(what: str, case: Case) -> Finding:
    told = f": {case.message}" if case.message else ""
    return Finding(path=case.path, line=case.line, message=f"{what}: {case.name}{told}")
